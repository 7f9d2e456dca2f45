"""Files of a video without end: a JSON line a window, a description a period, the oldest removed where that is asked for.

Every file is whole at any time, whatever kills the program: a line is written by one call behind those before, a
description is written under another name first.
"""

import json
import math
import re
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from smot_vlm.structures import Description, Trajectory, VideoInfo
from smot_vlm.system.files import ends_with_newline
from smot_vlm.system.targets import check_folder

_FILE = re.compile(r"(?:windows|description)-(\d{8}T\d{6}|\d{9}s)\.jsonl?")


@dataclass(frozen=True)
class RollingSettings:
    """What is written of a video without end.

    Attributes:
        folder: for the files; made where it is not there.
        window_seconds: of a window, a JSON line each.
        every_seconds: of a description; a whole number of windows, or the next one.
        keep: periods whose files are kept; None: all.
        keep_bytes: of all these files together; None: any number.

    Raises:
        ValueError: a number out of range.
    """

    folder: Path
    window_seconds: float = 60.0
    every_seconds: float = 3600.0
    keep: int | None = None
    keep_bytes: int | None = None

    def __post_init__(self) -> None:
        for entry in fields(self)[1:]:
            value = getattr(self, entry.name)
            if value is not None and not 0 < value < math.inf:
                raise ValueError(f"{entry.name} is {value}; give a number above 0")
        if self.every_seconds < self.window_seconds:
            raise ValueError(
                f"a description every {self.every_seconds:g} seconds, of windows of {self.window_seconds:g}; give shorter "
                "windows"
            )


class RollingFiles:
    """Writes the files, and removes old ones.

    Args:
        settings: where, and how many are kept.
        began: when the video began, which names the files; None: its seconds do.

    Raises:
        OSError: the folder cannot be made or written.
    """

    def __init__(self, settings: RollingSettings, began: datetime | None) -> None:
        check_folder(settings.folder, "choose another folder by --out")
        settings.folder.mkdir(parents=True, exist_ok=True)
        self._settings = settings
        self._began = began

    def write_window(self, line: dict[str, Any], period_from: float) -> None:
        """Append a window.

        Args:
            line: for JSON.
            period_from: seconds at which its period begins.

        Raises:
            OSError: the disk is full, or the folder is gone.
        """
        path = self._path("windows", period_from, ".jsonl")
        text = json.dumps(line).encode() + b"\n"
        with path.open("ab", buffering=0) as file:
            size = file.tell()
            if size and not ends_with_newline(path):
                text = b"\n" + text
            if file.write(text) != len(text):
                file.truncate(size)
                raise OSError(f"{path}: no room for a line; make room on the disk")
        self._remove_old()

    def write_description(self, description: Description, period_from: float) -> None:
        """Write a period's description.

        Args:
            description: of the whole period.
            period_from: seconds at which it begins.

        Raises:
            OSError: as `write_window`.
        """
        description.write_json(self._path("description", period_from, ".json"))
        self._remove_old()

    def time_of(self, seconds: float) -> str | None:
        """The date and time of a time of the video; None where it is not known.

        Args:
            seconds: since the video began.
        """
        if self._began is None:
            return None
        return (self._began + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")

    def _path(self, kind: str, seconds: float, ending: str) -> Path:
        if self._began is None:
            name = f"{int(seconds):09d}s"
        else:
            name = f"{self._began + timedelta(seconds=seconds):%Y%m%dT%H%M%S}"
        return self._settings.folder / f"{kind}-{name}{ending}"

    def _remove_old(self) -> None:
        """By period, the oldest first; files of other names are left alone, and the newest period stays."""
        settings = self._settings
        if settings.keep is None and settings.keep_bytes is None:
            return
        periods: dict[str, list[Path]] = {}
        for path in settings.folder.iterdir():
            if found := _FILE.fullmatch(path.name):
                periods.setdefault(found[1], []).append(path)
        sizes = {name: sum(path.stat().st_size for path in paths) for name, paths in periods.items()}
        names = sorted(periods)
        while len(names) > 1 and (
            (settings.keep is not None and len(names) > settings.keep)
            or (settings.keep_bytes is not None and sum(sizes[name] for name in names) > settings.keep_bytes)
        ):
            for path in periods[names.pop(0)]:
                path.unlink(missing_ok=True)


def window_line(description: Description, from_seconds: float, to_seconds: float, frames: int) -> dict[str, Any]:
    """A window for JSON.

    Args:
        description: of it.
        from_seconds: where it begins.
        to_seconds: where it ends.
        frames: that came in it.

    Returns:
        People, interactions, the video's caption.
    """
    return {
        "from_seconds": round(from_seconds, 3),
        "to_seconds": round(to_seconds, 3),
        "frames": frames,
        "people": [_person(track, description.video) for track in description.tracks],
        "interactions": [
            {
                "subject": edge.subject,
                "verb": edge.verb,
                "object": edge.object,
                "score": round(edge.score, 4),
                "spans": [[round(span.from_seconds, 3), round(span.to_seconds, 3)] for span in edge.spans],
            }
            for edge in description.interactions
        ],
        "caption": description.caption,
        "words": description.words,
    }


def _person(track: Trajectory, video: VideoInfo) -> dict[str, Any]:
    first, last = (video.seconds(int(frame)) for frame in (track.frames[0], track.frames[-1]))
    return {
        "id": track.id,
        "from_seconds": None if first is None else round(first, 3),
        "to_seconds": None if last is None else round(last, 3),
        "last_box": [round(float(value), 1) for value in track.boxes[-1]],
        "caption": track.caption,
        "words": track.words,
        "attributes": [[entry.name, entry.value, round(entry.score, 4)] for entry in track.attributes],
    }
