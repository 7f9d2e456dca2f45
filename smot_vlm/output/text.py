"""Text as pixels: the font, wrapping to a width, and small tags that are drawn once and copied many times."""

import re
from functools import lru_cache
from importlib.resources import as_file, files

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from smot_vlm.output.palette import Colour
from smot_vlm.system.printing import printable

Font = ImageFont.FreeTypeFont

ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"


@lru_cache(maxsize=32)
def load_font(size: int, bold: bool = False) -> Font:
    """Load DejaVu Sans. It ships with matplotlib and covers Latin, Greek, Cyrillic and many signs.

    A character without a glyph (Chinese, most emoji) is drawn as an empty box.

    Args:
        size: in pixels.
        bold: the bold face.

    Returns:
        The font.
    """
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    with as_file(files("matplotlib").joinpath("mpl-data", "fonts", "ttf", name)) as path:
        return ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)


def line_height(font: Font) -> int:
    """Distance from one baseline to the next.

    Args:
        font: of the text.

    Returns:
        Pixels.
    """
    return round(font.size * 1.32)


def text_width(text: str, font: Font) -> float:
    """Width of a text without kerning (which moves DejaVu's letters by a pixel at most).

    Args:
        text: on one line.
        font: of the text.

    Returns:
        Pixels.
    """
    return sum(_advance(character, font) for character in text)


def visible(text: str) -> str:
    """A text as it is drawn: on one line, and what has no picture or steers the direction is escaped.

    Args:
        text: any text, such as a caption or a name.

    Returns:
        The text.
    """
    return printable(" ".join(text.split()))


def wrap_text(text: str, font: Font, width: int, max_lines: int) -> list[str]:
    """Break a text into lines; an ellipsis ends a text that was cut.

    Runs of whitespace count as one space. A word that is wider than a line is broken between characters (a line holds at
    least one character, however narrow it is).

    Args:
        text: to break.
        font: of the text.
        width: of a line, in pixels.
        max_lines: how many lines are kept.

    Returns:
        The lines.
    """
    if max_lines < 1:
        return []
    lines: list[str] = []
    line = ""
    for word in text.split():
        candidate = f"{line} {word}" if line else word
        if text_width(candidate, font) <= width:
            line = candidate
            continue
        if line:
            lines.append(line)
        *full, line = _break_word(word, font, width, max_lines + 1)
        lines += full
        if len(lines) > max_lines:
            break
    if line:
        lines.append(line)
    if len(lines) <= max_lines:
        return lines
    return [*lines[: max_lines - 1], _with_ellipsis(lines[max_lines - 1], font, width)]


def plain_verb(sense: str) -> str:
    """Word of a verb sense.

    Args:
        sense: such as `talk_about.v.01`.

    Returns:
        Such as `talk about`.
    """
    return re.sub(r"\.[a-z]\.\d+$", "", sense.strip()).replace("_", " ")


@lru_cache(maxsize=1024)
def render_tag(text: str, size: int, colour: Colour, ink: Colour, bold: bool = True) -> np.ndarray:
    """Draw a rounded tag.

    Args:
        text: on the tag.
        size: of the text in pixels.
        colour: of the tag.
        ink: of the text.
        bold: the bold face.

    Returns:
        RGBA uint8 (height, width, 4).
    """
    text, font = visible(text), load_font(size, bold)
    pad = max(2, round(size * 0.35))
    width = int(np.ceil(font.getlength(text))) + 2 * pad
    height = round(size * 1.5)
    image = Image.new("RGBA", (width, height), (*colour, 0))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((0, 0, width - 1, height - 1), radius=max(1, round(size * 0.3)), fill=(*colour, 255))
    draw.text((width / 2, height / 2), text, font=font, fill=(*ink, 255), anchor="mm")
    tag = np.asarray(image)
    tag.setflags(write=False)
    return tag


def stamp(image: np.ndarray, tag: np.ndarray, left: int, top: int) -> None:
    """Blend a tag into an image in place; what falls outside is cut off.

    Args:
        image: RGB uint8, changed.
        tag: RGBA uint8.
        left: column of the tag's corner.
        top: row of the tag's corner.
    """
    height, width = image.shape[:2]
    x1, y1 = max(left, 0), max(top, 0)
    x2, y2 = min(left + tag.shape[1], width), min(top + tag.shape[0], height)
    if x1 >= x2 or y1 >= y2:
        return
    part = tag[y1 - top : y2 - top, x1 - left : x2 - left]
    alpha = part[..., 3:].astype(np.uint16)
    under = image[y1:y2, x1:x2]
    under[...] = (part[..., :3] * alpha + under * (255 - alpha) + 127) // 255


@lru_cache(maxsize=8192)
def _advance(character: str, font: Font) -> float:
    # Measuring a line anew takes a tenth of a millisecond, and wrapping measures one for each word.
    return font.getlength(character)


def _break_word(word: str, font: Font, width: int, max_pieces: int) -> list[str]:
    pieces: list[str] = []
    piece, piece_width = "", 0.0
    for character in word:
        advance = _advance(character, font)
        if piece and piece_width + advance > width:
            pieces.append(piece)
            piece, piece_width = "", 0.0
            if len(pieces) == max_pieces:
                break
        piece += character
        piece_width += advance
    return [*pieces, piece]


def _with_ellipsis(line: str, font: Font, width: int) -> str:
    while line and text_width(line + ELLIPSIS, font) > width:
        line = line[:-1]
    return line.rstrip(" ,.;") + ELLIPSIS
