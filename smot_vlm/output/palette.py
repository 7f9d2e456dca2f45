"""One constant colour a track, distinguishable also for colour-blind people."""

Colour = tuple[int, int, int]

# The seven chromatic colours of Okabe and Ito, "Color Universal Design" (2008), RGB, so ordered that
# neighbouring ids differ most.
COLOURS: tuple[Colour, ...] = (
    (230, 159, 0),
    (86, 180, 233),
    (213, 94, 0),
    (0, 158, 115),
    (240, 228, 66),
    (0, 114, 178),
    (204, 121, 167),
)
BLACK: Colour = (0, 0, 0)
WHITE: Colour = (255, 255, 255)


def colour_index(track_id: int) -> int:
    """Position in `COLOURS` of a track's colour; the same for every video.

    Args:
        track_id: from 1.

    Returns:
        The position.
    """
    return (track_id - 1) % len(COLOURS)


def track_colour(track_id: int) -> Colour:
    """Colour of a track.

    Args:
        track_id: from 1.

    Returns:
        RGB.
    """
    return COLOURS[colour_index(track_id)]


def ink_on(colour: Colour) -> Colour:
    """Choose black or white text, whichever has the higher contrast ratio of WCAG 2.

    Args:
        colour: of the background.

    Returns:
        RGB.
    """
    luminance = _luminance(colour)
    return BLACK if (luminance + 0.05) / 0.05 >= 1.05 / (luminance + 0.05) else WHITE


def css(colour: Colour) -> str:
    """Format a colour for a stylesheet.

    Args:
        colour: RGB.

    Returns:
        `#rrggbb`.
    """
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _luminance(colour: Colour) -> float:
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (channel / 255 for channel in colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
