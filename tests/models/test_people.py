"""PeopleModel: its folder, what it tells of looks at people, and the voice that it lends another model."""

import json
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny import moving_squares

from smot_vlm.appearance.answers import Calibration
from smot_vlm.appearance.pair_deeds import PAIR_CLASSES
from smot_vlm.appearance.vocabulary import QUESTIONS
from smot_vlm.config import Config, DecoderConfig, FeaturesConfig
from smot_vlm.models.card import ModelCard
from smot_vlm.models.domain import Domain, FeatureDomain
from smot_vlm.models.loading import load_model
from smot_vlm.models.people import PeopleModel
from smot_vlm.models.people_folder import build_people, load_people, save_people
from smot_vlm.models.tracks_only import TracksOnlyModel
from smot_vlm.structures import DOUBTFUL, STATED, WITHHELD, Detections, Frame, Trajectory
from smot_vlm.tracker import Tracker
from smot_vlm.verbs import NUM_VERBS, VERBS

VERB_ROWS = {verb.label: row for row, verb in enumerate(VERBS)}
CONFIG = Config(
    name="people",
    model_type="people",
    decoder=DecoderConfig(name="sentences"),
    features=FeaturesConfig(per_second=4.0),
)
IMAGE = np.random.default_rng(0).integers(0, 255, (120, 160, 3), dtype=np.uint8)
BOXES = np.array([[10.0, 10, 50, 110], [60, 20, 100, 110]])


@pytest.fixture(scope="module")
def people() -> PeopleModel:
    torch.manual_seed(0)
    model = build_people(CONFIG, Calibration.neutral()).eval()
    model.card = ModelCard(training_data="squares", domain="real people")
    return model


def test_faces_are_read_at_twice_the_resolution(monkeypatch):
    model = build_people(CONFIG, Calibration.neutral(), faces=True).eval()
    seen = []
    monkeypatch.setattr(model.appearance, "tokens", lambda crops, larger, _: seen.extend((crops, larger)) or crops)
    model.look(IMAGE, BOXES)
    crops, larger = seen
    assert [tuple(2 * side for side in crops.shape[2:])] == [tuple(larger.shape[2:])]
    # The same part of the picture.
    assert (torch.nn.functional.avg_pool2d(larger, 2) - crops).abs().mean() < 0.03


@pytest.mark.parametrize(
    ("newest_seconds", "expected"),
    [
        (None, [True] * 8 + [False] * 12),
        # At two readings a second 10 of them are held: a face is read again once those that are held get fewer.
        (5.0 / 2, [True] * 8 + [False] * 3 + [True] * 8 + [False]),
    ],
)
def test_so_many_faces_of_a_person_are_read_and_no_more(monkeypatch, newest_seconds, expected):
    model, asked = build_people(CONFIG, Calibration.neutral(), faces=True).eval(), []

    def tokens(crops, larger, closer):
        asked.append(bool(closer[0]))
        assert (larger is not None) == asked[-1]
        seen = torch.zeros(1, model.appearance.known + 5)
        seen[0, -1] = float(asked[-1])
        return seen

    monkeypatch.setattr(model.appearance, "tokens", tokens)
    memory = model.open_memory(per_second=4.0, capacity=32)
    if newest_seconds:
        memory.keep_newest(newest_seconds)
    person = Detections(BOXES[:1], np.ones(1), np.array([7]))
    for index in range(len(expected) * 2):
        model.observe(memory, Frame(index, index / 4, IMAGE), IMAGE, person, keyframe=True)
    assert asked == expected


def walkers(frames: int = 12) -> list[Trajectory]:
    steps = np.arange(frames)
    boxes = [
        np.stack([x + 2 * steps, y + 0 * steps, x + 12 + 2 * steps, y + 0 * steps + 24], 1)
        for x, y in ((2, 4), (20, 4))
    ]
    return [Trajectory(number, steps, box, np.ones(frames)) for number, box in enumerate(boxes, 1)]


@pytest.mark.parametrize("faces", [False, True])
def test_a_folder_gives_the_same_model_back(people, tmp_path, faces):
    if faces:
        people = build_people(CONFIG, Calibration.neutral(), faces=True).eval()
        people.card = ModelCard(training_data="squares", domain="real people")
    save_people(people, CONFIG, tmp_path / "model")
    again, config = load_model(tmp_path / "model")
    assert isinstance(again, PeopleModel)
    assert (config.name, again.card) == ("people", people.card)
    assert (again.appearance.faces is not None) == faces
    with torch.inference_mode():
        ours, theirs = people.look(IMAGE, BOXES), again.look(IMAGE, BOXES)
    questions = sum(len(values) for values in QUESTIONS.values())
    assert ours.shape == (2, people.appearance.dim + questions + 1 + 5 * faces)
    torch.testing.assert_close(ours, theirs, atol=0.05, rtol=0.05)  # saved in half precision


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"temperatures": {"kinds": 1.0}}, "temperatures are given for kinds; give kinds"),
        ({"thresholds": "high"}, "thresholds is 'high'; give a number for each question"),
        ({"thresholds": {**Calibration.neutral().thresholds, "kinds": -1.0}}, "not above 0"),
        ({"nonsense": 1}, "nonsense"),
    ],
)
def test_a_wrong_configuration_is_named(people, tmp_path, change, message):
    save_people(people, CONFIG, tmp_path / "model")
    path = tmp_path / "model/config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(ValueError, match=message) as error:
        load_people(tmp_path / "model")
    assert str(path) in str(error.value)


def test_people_are_told_one_by_one(people):
    description = Tracker(people, CONFIG, detector="people").describe(
        moving_squares(12), fps=4.0, trajectories=walkers()
    )
    assert [track.id for track in description.tracks] == [1, 2]
    assert all(track.caption.endswith(".") for track in description.tracks)
    assert description.model.decoder == "sentences"


def test_who_walk_side_by_side_go_along(people):
    description = Tracker(people, CONFIG, detector="people").describe(
        moving_squares(12), fps=4.0, trajectories=walkers()
    )
    company = {(edge.subject, edge.object) for edge in description.interactions if edge.verb == "accompany.v.02"}
    assert company == {(1, 2), (2, 1)}
    assert "goes along with" in description.track(1).caption


def test_what_two_people_do_has_the_time_at_which_it_is_seen(people, monkeypatch):
    """20 seconds at 4 frames a second; the frames from 6 to 12 seconds are bright, and a bright crop shows a push."""
    frames = np.zeros((80, 120, 160, 3), np.uint8)
    frames[24:48] = 200
    index = np.arange(80)
    pair = [Trajectory(number, index, np.tile(box, (80, 1)), np.ones(80)) for number, box in enumerate(BOXES, 1)]

    def read(window: np.ndarray) -> torch.Tensor:
        share = float((window.mean(axis=(1, 2, 3)) > 100).mean())
        logits = torch.zeros(len(PAIR_CLASSES))
        logits[PAIR_CLASSES.index("push left")] = 20 * (share - 0.35)
        return logits

    monkeypatch.setattr(people, "read_window", read)
    description = Tracker(people, CONFIG, detector="people").describe(frames, fps=4.0, trajectories=pair)
    (pushes,) = (edge for edge in description.interactions if edge.verb == "push.v.01")
    assert (pushes.subject, pushes.object) == (1, 2)
    (span,) = pushes.spans
    assert (span.from_seconds, span.to_seconds) == (pytest.approx(6.0, abs=1.0), pytest.approx(12.0, abs=1.0))
    assert span.frames
    assert all(24 <= frame < 48 for frame in span.frames)


def test_going_along_has_a_time_too(people):
    """Side by side for 8 of 10 seconds, then one walks further back."""
    steps = np.arange(40)
    first = np.stack([2.0 + 2 * steps, 4.0 + 0 * steps, 14.0 + 2 * steps, 28.0 + 0 * steps], axis=1)
    second = first + np.array([18.0, 0, 18.0, 0])
    second[32:, 1::2] -= 6
    pair = [Trajectory(number, steps, boxes, np.ones(40)) for number, boxes in enumerate((first, second), 1)]
    frames = np.zeros((40, 64, 160, 3), np.uint8)
    description = Tracker(people, CONFIG, detector="people").describe(frames, fps=4.0, trajectories=pair)
    edges = [edge for edge in description.interactions if edge.verb == "accompany.v.02"]
    assert {(edge.subject, edge.object) for edge in edges} == {(1, 2), (2, 1)}
    for edge in edges:
        assert [(span.from_seconds, span.to_seconds) for span in edge.spans] == [
            (0.0, pytest.approx(8.0, abs=1.0)),
        ]


class Doubter(TracksOnlyModel):
    """A model that knows dark frames alone."""

    def __init__(self) -> None:
        super().__init__()
        random = np.random.default_rng(0)
        dark = FeatureDomain.fit(random.normal(0, 1, (100, 2)).astype(np.float32), directions=2).calibrated([1.0] * 9)
        people = FeatureDomain.fit(random.normal(0, 1, (100, 2)).astype(np.float32), directions=2)
        self.domain = Domain(frames=dark, people=people)

    def frame_statistics(self, encoded: np.ndarray) -> np.ndarray:
        level = float(encoded.mean()) / 10
        return np.array([level, level], np.float32)


@pytest.fixture
def unreal(people) -> Iterator[None]:
    """Nobody is a real person."""
    torch.nn.init.constant_(people.appearance.genuine.bias, -3.0)
    yield
    torch.nn.init.zeros_(people.appearance.genuine.bias)


@pytest.fixture
def pair_of_voices(people) -> Tracker:
    config = replace(CONFIG, name="doubter", decoder=DecoderConfig(name="none"))
    return Tracker(Doubter(), config, detector="people", successor=(people, CONFIG))


def test_the_successor_speaks_where_the_model_must_not(pair_of_voices):
    bright = np.full((12, 64, 96, 3), 200, np.uint8)
    description = pair_of_voices.describe(bright, fps=4.0, trajectories=walkers())
    assert (description.words, description.model.name, description.model.domain) == (DOUBTFUL, "people", "real people")
    assert all(track.caption for track in description.tracks)


def test_the_successor_speaks_of_people_it_knows(pair_of_voices):
    """Though the model would speak: its frames look like those it learned from, but the people are real."""
    description = pair_of_voices.describe(np.zeros((12, 64, 96, 3), np.uint8), fps=4.0, trajectories=walkers())
    assert (description.words, description.model.name) == (DOUBTFUL, "people")


def test_the_model_speaks_where_it_may(pair_of_voices, unreal):
    dark = np.zeros((12, 64, 96, 3), np.uint8)
    description = pair_of_voices.describe(dark, fps=4.0, trajectories=walkers())
    assert (description.words, description.model.name) == (STATED, "doubter")


def test_without_a_successor_words_are_withheld(pair_of_voices):
    alone = Tracker(Doubter(), pair_of_voices.config, detector="people")
    bright = np.full((12, 64, 96, 3), 200, np.uint8)
    description = alone.describe(bright, fps=4.0, trajectories=walkers())
    assert (description.words, description.caption) == (WITHHELD, "")


def test_a_successor_that_is_not_there_is_named():
    with pytest.raises(FileNotFoundError, match="successor is 'nobody'"):
        Tracker.from_pretrained("tracks-only", overrides=["successor=nobody"], device="cpu", detector="people")


def test_of_who_is_no_real_person_nothing_is_told(people, unreal):
    description = Tracker(people, CONFIG, detector="people").describe(
        moving_squares(12), fps=4.0, trajectories=walkers()
    )
    assert [(track.words, track.caption) for track in description.tracks] == [(WITHHELD, "")] * 2


def test_of_the_newest_seconds_it_tells_looks_deeds_and_pairs_without_captions(people):
    updates = list(
        Tracker(people, CONFIG).stream(
            moving_squares(50), trajectories=walkers(50), fps=10.0, refresh_seconds=None, recent_seconds=3.0
        )
    )
    sight = updates[-1].sight
    assert sight is not None
    assert [person.id for person in sight.people] == [1, 2]
    assert sight.people[0].frames[0] == 19
    alone = [deed for deed in sight.deeds if deed.object is None]
    assert {deed.subject for deed in alone} <= {1, 2}
    # 20 pixels a second at a height of 24: nobody who moves so fast stands still.
    assert not {deed.label for deed in alone} & {"stand", "sit", "lie"}
    assert {deed.label for deed in alone} & {"walk", "run"} or not all(person.sure for person in sight.people)
    assert all(deed.spans[-1].to_seconds <= sight.seconds + 1 for deed in sight.deeds)


def test_pairs_of_newest_windows_have_spans(people):
    memory = people.open_memory(per_second=4.0, capacity=8)
    memory.keep_newest(3.0)
    for index in range(40):
        time = index / 4
        memory.pairs.add(time, IMAGE, [1, 2], BOXES)
    middles = [window.middle for window in memory.pairs.windows]
    assert middles[-1] - middles[0] <= 3.0
    with torch.inference_mode():
        for index in range(4):
            people.observe(
                memory,
                Frame(index, 10 + index / 4, IMAGE),
                IMAGE,
                Detections(BOXES, np.ones(2), np.array([1, 2])),
                True,
            )
        fused = people.fuse_memory(memory, [1, 2])
        (moments,) = people.verb_moments(fused, torch.tensor([[0, 1]]))
        scores = people.score_pairs(fused, torch.tensor([[0, 1]])).sigmoid()
    assert moments.log_odds.shape == (len(moments.times), NUM_VERBS)
    push = VERB_ROWS["push.v.01"]
    seen = 1 / (1 + np.exp(-moments.log_odds[:, push]))
    assert seen.max() == pytest.approx(float(scores[0, push]), abs=1e-3)
