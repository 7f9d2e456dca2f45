"""Figures that newer systems print for BenSMOT, each with its source and with what may be compared.

They are of different rules, so none stands in a cell of the paper's tables. CaptionFormer (arXiv 2510.14904) has no row:
its CHOTA is of other data sets, and its BenSMOT captions can be compared only under the protocol `captionformer`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

# MySMOT's figures are of so many sequences of the test split, in the order of their names.
MYSMOT_SEQUENCES = 100


@dataclass(frozen=True)
class Printed:
    """A row.

    Attributes:
        system: its name, and which of its settings.
        figures: column of an evaluation -> value, a fraction.
        source: where it is printed.
        rule: how it was scored.
        comparable: with which of our figures it may be compared; empty: with none.
    """

    system: str
    figures: Mapping[str, float]
    source: str
    rule: str
    comparable: str = ""


_MYSMOT_SOURCE = "MySMOT, July 2026, its own log; no paper"
_MYSMOT_RULE = f"first {MYSMOT_SEQUENCES} test sequences, true trajectories, 513 true triplets, exact sense"
_MYSMOT_COMPARABLE = (
    f"strict interactions of `smot-vlm predict BenSMOT --trajectories gt --out told` and "
    f"`smot-vlm evaluate --pred told --gt BenSMOT --first {MYSMOT_SEQUENCES}`"
)


def _mysmot(setting: str, precision: float, recall: float, f1: float) -> Printed:
    figures = {"interactions/precision": precision, "interactions/recall": recall, "interactions/F1": f1}
    return Printed(f"MySMOT, {setting}", figures, _MYSMOT_SOURCE, _MYSMOT_RULE, _MYSMOT_COMPARABLE)


PRINTED = (
    Printed(
        "LLMTrack",
        {"tracking/HOTA": 0.7461, "instance/BLEU": 0.525, "video/BLEU": 0.414, "interactions/precision": 0.543},
        "arXiv 2601.06550 v1, as an aggregator's page gives it; not checked in the paper",
        "not stated there",
    ),
    _mysmot("trained on all training data", 0.555, 0.357, 0.434),
    _mysmot("Qwen3.5-2B untrained", 0.370, 0.136, 0.199),
    _mysmot("Qwen3.5-9B untrained", 0.274, 0.113, 0.160),
)


def newer_table() -> str:
    """All rows.

    Returns:
        Markdown.
    """
    lines = [
        "# Newer systems, as printed",
        "",
        "Fractions. Figures of different rules must not be compared with each other, nor with the paper's tables.",
        "MySMOT's F1 varied by 0.04 over three seeds of a training on 120 sequences.",
        "",
        "| system | figures | source | scored on | may be compared with |",
        "|---|---|---|---|---|",
    ]
    for row in PRINTED:
        figures = ", ".join(f"{key} {value:g}" for key, value in row.figures.items())
        lines.append(f"| {row.system} | {figures} | {row.source} | {row.rule} | {row.comparable or 'nothing'} |")
    return "\n".join(lines) + "\n"
