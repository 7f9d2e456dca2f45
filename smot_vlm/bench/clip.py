"""The clip that ships, for benchmarks that are given no video."""

from pathlib import Path

from smot_vlm.system.files import shipped_folder


def demo_clip(detector: str | None, trajectories: Path | str | None) -> tuple[Path, Path | str | None]:
    """The clip, and the boxes that ship with it where neither a detector nor boxes are given."""
    assets = shipped_folder("assets")
    if detector is None and trajectories is None:
        trajectories = assets / "demo_tracks.txt"
    return assets / "demo.mp4", trajectories
