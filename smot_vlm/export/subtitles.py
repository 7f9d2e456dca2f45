"""WebVTT and SubRip (SRT): captions and interactions at their times."""

import re

from smot_vlm.export.cues import cues_of, one_line
from smot_vlm.structures import Description

# Readers take a line with an arrow for one of times, whatever stands around it.
_ARROW = re.compile("-+>")


def to_vtt(description: Description) -> dict[str, str]:
    """WebVTT; the video's caption is a note.

    Args:
        description: any.

    Returns:
        Content by name of file.
    """
    blocks = ["WEBVTT"]
    if description.caption:
        # A note ends at a blank line, and must not hold an arrow.
        blocks.append(f"NOTE\n{_escaped(one_line(description.caption))}")
    for number, cue in enumerate(cues_of(description), start=1):
        times = f"{_clock(cue.from_seconds, '.')} --> {_clock(cue.to_seconds, '.')}"
        blocks.append(f"{number}\n{times}\n{_escaped(cue.text)}")
    return {"description.vtt": "\n\n".join(blocks) + "\n"}


def to_srt(description: Description) -> dict[str, str]:
    """SubRip.

    Args:
        description: any.

    Returns:
        Content by name of file.
    """
    blocks = [
        f"{number}\n{_clock(cue.from_seconds, ',')} --> {_clock(cue.to_seconds, ',')}\n{_ARROW.sub('→', cue.text)}\n"
        for number, cue in enumerate(cues_of(description), start=1)
    ]
    return {"description.srt": "\n".join(blocks)}


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _clock(seconds: float, point: str) -> str:
    """Hours, minutes, seconds and thousandths."""
    thousandths = round(seconds * 1000)
    minutes, rest = divmod(thousandths, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{rest // 1000:02d}{point}{rest % 1000:03d}"
