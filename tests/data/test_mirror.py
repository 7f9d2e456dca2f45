import pytest
from hypothesis import given
from hypothesis import strategies as st

from smot_vlm.data.mirror import mirror_words

DIRECTIONS = [
    ("walks to the left, then leaves", "walks to the right, then leaves"),
    ("turns left and waves", "turns right and waves"),
    ("turns right.", "turns left."),
    ("moves left slowly", "moves right slowly"),
    ("on the right side", "on the left side"),
    ("the left-hand side", "the right-hand side"),
    ("a right-handed man, leftmost, moving leftwards", "a left-handed man, rightmost, moving rightwards"),
    ("looks left and right", "looks right and left"),
    ("walking left to right", "walking right to left"),
    ("from the left to the right", "from the right to the left"),
    ("a left-to-right pan", "a right-to-left pan"),
    ("in the top left corner", "in the top right corner"),
    ("the man (left) hugs", "the man (right) hugs"),
    ("the woman on right is tall", "the woman on left is tall"),
    ("raises her left arm", "raises her right arm"),
    ("his right leg forward and left leg back", "his left leg forward and right leg back"),
    ("to the left of her", "to the right of her"),
    ("at his right, a dog", "at his left, a dog"),
    ("the left one", "the right one"),
    ("stands on the man's left.", "stands on the man's right."),
    ("enters from the right behind a sign", "enters from the left behind a sign"),
    ("ON THE LEFT", "ON THE RIGHT"),
    ("Right-handed", "Left-handed"),
    ("spins clockwise", "spins counterclockwise"),
    ("turns anti-clockwise", "turns clockwise"),
    ("a man on the far left left the room", "a man on the far right left the room"),
]
OTHER_SENSES = [
    "",
    "the man left the room",
    "the man has left.",
    "she left",
    "who left early",
    "is left alone",
    "what is left of the cake",
    "stands right behind her",
    "right in front of the door",
    "right next to him",
    "right now",
    "all right",
    "The bright copyright of Leftwich",
]
IN_DOUBT = [
    "walks right past him",
    "at the right moment",
    "in the right direction",
    "the couple left hand in hand",
    "hugs her and left",
    "they moved left the sofa",
    "takes a right turn",
    "the man that left",
]


@pytest.mark.parametrize(("text", "mirrored"), DIRECTIONS)
def test_directions_are_swapped(text, mirrored):
    assert mirror_words(text) == mirrored


@pytest.mark.parametrize("text", OTHER_SENSES)
def test_other_senses_stay(text):
    assert mirror_words(text) == text


@pytest.mark.parametrize("text", IN_DOUBT)
def test_what_cannot_be_told_is_not_mirrored(text):
    assert mirror_words(text) is None
    assert mirror_words(f"A man on the left waves; {text}") is None


# "The right one" may be the correct one, and "anti-clockwise" comes back as "counterclockwise".
THERE_AND_BACK = [text for text, _ in DIRECTIONS if "clock" not in text and "one" not in text]


@given(st.lists(st.sampled_from(THERE_AND_BACK), min_size=1, max_size=4))
def test_twice_is_the_identity(texts):
    text = ". ".join(texts)
    mirrored = mirror_words(text)
    assert mirrored is not None
    assert mirrored != text
    assert mirror_words(mirrored) == text


@given(st.text(max_size=60))
def test_texts_without_sides_stay(text):
    if "left" not in text.lower() and "right" not in text.lower() and "clock" not in text.lower():
        assert mirror_words(text) == text
