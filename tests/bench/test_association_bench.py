"""The benchmark on small videos: what it reports, in which order it works, what it refuses."""

import sys
from dataclasses import replace

import numpy as np
import pytest

from smot_vlm.bench import association
from smot_vlm.bench.association import benchmark_association, run
from smot_vlm.bench.association_peers import Contender, contenders
from smot_vlm.bench.association_videos import (
    DetectedVideo,
    recorded_detections,
    synthetic_detections,
    synthetic_video,
    tracks_as_rows,
)
from smot_vlm.structures import Detections

# Our names -> those of its compiled trackers.
BOXMOT = {"byte": "bytetrack", "ocsort": "ocsort"}


@pytest.fixture(scope="module")
def video() -> DetectedVideo:
    return synthetic_video(5, frames=12)


def test_a_generated_video_is_what_it_says():
    video = synthetic_detections(40, frames=60, seed=3)
    assert len(video) == 60
    assert 30 < np.mean([len(detections) for detections in video]) < 46
    scores = np.concatenate([detections.scores for detections in video])
    assert ((scores >= 0.1) & (scores < 0.5)).mean() == pytest.approx(0.25, abs=0.05)
    assert all((detections.boxes[:, 2:] > detections.boxes[:, :2]).all() for detections in video)
    again = synthetic_detections(40, frames=60, seed=3)
    assert all(np.array_equal(one.boxes, other.boxes) for one, other in zip(video, again, strict=True))


@pytest.mark.parametrize("associator", ["byte", "sort", "ocsort"])
def test_every_implementation_is_timed_on_every_video(associator, video):
    done = []
    timings = benchmark_association(
        {"few": video, "fewer": DetectedVideo(video.detections[:4])},
        2,
        associators=[associator],
        progress=lambda *counts: done.append(counts),
    )
    names = [contender.implementation for contender in contenders(associator)]
    assert names[:2] == ["smot-vlm", "smot-vlm (numpy)"]
    assert "ultralytics" in names or associator == "sort"
    assert [(timing.video, timing.implementation) for timing in timings] == [
        (video, name) for video in ("few", "fewer") for name in names
    ]
    for timing in timings:
        assert timing.associator == associator
        assert timing.median_milliseconds > 0
        assert timing.repeats == 2
        ours = next(one for one in timings if one.video == timing.video)
        assert timing.ratio == pytest.approx(timing.median_milliseconds / ours.median_milliseconds)
        assert (timing.hota is None) == (timing.video == "fewer")
        assert 0 < timing.agreement <= 1
    assert timings[0].agreement == timings[1].agreement == 1
    assert timings[0].is_peer
    assert timings[0].hota == timings[1].hota > 0.3
    assert timings[0].frames == 12
    assert timings[0].ratio == 1
    assert done == [(1, 4), (2, 4), (3, 4), (4, 4)]


@pytest.mark.parametrize("associator", ["byte", "ocsort"])
def test_a_peer_that_is_not_compiled_is_left_out(associator, monkeypatch, tmp_path):
    """BoxMOT's package has the sources; its compiled trackers are at hand once it has built them."""
    home = tmp_path / "boxmot"
    (home / "native").mkdir(parents=True)
    (home / "__init__.py").write_text("")
    (home / "native/__init__.py").write_text("")
    (home / "native/_common.py").write_text(
        "from pathlib import Path\ndef candidate_libraries(name):\n    return [Path(__file__).parent / f'{name}.so']\n"
    )
    for module in [name for name in sys.modules if name.split(".")[0] == "boxmot"]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert "boxmot" not in {contender.implementation for contender in contenders(associator)}
    (home / "native" / f"{BOXMOT[associator]}.so").write_text("")
    assert "boxmot" in {contender.implementation for contender in contenders(associator)}
    for module in [name for name in sys.modules if name.split(".")[0] == "boxmot"]:
        del sys.modules[module]


def test_a_peer_that_cannot_be_started_is_left_out_with_its_reason(monkeypatch, video, caplog):
    def broken():
        raise OSError("liblapack.so.3: cannot open shared object file")

    ours, *others = contenders("byte")
    monkeypatch.setattr(
        association, "contenders", lambda name: [ours, *others, replace(ours, implementation="broken", start=broken)]
    )
    timings = benchmark_association({"video": video}, 1, associators=["byte"])
    assert ours.implementation in {timing.implementation for timing in timings}
    assert "broken" not in {timing.implementation for timing in timings}
    assert "broken (byte) is left out: liblapack.so.3" in caplog.text


def test_rounds_are_interleaved_and_each_starts_anew(monkeypatch, video):
    started = []

    def contender(name: str) -> Contender:
        def start():
            started.append(name)
            return lambda frame: (np.zeros((0, 4)), np.zeros(0))

        return Contender("byte", name, start, lambda detections: detections, lambda tracks: tracks)

    monkeypatch.setattr(association, "contenders", lambda associator: [contender("a"), contender("b"), contender("c")])
    benchmark_association({"video": video}, 3)
    # Once to see whether it can be started, once for its tracks, then by the clock.
    assert started == [*"abc", *"abc", *"abccabbca"]


def tracker_of(name: str, ids_of_frame) -> Contender:
    """Shows every box, with ids by the frame's number."""

    def start():
        numbers = iter(range(100))

        def link(found):
            return found.boxes, ids_of_frame(next(numbers), len(found))

        return link

    return Contender("byte", name, start, lambda detections: detections, lambda tracks: tracks)


def test_a_tracker_that_loses_people_is_no_peer(monkeypatch):
    """Four people who stand still: ids that hold, ids renamed but held, ids new in every frame."""
    boxes = np.array([[x * 100.0, 0, x * 100 + 50, 100] for x in range(4)])
    detections = [Detections(boxes, np.full(4, 0.9)) for _ in range(10)]
    truth = tracks_as_rows([boxes] * 10, [np.arange(4)] * 10)
    group = [
        tracker_of("ours", lambda frame, count: np.arange(count)),
        tracker_of("renamed", lambda frame, count: 9 - np.arange(count)),
        tracker_of("forgetful", lambda frame, count: np.arange(count) + 10 * frame),
    ]
    monkeypatch.setattr(association, "contenders", lambda associator: group)
    for known in (truth, None):
        timings = benchmark_association({"four": DetectedVideo(detections, known)}, 1)
        assert [timing.is_peer for timing in timings] == [True, True, False]
        assert [timing.agreement for timing in timings[:2]] == [1, pytest.approx(1)]
        # Every box is found, and each track holds a tenth of a person: HOTA is the root of 1/10.
        assert timings[2].agreement == pytest.approx(0.1**0.5)
        assert [timing.switches for timing in timings] == ([0, 0, 36] if known is not None else [None] * 3)


def test_roads_that_differ_are_not_timed(monkeypatch, video):
    group = [
        tracker_of("smot-vlm", lambda frame, count: np.arange(count)),
        tracker_of("smot-vlm (numpy)", lambda frame, count: np.arange(count) + 1),
    ]
    monkeypatch.setattr(association, "contenders", lambda associator: group)
    with pytest.raises(ValueError, match="give different tracks"):
        benchmark_association({"video": video}, 1)


def test_peers_find_the_same_people(video):
    """A peer with wrong inputs would be fast: each must hold about as many tracks as ours."""
    counts = {}
    for contender in contenders("byte"):
        link = contender.start()
        shown = [contender.read(link(contender.prepare(detections))) for detections in video.detections]
        counts[contender.implementation] = np.mean([len(ids) for _, ids in shown[3:]])
    assert len(counts) >= 2
    assert max(counts.values()) - min(counts.values()) < 2
    assert min(counts.values()) > 2


def test_recorded_videos_are_read_fewest_boxes_first(tmp_path):
    for name, frames in (("crowd", [1, 1, 1, 3]), ("one", [2, 3])):
        (tmp_path / name).mkdir()
        count = len(frames)
        np.savez(
            tmp_path / name / "det.npz",
            frame=np.array(frames),
            xyxy=np.tile([0.0, 0, 5, 5], (count, 1)),
            score=np.linspace(0.5, 0.9, count),
            num_frames=np.int32(4 if name == "crowd" else 3),
        )
    (tmp_path / "crowd" / "gt.txt").write_text("1,7,0,0,5,5,1\n3,8,1,2,5,5,1\n")
    (tmp_path / "scenes").mkdir()
    np.savez(tmp_path / "scenes" / "det.npz", frame=np.array([1]), scene_num_frames=np.array([4]))
    videos = recorded_detections(tmp_path)
    assert list(videos) == ["one", "crowd"]
    assert [len(detections) for detections in videos["crowd"].detections] == [3, 0, 1, 0]
    assert videos["one"].truth is None
    assert videos["crowd"].truth.ids.tolist() == [7, 8]
    assert videos["crowd"].truth.boxes.tolist() == [[0, 0, 5, 5], [1, 2, 6, 7]]
    assert videos["one"].detections[2].scores.tolist() == [0.9]
    timings = run(tmp_path, associators=["byte"], repeats=1)
    assert {(timing.video, timing.frames) for timing in timings} == {("one", 3), ("crowd", 4)}


def test_without_a_folder_videos_are_generated():
    timings = run(associators=["byte"], sizes=[3], repeats=1)
    assert {timing.video for timing in timings} == {"3 people"}
    assert {timing.frames for timing in timings} == {150}


def test_what_cannot_be_timed_is_an_error(tmp_path, video):
    with pytest.raises(FileNotFoundError, match="with recorded detections"):
        run(tmp_path)
    with pytest.raises(ValueError, match="repeats is 0"):
        benchmark_association({"video": video}, 0)
    with pytest.raises(ValueError, match="peer 'magic' is not installed"):
        benchmark_association({"video": video}, 1, peers=["magic"])
    with pytest.raises(ValueError, match="'video' has no frames"):
        benchmark_association({"video": DetectedVideo([])}, 1)
    with pytest.raises(ValueError, match="'magic'; there are benchmarks of byte"):
        benchmark_association({"video": video}, 1, associators=["magic"])


def test_peers_that_are_named_run_alone(video):
    pytest.importorskip("ultralytics")
    timings = benchmark_association({"video": video}, 1, peers=["ultralytics"])
    assert [timing.implementation for timing in timings] == ["smot-vlm", "smot-vlm (numpy)", "ultralytics"]
