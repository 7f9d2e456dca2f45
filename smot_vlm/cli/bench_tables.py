"""How `smot-vlm bench` shows its figures: a table a kind of record, the columns that a reader compares."""

from collections.abc import Callable, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from rich.box import SIMPLE
from rich.table import Table

from smot_vlm.cli.console import output

Format = Callable[[Any], str]


def text(value: Any) -> str:
    """Numbers to three digits, dictionaries as a list.

    Args:
        value: Of a record's field.
    """
    if value is None:
        return "not known"
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"
    if isinstance(value, dict):
        return ", ".join(f"{key} {text(entry)}" for key, entry in value.items())
    return str(value)


def percent(value: float) -> str:
    """Format a share of 1.

    Args:
        value: From 0 to 1.
    """
    return f"{100 * value:.1f} %"


def share(value: float | None) -> str:
    """Format a measure of 0 to 1 as papers do, per cent without the sign; a dash where it is not known.

    Args:
        value: From 0 to 1, or None.
    """
    return "-" if value is None else f"{100 * value:.1f}"


def times(value: float) -> str:
    """Format a ratio.

    Args:
        value: Such as 1.5 for "1.50x".
    """
    return f"{value:.2f}x"


# Kind of record -> its columns: (field, heading, how it is written). Kinds that are not here show every field.
COLUMNS: dict[str, list[tuple[str, str, Format]]] = {
    "AssociationTiming": [
        ("associator", "associator", text),
        ("implementation", "implementation", text),
        ("video", "video", text),
        ("people", "boxes a frame", text),
        ("median_milliseconds", "ms a frame", text),
        ("ratio", "of ours", times),
        ("hota", "HOTA", share),
        ("switches", "switches", text),
        ("agreement", "with ours", share),
        ("is_peer", "a peer", text),
    ],
    "LinkingScore": [
        ("set", "set", text),
        ("associator", "associator", text),
        ("fps", "frames a second", text),
        ("videos", "videos", text),
        ("hota", "HOTA", share),
        ("association", "AssA", share),
        ("idf1", "IDF1", share),
        ("switches", "switches", text),
        ("milliseconds", "ms a frame", text),
    ],
    "EvaluationCost": [
        ("engine", "engine", text),
        ("sequences", "sequences", text),
        ("seconds", "s", text),
        ("cpu_seconds", "CPU s", text),
        ("peak_megabytes", "peak MB", text),
        ("meteor_processes", "METEOR processes", text),
        ("cells", "cells", text),
        ("largest_difference", "largest difference", text),
    ],
    "FusionTiming": [
        ("module", "module", text),
        ("fusion", "fusion", text),
        ("work", "work", text),
        ("milliseconds", "ms", text),
        ("floor_milliseconds", "floor ms", text),
        ("megaflops", "MFLOP", text),
        ("memory_kilobytes", "memory kB", text),
        ("spread", "spread", percent),
    ],
    "ReadingTiming": [
        ("reader", "reader", text),
        ("frames", "frames", text),
        ("seconds", "seconds", text),
        ("of_decoding", "of PyAV's decoding", times),
        ("of_rgb_loop", "of PyAV to RGB", times),
        ("growth_megabytes", "growth MB", text),
    ],
    "DecoderTiming": [
        ("decoder", "decoder", text),
        ("way", "way", text),
        ("batch", "batch", text),
        ("captions_a_second", "captions/s", text),
        ("seconds_a_caption", "s a caption", text),
        ("floor_seconds_a_caption", "floor s", text),
        ("ratio_to_floor", "of floor", times),
        ("spread", "spread", percent),
    ],
    "StepTiming": [
        ("batch", "batch", text),
        ("what", "one word of lora-lm", text),
        ("milliseconds", "ms", text),
        ("ratio_to_floor", "of floor", times),
    ],
    "VideoTiming": [
        ("people", "people a video", text),
        ("captions", "captions", text),
        ("words", "words each", text),
        ("first_word_seconds", "s to first word", text),
        ("seconds", "s a video", text),
    ],
    "PartTiming": [
        ("phase", "pass", text),
        ("part", "part", text),
        ("seconds", "s", text),
        ("share", "share", percent),
        ("spread", "spread", percent),
    ],
    "CorpusRun": [
        ("workers", "workers", text),
        ("together", "at once", text),
        ("seconds", "s", text),
        ("loading_seconds", "loading", text),
        ("videos_an_hour", "videos/h", text),
        ("ratio", "speed", times),
        ("cpu_ratio", "by CPU", times),
        ("idle", "idle", percent),
        ("overhead", "overhead", percent),
        ("cpu_overhead", "by CPU", percent),
    ],
    "StageCost": [
        ("part", "part", text),
        ("seconds", "s a video", text),
        ("share", "share", percent),
        ("fixed_seconds", "s, fixed", text),
        ("per_second", "s a second", text),
    ],
    "CorpusPlan": [
        ("videos", "videos", text),
        ("minutes", "minutes", text),
        ("days", "days", text),
        ("seconds_a_video", "s a video", text),
        ("workers_a_machine", "workers", text),
        ("efficiency", "efficiency", percent),
        ("videos_an_hour", "videos/h a machine", text),
        ("machines", "machines", text),
        ("days_needed", "days needed", text),
    ],
    "SimulatedRun": [
        ("workers", "workers", text),
        ("videos", "videos", text),
        ("predicted_seconds", "s predicted", text),
        ("seconds", "s", text),
        ("error", "error", percent),
    ],
    "LiveTiming": [
        ("words", "words", text),
        ("rate", "camera fps", text),
        ("delivered_fps", "boxes fps", text),
        ("frames", "frames", text),
        ("dropped", "dropped", text),
        ("lag", "lag s", text),
        ("longest_lag", "longest", text),
        ("people", "people", text),
        ("described", "described", text),
        ("captions", "captions", text),
        ("behind", "behind s", lambda value: "" if value is None else text(value)),
        ("busiest", "busiest part", text),
    ],
    "TrainTiming": [
        ("part", "part", text),
        ("seconds", "s", text),
        ("share", "share", percent),
        ("tokens_per_second", "tokens/s", lambda value: "" if value is None else text(value)),
    ],
}
# Fields that may take several lines, so that the others need not.
LONG = ("work", "way", "what", "video")
# Fields of single records that are shares of 1.
SHARES = ("overhead", "overhead_without_features", "overhead_with_writing", "share", "spread", "data_wait", "mfu")


def show(title: str, result: Any) -> None:
    """Records of one kind as a table; a single record as a line a field, with tables for the records inside it.

    Args:
        title: Over the table.
        result: What a benchmark returned.
    """
    if isinstance(result, list | tuple):
        _show_rows(title, result)
        return
    table = Table(title=title, title_justify="left", show_header=False, box=SIMPLE)
    inner = []
    for field in fields(result):
        value = getattr(result, field.name)
        if value == ():
            continue
        if isinstance(value, tuple) and is_dataclass(value[0]):
            inner.append((f"{title}: {field.name}", value))
        else:
            written = percent(value) if field.name in SHARES and value is not None else text(value)
            table.add_row(_heading(field.name), written)
    output.print(table)
    for name, rows in inner:
        _show_rows(name, rows)


def _show_rows(title: str, rows: Sequence[Any]) -> None:
    table = Table(title=title, title_justify="left", box=SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
    columns = COLUMNS.get(type(rows[0]).__name__) or [
        (field.name, _heading(field.name), text) for field in fields(rows[0])
    ]
    for name, heading, _ in columns:
        is_word = isinstance(getattr(rows[0], name), str)
        table.add_column(
            heading, justify="left" if is_word else "right", overflow="fold", no_wrap=is_word and name not in LONG
        )
    for row in rows:
        table.add_row(*(written(getattr(row, name)) for name, _, written in columns))
    output.print(table)


def _heading(name: str) -> str:
    return name.replace("_", " ")
