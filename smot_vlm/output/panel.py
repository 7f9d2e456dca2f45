"""The panel next to the picture: the video's caption, and the captions of the people now visible."""

from dataclasses import dataclass
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

COLUMN_EMS = 44
# How long a page of the panel stands before the next one is shown.
PAGE_SECONDS = 4.0
CAPTION_SHARE = 0.4


@dataclass(frozen=True)
class Piece:
    """Lines of one caption where they stand on a page.

    Attributes:
        track_id: whose.
        lines: of the caption.
        left: column in pixels.
        top: row in pixels.
    """

    track_id: int
    lines: tuple[str, ...]
    left: int
    top: int


class Panel:
    """Renders the panel for any set of people; pictures are kept, since the set seldom changes.

    Everyone present gets an id chip and the whole caption. What does not fit stands on further pages, which take turns:
    no caption is cut.

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
        self._captions = {track.id: track.caption.strip() for track in description.tracks}
        self._words = {track.id: track.words for track in description.tracks}
        self._bases, self._top, self._bottom = self._render_bases(description)
        self._pages = lru_cache(maxsize=64)(self._lay_out)
        self._picture = lru_cache(maxsize=16)(self._render)
        self._piece = lru_cache(maxsize=128)(self._render_piece)

    def render(self, ids: tuple[int, ...], seconds: float = 0.0) -> np.ndarray:
        """The panel at one moment.

        Args:
            ids: who is present.
            seconds: since the video began; says which page is shown where there are several.

        Returns:
            RGB uint8 (height, width, 3); not to be changed.
        """
        turn = int(max(seconds, 0.0) // PAGE_SECONDS)
        return self._picture(ids, turn % len(self._pages(ids)), turn % len(self._bases))

    def _render(self, ids: tuple[int, ...], page: int, base: int) -> np.ndarray:
        image = self._bases[base].copy()
        pages = self._pages(ids)
        for piece in pages[page]:
            entry = self._piece(piece.track_id, piece.lines)[: self._height - piece.top, : self._width - piece.left]
            image[piece.top : piece.top + entry.shape[0], piece.left : piece.left + entry.shape[1]] = entry
        if len(pages) > 1:
            tag = render_tag(f"{page + 1} of {len(pages)}", self._font.size, BACKGROUND, DIM, bold=False)
            stamp(image, tag, self._width - tag.shape[1] - self._pad // 2, self._bottom - tag.shape[0])
        image.setflags(write=False)
        return image

    def _lay_out(self, ids: tuple[int, ...]) -> tuple[tuple[Piece, ...], ...]:
        """All captions on as few pages as hold them; where there are several, each keeps a line for its number."""
        for bottom in (self._bottom, self._bottom - self._line):
            pages = self._fill(ids, bottom)
            if len(pages) == 1:
                break
        return tuple(map(tuple, pages))

    def _fill(self, ids: tuple[int, ...], bottom: int) -> list[list[Piece]]:
        """Down a column, then the next column, then the next page; a caption is broken where it fills a column."""
        pages: list[list[Piece]] = [[]]
        column, top = 0, self._top
        room = max((bottom - self._top) // self._line, 1)
        for track_id in ids:
            lines = self._lines(track_id)
            while lines:
                fitting = (bottom - top - self._pad // 3) // self._line
                if fitting < min(len(lines), room) and top > self._top:
                    column, top = (column + 1, self._top) if column + 1 < self._columns else (0, self._top)
                    if column == 0:
                        pages.append([])
                    continue
                count = max(min(fitting, len(lines)), 1)
                left = self._pad + column * (self._column_width + self._pad)
                pages[-1].append(Piece(track_id, tuple(lines[:count]), left, top))
                lines = lines[count:]
                top += count * self._line + self._pad // 3 + self._pad // 2
        return pages

    def _lines(self, track_id: int) -> list[str]:
        caption = self._captions[track_id] or self._without_caption(track_id)
        return _wrap(caption, self._font.size, self._text_width(track_id)) or [""]

    def _text_width(self, track_id: int) -> int:
        result: int = max(self._column_width - self._chip(track_id).shape[1] - self._pad // 2, self._line)
        return result

    def _chip(self, track_id: int) -> np.ndarray:
        colour = track_colour(track_id)
        return render_tag(f"#{track_id}", round(self._font.size * 0.92), colour, ink_on(colour))

    def _render_piece(self, track_id: int, lines: tuple[str, ...]) -> np.ndarray:
        """Chip and words of one person, RGB."""
        chip = self._chip(track_id)
        image = Image.new("RGB", (self._column_width, len(lines) * self._line + self._pad // 3), BACKGROUND)
        draw = ImageDraw.Draw(image)
        left, middle = chip.shape[1] + self._pad // 2, chip.shape[0] // 2
        ink = SOFT if self._captions[track_id] and self._words[track_id] == STATED else DIM
        for row, line in enumerate(lines):
            draw.text((left, middle + row * self._line), line, font=self._font, fill=ink, anchor="lm")
        pixels = np.asarray(image).copy()
        stamp(pixels, chip, 0, 0)
        return pixels

    def _without_caption(self, track_id: int) -> str:
        return "words withheld" if self._words[track_id] == WITHHELD else "no caption"

    def _render_bases(self, description: Description) -> tuple[list[np.ndarray], int, int]:
        """What is the same for everybody, as pages of the video's caption, and the rows between which people are drawn."""
        lines = _wrap(description.caption, self._font.size, self._width - 2 * self._pad)
        most = max(2, int(CAPTION_SHARE * self._height / self._line))
        pages = [lines[first : first + most] for first in range(0, len(lines), most)] or [[]]
        top = self._pad + len(pages[0]) * self._line
        note = trust(description) if is_warning(description) else ""
        warning = _wrap(note, self._font.size, self._width - 2 * self._pad)[:most]
        bottom = self._height - self._pad - self._line * len(warning)
        bases = []
        for page in pages:
            image = Image.new("RGB", (self._width, self._height), BACKGROUND)
            draw = ImageDraw.Draw(image)
            ink = BRIGHT if description.words == STATED else DIM
            self._write(draw, page, self._pad, ink)
            self._write(draw, warning, bottom, WARNING)
            if lines:
                rule = (self._pad, top + self._pad // 2, self._width - self._pad, top + self._pad // 2)
                draw.line(rule, fill=RULE, width=max(1, self._pad // 10))
            bases.append(np.asarray(image).copy())
        return (
            bases,
            top + (self._pad // 2 + self._pad if lines else 0),
            bottom - (self._pad // 2 if warning else 0),
        )

    def _write(self, draw: ImageDraw.ImageDraw, lines: list[str], top: int, ink: Colour) -> None:
        for row, line in enumerate(lines):
            draw.text((self._pad, top + row * self._line), line, font=self._font, fill=ink)


@lru_cache(maxsize=2048)
def _wrap(text: str, size: float, width: int) -> list[str]:
    text = visible(text)
    # A line holds a character at least, so no text has more lines than this.
    return wrap_text(text, load_font(int(size)), max(width, 1), len(text) + 1)
