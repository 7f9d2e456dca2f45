"""Boxes agree with pixels, colours with names, and pictures with what is told."""

from dataclasses import replace

import numpy as np
import pytest

from smot_vlm.language.caption_lexicon import COLOURS
from smot_vlm.synthetic import make_sequence
from smot_vlm.synthetic.body.people import CLOTH_RGB, dress
from smot_vlm.synthetic.render import View
from smot_vlm.synthetic.stage.camera import Camera
from smot_vlm.synthetic.stage.degradation import Degradation, apply_degradation, make_degradation, noise_pool
from smot_vlm.synthetic.stage.scenes import PAINTERS, paint_background
from smot_vlm.synthetic.stage.strokes import Ellipse, Line, Part, Polygon, draw, extent, fill
from smot_vlm.synthetic.story.plot import Story
from smot_vlm.synthetic.story.script import Actor
from smot_vlm.synthetic.visibility import measure_visibility

pytestmark = pytest.mark.drawn

STILL = Camera(0.0, 0.03, 0.0, 0.0, 0.5, 0.0, 0.03)


def drawn_box(image: np.ndarray) -> np.ndarray:
    """Xyxy box of all pixels of a mask that are mostly covered."""
    rows, columns = np.nonzero(image > 127)
    return np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1], dtype=float)


@pytest.mark.parametrize("seed", range(6))
def test_boxes_are_the_extent_of_the_drawn_body(seed):
    sequence = make_sequence(seed, people=(1, 3), width=640)
    view = sequence.view
    for index in range(0, len(sequence), 7):
        _, _, bodies = view.people(index / sequence.fps)
        for track, body in zip(sequence.tracks, bodies, strict=True):
            position = np.flatnonzero(track.frames == index)
            image = np.zeros((view.height, view.width), np.uint8)
            fill(image, body, 255)
            if len(position):
                assert np.abs(drawn_box(image) - track.boxes[position[0]]).max() <= 1.5


def test_nobody_outside_the_frame_has_a_box():
    for seed in range(12):
        sequence = make_sequence(seed, people=(1, 2), verbs=(), actions=["run_left", "walk_right", "stand"], width=320)
        for track in sequence.tracks:
            there = set(track.frames.tolist())
            for index in set(range(len(sequence))) - there:
                image = np.zeros((sequence.height, sequence.width), np.uint8)
                fill(image, sequence.view.people(index / 2.0)[2][track.id - 1], 255)
                assert (image > 0).sum() < 0.03 * sequence.width * sequence.height
            assert (track.boxes[:, 0] >= 0).all()
            assert (track.boxes[:, 2] <= sequence.width).all()
            assert (track.boxes[:, 2:] > track.boxes[:, :2]).all()


def two_people(front_x: float) -> tuple[Story, Camera]:
    """A man in front of a girl, `front_x` metres aside."""
    sequence = make_sequence(0, people=(2, 2))
    rng = np.random.default_rng(0)
    people = (dress(rng, "man", "red", "blue", ()), dress(rng, "girl", "green", "pink", ()))
    actors = []
    for index, (x, z) in enumerate(((front_x, 4.0), (0.0, 5.5))):
        actor = Actor(index, people[index].height, x, z)
        actor.place(x, z)
        actor.face(0.0)
        actor.do("stand", 10.0)
        actors.append(actor)
    stage = replace(sequence.view.story.stage, near=4.0, far=6.0, horizon=0.36, camera_height=0.15)
    return replace(sequence.view.story, stage=stage, people=people, actors=tuple(actors)), STILL


def test_who_is_hidden_is_known():
    covered, apart = measure_visibility(*two_people(0.0), 1.0), measure_visibility(*two_people(1.5), 1.0)
    assert apart.open.tolist() == [1.0, 1.0]
    assert covered.open[0] == 1.0
    assert covered.open[1] < 0.35


def test_who_is_nearer_is_larger_and_drawn_in_front():
    story, camera = two_people(0.0)
    view = View(story, camera, 640, 360)
    image = np.zeros((360, 640, 3), np.uint8)
    _, _, bodies = view.people(1.0)
    draw(image, sorted((part for body in bodies for part in body), key=lambda part: -part.depth))
    chest = bodies[0][4].strokes[-1]
    x, y = np.mean(chest.points, axis=0).astype(int)
    assert tuple(image[y, x]) == CLOTH_RGB["red"]


@pytest.mark.parametrize("colour", sorted(COLOURS))
def test_clothes_have_the_colour_that_is_told_under_any_light(colour):
    """The nearest palette colour to the recorded one is the true one, at any light that occurs."""
    rng = np.random.default_rng(1)
    wrong = 0
    for _ in range(60):
        degradation = replace(make_degradation(rng), noise=0.0, jpeg_quality=0, blur=0.0)
        lit = {name: recorded(rgb, degradation) for name, rgb in CLOTH_RGB.items()}
        seen = lit[colour]
        nearest = min(CLOTH_RGB, key=lambda name: np.abs(seen - np.array(CLOTH_RGB[name])).sum())
        wrong += nearest != colour
    assert wrong == 0


def recorded(rgb: tuple[int, int, int], degradation: Degradation) -> np.ndarray:
    image = np.full((8, 8, 3), rgb, np.uint8)
    pool = np.zeros((72, 72, 3), np.int16)
    return apply_degradation(image, degradation, pool, 1.0, 0)[4, 4].astype(int)


def test_extents_hold_all_that_is_drawn():
    strokes = (
        Line((40.3, 50.8), (90.1, 61.4), 6.2, (255, 0, 0)),
        Polygon(((100.2, 20.0), (150.7, 40.1), (120.0, 90.9)), 3.0, (0, 255, 0)),
        Ellipse((60.0, 120.0), (30.0, 12.0), 30.0, (0, 0, 255)),
    )
    for stroke in strokes:
        part = Part(0.0, (stroke,), 0, outline=1.5)
        image = np.zeros((200, 200), np.uint8)
        fill(image, [part], 255)
        assert np.abs(drawn_box(image) - np.array(extent([part]))).max() <= 1.2


@pytest.mark.parametrize("scene", sorted(PAINTERS))
def test_backgrounds_are_cluttered_and_of_lower_saturation_than_clothes(scene):
    stage = make_sequence(0).view.story.stage
    images = [paint_background(np.random.default_rng(seed), scene, stage, 320, 180) for seed in (1, 2)]
    assert not np.array_equal(*images)
    for image in images:
        assert np.abs(np.diff(image.astype(int), axis=1)).mean() > 1.0
        spread = image.max(axis=-1).astype(int) - image.min(axis=-1)
        assert np.mean(spread > 150) < 0.02


def test_grain_and_compression_change_pixels_but_not_the_picture():
    image = np.full((90, 160, 3), (206, 30, 36), np.uint8)
    harsh = Degradation((1.0, 1.0, 1.0), 0.0, 0.1, 1.0, 1.0, 6.0, 40)
    grain = noise_pool(np.random.default_rng(0), harsh, 160, 90)
    seen = apply_degradation(image, harsh, grain, 0.0, 3)
    assert not np.array_equal(seen, image)
    assert np.abs(seen.reshape(-1, 3).mean(axis=0) - (206, 30, 36)).max() < 4
    assert np.array_equal(seen, apply_degradation(image, harsh, grain, 0.0, 3))
    assert not np.array_equal(seen, apply_degradation(image, harsh, grain, 0.0, 4))


def moved(sequence, id_: int) -> float:
    """Pixels that a track's middle goes to the right between its first and its last quarter."""
    boxes = sequence.tracks[id_ - 1].boxes
    middles = (boxes[:, 0] + boxes[:, 2]) / 2
    quarter = max(len(middles) // 4, 1)
    return float(middles[-quarter:].mean() - middles[:quarter].mean())


@pytest.mark.parametrize(("action", "sign"), [("walk_left", -1), ("walk_right", 1), ("run_left", -1), ("run_right", 1)])
def test_who_walks_to_a_side_gets_there(action, sign):
    for seed in range(10):
        sequence = make_sequence(seed, people=(1, 1), verbs=(), actions=[action, "stand"], width=640)
        if action in sequence.facts.tracks[0].actions:
            assert sign * moved(sequence, 1) > 20


def test_a_pusher_drives_the_other_away_and_a_puller_draws_near():
    for verb, sign in (("push.v.01", 1), ("pull.v.01", -1)):
        checked = 0
        for seed in range(12):
            sequence = make_sequence(seed, people=(2, 2), verbs=[verb], actions=["stand", "phone"], width=640)
            index, event = next(
                (index, event)
                for index, events in enumerate(sequence.view.story.events)
                for event in events
                if event.role == "subject"
            )
            a, b = (sequence.tracks[one] for one in (index, event.partner))
            first, last = int(2 * event.start) + 4, int(2 * event.end) - 1
            if not {first, last} <= set(a.frames.tolist()) & set(b.frames.tolist()):
                continue
            start, end = (middle_x(b, frame) for frame in (first, last))
            side = np.sign(start - middle_x(a, first))
            assert sign * side * (end - start) > 5
            checked += 1
        assert checked > 6


def middle_x(track, frame: int) -> float:
    box = track.boxes[np.flatnonzero(track.frames == frame)[0]]
    return float(box[0] + box[2]) / 2
