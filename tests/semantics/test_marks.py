"""What is drawn on pictures before a model sees them: which boxes, which colours, and nothing else."""

import numpy as np
import pytest

from smot_vlm.fusion.pictures import PictureMemory, Shot
from smot_vlm.semantics.marks import (
    NUMBERED,
    THE_PERSON,
    draw_box,
    marked_pictures,
    numbered,
    pair_images,
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
