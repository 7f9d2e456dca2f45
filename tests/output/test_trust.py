"""The plain line about how far words are to be trusted."""

from dataclasses import replace

import numpy as np
import pytest

from smot_vlm.output.trust import is_warning, trust
from smot_vlm.structures import Description, ModelInfo, Trajectory, VideoInfo

LEARNED = "demo learned from drawn figures"


def described(words: str = "stated", person: str = "stated", **model) -> Description:
    about = ModelInfo(**{"name": "demo", "decoder": "lora-lm", "associator": "byte", "trained": True, **model})
    track = Trajectory(1, np.arange(2), np.tile([0, 0, 9, 9], (2, 1)), np.ones(2), words=person)
    return Description(VideoInfo("clip.mp4", 64, 48, 25.0, 2), (track,), (), "", about, words)


@pytest.mark.parametrize(
    ("description", "line", "warns"),
    [
        (described(), "", False),
        (described(domain="drawn figures"), f"The words are those of {LEARNED}.", False),
        (described("withheld", "withheld", domain="drawn figures"),
         f"Words are withheld: {LEARNED}, and this video is unlike them.", True),
        (described("doubtful", "doubtful", domain="drawn figures"),
         f"Words are doubtful: {LEARNED}, and some may be wrong here.", True),
        (described(person="doubtful", domain="drawn figures"),
         f"Words about 1 person are doubtful or withheld: {LEARNED}.", True),
        (described("withheld", "withheld"),
         "Words are withheld: demo learned from other pictures, and this video is unlike them.", True),
        (described(trained=False, domain="drawn figures"), "Untrained: do not trust its words.", True),
        (described(decoder="none", trained=True), "", False),
    ],
)  # fmt: skip
def test_one_line_says_it(description, line, warns):
    assert (trust(description), is_warning(description)) == (line, warns)


@pytest.mark.parametrize(
    ("words", "caption", "message"), [("maybe", "", "it takes stated"), ("withheld", "A man.", "withheld words")]
)
def test_words_are_checked(words, caption, message):
    with pytest.raises(ValueError, match=message):
        replace(described(), words=words, caption=caption)
    with pytest.raises(ValueError, match=message):
        replace(described().tracks[0], words=words, caption=caption)
