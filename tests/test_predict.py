"""A whole split described: what is written, how it goes on after a stop, and what is told of broken sequences."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from tiny import moving_squares, tiny_config

from smot_vlm.data.bensmot import BenSmot
from smot_vlm.evaluation.sequence_reader import read_predictions
from smot_vlm.formats.video_cost import read_cost
from smot_vlm.models.build import build_model
from smot_vlm.output.run_settings import RunSettings
from smot_vlm.predict import describe_sequence, predict_split
from smot_vlm.structures import Description
from smot_vlm.tracker import Tracker

NAMES = ("park/one", "park/two", "street/three")
NUMBERS = (1, 2, 3, 5, 6, 9)  # of the images, from 1, with gaps


@pytest.fixture(scope="module")
def tracker(tiny_language_model: Path) -> Tracker:
    torch.manual_seed(0)
    config = tiny_config(tiny_language_model)
    return Tracker(build_model(config), config)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Three sequences of two moving squares; the images of the first have gaps in their numbers."""
    video = moving_squares(10)
    for name in NAMES:
        folder = tmp_path / "data/test" / name
        (folder / "imgs").mkdir(parents=True)
        (folder / "gt").mkdir()
        for number in NUMBERS if name == NAMES[0] else range(1, 7):
            cv2.imwrite(str(folder / f"imgs/{number:03d}.jpg"), video[number - 1, ..., ::-1])
        rows = [f"{number},{id},{1 + number},{4 + 28 * (id - 1)},12,12,1" for number in range(1, 7) for id in (1, 2)]
        (folder / "gt/gt.txt").write_text("\n".join(rows) + "\n")
    return tmp_path / "data"


def settings(data: Path, **changes: str) -> RunSettings:
    fields = {"dataset": str(data), "split": "test", "model": "tiny", "detector": "model", "associator": "byte"}
    return RunSettings(**{**fields, "trajectories": "gt", **changes})


def run(tracker, data, out, **options):
    return list(predict_split(tracker, BenSmot(data, "test"), out, settings(data), **options))


def test_every_sequence_is_described_and_can_be_read_as_predictions(tracker, data, tmp_path):
    outcomes = run(tracker, data, tmp_path / "out")
    assert [outcome.name for outcome in outcomes] == list(NAMES)
    assert not any(outcome.kept or outcome.error for outcome in outcomes)
    assert json.loads((tmp_path / "out/run.json").read_text())["trajectories"] == "gt"
    predictions = list(read_predictions(tmp_path / "out", dict.fromkeys(NAMES, 9)))
    assert [len(prediction.tracks) for prediction in predictions] == [2, 2, 2]


def test_the_files_of_the_layout_say_what_the_description_says(tracker, data, tmp_path):
    run(tracker, data, tmp_path / "out")
    described = list(read_predictions(tmp_path / "out", dict.fromkeys(NAMES, 9)))
    for name in NAMES:
        (tmp_path / "out" / name / "description.json").unlink()
    files = list(read_predictions(tmp_path / "out", dict.fromkeys(NAMES, 9)))
    for one, other in zip(described, files, strict=True):
        assert [track.caption for track in one.tracks] == [track.caption for track in other.tracks]
        assert [track.frames.tolist() for track in one.tracks] == [track.frames.tolist() for track in other.tracks]
        assert one.caption == other.caption
        assert {(edge.subject, edge.verb, edge.object) for edge in one.interactions} == {
            (edge.subject, edge.verb, edge.object) for edge in other.interactions
        }


def test_what_each_sequence_cost_is_written_and_read(tracker, data, tmp_path):
    before = tracker.cost
    run(tracker, data, tmp_path / "out")
    costs = [read_cost(tmp_path / "out" / name) for name in NAMES]
    assert [cost.calls for cost in costs] == [3, 3, 3], "two people and the video"
    spent = tracker.cost.since(before)
    assert sum(cost.tokens_read for cost in costs) == spent.tokens_read > 0
    assert sum(cost.tokens_written for cost in costs) == spent.tokens_written
    limit = tracker.config.decoder.max_new_tokens
    assert all(0 < cost.tokens_written <= 3 * limit and cost.seconds > 0 for cost in costs)
    assert [each.cost for each in read_predictions(tmp_path / "out", dict.fromkeys(NAMES, 9))] == costs


def test_frames_keep_the_numbers_of_the_data_set(tracker, data):
    sequence = BenSmot(data, "test")[0]
    description = describe_sequence(tracker, sequence, sequence.folder / "gt/gt.txt")
    assert description.video.source == "park/one"
    assert description.video.fps == sequence.fps != 25
    for track, truth in zip(description.tracks, sequence.tracks, strict=True):
        assert track.frames.tolist() == [0, 1, 2, 4, 5], "boxes of frame 4 have no image, image 9 has no box"
        boxes = dict(zip(truth.frames.tolist(), truth.boxes.tolist(), strict=True))
        np.testing.assert_allclose(track.boxes, [boxes[frame] for frame in track.frames.tolist()])


def test_a_stopped_run_goes_on(tracker, data, tmp_path):
    out = tmp_path / "out"
    steps = predict_split(tracker, BenSmot(data, "test"), out, settings(data))
    next(steps)
    steps.close()
    written = out / NAMES[0] / "description.json"
    before = written.stat().st_mtime_ns
    (out / NAMES[1]).mkdir(parents=True)
    (out / NAMES[1] / "description.json").write_text('{"schema": "smot-vlm/2", "vid')  # not whole
    outcomes = run(tracker, data, out)
    assert [outcome.kept for outcome in outcomes] == [True, False, False]
    assert written.stat().st_mtime_ns == before
    assert len(Description.from_json(out / NAMES[1] / "description.json").tracks) == 2
    assert all(outcome.kept for outcome in run(tracker, data, out))
    assert not any(outcome.kept for outcome in run(tracker, data, out, overwrite=True))


def test_runs_with_other_settings_do_not_mix(tracker, data, tmp_path):
    run(tracker, data, tmp_path / "out")
    other = settings(data, associator="sort")
    with pytest.raises(
        ValueError, match=r"associator 'byte' \(now 'sort'\); choose another folder or pass --overwrite"
    ):
        list(predict_split(tracker, BenSmot(data, "test"), tmp_path / "out", other))
    list(predict_split(tracker, BenSmot(data, "test"), tmp_path / "out", other, overwrite=True))
    assert json.loads((tmp_path / "out/run.json").read_text())["associator"] == "sort"
    (tmp_path / "out/run.json").write_text("[]")
    with pytest.raises(ValueError, match="no settings of a run"):
        run(tracker, data, tmp_path / "out")


def test_a_run_with_other_settings_is_not_replaced_while_it_is_at_work(tracker, data, tmp_path):
    out = tmp_path / "out"
    steps = predict_split(tracker, BenSmot(data, "test"), out, settings(data))
    next(steps)
    other = settings(data, associator="sort")
    with pytest.raises(ValueError, match="a run with other settings is at work in this folder"):
        list(predict_split(tracker, BenSmot(data, "test"), out, other, overwrite=True))
    assert json.loads((out / "run.json").read_text())["associator"] == "byte"
    assert (out / NAMES[0] / "description.json").is_file()
    same = predict_split(tracker, BenSmot(data, "test"), out, settings(data), overwrite=True)
    assert [next(same).name, next(same).name] == list(NAMES[1:]), "one with the same settings takes the others"
    same.close()
    steps.close()
    list(predict_split(tracker, BenSmot(data, "test"), out, other, overwrite=True))
    assert json.loads((out / "run.json").read_text())["associator"] == "sort"
    assert not list(out.glob(".smot-vlm-*"))


def test_results_of_other_settings_are_not_taken_for_the_new_ones(tracker, data, tmp_path):
    """A run that replaces another is stopped, and goes on without --overwrite."""
    out = tmp_path / "out"
    run(tracker, data, out)
    other = settings(data, associator="sort")
    steps = predict_split(tracker, BenSmot(data, "test"), out, other, overwrite=True)
    next(steps)
    steps.close()
    assert not list((out / NAMES[1]).rglob("*.*")), "boxes and captions of the earlier run would be evaluated"
    outcomes = list(predict_split(tracker, BenSmot(data, "test"), out, other))
    assert [outcome.kept for outcome in outcomes] == [True, False, False]


def test_a_broken_image_is_left_out_and_named(tracker, data, tmp_path):
    (data / "test/park/two/imgs/003.jpg").write_bytes(b"no picture")
    (data / "test/park/two/imgs/005.jpg").write_bytes(b"")
    outcomes = run(tracker, data, tmp_path / "out")
    assert not any(outcome.error for outcome in outcomes)
    assert [[Path(why.partition(":")[0]).name for why in outcome.left_out] for outcome in outcomes] == [
        [],
        ["003.jpg", "005.jpg"],
        [],
    ]
    description = Description.from_json(tmp_path / "out/park/two/description.json")
    assert description.video.frames == 4
    assert [track.frames.tolist() for track in description.tracks] == [[0, 1, 3, 5]] * 2


def test_a_broken_sequence_does_not_stop_the_others(tracker, data, tmp_path):
    for path in (data / "test/park/two/imgs").iterdir():
        path.write_bytes(b"no picture")
    outcomes = run(tracker, data, tmp_path / "out")
    assert [bool(outcome.error) for outcome in outcomes] == [False, True, False]
    assert not (tmp_path / "out/park/two/description.json").exists()
    cv2.imwrite(str(data / "test/park/two/imgs/003.jpg"), moving_squares(3)[2])
    assert [outcome.kept for outcome in run(tracker, data, tmp_path / "out")] == [True, False, True]


def test_a_sequence_without_images(tracker, data, tmp_path):
    for image in (data / "test/street/three/imgs").iterdir():
        image.unlink()
    assert "no image" in run(tracker, data, tmp_path / "out")[2].error


@pytest.mark.parametrize("layout", ["{name}.txt", "{name}/gt/gt.txt", "{last}.txt"])
def test_trajectories_from_a_folder(tracker, data, tmp_path, layout):
    for name in NAMES:
        path = tmp_path / "mot" / layout.format(name=name, last=name.rpartition("/")[2])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{frame},7,{frame},4,12,12,1\n" for frame in (1, 2, 3)))
    chosen = settings(data, trajectories=str(tmp_path / "mot"))
    list(predict_split(tracker, BenSmot(data, "test"), tmp_path / "out", chosen))
    for name in NAMES:
        (track,) = Description.from_json(tmp_path / "out" / name / "description.json").tracks
        assert (track.id, track.frames.tolist()) == (7, [0, 1, 2])


@pytest.mark.parametrize(("kind", "row_id"), [("trajectories", "{row_class}"), ("detections", "-1")])
def test_rows_of_the_classes_that_are_asked_for(tracker, data, tmp_path, kind, row_id):
    """Class 3 stands left and class 1, people by custom, right of it."""
    for name in NAMES:
        path = tmp_path / f"mot/{name}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = [
            f"{frame},{row_id.format(row_class=row_class)},{left},4,12,12,0.9,{row_class},1\n"
            for frame in (1, 2, 3)
            for left, row_class in ((2, 3), (30, 1))
        ]
        path.write_text("".join(rows))
    chosen = settings(data, **{"trajectories": "", kind: str(tmp_path / "mot")})
    for classes, lefts in (((), [30]), ((3,), [2]), ((1, 3), [2, 30])):
        out = tmp_path / f"out-{classes}"
        outcomes = list(predict_split(tracker, BenSmot(data, "test"), out, replace(chosen, classes=classes)))
        assert not any(outcome.error for outcome in outcomes)
        for name in NAMES:
            tracks = Description.from_json(out / name / "description.json").tracks
            assert sorted(round(track.boxes[0, 0]) for track in tracks) == lefts
    assert json.loads((out / "run.json").read_text())["classes"] == [1, 3]
    assert all(
        each.kept for each in predict_split(tracker, BenSmot(data, "test"), out, replace(chosen, classes=(1, 3)))
    )


def test_a_flat_folder_cannot_tell_sequences_of_one_name_apart(tracker, data, tmp_path):
    (data / "test/street/three").rename(data / "test/street/one")
    (tmp_path / "mot").mkdir()
    for name in ("one", "two"):
        (tmp_path / f"mot/{name}.txt").write_text("1,7,1,4,12,12,1\n")
    chosen = settings(data, trajectories=str(tmp_path / "mot"))
    outcomes = list(predict_split(tracker, BenSmot(data, "test"), tmp_path / "out", chosen))
    assert [bool(outcome.error) for outcome in outcomes] == [True, False, True]
    assert "mot/street/one.txt: no such file; give MOT text" in outcomes[2].error


@pytest.mark.parametrize("place", ["{name}.txt", "{name}/det/det.txt"])
def test_detections_from_a_folder_are_linked(tracker, data, tmp_path, place):
    """Boxes of one id each; in the first sequence image 4 is missing, and with it the boxes of that frame."""
    for name in NAMES:
        path = tmp_path / "boxes" / place.format(name=name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{frame},-1,{left},4,12,12,0.9\n" for frame in range(1, 7) for left in (2, 30)))
    chosen = settings(data, trajectories="", detections=str(tmp_path / "boxes"))
    outcomes = list(predict_split(tracker, BenSmot(data, "test"), tmp_path / "out", chosen))
    assert not any(outcome.error for outcome in outcomes)
    first, second, _ = (Description.from_json(tmp_path / "out" / name / "description.json").tracks for name in NAMES)
    assert [track.frames.tolist() for track in first] == [[0, 1, 2, 4, 5]] * 2
    assert [track.frames.tolist() for track in second] == [[0, 1, 2, 3, 4, 5]] * 2


def masks_of_squares(pictures: int, scale: int = 1) -> np.ndarray:
    """(pictures, 2, height, width): the two squares of `data`, in pictures of another size."""
    masks = np.zeros((pictures, 2, 64 * scale, 96 * scale), dtype=bool)
    for place in range(pictures):
        for row in range(2):
            top, left = 4 + 28 * row, 2 + place
            masks[place, row, top * scale : (top + 12) * scale, left * scale : (left + 12) * scale] = True
    return masks


def write_form(folder: Path, name: str, form: str) -> None:
    """Both squares in the first six pictures, in one of the forms of `read_tracks`."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    boxes = [(place, row + 7, [2 + place, 4 + 28 * row]) for place in range(6) for row in range(2)]
    if form == "masks":
        np.savez(path.with_suffix(".npz"), masks=masks_of_squares(6, scale=2), ids=[7, 8])
    elif form == "coco":
        found = [
            {"image_id": place, "category_id": 1, "bbox": [*corner, 12, 12], "track_id": one, "score": 0.9}
            for place, one, corner in boxes
        ]
        images = [{"id": place, "frame_index": place} for place in range(6)]
        path.with_suffix(".json").write_text(json.dumps({"images": images, "annotations": found}))
    else:
        rows = [f"{x},{y},{x + 12},{y + 12},{one},0.9,{place}" for place, one, (x, y) in boxes]
        head = "x_min,y_min,x_max,y_max,tracker_id,confidence,frame_index"
        path.with_suffix(".csv").write_text("\n".join([head, *rows]) + "\n")


@pytest.mark.parametrize("form", ["masks", "coco", "sink"])
@pytest.mark.parametrize("given", ["trajectories", "detections"])
def test_boxes_of_other_forms_belong_to_the_pictures_in_their_order(tracker, data, tmp_path, form, given):
    """The images of the first sequence have gaps in their numbers; these files count pictures. Masks are twice as large."""
    for name in NAMES:
        write_form(tmp_path / "made", name, form)
    chosen = settings(data, **{"trajectories": "", given: str(tmp_path / "made")})
    outcomes = list(predict_split(tracker, BenSmot(data, "test"), tmp_path / "out", chosen))
    assert [outcome.error for outcome in outcomes] == [""] * 3
    for name in NAMES:
        tracks = Description.from_json(tmp_path / "out" / name / "description.json").tracks
        numbers = [number - 1 for number in (NUMBERS if name == NAMES[0] else range(1, 7))]
        assert [track.frames.tolist() for track in tracks] == [numbers] * 2
        assert [track.id for track in tracks] == ([7, 8] if given == "trajectories" else [1, 2])
        for row, track in enumerate(sorted(tracks, key=lambda track: track.boxes[0, 1])):
            expected = [[2 + place, 4 + 28 * row, 14 + place, 16 + 28 * row] for place in range(6)]
            # An associator may smooth what it links.
            np.testing.assert_allclose(track.boxes, expected, atol=1e-9 if given == "trajectories" else 0.6)


def test_two_files_of_one_sequence(tracker, data, tmp_path):
    for name in NAMES:
        write_form(tmp_path / "made", name, "coco")
    (tmp_path / "made/park/two.txt").write_text("1,7,1,4,12,12,1\n")
    chosen = settings(data, trajectories=str(tmp_path / "made"))
    outcomes = list(predict_split(tracker, BenSmot(data, "test"), tmp_path / "out", chosen))
    assert [bool(outcome.error) for outcome in outcomes] == [False, True, False]
    assert "park/two.txt: two.json is there too, for the same sequence; keep one of them" in outcomes[1].error


def test_a_run_that_was_begun_before_a_setting_existed_goes_on(tracker, data, tmp_path):
    run(tracker, data, tmp_path / "out")
    written = json.loads((tmp_path / "out/run.json").read_text())
    del written["detections"], written["classes"]
    (tmp_path / "out/run.json").write_text(json.dumps(written))
    assert all(outcome.kept for outcome in run(tracker, data, tmp_path / "out"))


def test_trajectories_that_are_not_there(tracker, data, tmp_path):
    chosen = settings(data, trajectories=str(tmp_path / "nowhere"))
    with pytest.raises(FileNotFoundError, match="give gt, or a folder"):
        list(predict_split(tracker, BenSmot(data, "test"), tmp_path / "out", chosen))
    assert not (tmp_path / "out").exists()


def test_a_file_in_the_way(tracker, data, tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(NotADirectoryError, match="is a file"):
        run(tracker, data, tmp_path / "out")
