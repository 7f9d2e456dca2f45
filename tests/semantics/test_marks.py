"""What is drawn on pictures before a model sees them: which boxes, which colours, and nothing else."""

import numpy as np
import pytest

from smot_vlm.fusion.pictures import PictureMemory, Shot
from smot_vlm.semantics.marks import (
    NUMBERED,
    OTHERS,
    THE_PERSON,
    draw_box,
    marked_pictures,
    numbered,
    pair_images,
    pair_shots,
    person_among_others,
    person_images,
    scene_images,
)
from smot_vlm.structures import Detections, Frame

GREY = np.full((60, 100, 3), 128, dtype=np.uint8)
BOXES = np.array([[10.0, 20, 30, 50], [60, 20, 80, 50]])


@pytest.fixture
def memory() -> PictureMemory:
    made = PictureMemory(pairs=1)
    for index in range(2):
        made.observe(Frame(index, index / 2, GREY), Detections(BOXES, np.ones(2), np.array([4, 9])), keyframe=True)
    return made


def has(image: np.ndarray, colour: tuple[int, int, int]) -> bool:
    return bool((image == colour).all(axis=2).any())


def test_a_box_is_an_outline_and_leaves_its_picture_alone():
    before = GREY.copy()
    drawn = draw_box(GREY, BOXES[0], THE_PERSON, "")
    assert (before == GREY).all()
    assert drawn[20, 20].tolist() == list(THE_PERSON), "the upper side"
    assert drawn[35, 10].tolist() == list(THE_PERSON), "the left side"
    assert drawn[35, 20].tolist() == [128] * 3, "the inside"
    assert drawn[5, 5].tolist() == [128] * 3, "the outside"


def test_a_box_over_the_edge_is_drawn_along_the_edge():
    drawn = draw_box(GREY, np.array([-20.0, -20, 200, 200]), THE_PERSON, "12")
    assert drawn[59, 50].tolist() == drawn[30, 99].tolist() == list(THE_PERSON)


@pytest.mark.parametrize("box", [[90, 50, 99, 59], [-5, -5, 3, 3]])
def test_a_number_is_always_inside(box):
    """The plate moves inwards: as many pixels are changed as where there is room."""
    drawn = draw_box(GREY, np.array(box, dtype=float), THE_PERSON, "8")
    assert has(drawn, THE_PERSON)
    assert (drawn.min(axis=2) > 128).any(), "light digits"


def test_people_who_are_not_named_are_not_marked():
    shot = Shot(GREY, np.array([4, 9]), BOXES)
    assert has(numbered(shot, {4: 1}), NUMBERED[0])
    assert (numbered(shot, {4: 1})[:, 55:] == 128).all()
    assert (numbered(shot, {}) == GREY).all()


def test_each_number_has_a_colour_and_they_come_again():
    shot = Shot(GREY, np.array([4]), BOXES[:1])
    colours = [next(colour for colour in NUMBERED if has(numbered(shot, {4: number}), colour)) for number in (1, 2, 7)]
    assert colours == [NUMBERED[0], NUMBERED[1], NUMBERED[0]]


def test_the_subject_is_red_and_the_other_blue(memory):
    (forth,), (back,) = pair_images(memory, 4, 9), pair_images(memory, 9, 4)
    middle = forth.shape[1] // 2
    assert has(forth[:, :middle], NUMBERED[0])
    assert has(forth[:, middle:], NUMBERED[1])
    assert has(back[:, :middle], NUMBERED[1])
    assert has(back[:, middle:], NUMBERED[0])


def test_the_scene_has_everybody_and_a_person_is_marked_alone(memory):
    for image in scene_images(memory):
        assert has(image, NUMBERED[(4 - 1) % 6])
        assert has(image, NUMBERED[(9 - 1) % 6])
    assert len(person_images(memory, 4)) == 2
    assert all(has(image, THE_PERSON) for image in person_images(memory, 4))
    assert person_images(memory, 77) == ()


def test_pictures_are_in_the_order_of_the_people(memory):
    pictures = marked_pictures(memory, [9, 77, 4])
    assert len(pictures.scene) == 2
    assert [len(images) for images in pictures.people] == [2, 0, 2]
    assert (pictures.people[0][0] == person_images(memory, 9)[0]).all()


def test_the_others_around_a_person_have_their_numbers_and_never_the_persons_red(memory):
    boxes = np.array([[10.0, 20, 30, 50], [24, 20, 44, 50]])
    near = PictureMemory()
    for track_id in range(2, 9):
        near.observe(Frame(0, 0.0, GREY), Detections(boxes, np.ones(2), np.array([1, track_id])), keyframe=False)
        image = person_among_others(near, 1)[-1]
        assert has(image, THE_PERSON)
        assert has(image, OTHERS[(track_id - 1) % len(OTHERS)])
        assert (image.min(axis=2) > 200).any(), "light digits"
    assert THE_PERSON not in OTHERS
    assert NUMBERED[0] not in OTHERS


def test_a_pair_is_shown_over_time():
    memory = PictureMemory(pairs=1, scene_frames=8)
    for index, gap in enumerate((60, 20, 40)):
        boxes = np.array([[0.0, 10, 20, 50], [gap, 10, gap + 20, 50]])
        memory.observe(Frame(index, index / 2, GREY), Detections(boxes, np.ones(2), np.array([4, 9])), keyframe=True)
    memory.observe(Frame(3, 1.5, GREY), Detections(boxes[:1], np.ones(1), np.array([4])), keyframe=True)
    shots = pair_shots(memory, 4, 9)
    assert [shot.seconds for shot in shots] == [0.0, 0.5, 0.5, 1.0], "three frames, and the crop when they were closest"
    assert sum(shot.image.shape != GREY.shape for shot in shots) == 1
    assert pair_shots(memory, 4, 5) == ()
