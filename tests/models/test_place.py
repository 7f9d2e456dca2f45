"""Where a video takes place: the classifier, its file, its fitting, and what is told."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from safetensors.torch import load_file as torch_load
from safetensors.torch import save_file as torch_save

from smot_vlm.language.fact_reader import read_facts
from smot_vlm.models.place import PLACE_FILE, TOLD_FROM, PlaceReader
from smot_vlm.synthetic import make_sequence
from smot_vlm.tracker import Tracker
from smot_vlm.training.domain_statistics import SequenceLooks
from smot_vlm.training.place_fit import LEAST_SEQUENCES, fit_places

FEATURES = 5


def reader() -> PlaceReader:
    """Two places, told apart by the second feature, whose mean is 3 and whose deviation is 2."""
    mean = np.array([0, 3, 0, 0, 0], dtype=np.float32)
    scale = np.array([1, 2, 1, 1, 1], dtype=np.float32)
    weights = np.zeros((2, FEATURES), dtype=np.float32)
    weights[0, 1] = 1.0
    return PlaceReader(("beach", "gym"), mean, scale, weights, np.zeros(2, dtype=np.float32))


def statistics(*second: float) -> np.ndarray:
    """Frames whose second feature is given."""
    features = np.ones((len(second), FEATURES), dtype=np.float32)
    features[:, 1] = second
    return features


def test_probabilities_are_those_of_logistic_regression():
    found = reader().probabilities(statistics(3.0, 7.0, -1.0))
    expected = 1 / (1 + np.exp(-np.array([0.0, 2.0, -2.0])))
    assert found[:, 0] == pytest.approx(expected)
    assert found.sum(axis=1) == pytest.approx([1.0, 1.0, 1.0])


def test_a_place_is_told_where_it_is_likely_over_all_looks():
    sure, other = np.array([0.9, 0.1]), np.array([0.2, 0.8])
    assert reader().place([sure] * 3) == "beach"
    assert reader().place([sure, sure, sure, np.array([0.2, 0.8])]) == "beach"  # 0.725 on average
    assert reader().place([sure, other]) == ""  # moved from one place to another
    assert reader().place([np.array([TOLD_FROM - 0.01, 1.01 - TOLD_FROM])]) == ""
    assert reader().place([]) == ""


def test_it_survives_its_file(tmp_path):
    reader().save(tmp_path)
    again = PlaceReader.load(tmp_path)
    assert again is not None
    assert again.labels == ("beach", "gym")
    seen = statistics(2.5, 9.0)
    assert again.probabilities(seen) == pytest.approx(reader().probabilities(seen), abs=1e-6)
    assert PlaceReader.load(tmp_path / "elsewhere") is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": ("beach", "moon")}, "places are beach, moon; give two or more of park, "),
        ({"labels": ("gym", "gym")}, "places are gym, gym"),
        ({"labels": ("gym",)}, "places are gym;"),
        ({"scale": np.zeros(FEATURES, dtype=np.float32)}, "not above 0"),
        ({"biases": np.array([0, np.nan], dtype=np.float32)}, "biases has shape"),
        ({"weights": np.zeros((3, FEATURES), dtype=np.float32)}, r"weights has shape \(3, 5\)"),
    ],
)
def test_what_is_no_reader_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(reader(), **change)


def damaged(path: Path, case: str) -> None:
    """Spoil a file of `PlaceReader.save`."""
    tensors = load_file(path)
    if case == "cut":
        path.write_bytes(path.read_bytes()[:50])
    elif case == "no labels":
        save_file(tensors, path)
    elif case == "labels are a number":
        save_file(tensors, path, metadata={"labels": "7"})
    elif case == "labels are no JSON":
        save_file(tensors, path, metadata={"labels": "["})
    else:
        save_file({name: tensor for name, tensor in tensors.items() if name != "mean"}, path)


@pytest.mark.parametrize("case", ["cut", "no labels", "labels are a number", "labels are no JSON", "no mean"])
def test_a_damaged_file_is_one_line(tmp_path, case):
    reader().save(tmp_path)
    damaged(tmp_path / PLACE_FILE, case)
    with pytest.raises(ValueError, match=rf"{PLACE_FILE}: damaged \(.*\); copy or download it again") as error:
        PlaceReader.load(tmp_path)
    assert "\n" not in str(error.value)


def test_weights_of_another_width_are_read_and_a_pointer_is_told(tmp_path):
    reader().save(tmp_path)
    path = tmp_path / PLACE_FILE
    tensors = {name: tensor.bfloat16() for name, tensor in torch_load(path).items()}
    torch_save(tensors, path, metadata={"labels": '["beach", "gym"]'})
    again = PlaceReader.load(tmp_path)
    assert again is not None
    assert again.probabilities(statistics(3.0))[0] == pytest.approx([0.5, 0.5])
    path.write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(ValueError, match="a pointer of Git LFS in place of the weights"):
        PlaceReader.load(tmp_path)


def test_whole_numbers_are_no_weights(tmp_path):
    reader().save(tmp_path)
    tensors = load_file(tmp_path / PLACE_FILE)
    save_file(tensors | {"biases": np.zeros(2, dtype=np.int32)}, tmp_path / PLACE_FILE, {"labels": '["beach", "gym"]'})
    with pytest.raises(ValueError, match=r"damaged \(biases has shape \(2,\); give finite floats"):
        PlaceReader.load(tmp_path)


def looks(count: int, places: tuple[str, ...] = ("beach", "gym", "")) -> list[SequenceLooks]:
    """Sequences whose places move the second feature by six standard deviations; of some the place is not told."""
    random = np.random.default_rng(0)
    found = []
    for index in range(count):
        place = places[index % len(places)]
        frames = random.normal(size=(4, FEATURES))
        frames[:, 1] += 6.0 * ("beach", "gym", "").index(place)
        found.append(SequenceLooks(frames, (), place))
    return found


def test_places_are_learned_from_sequences_that_tell_theirs():
    fitted = fit_places(looks(60))
    assert fitted is not None
    assert fitted.labels == ("beach", "gym")
    for look in looks(9):
        if look.place:
            assert fitted.place(list(fitted.probabilities(look.statistics))) == look.place


def test_it_is_calibrated_on_sequences_that_were_held_apart():
    """Labels are wrong for a quarter of the sequences: confidence follows."""
    random = np.random.default_rng(1)
    noisy = [
        dataclasses.replace(look, place=("beach", "gym")[int(random.random() < 0.25) ^ (look.place == "gym")])
        for look in looks(400, ("beach", "gym"))
    ]
    fitted = fit_places(noisy)
    assert fitted is not None
    sure = [fitted.probabilities(look.statistics).mean(axis=0).max() for look in looks(100, ("beach", "gym"))]
    assert np.mean(sure) == pytest.approx(0.75, abs=0.07)


def test_too_few_sequences_or_one_place_alone_teach_nothing():
    assert fit_places(looks(LEAST_SEQUENCES)) is None
    assert fit_places(looks(60, ("gym",))) is None
    assert fit_places(looks(60, ("",))) is None


@pytest.mark.shipped
def test_the_model_that_ships_knows_drawn_places():
    """Six drawn videos that it never saw; a place told is the true one, and most are told."""
    try:
        tracker = Tracker.from_pretrained("demo", device="cpu", overrides=["decoder.max_new_tokens=1"])
    except FileNotFoundError as error:
        pytest.skip(f"the base language model is not on this machine ({error})")
    told = []
    for seed in range(420_000, 420_006):
        drawn = make_sequence(seed, width=320, people=(1, 1))
        frames = np.stack([drawn.frame(index) for index in range(len(drawn))])
        caption = tracker.describe(frames, fps=drawn.fps, trajectories=drawn.tracks).caption
        told.append((read_facts(caption).scene, drawn.facts.video.scene))
    assert all(found in ("", true) for found, true in told)
    assert sum(found != "" for found, _ in told) >= 5
