"""What a model learned from: distances, judgements, the file, and what a Session does with them."""

import copy
import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.numpy import load_file, save_file
from tiny import moving_squares, tiny_config

from smot_vlm.models.build import build_model
from smot_vlm.models.domain import DOMAIN_FILE, Domain, FeatureDomain
from smot_vlm.models.domain_gate import DomainGate
from smot_vlm.structures import DOUBTFUL, STATED, WITHHELD, Frame, Trajectory
from smot_vlm.system.files import shipped_folder
from smot_vlm.tracker import Tracker
from smot_vlm.training.domain_statistics import FRAMES_OF_A_SEQUENCE, look_at, measure_domain


def features(rows: int = 500, seed: int = 0) -> np.ndarray:
    """Eight features, some of them correlated."""
    random = np.random.default_rng(seed)
    return random.normal(size=(rows, 8)) @ random.normal(size=(8, 8)) + 3.0


def test_with_every_direction_it_is_the_mahalanobis_distance():
    known = features()
    domain = FeatureDomain.fit(known, directions=8)
    others = features(20, seed=1)
    inverse = np.linalg.inv(np.cov(known.T))
    centred = others - known.mean(axis=0)
    expected = np.einsum("nd,de,ne->n", centred, inverse, centred) / 8
    assert domain.distances(others) == pytest.approx(expected, rel=1e-3)


def test_within_the_domain_the_distance_is_one_on_average_however_many_directions():
    known = features(2000)
    for directions in (2, 5, 8):
        assert FeatureDomain.fit(known, directions).distances(known).mean() == pytest.approx(1.0, abs=0.01)


def test_limits_follow_from_distances_within_the_domain():
    domain = FeatureDomain.fit(features(), directions=4)
    assert domain.judge([1e30]) == STATED  # not yet calibrated
    domain = domain.calibrated([1.0] * 500)
    assert domain.limits.tolist() == pytest.approx([1.1, 1.4])
    assert [domain.judge([distance]) for distance in (1.0, 1.2, 1.5)] == [STATED, DOUBTFUL, WITHHELD]
    assert domain.judge([0.5, 99.0, 1.0]) == STATED  # the median
    assert domain.judge([]) == STATED


def test_a_feature_that_is_no_number_is_far_away():
    domain = FeatureDomain.fit(features(), directions=4)
    assert domain.distances(np.full((1, 8), np.nan)).tolist() == [np.inf]


def test_too_few_features_are_refused():
    with pytest.raises(ValueError, match="give more than 64"):
        FeatureDomain.fit(features(64))


@pytest.fixture
def domain() -> Domain:
    one = FeatureDomain.fit(features(), directions=4).calibrated([1.0, 2.0])
    return Domain(people=one, frames=dataclasses.replace(one, limits=one.limits * 2))


def test_a_domain_survives_its_file(domain, tmp_path):
    domain.save(tmp_path)
    again = Domain.load(tmp_path)
    for half in ("frames", "people"):
        for field in dataclasses.fields(FeatureDomain):
            ours, theirs = (getattr(getattr(one, half), field.name) for one in (domain, again))
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=5e-4 if field.name == "basis" else 0)
    assert Domain.load(tmp_path / "elsewhere") is None


def test_a_domain_of_people_alone_survives_its_file(domain, tmp_path):
    dataclasses.replace(domain, frames=None).save(tmp_path)
    again = Domain.load(tmp_path)
    assert again is not None
    assert again.frames is None
    np.testing.assert_array_equal(again.people.limits, domain.people.limits)
    assert sorted(load_file(tmp_path / DOMAIN_FILE)) == [
        f"people.{name}" for name in ("basis", "limits", "mean", "rest", "scale", "variance")
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"frames.mean": None}, "tensor 'frames.mean' is missing"),
        ({"people.basis": np.zeros((4, 7), np.float32)}, r"basis has shape \(4, 7\)"),
        ({"people.limits": np.array([1.0, np.nan], np.float32)}, "limits has shape"),
        ({"frames.rest": np.zeros(1, np.float32)}, "rest holds a number that is not above 0"),
        ({"frames.scale": np.zeros(8, np.int64)}, "scale has shape"),
    ],
)
def test_a_damaged_file_is_named(domain, tmp_path, change, message):
    domain.save(tmp_path)
    tensors = {**load_file(tmp_path / DOMAIN_FILE), **change}
    save_file({name: value for name, value in tensors.items() if value is not None}, tmp_path / DOMAIN_FILE)
    with pytest.raises(ValueError, match=message) as error:
        Domain.load(tmp_path)
    assert DOMAIN_FILE in str(error.value)


class Squares:
    """A sequence of moving squares with true boxes, brighter or darker by its seed."""

    caption = ""

    def __init__(self, seed: int) -> None:
        random = np.random.default_rng(seed)
        video = moving_squares(FRAMES_OF_A_SEQUENCE) * random.uniform(0.8, 1.0) + random.normal(
            0, 2, (FRAMES_OF_A_SEQUENCE, 64, 96, 3)
        )
        self.images = video.clip(0, 255).astype(np.uint8)
        self.frame_numbers = np.arange(FRAMES_OF_A_SEQUENCE)
        boxes = [[[2 + i, top, 14 + i, top + 12] for i in range(FRAMES_OF_A_SEQUENCE)] for top in (4, 32)]
        self.tracks = [Trajectory(i, self.frame_numbers, box, np.ones(len(box))) for i, box in enumerate(boxes)]

    def __len__(self) -> int:
        return FRAMES_OF_A_SEQUENCE

    def read_frame(self, position: int) -> Frame:
        return Frame(position, position / 2, self.images[position])


@pytest.fixture(scope="module")
def tracker(tiny_language_model: Path) -> Tracker:
    torch.manual_seed(0)
    config = tiny_config(tiny_language_model)
    model = build_model(config).eval()
    model.trained = True
    model.domain = measure_domain(look_at(model, map(Squares, range(60))))
    return Tracker(model, config)


def squares_as_trajectories() -> list[Trajectory]:
    return Squares(0).tracks


def test_video_like_the_training_is_described_and_other_video_is_not(tracker):
    known = tracker.describe(Squares(4).images, fps=2.0, trajectories=squares_as_trajectories())
    assert known.words == STATED
    assert {track.words for track in known.tracks} <= {STATED, DOUBTFUL}
    noise = np.random.default_rng(0).integers(0, 256, (6, 64, 96, 3), dtype=np.uint8)
    other = tracker.describe(noise, fps=2.0, trajectories=squares_as_trajectories())
    assert (other.words, other.caption, other.interactions) == (WITHHELD, "", ())
    assert [(len(track), track.words, track.caption) for track in other.tracks] == [(6, WITHHELD, "")] * 2


def test_a_person_unlike_the_others_is_not_described(tracker):
    """The second person's boxes lie on the background."""
    first, second = squares_as_trajectories()
    moved = dataclasses.replace(second, boxes=second.boxes + np.array([60.0, 10.0, 60.0, 10.0]))
    description = tracker.describe(Squares(4).images, fps=2.0, trajectories=[first, moved])
    assert description.words == STATED
    assert (description.tracks[1].words, description.tracks[1].caption) == (WITHHELD, "")
    assert description.interactions == ()


def test_a_domain_of_people_alone_judges_people_and_no_frame(tracker):
    """Nothing judges frames, so that a video of noise is not withheld; a person on the background is."""
    model = copy.copy(tracker.model)
    model.domain = dataclasses.replace(tracker.model.domain, frames=None)
    gate = DomainGate(model)
    gate.look(np.zeros(1))
    assert (gate.is_used, gate.video()) == (False, STATED)
    first, second = squares_as_trajectories()
    moved = dataclasses.replace(second, boxes=second.boxes + np.array([60.0, 10.0, 60.0, 10.0]))
    speaker = Tracker(model, tracker.config)
    noise = np.random.default_rng(0).integers(0, 256, (6, 64, 96, 3), dtype=np.uint8)
    assert speaker.describe(noise, fps=2.0, trajectories=[first]).words == STATED
    known = speaker.describe(Squares(4).images, fps=2.0, trajectories=[first, second])
    assert {track.words for track in known.tracks} <= {STATED, DOUBTFUL}
    other = speaker.describe(Squares(4).images, fps=2.0, trajectories=[first, moved])
    assert (other.words, other.tracks[1].words) == (STATED, WITHHELD)


def test_too_little_training_data_gives_no_domain(tracker):
    assert measure_domain(look_at(tracker.model, map(Squares, range(8)))) is None


def test_without_a_domain_everything_is_stated(tracker):
    gate = DomainGate(build_model(tracker.config))
    gate.look(np.zeros(1))
    assert (gate.is_used, gate.video()) == (False, STATED)


@pytest.mark.shipped
class TestTheModelThatShips:
    @pytest.fixture(scope="class")
    def shipped(self) -> Tracker:
        try:
            return Tracker.from_pretrained("demo", device="cpu")
        except FileNotFoundError as error:
            pytest.skip(f"the base language model is not on this machine ({error})")

    def test_it_speaks_of_its_own_world(self, shipped):
        description = shipped.describe(shipped_folder("assets") / "demo.mp4", max_frames=40)
        assert (description.words, description.model.detector) == (STATED, "model")
        assert description.model.domain == "drawn figures"

    @pytest.mark.parametrize("name", ["bus.jpg", "zidane.jpg"])
    def test_of_photographs_it_gives_people_and_no_word(self, shipped, name):
        """The two pictures that the ultralytics package itself installs."""
        import ultralytics

        picture = np.asarray(Image.open(Path(ultralytics.__file__).parent / "assets" / name).convert("RGB"))
        description = shipped.describe(np.stack([picture] * 5))
        assert (description.words, description.model.detector) == (WITHHELD, "yolox-nano")
        assert len(description.tracks) >= 2
        assert not any(track.caption for track in description.tracks)

    @pytest.mark.parametrize("level", [0, 128, 255])
    def test_of_nothing_it_says_nothing(self, shipped, level):
        description = shipped.describe(np.full((25, 180, 320, 3), level, np.uint8))
        assert (description.tracks, description.interactions, description.caption) == ((), (), "")
