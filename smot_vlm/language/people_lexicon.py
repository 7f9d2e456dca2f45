"""Words of human captions about real people: what a person is, wears, has and does.

A word stands for one value of one group. Kinds may be open: a child is a boy or a girl. What is not here is passed over.
"""

from collections.abc import Mapping, Sequence


def _table(groups: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Word -> its values; words are given in one line, values of a word joined by "|"."""
    return {word: tuple(values.split("|")) for values, words in groups.items() for word in words.split()}


KINDS = ("man", "woman", "boy", "girl")
# A noun's possible kinds.
KIND_WORDS: dict[str, tuple[str, ...]] = _table(
    {
        "man": "man guy gentleman groom father dad cowboy policeman fireman businessman sailor",
        "woman": "woman lady bride mother mom businesswoman bridesmaid",
        "boy": "boy son",
        "girl": "girl daughter cheerleader",
        "boy|girl": "child kid toddler baby infant",
        "man|boy": "male",
        "woman|girl": "female",
        "man|woman": "adult",
    }
)

COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "white", "black", "grey", "brown")
COLOUR_WORDS: dict[str, tuple[str, ...]] = _table(
    {
        "red": "red maroon crimson",
        "orange": "orange",
        "yellow": "yellow gold golden",
        "green": "green olive lime",
        "blue": "blue navy turquoise teal aqua",
        "purple": "purple violet lavender",
        "pink": "pink magenta",
        "white": "white",
        "black": "black",
        "grey": "gray grey silver",
        "brown": "brown tan beige khaki",
    }
)

UPPER_GARMENTS = ("shirt", "sweater", "jacket", "suit", "dress", "swimwear", "uniform", "nothing")
LOWER_GARMENTS = ("trousers", "jeans", "shorts", "skirt", "dress", "swimwear")
# A garment's value for the upper and for the lower body; "" where it says nothing of that part.
GARMENT_WORDS: dict[str, tuple[str, str]] = {
    word: (upper, lower)
    for (upper, lower), words in {
        ("shirt", ""): "shirt t-shirt tshirt tee top tank-top blouse polo jersey tanktop shirts jerseys tops",
        ("sweater", ""): "sweater sweatshirt hoodie pullover cardigan turtleneck",
        ("jacket", ""): "jacket coat parka vest windbreaker raincoat jackets coats vests",
        ("suit", "trousers"): "suit tuxedo suits",
        ("dress", "dress"): "dress gown dresses sundress robe",
        ("swimwear", "swimwear"): "swimsuit bikini wetsuit bathing-suit leotard swimsuits",
        ("uniform", ""): "uniform costume uniforms costumes outfit outfits",
        ("nothing", ""): "shirtless bare-chested topless",
        ("", "trousers"): "pants trousers slacks leggings sweatpants overalls",
        ("", "jeans"): "jeans denim",
        ("", "shorts"): "shorts capris",
        ("nothing", "swimwear"): "trunks",
        ("", "skirt"): "skirt kilt tutu skirts",
    }.items()
    for word in words.split()
}

# What is worn or carried, by the word that names it.
ATTRIBUTES = ("hat", "sunglasses", "backpack", "bag", "long hair", "scarf", "suitcase")
ATTRIBUTE_WORDS: dict[str, tuple[str, ...]] = _table(
    {
        "hat": "hat cap hats beanie sombrero",
        "sunglasses": "sunglasses",
        "backpack": "backpack rucksack backpacks",
        "bag": "bag purse handbag bags satchel tote",
        "scarf": "scarf shawl",
        "suitcase": "suitcase luggage",
    }
)

# What a person is with; the word that a caption uses for it comes first.
THING_WORDS: dict[str, tuple[str, ...]] = _table(
    {
        "ball": "ball basketball football soccerball baseball volleyball tennisball",
        "bicycle": "bicycle bike bikes bicycles bmx",
        "motorcycle": "motorcycle motorbike dirtbike motocross atv",
        "skateboard": "skateboard",
        "snowboard": "snowboard",
        "skis": "skis ski",
        "surfboard": "surfboard wakeboard",
        "sled": "sled",
        "scooter": "scooter",
        "horse": "horse horses bull",
        "dog": "dog dogs puppy",
        "boat": "boat kayak canoe raft",
        "car": "car truck",
        "guitar": "guitar",
        "instrument": "drum drums violin saxophone trumpet piano keyboard instrument",
        "microphone": "microphone",
        "camera": "camera",
        "phone": "phone cellphone",
        "book": "book newspaper magazine paper",
        "drink": "drink bottle cup beer glass",
        "food": "food sandwich pizza cake hotdog",
        "ice cream": "popsicle lollipop icecream",
        "umbrella": "umbrella",
        "stick": "stick pole rod",
        "bat": "bat",
        "racket": "racket racquet",
        "rope": "rope",
        "swing": "swing swings",
        "slide": "slide",
        "trampoline": "trampoline",
        "pool": "pool",
        "stairs": "stairs steps",
        "bench": "bench",
        "chair": "chair stool couch sofa",
        "table": "table desk",
        "rock": "rock rocks cliff boulder mountain",
        "tree": "tree",
        "fence": "fence railing rail",
        "water": "water waves ocean lake river",
        "snow": "snow",
        "sand": "sand beach",
        "grass": "grass field",
        "street": "street sidewalk road",
        "flag": "flag",
        "balloon": "balloon balloons bubbles",
        "toy": "toy toys doll",
        "baby": "stroller carriage",
    }
)
THINGS: tuple[str, ...] = tuple(dict.fromkeys(value for values in THING_WORDS.values() for value in values))

# Deeds by their words; the first nine are postures and movements, of which a person does one at a time.
DEED_WORDS: dict[str, tuple[str, ...]] = _table(
    {
        "stand": "stand stands standing stood",
        "sit": "sit sits sitting sat seated",
        "walk": "walk walks walking hike hikes hiking stroll strolls strolling hiker pedestrian",
        "run": "run runs running jog jogs jogging sprint sprints sprinting runner jogger",
        "jump": "jump jumps jumping leap leaps leaping hop hops hopping midair mid-air jumper",
        "ride": "ride rides riding rider biker cyclist bicyclist motorcyclist jockey bikes biking",
        "climb": "climb climbs climbing climber rock-climbing scaling",
        "swim": "swim swims swimming swimmer",
        "play": "play plays playing player",
        "kneel": "kneel kneels kneeling crouch crouches crouching squat squats squatting",
        "lie": "lie lies lying lay lays laying sleep sleeps sleeping",
        "hold": "hold holds holding",
        "carry": "carry carries carrying",
        "look": "look looks looking watch watches watching stare stares staring observe observes",
        "pose": "pose poses posing",
        "smile": "smile smiles smiling laugh laughs laughing",
        "dance": "dance dances dancing dancer",
        "perform": "perform performs performing performer",
        "kick": "kick kicks kicking",
        "throw": "throw throws throwing toss tosses pitch pitches pitching pitcher",
        "catch": "catch catches catching catcher",
        "hit": "hit hits hitting punch punches swing-at bats batter",
        "push": "push pushes pushing",
        "pull": "pull pulls pulling",
        "swing": "swing swings swinging",
        "slide": "slide slides sliding",
        "ski": "ski skis skiing skier",
        "snowboard": "snowboard snowboards snowboarding snowboarder",
        "surf": "surf surfs surfing surfer wakeboarder wakeboarding windsurfer waterskier",
        "skateboard": "skateboard skateboards skateboarding skateboarder grinds grinding",
        "skate": "skate skates skating skater rollerblader rollerblading rollerblades",
        "dive": "dive dives diving diver",
        "paddle": "paddle paddles paddling kayaker kayaks kayaking rows rowing",
        "splash": "splash splashes splashing",
        "fall": "fall falls falling",
        "lean": "lean leans leaning",
        "hang": "hang hangs hanging",
        "crawl": "crawl crawls crawling",
        "eat": "eat eats eating",
        "drink": "drink drinks drinking",
        "talk": "talk talks talking speak speaks speaking",
        "sing": "sing sings singing singer",
        "read": "read reads reading",
        "point": "point points pointing",
        "wave": "wave waving",
        "hug": "hug hugs hugging embrace embraces embracing",
        "kiss": "kiss kisses kissing",
        "fight": "fight fights fighting wrestle wrestles wrestling wrestler boxer boxing",
        "work": "work works working worker",
        "fish": "fish fishes fishing fisherman",
    }
)
DEEDS: tuple[str, ...] = tuple(dict.fromkeys(value for values in DEED_WORDS.values() for value in values))
MOVEMENTS: Sequence[str] = DEEDS[:9]
