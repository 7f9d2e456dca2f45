"""Visual prompts for a vision-language model: boxes drawn around people, numbered where several are meant."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from smot_vlm.fusion.pictures import PictureMemory, Shot

Colour = tuple[int, int, int]

# The colour that the prompt names for one person among others.
THE_PERSON: Colour = (230, 30, 30)
# Colours of numbered people, in turn; dark enough for white digits.
NUMBERED: tuple[Colour, ...] = ((200, 30, 30), (0, 90, 200), (0, 125, 60), (150, 60, 170), (170, 95, 0), (70, 70, 70))
# Of people beside the one in red.
OTHERS = NUMBERED[1:]
WHITE: Colour = (255, 255, 255)
FONT = cv2.FONT_HERSHEY_SIMPLEX


@dataclass(frozen=True, eq=False)
class Pictures:
    """The marked pictures of a video, RGB uint8.

    Attributes:
        scene: whole frames.
        people: crops of each person.
    """

    scene: tuple[np.ndarray, ...]
    people: tuple[tuple[np.ndarray, ...], ...]


def marked_pictures(memory: PictureMemory, track_ids: Sequence[int]) -> Pictures:
    """The pictures of the scene and of some people.

    Args:
        memory: of the video.
        track_ids: the people, in the order of the result.

    Returns:
        `scene_images`, and `person_images` of each.
    """
    return Pictures(scene_images(memory), tuple(person_images(memory, track_id) for track_id in track_ids))


def scene_images(memory: PictureMemory) -> tuple[np.ndarray, ...]:
    """Frames spread over the video, everybody in a box with the number of their track.

    Args:
        memory: of the video.

    Returns:
        RGB uint8, in order of time.
    """
    return tuple(numbered(shot, {track_id: track_id for track_id in shot.ids.tolist()}) for shot in memory.scene.items)


def person_images(memory: PictureMemory, track_id: int) -> tuple[np.ndarray, ...]:
    """Crops of a person, in a red box without a number.

    Args:
        memory: of the video.
        track_id: the person.

    Returns:
        RGB uint8, in order of time.
    """
    shots = memory.person(track_id)
    return tuple(draw_box(shot.image, shot.box(track_id), THE_PERSON, "") for shot in shots)


def person_among_others(memory: PictureMemory, track_id: int) -> tuple[np.ndarray, ...]:
    """Crops of a person in a red box without a number, everybody else in another colour with the number of their track.

    Args:
        memory: of the video.
        track_id: the person.

    Returns:
        RGB uint8, in order of time.
    """
    images = []
    for shot in memory.person(track_id):
        image = shot.image
        for other, box in zip(shot.ids.tolist(), shot.boxes, strict=True):
            if other != track_id:
                image = draw_box(image, box, OTHERS[(other - 1) % len(OTHERS)], str(other))
        images.append(draw_box(image, shot.box(track_id), THE_PERSON, ""))
    return tuple(images)


def pair_shots(memory: PictureMemory, subject: int, target: int) -> tuple[Shot, ...]:
    """Every picture of two people: frames that both are in, and the crop when they were closest.

    Args:
        memory: of the video.
        subject: track id.
        target: track id.

    Returns:
        In order of time.
    """
    frames = [shot for shot in memory.scene.items if {subject, target} <= set(shot.ids.tolist())]
    return tuple(sorted([*frames, *memory.pair(subject, target)], key=lambda shot: shot.seconds))


def pair_images(memory: PictureMemory, subject: int, target: int) -> tuple[np.ndarray, ...]:
    """The subject in a box with 1, the object in a box with 2.

    Args:
        memory: of the video.
        subject: track id.
        target: track id.

    Returns:
        Both in one picture, or one picture each, or none.
    """
    return tuple(numbered(shot, {subject: 1, target: 2}) for shot in memory.pair(subject, target))


def numbered(shot: Shot, numbers: Mapping[int, int]) -> np.ndarray:
    """Draw numbered boxes.

    Args:
        shot: the picture and who is in it.
        numbers: track id -> number; others get no box.

    Returns:
        A copy of the picture.
    """
    image = shot.image
    for track_id, box in zip(shot.ids.tolist(), shot.boxes, strict=True):
        if track_id in numbers:
            number = numbers[track_id]
            image = draw_box(image, box, NUMBERED[(number - 1) % len(NUMBERED)], str(number))
    return image


def draw_box(image: np.ndarray, box: np.ndarray, colour: Colour, label: str) -> np.ndarray:
    """Outline a box; where it reaches over the edge, along the edge, so that all of its sides are visible.

    Args:
        image: RGB uint8 (height, width, 3).
        box: xyxy in pixels.
        colour: RGB.
        label: written on a plate in the box's upper left corner; "" for none.

    Returns:
        A copy of the image.
    """
    image = image.copy()
    height, width = image.shape[:2]
    thickness = max(1, round(max(height, width) / 200))
    x1, y1, x2, y2 = np.clip(np.round(box), 0, [width - 1, height - 1] * 2).astype(int).tolist()
    cv2.rectangle(image, (x1, y1), (x2, y2), colour, thickness)
    if label:
        scale = max(0.4, max(height, width) / 700)
        (text_width, text_height), _ = cv2.getTextSize(label, FONT, scale, thickness)
        x1, y1 = min(x1, max(width - text_width - 4, 0)), min(y1, max(height - text_height - 4, 0))
        cv2.rectangle(image, (x1, y1), (x1 + text_width + 4, y1 + text_height + 4), colour, cv2.FILLED)
        cv2.putText(image, label, (x1 + 2, y1 + text_height + 2), FONT, scale, WHITE, thickness, cv2.LINE_AA)
    return image
