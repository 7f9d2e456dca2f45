"""Words by a thread: no frame waits for them, they find their people by id, and what fails there is told."""

import threading
import time
from itertools import pairwise

import numpy as np
import pytest
import torch
from live_server import Act, playing, transport_stream
from tiny import mot_text, moving_squares, tiny_config

from smot_vlm.models.build import build_model
from smot_vlm.system.precision import FLOAT32, TF32, computing, set_tf32, tf32_settings
from smot_vlm.tracker import Tracker
from smot_vlm.video.reconnecting import LiveSettings

FRAMES = 40


@pytest.fixture(scope="module")
def tracker(tiny_language_model) -> Tracker:
    torch.manual_seed(0)
    config = tiny_config(tiny_language_model)
    return Tracker(build_model(config), config)


@pytest.fixture(scope="module")
def boxes(tmp_path_factory):
    path = tmp_path_factory.mktemp("mot") / "mot.txt"
    path.write_text(mot_text(frames=FRAMES))
    return path


class Held:
    """Stands before the model's words: they are written when they may, or raise."""

    def __init__(self, tracker: Tracker, monkeypatch) -> None:
        self.may_write = threading.Semaphore(0)
        self.begun = threading.Semaphore(0)
        self.error: Exception | None = None
        self.threads: set[int] = set()
        self.states: list[tuple[bool, bool]] = []
        write = tracker.model.describe

        def describe(fused, relations=()):
            self.threads.add(threading.get_ident())
            self.states.append((torch.is_inference_mode_enabled(), torch.is_grad_enabled()))
            self.begun.release()
            if threading.current_thread() is not threading.main_thread():
                assert self.may_write.acquire(timeout=20)
            if self.error is not None:
                raise self.error
            return write(fused, relations)

        monkeypatch.setattr(tracker.model, "describe", describe)


def stream(tracker, boxes, **options):
    options = {"refresh_seconds": 0.5, "words_apart": True, **options}
    return tracker.stream(moving_squares(FRAMES), fps=10.0, trajectories=boxes, **options)


def test_frames_go_on_while_words_are_written_and_only_the_newest_are(tracker, boxes, monkeypatch):
    held = Held(tracker, monkeypatch)
    updates = stream(tracker, boxes, recent_seconds=2.0)
    seen = [next(updates) for _ in range(6)]
    assert held.begun.acquire(timeout=20)  # of frame 5, at half a second
    # Thirty frames come while these words are not written; descriptions are due at 1.0, 1.5, ... 3.5 s.
    seen += [next(updates) for _ in range(30)]
    assert all(update.description is None and not update.refreshed for update in seen)
    assert all(len(update.people) == 2 for update in seen)
    assert seen[-1].words.replaced == 5
    held.may_write.release()
    assert held.begun.acquire(timeout=20)  # of frame 35: the newest that waited
    update = next(updates)
    assert (update.refreshed, update.described_seconds, update.frame.time_seconds) == (True, 0.5, 3.6)
    assert update.description.video.frames == 6
    assert sorted(update.captions) == [1, 2]
    assert all(update.captions.values())
    held.may_write.release()
    for _ in range(3):
        time.sleep(0.3)
        update = next(updates)
    assert update.frame.index == FRAMES - 1
    # With the last frame a description of it is waited for.
    assert (update.refreshed, update.described_seconds) == (True, 3.9)
    assert update.words.written == 2
    assert len(held.threads) == 2
    assert set(held.states) == {(True, False)}
    assert list(updates) == []


def test_the_words_are_of_the_frames_up_to_their_time(tracker, boxes):
    """Whatever is taken in while they are written: the same as those in line, of the same frames."""
    in_line = {
        update.described_seconds: update.description.to_dict()
        for update in stream(tracker, boxes, words_apart=False, recent_seconds=2.0)
        if update.refreshed
    }
    apart = {}
    for update in stream(tracker, boxes, recent_seconds=2.0):
        time.sleep(0.02)
        if update.refreshed:
            apart[update.described_seconds] = update.description.to_dict()
    assert sorted(in_line) == pytest.approx([0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 3.9])
    assert len(apart) >= 3
    assert all(apart[seconds] == in_line[seconds] for seconds in apart)


def test_the_whole_video_is_told_the_same_apart_and_in_line(tracker, boxes, monkeypatch):
    """Nothing is let go but by stretches of a second, which are told when the thread comes to them."""
    from dataclasses import replace

    passages = replace(tracker.config.long_video, passage_seconds=1.0)
    monkeypatch.setattr(tracker, "config", replace(tracker.config, long_video=passages))
    *_, apart = stream(tracker, boxes)
    *_, in_line = stream(tracker, boxes, words_apart=False)
    assert len(in_line.description.passages) >= 3
    assert apart.description.to_dict() == in_line.description.to_dict()


def test_an_error_is_one_line_and_boxes_go_on(tracker, boxes, monkeypatch, caplog):
    held = Held(tracker, monkeypatch)
    held.error = ValueError("the server is\ngone")
    updates = stream(tracker, boxes, recent_seconds=2.0)
    held.may_write.release(2)
    seen = []
    while len(seen) < 35:
        seen.append(next(updates))
        if seen[-1].words.failed == 2:
            break
        time.sleep(0.05)
    assert seen[-1].words.failed == 2
    assert "the server is gone" in seen[-1].words.error
    assert "\n" not in seen[-1].words.error
    assert caplog.text.count("boxes go on") == 1
    assert all(len(update.people) == 2 for update in seen)
    held.error = None
    held.may_write.release(20)
    update = seen[-1]
    while not update.refreshed:
        time.sleep(0.05)
        update = next(updates)
    assert update.words.error == ""
    updates.close()


def test_the_thread_stops_with_the_stream(tracker, boxes, monkeypatch):
    """In the middle of a caption, with the next word."""
    before = threading.active_count()
    monkeypatch.setattr(tracker.model.decoder, "max_new_tokens", 10**6)
    monkeypatch.setattr(tracker.model.decoder, "end", -5)
    held = Held(tracker, monkeypatch)
    held.may_write.release(100)
    updates = stream(tracker, boxes, recent_seconds=2.0)
    for _ in range(6):
        next(updates)
    assert held.begun.acquire(timeout=20)
    start = time.monotonic()
    updates.close()
    assert threading.active_count() == before
    assert time.monotonic() - start < 20


def test_of_a_live_source_words_are_apart_and_of_a_file_in_line(tracker, tmp_path):
    live = LiveSettings(stall_seconds=1.0, first_pause_seconds=0.01, drop=False)
    with playing([Act(transport_stream(20))]) as address:
        updates = list(tracker.stream(address, trajectories=_one_box(tmp_path), live=live, max_frames=5))
    assert len(updates) == 5
    assert all(update.words is not None for update in updates)
    path = tmp_path / "a.ts"
    path.write_bytes(transport_stream(5))
    assert all(update.words is None for update in tracker.stream(path, trajectories=_one_box(tmp_path), live=live))


def _one_box(folder):
    path = folder / "mot.txt"
    path.write_text("".join(f"{frame},1,10,10,20,20,1,-1,-1,-1\n" for frame in range(1, 30)))
    return path


def test_captions_are_of_people_who_are_there(tracker, boxes):
    rows = [
        line
        for line in boxes.read_text().splitlines()
        if not (line.split(",")[1] == "2" and int(line.split(",")[0]) > 15)
    ]
    path = boxes.parent / "leaves.txt"
    path.write_text("\n".join(rows) + "\n")
    for update in stream(tracker, path, words_apart=False):
        if update.frame.index == 14:
            assert sorted(update.captions) == [1, 2]
        if update.frame.index == 20:
            assert sorted(update.captions) == [1]
            assert sorted(track.id for track in update.description.tracks) == [1, 2]


def test_tf32_of_two_threads_is_restored_by_the_last(monkeypatch):
    """It is one switch of the whole program, whoever enters and leaves in whatever order."""
    before = tf32_settings()
    try:
        set_tf32(False)
        cpu = torch.device("cpu")
        first, second = computing(TF32, cpu), computing(TF32, cpu)
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        assert tf32_settings() == ["tf32", "tf32"]
        with computing(FLOAT32, cpu):
            assert tf32_settings() == ["ieee", "ieee"]
        assert tf32_settings() == ["tf32", "tf32"]
        second.__exit__(None, None, None)
        assert tf32_settings() == ["ieee", "ieee"]
    finally:
        for part, setting in zip((torch.backends.cuda.matmul, torch.backends.cudnn.conv), before, strict=True):
            part.fp32_precision = setting


def test_snapshots_do_not_change():
    from smot_vlm.fusion.even_memory import EvenMemory, NewestMemory
    from smot_vlm.fusion.pictures import PictureMemory
    from smot_vlm.structures import Detections, Frame

    for kind in (EvenMemory, NewestMemory):
        memory = kind(4)
        for item in range(6):
            memory.add(item)
        snapshot, held = memory.snapshot(), memory.items
        for item in range(6, 20):
            memory.add(item)
        assert snapshot.items == held != memory.items
        snapshot.add(6)
        assert memory.items[-1] == 19
    pictures = PictureMemory(pairs=1)
    people = [
        Detections(np.array([[4.0, 4, 20, 20], [x, 4, x + 16, 20]]), np.ones(2), np.array([1, 2])) for x in (60, 22)
    ]
    frame = Frame(0, 0.0, np.zeros((64, 96, 3), np.uint8))
    pictures.observe(frame, people[0], True)
    snapshot = pictures.snapshot()
    before = snapshot.pair(1, 2)
    pictures.observe(Frame(1, 1.0, frame.image), people[1], True)
    assert snapshot.pair(1, 2) == before
    assert pictures.pair(1, 2)[0].seconds == 1.0
    assert (len(snapshot.person(1)), len(pictures.person(1))) == (1, 2)
    assert (len(snapshot.scene.items), len(pictures.scene.items)) == (1, 2)
    assert all(later.seconds >= earlier.seconds for earlier, later in pairwise(pictures.scene.items))


def test_sights_are_apart_too_and_take_in_what_descriptions_tell(tracker, boxes, monkeypatch):
    """The thread of sights is held while a description comes: the next sight that comes tells of it all the same."""
    from smot_vlm.models import newest
    from smot_vlm.structures import SeenDeed, Span

    may_look, present = threading.Semaphore(0), newest.present

    def held(*given):
        if threading.current_thread() is not threading.main_thread():
            assert may_look.acquire(timeout=20)
        return present(*given)

    of_description = newest.sight_of
    told = SeenDeed(1, "told", None, (Span(0.0, 0.5, (), 1.0),), True)
    monkeypatch.setattr(newest, "present", held)
    monkeypatch.setattr(newest, "sight_of", lambda *given, **more: _with(of_description(*given, **more), told))
    updates = stream(tracker, boxes, recent_seconds=2.0)
    seen = []
    while not any(update.refreshed for update in seen):
        seen.append(next(updates))
        time.sleep(0.05)
    assert all(update.sight is None for update in seen)
    assert all(len(update.people) == 2 for update in seen)
    may_look.release(100)
    while not any(update.sight is not None and told in update.sight.deeds for update in seen):
        seen.append(next(updates))
        time.sleep(0.05)
    assert len(seen) < FRAMES
    *_, last = updates
    assert last.sight.seconds == last.frame.time_seconds == 3.9
    assert last.words.sights_replaced >= 1


def _with(sight, deed):
    from dataclasses import replace

    return replace(sight, deeds=(*sight.deeds, deed))


def test_a_voice_at_rest_remembers_what_it_did(tracker):
    from smot_vlm.models.verb_set import known_verbs
    from smot_vlm.models.voice import Voice
    from smot_vlm.system.timing import PartTimes

    voice = Voice(tracker.model, tracker.config, known_verbs(tracker.model), PartTimes())
    voice._places.add(np.ones(2))
    voice.memory.add_keyframe(0.0)
    rest = voice.snapshot()
    voice._places.add(np.zeros(2))
    voice.memory.add_keyframe(10.0)
    assert [place.tolist() for place in rest._places.items] == [[1, 1]]
    assert len(voice._places.items) == 2
    assert rest.memory.is_due(1.0)
    assert not voice.memory.is_due(1.0)
    before = rest.memory
    voice.forget()
    assert rest.memory is before
