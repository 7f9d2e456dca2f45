"""The panel next to the picture: the video's caption, and the captions of the people now visible."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw

from smot_vlm.output.palette import Colour, ink_on, track_colour
from smot_vlm.output.text import line_height, load_font, render_tag, stamp, visible, wrap_text
from smot_vlm.output.trust import is_warning, trust
from smot_vlm.structures import STATED, WITHHELD, Description

BACKGROUND: Colour = (20, 24, 29)
RULE: Colour = (58, 66, 76)
BRIGHT: Colour = (240, 243, 246)
SOFT: Colour = (199, 206, 214)
DIM: Colour = (139, 148, 158)
WARNING: Colour = (240, 180, 60)

FEWEST_LINES = 2
COLUMN_EMS = 44


class Panel:
    """Renders the panel for any set of people; pictures are kept, since the set seldom changes.

    Everyone present gets an id chip and a caption, whole where there is room, else cut to as many lines as fit for all.
    Where even two lines each do not fit, those with the largest typical box are shown, and "+ n more".

    Args:
        description: with the captions.
        width: of the panel in pixels.
        height: of the panel in pixels.
        text_size: in pixels.
    """

    def __init__(self, description: Description, width: int, height: int, text_size: int) -> None:
        self._width, self._height = width, height
        self._font = load_font(text_size)
        self._line = line_height(self._font)
        self._pad = round(0.8 * text_size)
        self._columns = max(1, round((width - self._pad) / (COLUMN_EMS * text_size)))
        self._column_width = (width - self._pad) // self._columns - self._pad
        self._captions = {track.id: track.caption for track in description.tracks}
        self._words = {track.id: track.words for track in description.tracks}
        self._sizes = {track.id: _typical_area(track.boxes) for track in description.tracks}
        self._base, self._top, self._bottom = self._render_base(description)
        self.render = lru_cache(maxsize=16)(self._render)
        self._entry = lru_cache(maxsize=128)(self._render_entry)

    def _render(self, ids: tuple[int, ...]) -> np.ndarray:
        image = self._base.copy()
        shown, max_lines = self._choose(ids)
        for (left, top), track_id in zip(self._places(shown, max_lines), shown, strict=True):
            entry = self._entry(track_id, max_lines)
            image[top : top + entry.shape[0], left : left + entry.shape[1]] = entry
        if len(shown) < len(ids):
            self._write_more(image, len(ids) - len(shown))
        image.setflags(write=False)
        return image

    def _choose(self, ids: tuple[int, ...]) -> tuple[tuple[int, ...], int]:
        """Choose who is shown, and with how many lines of caption at most: all with whole captions where that fits."""
        most = max(FEWEST_LINES, (self._bottom - self._top) // self._line)
        for max_lines in range(most, FEWEST_LINES - 1, -1):
            if self._fits(ids, max_lines, self._bottom):
                return ids, max_lines
        shown: tuple[int, ...] = ()
        for track_id in sorted(ids, key=lambda track_id: (-self._sizes[track_id], track_id)):
            more = tuple(sorted((*shown, track_id)))
            if not self._fits(more, FEWEST_LINES, self._bottom - self._line):
                break
            shown = more
        return shown, FEWEST_LINES

    def _fits(self, ids: Sequence[int], max_lines: int, bottom: int) -> bool:
        # Counting lines is the expensive part; a panel holds fewer entries than it has lines.
        if len(ids) * self._line > (self._bottom - self._top) * self._columns:
            return False
        places = self._places(ids, max_lines)
        return all(
            top + self._entry_height(track_id, max_lines) <= bottom
            for (_, top), track_id in zip(places, ids, strict=True)
        )

    def _places(self, ids: Sequence[int], max_lines: int) -> list[tuple[int, int]]:
        """Left top corners of the entries: down a column while there is room, then the next column."""
        places: list[tuple[int, int]] = []
        column, top = 0, self._top
        for track_id in ids:
            height = self._entry_height(track_id, max_lines)
            if top + height > self._bottom and top > self._top and column + 1 < self._columns:
                column, top = column + 1, self._top
            places.append((self._pad + column * (self._column_width + self._pad), top))
            top += height + self._pad // 2
        return places

    def _entry_height(self, track_id: int, max_lines: int) -> int:
        return max(len(self._lines(track_id)[:max_lines]), 1) * self._line + self._pad // 3

    def _lines(self, track_id: int) -> list[str]:
        return _wrap(self._captions[track_id], self._font.size, self._text_width(track_id), 64)

    def _text_width(self, track_id: int) -> int:
        result: int = max(self._column_width - self._chip(track_id).shape[1] - self._pad // 2, self._line)
        return result

    def _chip(self, track_id: int) -> np.ndarray:
        colour = track_colour(track_id)
        return render_tag(f"#{track_id}", round(self._font.size * 0.92), colour, ink_on(colour))

    def _render_entry(self, track_id: int, max_lines: int) -> np.ndarray:
        """Chip and caption of one person, RGB."""
        chip = self._chip(track_id)
        caption = self._captions[track_id].strip()
        lines = (
            _wrap(caption, self._font.size, self._text_width(track_id), max_lines)
            if caption
            else [self._without_caption(track_id)]
        )
        image = Image.new("RGB", (self._column_width, self._entry_height(track_id, max_lines)), BACKGROUND)
        draw = ImageDraw.Draw(image)
        left, middle = chip.shape[1] + self._pad // 2, chip.shape[0] // 2
        ink = SOFT if caption and self._words[track_id] == STATED else DIM
        for row, line in enumerate(lines):
            draw.text((left, middle + row * self._line), line, font=self._font, fill=ink, anchor="lm")
        pixels = np.asarray(image).copy()
        stamp(pixels, chip, 0, 0)
        return pixels

    def _without_caption(self, track_id: int) -> str:
        return "words withheld" if self._words[track_id] == WITHHELD else "no caption"

    def _render_base(self, description: Description) -> tuple[np.ndarray, int, int]:
        """What never changes, and the rows between which the people are drawn."""
        image = Image.new("RGB", (self._width, self._height), BACKGROUND)
        draw = ImageDraw.Draw(image)
        top, bottom = self._pad, self._height - self._pad
        lines = max(FEWEST_LINES, int(0.4 * self._height / self._line))
        for line in _wrap(description.caption, self._font.size, self._width - 2 * self._pad, lines):
            ink = BRIGHT if description.words == STATED else DIM
            draw.text((self._pad, top), line, font=self._font, fill=ink)
            top += self._line
        if description.caption.strip():
            top += self._pad // 2
            draw.line((self._pad, top, self._width - self._pad, top), fill=RULE, width=max(1, self._pad // 10))
            top += self._pad
        if is_warning(description):
            note = _wrap(trust(description), self._font.size, self._width - 2 * self._pad, FEWEST_LINES)
            bottom -= self._line * len(note)
            for row, line in enumerate(note):
                draw.text((self._pad, bottom + row * self._line), line, font=self._font, fill=WARNING)
            bottom -= self._pad // 2
        return np.asarray(image).copy(), top, bottom

    def _write_more(self, image: np.ndarray, count: int) -> None:
        tag = render_tag(f"+ {count} more", self._font.size, BACKGROUND, DIM, bold=False)
        stamp(image, tag, self._pad, self._bottom - tag.shape[0])


@lru_cache(maxsize=2048)
def _wrap(text: str, size: float, width: int, max_lines: int) -> list[str]:
    return wrap_text(visible(text), load_font(int(size)), width, max_lines)


def _typical_area(boxes: np.ndarray) -> float:
    sides = np.maximum(boxes[:, 2:] - boxes[:, :2], 0)
    return float(np.median(sides.prod(axis=1))) if len(boxes) else 0.0
