"""The numbers that the paper prints for BenSMOT's test split, to stand beside a run under the official protocol.

Source: "Beyond MOT: Semantic Multi-Object Tracking", ECCV 2024, Tables 2 to 5. Table 2's columns IDR and IDP are swapped
in print (a method with many more misses than false positives cannot have the higher recall) and stand the right way here.
Cells that cannot be read in Table 5 are left out. F1 is as printed where it is printed whole, else from P and R.
"""

from collections.abc import Mapping, Sequence

from smot_vlm.evaluation import official, official_interactions, tracking
from smot_vlm.evaluation.results import Cell, Column, Evaluation, Row

_SOURCE = "numbers as the paper prints them (Beyond MOT, ECCV 2024)"
_NOT_PRINTED = "not in the paper"

COLUMNS = (
    *tracking.COLUMNS,
    *(Column(group, name) for group in ("instance", "video") for name in official.CAPTION_COLUMNS),
    *official_interactions.COLUMNS,
)
_TRACKING = ("HOTA", "AssA", "DetA", "LocA", "MOTA", "FN", "FP", "IDs", "IDR", "IDP", "IDF1")
_WORDS = ("BLEU", "ROUGE", "METEOR", "CIDEr")
_VERBS = ("precision", "recall", "F1")

_TABLE_2 = {
    "SORT": (48.49, 38.95, 60.91, 87.50, 53.58, 24001, 5105, 13875, 48.43, 60.85, 53.93),
    "DeepSORT": (50.12, 40.23, 61.45, 87.67, 54.29, 22890, 5540, 11278, 51.11, 62.10, 56.76),
    "OC-SORT": (51.00, 41.42, 63.31, 87.61, 55.19, 21061, 5388, 15049, 53.10, 63.92, 58.01),
    "ByteTrack": (68.84, 71.15, 67.10, 85.15, 73.87, 15419, 7070, 1712, 74.83, 82.25, 78.37),
    "TransTrack": (71.31, 73.34, 69.67, 91.31, 74.08, 20124, 4420, 2530, 72.75, 85.63, 78.67),
    "MOTR": (66.10, 73.12, 55.14, 86.30, 45.19, 31297, 11178, 617, 70.12, 72.39, 68.97),
    "MOTRv2": (65.28, 76.82, 51.30, 86.09, 45.52, 40765, 20923, 430, 65.51, 78.47, 70.76),
    "SMOTer": (71.98, 73.71, 70.79, 87.11, 77.71, 12534, 6388, 1702, 77.97, 83.82, 80.65),
}
# Video caption, instance caption, interactions.
_TABLE_3 = {
    "SORT": ((0.245, 0.224, 0.202, 0.298), (0.233, 0.245, 0.208, 0.056), (0.363, 0.259, 0.303)),
    "DeepSORT": ((0.198, 0.213, 0.187, 0.309), (0.238, 0.212, 0.199, 0.065), (0.365, 0.277, 0.315)),
    "OC-SORT": ((0.231, 0.252, 0.215, 0.242), (0.270, 0.205, 0.180, 0.033), (0.384, 0.291, 0.331)),
    "ByteTrack": ((0.224, 0.225, 0.212, 0.266), (0.304, 0.242, 0.224, 0.064), (0.443, 0.258, 0.326)),
    "TransTrack": ((0.247, 0.248, 0.209, 0.269), (0.283, 0.219, 0.201, 0.074), (0.406, 0.311, 0.37)),
    "MOTR": ((0.187, 0.254, 0.203, 0.244), (0.230, 0.209, 0.182, 0.061), (0.425, 0.314, 0.361)),
    "MOTRv2": ((0.217, 0.258, 0.219, 0.248), (0.238, 0.241, 0.204, 0.059), (0.313, 0.395, 0.349)),
    "SMOTer": ((0.245, 0.261, 0.223, 0.343), (0.306, 0.223, 0.209, 0.087), (0.434, 0.320, 0.368)),
}
# Fusion of the video (its caption), fusion of trajectories (their captions, interactions).
_TABLE_4 = {
    "attention": ((0.245, 0.261, 0.223, 0.343), (0.303, 0.218, 0.208, 0.072), (0.406, 0.347, 0.364)),
    "mlp": ((0.251, 0.223, 0.200, 0.220), (0.337, 0.219, 0.205, 0.072), (0.380, 0.252, 0.303)),
    "concatenation": ((0.230, 0.213, 0.215, 0.365), (0.306, 0.223, 0.209, 0.087), (0.434, 0.320, 0.368)),
    "addition": ((0.140, 0.157, 0.104, 0.127), (0.182, 0.137, 0.114, 0.041), (0.228, 0.163, 0.205)),
}
# Threshold tau_p: HOTA, video CIDEr, instance METEOR, instance CIDEr, verb precision.
_TABLE_5_KEYS = ("tracking/HOTA", "video/CIDEr", "instance/METEOR", "instance/CIDEr", "interactions/precision")
_TABLE_5 = {
    0.1: (70.51, 0.256, 0.192, 0.069, 0.378),
    0.2: (71.10, 0.289, 0.199, 0.069, 0.384),
    0.3: (71.98, 0.343, 0.209, 0.087, 0.434),
    0.4: (71.19, 0.330, 0.215, 0.091, 0.420),
    0.5: (68.30, 0.343, 0.216, 0.087, 0.396),
}


def methods() -> tuple[Evaluation, ...]:
    """Tables 2 and 3: SMOTer and seven two-stage rivals."""
    return tuple(
        _evaluation(name, {**_tracking(row), **_words_and_verbs(_TABLE_3[name])}) for name, row in _TABLE_2.items()
    )


def associations() -> tuple[Evaluation, ...]:
    """What the paper prints for the associators of its Figure 4, which shows no numbers itself: rows of Tables 2 and 3."""
    wanted = ("SORT", "DeepSORT", "OC-SORT", "ByteTrack", "SMOTer")
    return tuple(one for one in methods() if one.run.split()[0] in wanted)


def fusions() -> tuple[Evaluation, ...]:
    """Table 4: ways of fusing the video (its caption) and trajectories (the other columns)."""
    return tuple(_evaluation(name, _words_and_verbs(row)) for name, row in _TABLE_4.items())


def thresholds() -> tuple[Evaluation, ...]:
    """Table 5: the score below which proposals are dropped."""
    return tuple(
        _evaluation(f"tau {threshold}", _fractions(dict(zip(_TABLE_5_KEYS, row, strict=True))))
        for threshold, row in _TABLE_5.items()
    )


def _evaluation(name: str, values: Mapping[str, float]) -> Evaluation:
    cells = tuple(Cell(values[column.key]) if column.key in values else Cell(None, _NOT_PRINTED) for column in COLUMNS)
    return Evaluation(f"{name} (paper)", "official", COLUMNS, Row("all", cells), (), notes=(_SOURCE,))


def _tracking(row: Sequence[float]) -> dict[str, float]:
    return _fractions({f"tracking/{name}": value for name, value in zip(_TRACKING, row, strict=True)})


def _fractions(values: dict[str, float]) -> dict[str, float]:
    """The paper's per cent as fractions."""
    percent = {column.key for column in COLUMNS if column.percent}
    return {key: value / 100 if key in percent else value for key, value in values.items()}


def _words_and_verbs(row: tuple[Sequence[float], Sequence[float], Sequence[float]]) -> dict[str, float]:
    groups = zip(("video", "instance", "interactions"), (_WORDS, _WORDS, _VERBS), row, strict=True)
    return {
        f"{group}/{name}": value for group, names, cells in groups for name, value in zip(names, cells, strict=True)
    }
