"""Which videos the report shows: the described one as it is, on which the page draws, and the annotated one."""

import base64
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from smot_vlm.output.claimed_folder import VIDEO
from smot_vlm.structures import VideoInfo
from smot_vlm.video.playable import playable

# A video up to this size becomes part of the page, which is then one file; a larger one stays beside it.
EMBEDDED_BYTES = 8 * 2**20
_SAME_SIDE = 2


@dataclass(frozen=True)
class PageVideos:
    """Addresses of the page's videos.

    Attributes:
        clean: of the described video; empty where the page cannot show it.
        annotated: of the annotated one; empty without one.
        start_seconds: when the clean video shows its first picture.
    """

    clean: str = ""
    annotated: str = ""
    start_seconds: float = 0.0


def page_videos(video: VideoInfo, folder: Path, has_annotated: bool, source_video: bool) -> PageVideos:
    """Find what a page can play.

    The described video is embedded or referred to where it is a whole file that browsers play. Nothing is copied: a page
    whose video was moved away shows the annotated one.

    Args:
        video: that was described.
        folder: where the page will lie.
        has_annotated: whether annotated.mp4 will lie beside it.
        source_video: whether the page may show the described video as it is; not where people were blurred.

    Returns:
        The addresses.
    """
    annotated = VIDEO if has_annotated else ""
    source = Path(video.source)
    if not source_video or video.truncated or video.damage or not _is_file(source):
        return PageVideos(annotated=annotated)
    found = playable(source)
    if found is None or any(
        abs(side - shown) > _SAME_SIDE
        for side, shown in zip(found.sides, sorted((video.width, video.height)), strict=True)
    ):
        return PageVideos(annotated=annotated)
    if source.stat().st_size <= EMBEDDED_BYTES:
        content = base64.b64encode(source.read_bytes()).decode("ascii")
        return PageVideos(f"data:{found.type};base64,{content}", annotated, found.start_seconds)
    try:
        relative = os.path.relpath(source.resolve(), folder.resolve())
    except ValueError:  # Another drive.
        return PageVideos(annotated=annotated)
    return PageVideos(
        quote(Path(relative).as_posix().encode("utf-8", "surrogateescape")), annotated, found.start_seconds
    )


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # A name that no file can have.
        return False
