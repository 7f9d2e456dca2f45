"""Phrases of captions about real people: how the values of the lexicon are told."""

# Nouns of kinds; what is not known of them is left open.
KIND_NOUNS: dict[str, str] = {"man": "man", "woman": "woman", "boy": "boy", "girl": "girl"}
ADULT, CHILD, PERSON = "adult", "child", "person"

# Garments of the upper and the lower body, with what stands before their colour.
UPPER_NOUNS: dict[str, str] = {
    "shirt": "a shirt",
    "sweater": "a sweater",
    "jacket": "a jacket",
    "suit": "a suit",
    "dress": "a dress",
    "swimwear": "swimwear",
    "uniform": "a uniform",
    "": "a top",
}
LOWER_NOUNS: dict[str, str] = {
    "trousers": "trousers",
    "jeans": "jeans",
    "shorts": "shorts",
    "skirt": "a skirt",
    "": "trousers",
}
# Garments that cover both.
WHOLE_BODY = ("suit", "dress", "swimwear")
ATTRIBUTE_NOUNS: dict[str, str] = {
    "hat": "a hat",
    "sunglasses": "sunglasses",
    "backpack": "a backpack",
    "bag": "a bag",
    "long hair": "long hair",
    "scarf": "a scarf",
    "suitcase": "a suitcase",
}

# Deeds in the third person; the second form takes what the person is with.
DEED_PHRASES: dict[str, tuple[str, str]] = {
    "stand": ("stands", "stands {place}"),
    "sit": ("sits", "sits {place}"),
    "walk": ("walks", "walks {place}"),
    "run": ("runs", "runs {place}"),
    "jump": ("jumps", "jumps {place}"),
    "ride": ("rides", "rides {thing}"),
    "climb": ("climbs", "climbs {thing}"),
    "swim": ("swims", "swims {place}"),
    "play": ("plays", "plays {place}"),
    "kneel": ("kneels", "kneels {place}"),
    "lie": ("lies", "lies {place}"),
    "hold": ("holds something", "holds {thing}"),
    "carry": ("carries something", "carries {thing}"),
    "look": ("looks on", "looks on {place}"),
    "pose": ("poses", "poses {place}"),
    "smile": ("smiles", "smiles {place}"),
    "dance": ("dances", "dances {place}"),
    "perform": ("performs", "performs {place}"),
    "kick": ("kicks", "kicks {thing}"),
    "throw": ("throws something", "throws {thing}"),
    "catch": ("catches something", "catches {thing}"),
    "hit": ("hits something", "hits {thing}"),
    "push": ("pushes something", "pushes {thing}"),
    "pull": ("pulls something", "pulls {thing}"),
    "swing": ("swings", "swings {place}"),
    "slide": ("slides", "slides {place}"),
    "ski": ("skis", "skis {place}"),
    "snowboard": ("snowboards", "snowboards {place}"),
    "surf": ("surfs", "surfs {place}"),
    "skateboard": ("skateboards", "skateboards {place}"),
    "skate": ("skates", "skates {place}"),
    "dive": ("dives", "dives {place}"),
    "paddle": ("paddles", "paddles {place}"),
    "splash": ("splashes", "splashes {place}"),
    "fall": ("falls", "falls {place}"),
    "lean": ("leans", "leans {place}"),
    "hang": ("hangs", "hangs {place}"),
    "crawl": ("crawls", "crawls {place}"),
    "eat": ("eats", "eats {thing}"),
    "drink": ("drinks", "drinks"),
    "talk": ("talks", "talks {place}"),
    "sing": ("sings", "sings {place}"),
    "read": ("reads", "reads {thing}"),
    "point": ("points", "points"),
    "wave": ("waves", "waves"),
    "hug": ("hugs somebody", "hugs somebody"),
    "kiss": ("kisses somebody", "kisses somebody"),
    "fight": ("fights", "fights {place}"),
    "work": ("works", "works {place}"),
    "fish": ("fishes", "fishes {place}"),
}
# What a person is with: as an object, and as a place or company.
THING_PHRASES: dict[str, tuple[str, str]] = {
    "ball": ("a ball", "with a ball"),
    "bicycle": ("a bicycle", "with a bicycle"),
    "motorcycle": ("a motorcycle", "with a motorcycle"),
    "skateboard": ("a skateboard", "with a skateboard"),
    "snowboard": ("a snowboard", "with a snowboard"),
    "skis": ("skis", "on skis"),
    "surfboard": ("a surfboard", "with a surfboard"),
    "sled": ("a sled", "on a sled"),
    "scooter": ("a scooter", "with a scooter"),
    "horse": ("a horse", "with a horse"),
    "dog": ("a dog", "with a dog"),
    "boat": ("a boat", "in a boat"),
    "car": ("a car", "by a car"),
    "guitar": ("a guitar", "with a guitar"),
    "instrument": ("an instrument", "with an instrument"),
    "microphone": ("a microphone", "with a microphone"),
    "camera": ("a camera", "with a camera"),
    "phone": ("a phone", "with a phone"),
    "book": ("a book", "with a book"),
    "drink": ("a drink", "with a drink"),
    "food": ("food", "with food"),
    "ice cream": ("ice cream", "with ice cream"),
    "umbrella": ("an umbrella", "with an umbrella"),
    "stick": ("a stick", "with a stick"),
    "bat": ("a bat", "with a bat"),
    "racket": ("a racket", "with a racket"),
    "rope": ("a rope", "with a rope"),
    "swing": ("a swing", "on a swing"),
    "slide": ("a slide", "on a slide"),
    "trampoline": ("a trampoline", "on a trampoline"),
    "pool": ("a pool", "in a pool"),
    "stairs": ("stairs", "on stairs"),
    "bench": ("a bench", "on a bench"),
    "chair": ("a chair", "on a chair"),
    "table": ("a table", "at a table"),
    "rock": ("a rock", "on a rock"),
    "tree": ("a tree", "by a tree"),
    "fence": ("a fence", "by a fence"),
    "water": ("the water", "in the water"),
    "snow": ("the snow", "in the snow"),
    "sand": ("the sand", "on the sand"),
    "grass": ("the grass", "on the grass"),
    "street": ("the street", "on the street"),
    "flag": ("a flag", "with a flag"),
    "balloon": ("a balloon", "with a balloon"),
    "toy": ("a toy", "with a toy"),
    "baby": ("a stroller", "with a stroller"),
}
# Where a video plays, by what its people are with.
PLACES = ("water", "snow", "sand", "grass", "street", "pool")
# Things that nobody rides, holds, throws ... and what a deed's object may be.
RIDDEN = ("bicycle", "motorcycle", "horse", "skateboard", "snowboard", "surfboard", "sled", "scooter", "boat", "car")
CLIMBED = ("rock", "tree", "stairs", "fence", "rope")
EATEN = ("food", "ice cream")
READ = ("book",)
NOT_HANDLED = (
    *PLACES,
    "stairs",
    "bench",
    "chair",
    "table",
    "rock",
    "tree",
    "fence",
    "slide",
    "trampoline",
    "swing",
    "car",
)
HANDLING = ("hold", "carry", "kick", "throw", "catch", "hit", "push", "pull")

# What one person does to another, by the lemma of the verb.
VERB_PHRASES: dict[str, str] = {
    "handshake": "shakes hands with",
    "embrace": "hugs",
    "push": "pushes",
    "hit": "hits",
    "box": "boxes",
    "accompany": "goes along with",
}
