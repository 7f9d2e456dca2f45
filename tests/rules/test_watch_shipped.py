"""The model that ships watches a drawn video: what happens in it is told once, while it happens, and what does not is not."""

import pytest

from smot_vlm.rules.events import Event
from smot_vlm.rules.sentence import read_sentence
from smot_vlm.rules.vocabulary import check_rules
from smot_vlm.synthetic.sequence import SyntheticSequence, make_sequence
from smot_vlm.tracker import Tracker
from smot_vlm.watching import Watch, WatchSettings, vocabulary_of

pytestmark = [pytest.mark.shipped, pytest.mark.drawn]
SEED = 710740
SENTENCES = (
    "anyone pushes anyone for 1s",
    "man shoves boy",
    "boy pushes anyone",
    "anyone hugs anyone",
    "anyone shakes hands with anyone",
    "anyone runs",
)


@pytest.fixture(scope="module")
def sequence() -> SyntheticSequence:
    """A man (2) pushes a boy (1), then both hug."""
    made = make_sequence(
        SEED,
        "val",
        6.0,
        width=320,
        people=(2, 3),
        verbs=["push.v.01", "embrace.v.02"],
        actions=["walk_left", "walk_right", "stand", "wave"],
    )
    assert [event.event for event in made.facts.timeline[:2]] == ["push.v.01:object", "embrace.v.02:mutual"]
    return made


@pytest.fixture(scope="module")
def told(sequence) -> list[Event]:
    """What is told until the hug is over."""
    try:
        tracker = Tracker.from_pretrained("demo", device="cpu")
    except FileNotFoundError as error:
        pytest.skip(f"the base language model is not on this machine ({error})")
    rules = check_rules([read_sentence(text) for text in SENTENCES], [], vocabulary_of(tracker))
    settings = WatchSettings(
        tuple(rules),
        trajectories=sequence.tracks,
        fps=sequence.fps,
        max_frames=round(6 * sequence.facts.timeline[1].to_seconds),
    )
    events: list[Event] = []
    Watch(tracker, settings, events.append, print).run(sequence.frames())
    return events


def test_what_happens_is_told_once_with_who_and_when(told, sequence):
    truth = sequence.facts.timeline
    (push,) = [event for event in told if event.rule == "anyone pushes anyone for 1s"]
    assert push.people == (2, 1)
    assert truth[0].from_seconds - 1 <= push.from_seconds < push.to_seconds <= truth[0].to_seconds + 1
    assert push.to_seconds - push.from_seconds >= 1
    assert push.frames
    assert push.sure
    (hug,) = [event for event in told if event.rule == "anyone hugs anyone"]
    assert hug.people == (1, 2)
    assert hug.from_seconds == pytest.approx(truth[1].from_seconds, abs=1.5)


def test_looks_that_captions_tell_count(told):
    assert [event.people for event in told if event.rule == "man shoves boy"] in ([], [(2, 1)])
    assert [event for event in told if event.rule == "boy pushes anyone"] == []


def test_what_does_not_happen_is_not_told(told):
    assert not {"anyone shakes hands with anyone", "anyone runs"} & {event.rule for event in told}
