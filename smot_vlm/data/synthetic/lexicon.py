"""The one table of words: the caption writer picks from it and the fact reader looks up in it.

A fact has several wordings. No wording stands for two facts; where one is the beginning of another, the longer one wins.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Phrase:
    """One wording of an action or of a verb: third person and -ing form, and what may follow the partner's mention."""

    finite: str
    gerund: str
    tail: str = ""


@dataclass(frozen=True)
class VerbWords:
    """Wordings of an interaction, told from its subject and from its object.

    Mutual interactions have the same wordings on both sides and a plural form ("two people shake hands").
    """

    subject: tuple[Phrase, ...]
    object: tuple[Phrase, ...] = ()
    plural: tuple[str, ...] = ()

    @property
    def mutual(self) -> bool:
        return bool(self.plural)

    def told_by(self, role: str) -> tuple[Phrase, ...]:
        """The wordings for one role: "subject", "object" or "mutual"."""
        return self.object if role == "object" else self.subject


def _phrases(*pairs: tuple[str, ...]) -> tuple[Phrase, ...]:
    return tuple(Phrase(*pair) for pair in pairs)


KINDS: dict[str, tuple[str, ...]] = {
    "man": ("man", "gentleman"),
    "woman": ("woman", "lady"),
    "boy": ("boy", "young boy"),
    "girl": ("girl", "young girl"),
}
PLURAL_KINDS: dict[str, tuple[str, ...]] = {
    "man": ("men", "gentlemen"),
    "woman": ("women", "ladies"),
    "boy": ("boys",),
    "girl": ("girls",),
}
PRONOUNS: dict[str, str] = {"man": "he", "woman": "she", "boy": "he", "girl": "she"}
NUMBERS: dict[int, str] = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight"}

COLOURS: dict[str, tuple[str, ...]] = {
    "red": ("red",),
    "orange": ("orange",),
    "yellow": ("yellow",),
    "green": ("green",),
    "turquoise": ("turquoise",),
    "blue": ("blue",),
    "purple": ("purple", "violet"),
    "pink": ("pink",),
    "white": ("white",),
    "black": ("black",),
}

# What covers the upper and the lower body. A wording is used only where the drawn garment is that thing.
TOPS: dict[str, tuple[str, ...]] = {
    "short_sleeves": ("t-shirt", "short-sleeved shirt", "shirt", "top"),
    "long_sleeves": ("sweater", "long-sleeved shirt", "shirt", "top"),
}
BOTTOMS: dict[str, tuple[str, ...]] = {
    "trousers": ("trousers", "pants"),
    "shorts": ("shorts",),
    "skirt": ("skirt",),
}

ACCESSORIES: dict[str, tuple[str, ...]] = {
    "cap": ("cap", "peaked cap"),
    "straw_hat": ("straw hat", "wide straw hat"),
    "beanie": ("woolly hat", "knitted hat"),
    "backpack": ("backpack", "rucksack"),
    "handbag": ("handbag", "purse"),
    "shoulder_bag": ("shoulder bag", "messenger bag"),
}
HATS = ("cap", "straw_hat", "beanie")
BAGS = ("backpack", "handbag", "shoulder_bag")

SCENES: dict[str, tuple[str, ...]] = {
    "park": ("in a park", "in a green park"),
    "street": ("on a street", "on a city street"),
    "court": ("on a basketball court", "on a sports court"),
    "stage": ("on a stage", "on a lit stage"),
    "living_room": ("in a living room", "in a furnished living room"),
    "beach": ("on a beach", "on a sandy beach"),
    "classroom": ("in a classroom", "in a school classroom"),
    "shop": ("in a shop", "in a store"),
    "gym": ("in a gym", "in a fitness gym"),
    "playground": ("on a playground", "on a children's playground"),
}

ACTIONS: dict[str, tuple[Phrase, ...]] = {
    "walk_left": _phrases(
        ("walks to the left", "walking to the left"),
        ("strolls to the left", "strolling to the left"),
        ("walks towards the left", "walking towards the left"),
    ),
    "walk_right": _phrases(
        ("walks to the right", "walking to the right"),
        ("strolls to the right", "strolling to the right"),
        ("walks towards the right", "walking towards the right"),
    ),
    "run_left": _phrases(
        ("runs to the left", "running to the left"),
        ("jogs to the left", "jogging to the left"),
    ),
    "run_right": _phrases(
        ("runs to the right", "running to the right"),
        ("jogs to the right", "jogging to the right"),
    ),
    "walk_near": _phrases(
        ("walks towards the camera", "walking towards the camera"),
        ("comes closer to the camera", "coming closer to the camera"),
    ),
    "walk_far": _phrases(
        ("walks away from the camera", "walking away from the camera"),
        ("moves off into the background", "moving off into the background"),
    ),
    "stand": _phrases(
        ("stands still", "standing still"),
        ("stands quietly", "standing quietly"),
    ),
    "sit": _phrases(
        ("sits on a stool", "sitting on a stool"),
        ("takes a seat on a stool", "taking a seat on a stool"),
    ),
    "jump": _phrases(
        ("jumps up and down", "jumping up and down"),
        ("hops on the spot", "hopping on the spot"),
    ),
    "wave": _phrases(
        ("waves one hand in the air", "waving one hand in the air"),
        ("waves to the camera", "waving to the camera"),
    ),
    "clap": _phrases(
        ("claps both hands", "clapping both hands"),
        ("keeps clapping", "clapping again and again"),
    ),
    "bow": _phrases(
        ("bows deeply", "bowing deeply"),
        ("takes a bow", "taking a bow"),
    ),
    "crouch": _phrases(
        ("crouches down", "crouching down"),
        ("crouches close to the ground", "crouching close to the ground"),
    ),
    "stretch": _phrases(
        ("bends from side to side", "bending from side to side"),
        ("stretches sideways", "stretching sideways"),
    ),
    "raise_arms": _phrases(
        ("raises both arms", "raising both arms"),
        ("holds both arms up", "holding both arms up"),
    ),
    "squat": _phrases(
        ("does squats", "doing squats"),
        ("practises knee bends", "practising knee bends"),
    ),
    "look_around": _phrases(
        ("looks around", "looking around"),
        ("looks about in all directions", "looking about in all directions"),
    ),
    "phone": _phrases(
        ("looks at a phone", "looking at a phone"),
        ("uses a mobile phone", "using a mobile phone"),
    ),
    "carry": _phrases(
        ("carries a box", "carrying a box"),
        ("walks with a box in both arms", "walking with a box in both arms"),
    ),
    "kick": _phrases(
        ("kicks into the air", "kicking into the air"),
        ("practises high kicks", "practising high kicks"),
    ),
    "dance": _phrases(
        ("dances alone", "dancing alone"),
        ("dances on the spot", "dancing on the spot"),
    ),
    "fall": _phrases(
        ("falls to the ground", "falling to the ground"),
        ("tumbles down and lies there", "tumbling down and lying there"),
    ),
    "turn_around": _phrases(
        ("turns around in a circle", "turning around in a circle"),
        ("spins around", "spinning around"),
    ),
    "drink": _phrases(
        ("drinks from a bottle", "drinking from a bottle"),
        ("takes sips from a bottle", "taking sips from a bottle"),
    ),
    "jumping_jacks": _phrases(
        ("does jumping jacks", "doing jumping jacks"),
        ("exercises with jumping jacks", "exercising with jumping jacks"),
    ),
    "punch": _phrases(
        ("punches the air", "punching the air"),
        ("practises boxing moves", "practising boxing moves"),
    ),
    "read": _phrases(
        ("reads a book", "reading a book"),
        ("looks into an open book", "looking into an open book"),
    ),
}

VERBS: dict[str, VerbWords] = {
    "talk.v.01": VerbWords(
        _phrases(("talks with", "talking with"), ("chats with", "chatting with"), ("talks to", "talking to")),
        plural=("talk with each other", "chat with each other"),
    ),
    "quarrel.v.01": VerbWords(
        _phrases(("argues with", "arguing with"), ("quarrels with", "quarrelling with")),
        plural=("argue with each other", "quarrel with each other"),
    ),
    "embrace.v.02": VerbWords(
        _phrases(("hugs", "hugging"), ("embraces", "embracing")),
        plural=("hug each other", "embrace each other"),
    ),
    "handshake.n.01": VerbWords(
        _phrases(
            ("shakes hands with", "shaking hands with"), ("exchanges a handshake with", "exchanging a handshake with")
        ),
        plural=("shake hands", "exchange a handshake"),
    ),
    "dance.v.01": VerbWords(
        _phrases(("dances with", "dancing with"), ("dances hand in hand with", "dancing hand in hand with")),
        plural=("dance together", "dance hand in hand"),
    ),
    "fight.v.02": VerbWords(
        _phrases(("fights with", "fighting with"), ("trades punches with", "trading punches with")),
        plural=("fight with each other", "trade punches"),
    ),
    "accompany.v.02": VerbWords(
        _phrases(("walks side by side with", "walking side by side with"), ("walks beside", "walking beside")),
        plural=("walk side by side", "walk along together"),
    ),
    "follow.v.01": VerbWords(
        _phrases(("follows", "following"), ("walks behind", "walking behind")),
        _phrases(("is followed by", "being followed by"), ("walks ahead of", "walking ahead of")),
    ),
    "lead.v.01": VerbWords(
        _phrases(("leads", "leading", "by the hand"), ("guides", "guiding", "by the hand")),
        _phrases(("is led by", "being led by"), ("is guided by", "being guided by")),
    ),
    "chase.v.01": VerbWords(
        _phrases(("chases", "chasing"), ("runs after", "running after")),
        _phrases(("is chased by", "being chased by"), ("runs away from", "running away from")),
    ),
    "approach.v.01": VerbWords(
        _phrases(("approaches", "approaching"), ("walks up to", "walking up to")),
        _phrases(("is approached by", "being approached by"), ("waits for", "waiting for")),
    ),
    "leave.v.01": VerbWords(
        _phrases(("leaves", "leaving"), ("walks away from", "walking away from")),
        _phrases(("is left behind by", "being left behind by"), ("is left by", "being left by")),
    ),
    "push.v.01": VerbWords(
        _phrases(("pushes", "pushing"), ("shoves", "shoving")),
        _phrases(("is pushed by", "being pushed by"), ("is shoved by", "being shoved by")),
    ),
    "pull.v.01": VerbWords(
        _phrases(("pulls", "pulling"), ("drags", "dragging")),
        _phrases(("is pulled by", "being pulled by"), ("is dragged by", "being dragged by")),
    ),
    "hit.v.03": VerbWords(
        _phrases(("hits", "hitting"), ("punches", "punching"), ("strikes", "striking")),
        _phrases(
            ("is hit by", "being hit by"), ("is punched by", "being punched by"), ("is struck by", "being struck by")
        ),
    ),
    "throw.v.01": VerbWords(
        _phrases(("throws a ball to", "throwing a ball to"), ("tosses a ball to", "tossing a ball to")),
        _phrases(
            ("catches a ball from", "catching a ball from"),
            ("catches a ball thrown by", "catching a ball thrown by"),
        ),
    ),
    "give.v.03": VerbWords(
        _phrases(("gives a box to", "giving a box to"), ("hands a box to", "handing a box to")),
        _phrases(("receives a box from", "receiving a box from"), ("takes a box from", "taking a box from")),
    ),
    "indicate.v.02": VerbWords(
        _phrases(("points at", "pointing at"), ("points a finger at", "pointing a finger at")),
        _phrases(("is pointed at by", "being pointed at by")),
    ),
    "beckon.v.01": VerbWords(
        _phrases(("waves at", "waving at"), ("beckons to", "beckoning to")),
        _phrases(("is waved at by", "being waved at by"), ("is beckoned by", "being beckoned by")),
    ),
    "salute.v.02": VerbWords(
        _phrases(("salutes", "saluting"), ("gives a salute to", "giving a salute to")),
        _phrases(("is saluted by", "being saluted by"), ("receives a salute from", "receiving a salute from")),
    ),
    "applaud.v.01": VerbWords(
        _phrases(("applauds", "applauding"), ("claps for", "clapping for")),
        _phrases(("is applauded by", "being applauded by"), ("receives applause from", "receiving applause from")),
    ),
    "tap.v.07": VerbWords(
        _phrases(("taps", "tapping", "on the shoulder"), ("pats", "patting", "on the shoulder")),
        _phrases(
            ("is tapped on the shoulder by", "being tapped on the shoulder by"),
            ("is patted on the shoulder by", "being patted on the shoulder by"),
        ),
    ),
    "photograph.v.01": VerbWords(
        _phrases(("takes a photo of", "taking a photo of"), ("photographs", "photographing")),
        _phrases(("poses for", "posing for"), ("is photographed by", "being photographed by")),
    ),
    "help.v.01": VerbWords(
        _phrases(("helps", "helping", "to get up"), ("helps up", "helping up")),
        _phrases(
            ("is helped up by", "being helped up by"), ("gets up with the help of", "getting up with the help of")
        ),
    ),
    "raise.v.02": VerbWords(
        _phrases(("lifts up", "lifting up"), ("lifts", "lifting", "into the air")),
        _phrases(
            ("is lifted up by", "being lifted up by"), ("is lifted into the air by", "being lifted into the air by")
        ),
    ),
    "kneel.v.01": VerbWords(
        _phrases(("kneels in front of", "kneeling in front of"), ("kneels down before", "kneeling down before")),
        _phrases(("looks down at", "looking down at", "on one knee")),
    ),
    "circle.v.01": VerbWords(
        _phrases(("walks around", "walking around"), ("circles around", "circling around")),
        _phrases(("is circled by", "being circled by"), ("is encircled by", "being encircled by")),
    ),
    "interview.v.01": VerbWords(
        _phrases(("interviews", "interviewing"), ("holds a microphone out to", "holding a microphone out to")),
        _phrases(
            ("is interviewed by", "being interviewed by"),
            ("speaks into a microphone held by", "speaking into a microphone held by"),
        ),
    ),
    "massage.v.01": VerbWords(
        _phrases(
            ("massages", "massaging", "with both hands"), ("massages the shoulders of", "massaging the shoulders of")
        ),
        _phrases(("is massaged by", "being massaged by"), ("gets a massage from", "getting a massage from")),
    ),
}

EVENT_LABELS: tuple[str, ...] = (*ACTIONS, *VERBS)
