"""Phrases for what one person does alone."""

from smot_vlm.language.phrase import Phrase, phrases

ACTIONS: dict[str, tuple[Phrase, ...]] = {
    "walk_left": phrases("walks to the left", "strolls to the left", "walks towards the left"),
    "walk_right": phrases("walks to the right", "strolls to the right", "walks towards the right"),
    "run_left": phrases("runs to the left", "jogs to the left"),
    "run_right": phrases("runs to the right", "jogs to the right"),
    "walk_near": phrases("walks towards the camera", "comes closer to the camera"),
    "walk_far": phrases("walks away from the camera", "moves off into the background"),
    "stand": phrases("stands still", "stands quietly"),
    "sit": phrases("sits on a stool", "takes a seat on a stool"),
    "jump": phrases("jumps up and down", "hops on the spot"),
    "wave": phrases("waves one hand in the air", "waves to the camera"),
    "clap": phrases("claps both hands", "keeps clapping"),
    "bow": phrases("bows deeply", "takes a bow"),
    "crouch": phrases("crouches down", "crouches close to the ground"),
    "stretch": phrases("bends from side to side", "stretches sideways"),
    "raise_arms": phrases("raises both arms", "holds both arms up"),
    "squat": phrases("does squats", "practises knee bends"),
    "look_around": phrases("looks around", "looks about in all directions"),
    "phone": phrases("looks at a phone", "uses a mobile phone"),
    "carry": phrases("carries a box", "walks with a box in both arms"),
    "kick": phrases("kicks into the air", "practises high kicks"),
    "dance": phrases("dances alone", "dances on the spot"),
    "fall": phrases("falls to the ground", "tumbles down and lies there"),
    "turn_around": phrases("turns around in a circle", "spins around"),
    "drink": phrases("drinks from a bottle", "takes sips from a bottle"),
    "jumping_jacks": phrases("does jumping jacks", "exercises with jumping jacks"),
    "punch": phrases("punches the air", "practises boxing moves"),
    "read": phrases("reads a book", "looks into an open book"),
}
