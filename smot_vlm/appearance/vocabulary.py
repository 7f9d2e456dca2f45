"""The questions that the appearance network answers, each with its values."""

from smot_vlm.language import people_lexicon as lexicon

# Question -> its values; a field of `PersonFacts` each ("has" is answered by the question "attributes").
QUESTIONS: dict[str, tuple[str, ...]] = {
    "kinds": lexicon.KINDS,
    "upper": lexicon.COLOURS,
    "lower": lexicon.COLOURS,
    "upper_garments": lexicon.UPPER_GARMENTS,
    "lower_garments": lexicon.LOWER_GARMENTS,
    "attributes": lexicon.ATTRIBUTES,
    "things": lexicon.THINGS,
    "deeds": lexicon.DEEDS,
}
# Of all questions together; behind their logits comes whether this is a real person, then what faces say.
ANSWER_VALUES = sum(len(values) for values in QUESTIONS.values())
# Questions of colour, read from a region of the body.
COLOUR_QUESTIONS = ("upper", "lower")
# Questions with independent answers of yes or no; the others are answered by one value of many.
YES_NO_QUESTIONS = ("attributes",)
# Names under which other answers are calibrated, beside the questions: deeds of pairs, and whether a crop shows a real person.
PAIRS, GENUINE = "pairs", "genuine"
