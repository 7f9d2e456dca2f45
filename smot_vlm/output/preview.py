"""A contact sheet of annotated videos: frames over time with boxes, ids and interactions, the captions below."""

from collections.abc import Callable, Iterable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw

from smot_vlm.data.bensmot import BenSmotSequence
from smot_vlm.output.overlay import Overlay
from smot_vlm.output.palette import Colour, ink_on, track_colour
from smot_vlm.output.text import line_height, load_font, plain_verb, visible, wrap_text
from smot_vlm.output.timeline import Boxes
from smot_vlm.structures import Frame
from smot_vlm.system.files import atomic_path
from smot_vlm.system.printing import counted, people

BACKGROUND: Colour = (250, 250, 248)
INK: Colour = (34, 34, 34)
QUIET: Colour = (110, 110, 110)
_MARGIN, _GAP, _TEXT = 28, 8, 17
_CELL_WIDTH = 320
_COLUMNS = 2
_MAX_CAPTION_LINES = 6
_MAX_PEOPLE = 16
_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")


def write_preview(
    path: Path,
    sequences: Iterable[BenSmotSequence],
    frames: int = 5,
    overwrite: bool = True,
    progress: Callable[[str], None] | None = None,
) -> None:
    """Write one picture with a block a sequence, its images spread evenly over its time.

    Args:
        path: of the picture.
        sequences: to draw.
        frames: images of each sequence.
        overwrite: replace an existing picture.
        progress: called with each sequence's name once it is drawn.

    Raises:
        FileExistsError: `path` exists and `overwrite` is false.
        ValueError: a suffix of another format, no sequence, or an image that cannot be read.
    """
    if path.suffix.lower() not in _SUFFIXES:
        raise ValueError(f"{path}: cannot draw a {path.suffix or 'file without suffix'}; give {', '.join(_SUFFIXES)}")
    with atomic_path(path, overwrite) as temporary:
        blocks = []
        for sequence in sequences:
            blocks.append(draw_sequence(sequence, frames))
            if progress is not None:
                progress(sequence.name)
        _stack(blocks).save(temporary)


def draw_sequence(sequence: BenSmotSequence, frames: int = 5) -> Image.Image:
    """Draw the block of one sequence: its name, its images in a row, the captions of the video and of each person.

    Args:
        sequence: to draw.
        frames: images to draw.

    Returns:
        The block.

    Raises:
        ValueError: no image to draw, or fewer than one asked for.
    """
    if frames < 1 or not sequence.frames:
        raise ValueError(f"{sequence.folder}: {len(sequence)} images, {frames} asked for; there is nothing to draw")
    width = 2 * _MARGIN + frames * _CELL_WIDTH + (frames - 1) * _GAP
    row = _draw_frames(sequence, frames)
    words = _draw_words(sequence, width - 2 * _MARGIN)
    heading = 2 * line_height(load_font(_TEXT + 3, bold=True))
    block = Image.new("RGB", (width, heading + row.height + words.height + 3 * _MARGIN // 2), BACKGROUND)
    draw = ImageDraw.Draw(block)
    name = visible(sequence.name)
    draw.text((_MARGIN, _MARGIN // 2), name, font=load_font(_TEXT + 3, bold=True), fill=INK)
    name_width = draw.textlength(name, font=load_font(_TEXT + 3, bold=True))
    count = counted(len(sequence), "frame")
    facts = f"{count}, {sequence.length_seconds:.1f} s, {people(len(sequence.tracks))}"
    draw.text((_MARGIN + name_width + 16, _MARGIN // 2 + 4), facts, font=load_font(_TEXT - 1), fill=QUIET)
    block.paste(row, (_MARGIN, heading))
    block.paste(words, (_MARGIN, heading + row.height + _MARGIN // 2))
    return block


def _stack(blocks: list[Image.Image]) -> Image.Image:
    if not blocks:
        raise ValueError("no sequence to draw; choose a split that has one")
    sheet = Image.new("RGB", (max(block.width for block in blocks), sum(block.height for block in blocks)), BACKGROUND)
    top = 0
    for block in blocks:
        if top:
            ImageDraw.Draw(sheet).line((_MARGIN, top, sheet.width - _MARGIN, top), fill=(205, 205, 200), width=1)
        sheet.paste(block, (0, top))
        top += block.height
    return sheet


def _draw_frames(sequence: BenSmotSequence, count: int) -> Image.Image:
    places = np.unique(np.linspace(0, len(sequence) - 1, count).round().astype(int))
    cells = [_draw_frame(sequence, sequence.read_frame(int(place))) for place in places]
    row = Image.new("RGB", (count * _CELL_WIDTH + (count - 1) * _GAP, max(cell.height for cell in cells)), BACKGROUND)
    for column, cell in enumerate(cells):
        row.paste(cell, (column * (_CELL_WIDTH + _GAP), 0))
    return row


def _draw_frame(sequence: BenSmotSequence, frame: Frame) -> Image.Image:
    """One image with its boxes, drawn at twice its size and then halved, and its number and time below."""
    scale = 2 * _CELL_WIDTH / frame.width
    size = (2 * _CELL_WIDTH, max(2, round(frame.height * scale)))
    picture = np.ascontiguousarray(cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA))
    Overlay((), text_size=22).draw(picture, _boxes(sequence, frame.index, scale))
    height = size[1] // 2
    font = load_font(_TEXT - 4)
    cell = Image.new("RGB", (_CELL_WIDTH, height + line_height(font)), BACKGROUND)
    cell.paste(Image.fromarray(cv2.resize(picture, (_CELL_WIDTH, height), interpolation=cv2.INTER_AREA)), (0, 0))
    label = f"frame {frame.index + 1}, {frame.time_seconds:.1f} s"
    ImageDraw.Draw(cell).text((2, height + 2), label, font=font, fill=QUIET)
    return cell


def _boxes(sequence: BenSmotSequence, frame_index: int, scale: float) -> Boxes:
    found = [
        (track.id, track.boxes[row] * scale, track.scores[row])
        for track in sequence.tracks
        for row in np.flatnonzero(track.frames == frame_index)
    ]
    ids = np.array([track_id for track_id, _, _ in found], dtype=np.int64)
    boxes = np.array([box for _, box, _ in found], dtype=np.float64).reshape(-1, 4)
    return Boxes(ids, boxes, np.array([score for _, _, score in found], dtype=np.float64))


def _draw_words(sequence: BenSmotSequence, width: int) -> Image.Image:
    """The video's caption over the full width, then the people in two columns: tag, caption, what they do to whom."""
    font = load_font(_TEXT)
    step = line_height(font)
    summary = wrap_text(visible(sequence.caption) or "(no caption of the video)", font, width, _MAX_CAPTION_LINES)
    column_width = (width - 2 * _MARGIN) // _COLUMNS
    people = [_draw_person(sequence, place, column_width) for place in range(min(len(sequence.tracks), _MAX_PEOPLE))]
    rows = [people[start : start + _COLUMNS] for start in range(0, len(people), _COLUMNS)]
    heights = [max(person.height for person in row) for row in rows]
    left_out = len(sequence.tracks) - len(people)
    height = step * (len(summary) + bool(left_out)) + _GAP + sum(heights)
    image = Image.new("RGB", (width, height), BACKGROUND)
    draw = ImageDraw.Draw(image)
    for number, line in enumerate(summary):
        draw.text((0, number * step), line, font=font, fill=INK if sequence.caption else QUIET)
    top = len(summary) * step + _GAP
    for row, row_height in zip(rows, heights, strict=True):
        for column, person in enumerate(row):
            image.paste(person, (column * (column_width + 2 * _MARGIN), top))
        top += row_height
    if left_out:
        draw.text((0, top), f"and {left_out} more {'person' if left_out == 1 else 'people'}", font=font, fill=QUIET)
    return image


def _draw_person(sequence: BenSmotSequence, place: int, width: int) -> Image.Image:
    track, name = sequence.tracks[place], visible(sequence.names[place])
    font, bold, step = load_font(_TEXT - 2), load_font(_TEXT - 2, bold=True), line_height(load_font(_TEXT - 2))
    indent = 52
    lines = wrap_text(visible(track.caption) or "(no caption)", font, width - indent, _MAX_CAPTION_LINES)
    actions = wrap_text(visible(_actions(sequence, track.id)), font, width - indent, 3)
    image = Image.new("RGB", (width, step * (1 + len(lines) + len(actions)) + _GAP + 4), BACKGROUND)
    draw = ImageDraw.Draw(image)
    colour = track_colour(track.id)
    draw.rounded_rectangle((0, 1, indent - 10, step + 1), radius=5, fill=colour)
    draw.text(((indent - 10) / 2, step / 2 + 1), f"#{track.id}", font=bold, fill=ink_on(colour), anchor="mm")
    draw.text((indent, 0), name, font=bold, fill=INK)
    for number, line in enumerate(lines, start=1):
        draw.text((indent, number * step), line, font=font, fill=INK if track.caption else QUIET)
    for number, line in enumerate(actions, start=1 + len(lines)):
        draw.text((indent, number * step), line, font=font, fill=QUIET)
    return image


def _actions(sequence: BenSmotSequence, track_id: int) -> str:
    """`embrace #2, look #2`, empty where the person does nothing to anybody."""
    return ", ".join(
        f"{plain_verb(edge.verb)} \N{RIGHTWARDS ARROW} #{edge.object}"
        for edge in sequence.interactions
        if edge.subject == track_id
    )
