"""The demo clip, for benchmarks that are given no video."""

from pathlib import Path

from smot_vlm.system.files import shipped_folder


def demo_clip(detector: str | None, trajectories: Path | str | None) -> tuple[Path, Path | str | None]:
    """Locate the demo clip.

    Args:
        detector: As for the Tracker.
        trajectories: As for the Tracker.

    Returns:
        The clip, and `trajectories` or, if neither a detector nor trajectories are given, those of the clip.
    """
    assets = shipped_folder("assets")
    if detector is None and trajectories is None:
        trajectories = assets / "demo_tracks.txt"
    return assets / "demo.mp4", trajectories
