"""The paper's Figure 2 for any data set, with further differences between data sets, as one picture."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from smot_vlm.data.stats import DatasetStats, Distribution
from smot_vlm.system.files import atomic_path

# Panels in the order of Figure 2 (a) to (e), then three of our own.
_PANELS = (
    "track length",
    "video length",
    "interactions a video",
    "instance caption",
    "video caption",
    "tracks a video",
    "frames a video",
    "relative box height",
)
_BARS = 20
_INK, _FILL, _PAPER = "#333333", "#4c78a8", "#d1495b"


def plot_stats(stats: DatasetStats, path: Path, title: str, overwrite: bool = True) -> None:
    """Draw eight histograms, the most frequent verbs and caption words.

    Args:
        stats: what to draw.
        path: of the picture (.png, .pdf, .svg, .jpg).
        title: above the panels.
        overwrite: replace an existing picture.

    Raises:
        FileExistsError: `path` exists and `overwrite` is false.
        ValueError: another suffix.
    """
    if path.suffix.lower() not in (".png", ".pdf", ".svg", ".jpg"):
        raise ValueError(f"{path}: cannot draw a {path.suffix or 'file without suffix'}; give .png, .pdf, .svg or .jpg")
    figure = Figure(figsize=(16, 14), layout="constrained", dpi=110)
    figure.suptitle(title, fontsize=15, color=_INK)
    grid = figure.add_gridspec(3, 4, height_ratios=(1, 1, 1.5))
    for place, name in enumerate(_PANELS):
        axes = figure.add_subplot(grid[place // 4, place % 4])
        _histogram(axes, stats.distribution(name))
    _bars(figure.add_subplot(grid[2, :2]), "most frequent verbs", stats.verbs)
    _bars(figure.add_subplot(grid[2, 2:]), "most frequent words of the captions", stats.words)
    with atomic_path(path, overwrite) as temporary:
        figure.savefig(temporary)


def _histogram(axes: Axes, distribution: Distribution) -> None:
    values = distribution.values
    axes.set_title(distribution.name, fontsize=12, color=_INK, pad=20)
    axes.set_xlabel(distribution.unit)
    _tidy(axes)
    if not len(values):
        axes.text(0.5, 0.5, "none", ha="center", va="center", transform=axes.transAxes, color=_INK)
        axes.set_xticks([])
        axes.set_yticks([])
        return
    axes.hist(values, bins=_bins(values).tolist(), color=_FILL, edgecolor="white", linewidth=0.6)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    if np.issubdtype(values.dtype, np.integer):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    _mark_mean(axes, float(values.mean()), "mean", _INK, "-", "left" if distribution.bensmot_mean else "center")
    if distribution.bensmot_mean is not None:
        _mark_mean(axes, distribution.bensmot_mean, "BenSMOT", _PAPER, "--", "right")


def _mark_mean(axes: Axes, mean: float, label: str, colour: str, style: str, side: str) -> None:
    """A line at `mean`, and its value under the title, on the named side of the middle."""
    axes.axvline(mean, color=colour, linewidth=1.3, linestyle=style)
    place, anchor = {"left": (0.48, "right"), "center": (0.5, "center"), "right": (0.52, "left")}[side]
    text = f"{label} {mean:.3g}"
    axes.text(place, 1.02, text, ha=anchor, va="bottom", fontsize=10, color=colour, transform=axes.transAxes)


def _bins(values: np.ndarray) -> np.ndarray:
    """At most 30 bins; whole numbers get bins of whole width around them."""
    low, high = float(values.min()), float(values.max())
    if np.issubdtype(values.dtype, np.integer):
        step = max(1, int(np.ceil((high - low + 1) / 30)))
        return np.arange(low - 0.5, high + step + 0.5, step)
    return np.linspace(low, high, 31) if high > low else np.array([low - 0.5, low + 0.5])


def _bars(axes: Axes, title: str, counts: tuple[tuple[str, int], ...]) -> None:
    axes.set_title(title, fontsize=12, color=_INK)
    _tidy(axes)
    names = [name for name, _ in counts[:_BARS]]
    axes.barh(range(len(names)), [count for _, count in counts[:_BARS]], color=_FILL, height=0.75)
    axes.set_yticks(range(len(names)), names, fontsize=9, parse_math=False)
    axes.invert_yaxis()
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if not names:
        axes.text(0.5, 0.5, "none", ha="center", va="center", transform=axes.transAxes, color=_INK)


def _tidy(axes: Axes) -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.tick_params(labelsize=9, colors=_INK)
