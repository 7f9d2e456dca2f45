"""Checks of what the associators are told, with errors that say what is allowed."""

import math


def check_fraction(name: str, value: float) -> None:
    """Raises: ValueError: `value` is not between 0 and 1."""
    if not 0 <= value <= 1:
        raise ValueError(f"{name} is {value}; give a number between 0 and 1")


def check_order(lower_name: str, lower: float, upper_name: str, upper: float) -> None:
    """Raises: ValueError: not 0 <= `lower` <= `upper` <= 1."""
    check_fraction(lower_name, lower)
    check_fraction(upper_name, upper)
    if lower > upper:
        raise ValueError(f"{lower_name} is {lower} and {upper_name} is {upper}; give {lower_name} <= {upper_name}")


def check_count(name: str, value: int, least: int) -> None:
    """Raises: ValueError: `value` is not a whole number of at least `least`."""
    if value != int(value) or value < least:
        raise ValueError(f"{name} is {value}; give a whole number of at least {least}")


def buffer_in_frames(buffer_seconds: float, fps: float) -> int:
    """How many frames a track is kept without being seen: at least one.

    Raises:
        ValueError: `buffer_seconds` is negative or `fps` not above 0, or one of them is not finite.
    """
    if not (math.isfinite(fps) and fps > 0):
        raise ValueError(f"fps is {fps}; give frames a second, above 0")
    if not (math.isfinite(buffer_seconds) and buffer_seconds >= 0):
        raise ValueError(f"buffer_seconds is {buffer_seconds}; give seconds, at least 0")
    return max(1, round(buffer_seconds * fps))
