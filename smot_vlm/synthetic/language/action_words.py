"""Wordings of what one person does alone."""

from smot_vlm.synthetic.language.wording import Phrase, phrases

ACTIONS: dict[str, tuple[Phrase, ...]] = {
    "walk_left": phrases(
        ("walks to the left", "walking to the left"),
        ("strolls to the left", "strolling to the left"),
        ("walks towards the left", "walking towards the left"),
    ),
    "walk_right": phrases(
        ("walks to the right", "walking to the right"),
        ("strolls to the right", "strolling to the right"),
        ("walks towards the right", "walking towards the right"),
    ),
    "run_left": phrases(
        ("runs to the left", "running to the left"),
        ("jogs to the left", "jogging to the left"),
    ),
    "run_right": phrases(
        ("runs to the right", "running to the right"),
        ("jogs to the right", "jogging to the right"),
    ),
    "walk_near": phrases(
        ("walks towards the camera", "walking towards the camera"),
        ("comes closer to the camera", "coming closer to the camera"),
    ),
    "walk_far": phrases(
        ("walks away from the camera", "walking away from the camera"),
        ("moves off into the background", "moving off into the background"),
    ),
    "stand": phrases(
        ("stands still", "standing still"),
        ("stands quietly", "standing quietly"),
    ),
    "sit": phrases(
        ("sits on a stool", "sitting on a stool"),
        ("takes a seat on a stool", "taking a seat on a stool"),
    ),
    "jump": phrases(
        ("jumps up and down", "jumping up and down"),
        ("hops on the spot", "hopping on the spot"),
    ),
    "wave": phrases(
        ("waves one hand in the air", "waving one hand in the air"),
        ("waves to the camera", "waving to the camera"),
    ),
    "clap": phrases(
        ("claps both hands", "clapping both hands"),
        ("keeps clapping", "clapping again and again"),
    ),
    "bow": phrases(
        ("bows deeply", "bowing deeply"),
        ("takes a bow", "taking a bow"),
    ),
    "crouch": phrases(
        ("crouches down", "crouching down"),
        ("crouches close to the ground", "crouching close to the ground"),
    ),
    "stretch": phrases(
        ("bends from side to side", "bending from side to side"),
        ("stretches sideways", "stretching sideways"),
    ),
    "raise_arms": phrases(
        ("raises both arms", "raising both arms"),
        ("holds both arms up", "holding both arms up"),
    ),
    "squat": phrases(
        ("does squats", "doing squats"),
        ("practises knee bends", "practising knee bends"),
    ),
    "look_around": phrases(
        ("looks around", "looking around"),
        ("looks about in all directions", "looking about in all directions"),
    ),
    "phone": phrases(
        ("looks at a phone", "looking at a phone"),
        ("uses a mobile phone", "using a mobile phone"),
    ),
    "carry": phrases(
        ("carries a box", "carrying a box"),
        ("walks with a box in both arms", "walking with a box in both arms"),
    ),
    "kick": phrases(
        ("kicks into the air", "kicking into the air"),
        ("practises high kicks", "practising high kicks"),
    ),
    "dance": phrases(
        ("dances alone", "dancing alone"),
        ("dances on the spot", "dancing on the spot"),
    ),
    "fall": phrases(
        ("falls to the ground", "falling to the ground"),
        ("tumbles down and lies there", "tumbling down and lying there"),
    ),
    "turn_around": phrases(
        ("turns around in a circle", "turning around in a circle"),
        ("spins around", "spinning around"),
    ),
    "drink": phrases(
        ("drinks from a bottle", "drinking from a bottle"),
        ("takes sips from a bottle", "taking sips from a bottle"),
    ),
    "jumping_jacks": phrases(
        ("does jumping jacks", "doing jumping jacks"),
        ("exercises with jumping jacks", "exercising with jumping jacks"),
    ),
    "punch": phrases(
        ("punches the air", "punching the air"),
        ("practises boxing moves", "practising boxing moves"),
    ),
    "read": phrases(
        ("reads a book", "reading a book"),
        ("looks into an open book", "looking into an open book"),
    ),
}
