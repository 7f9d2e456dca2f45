"""Recorded outputs to compare with: tests/golden, and larger sets of the same layout where ../shared is beside the checkout."""

from pathlib import Path

import pytest

OURS = Path(__file__).parent / "golden"
SHARED = Path(__file__).parents[2] / "shared"
LARGER = sorted(folder.parent for folder in SHARED.glob("golden/*/modules"))
RECORDINGS = [OURS, *LARGER]
REASON = "only the larger recordings (../shared/golden) hold this, and they are not here"


def recording_name(folder: Path) -> str:
    """How a set of recordings is called in a test's name."""
    return "golden" if folder == OURS else f"shared-{folder.name}"


# Tests of what tests/golden does not hold: the fixture `golden` gives the larger sets alone.
larger_alone = pytest.mark.parametrize(
    "golden",
    [pytest.param(folder, id=recording_name(folder)) for folder in LARGER]
    or [pytest.param(None, marks=pytest.mark.skip(reason=REASON))],
    indirect=True,
)
