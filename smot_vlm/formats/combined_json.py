"""BenSMOT's combined annotations: `instance_caption.json`, `video_summary.json`, `relation.json` for all videos at once.

    instance_caption.json  {"scenario/sequence": {"1": "A man ...", "2": "A woman ..."}, ...}
    video_summary.json     {"scenario/sequence": "Two people ...", ...}
    relation.json          {"scenario/sequence": {"1-2": "look.v.01", "2-1": ["talk.v.01", "smile.v.01"]}, ...}

Also accepted: the key of a video as `sequence` or `split/scenario/sequence`; captions as a list in the order of the
ids, or under other keys (`man0`) in that order; several verbs in one text, separated by commas; a missing file.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smot_vlm.formats.flaws import Flaw, one_line

CAPTIONS_JSON = "instance_caption.json"
SUMMARIES_JSON = "video_summary.json"
RELATIONS_JSON = "relation.json"


@dataclass(frozen=True)
class VideoAnnotations:
    """The captions and relations of one video.

    Attributes:
        summary: caption of the video.
        captions: (key, text) in file order.
        relations: (subject key, object key, verb labels).
        flaws: entries of the wrong type, of the kind `malformed-entry`.
    """

    summary: str = ""
    captions: tuple[tuple[str, str], ...] = ()
    relations: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    flaws: tuple[Flaw, ...] = ()


@dataclass(frozen=True)
class CombinedAnnotations:
    """The three files as they were read, one entry a video.

    Attributes:
        captions: content of instance_caption.json.
        summaries: content of video_summary.json.
        relations: content of relation.json.
    """

    captions: Mapping[str, Any]
    summaries: Mapping[str, Any]
    relations: Mapping[str, Any]

    def of(self, keys: Iterable[str]) -> VideoAnnotations:
        """Select one video.

        Args:
            keys: its possible names; in each file the first that exists counts.

        Returns:
            Its annotations.
        """
        keys = tuple(keys)
        flaws: list[Flaw] = []
        return VideoAnnotations(
            _text(_first(self.summaries, keys, ""), SUMMARIES_JSON, flaws),
            _captions(_first(self.captions, keys, {}), flaws),
            _relations(_first(self.relations, keys, {}), flaws),
            tuple(flaws),
        )


def read_combined(root: Path) -> CombinedAnnotations:
    """Read the three files.

    Args:
        root: folder that holds them.

    Returns:
        Their content.

    Raises:
        FileNotFoundError: none of them exists.
        ValueError: not JSON, or not an object with one entry a video.
    """
    names = (CAPTIONS_JSON, SUMMARIES_JSON, RELATIONS_JSON)
    if not any((root / name).is_file() for name in names):
        raise FileNotFoundError(f"{root}: none of {', '.join(names)}; give the folder that holds them")
    captions, summaries, relations = (_read_object(root / name) for name in names)
    return CombinedAnnotations(captions, summaries, relations)


def _read_object(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: not JSON ({one_line(str(error))}); give BenSMOT's combined file") from None
    if not isinstance(content, dict):
        raise ValueError(f"{path}: a {type(content).__name__}; give an object with one entry a video")
    return content


def _first(table: Mapping[str, Any], keys: tuple[str, ...], default: Any) -> Any:
    return next((table[key] for key in keys if key in table), default)


def _text(value: Any, name: str, flaws: list[Flaw]) -> str:
    if isinstance(value, str):
        return one_line(value)
    flaws.append(_malformed(f"{name} holds {_short(value)} where a text belongs"))
    return ""


def _captions(value: Any, flaws: list[Flaw]) -> tuple[tuple[str, str], ...]:
    if isinstance(value, list):
        value = {f"#{place}": text for place, text in enumerate(value)}
    if not isinstance(value, dict):
        flaws.append(_malformed(f"{CAPTIONS_JSON} holds {_short(value)} where captions belong"))
        return ()
    return tuple((key, _text(text, CAPTIONS_JSON, flaws)) for key, text in value.items())


def _relations(value: Any, flaws: list[Flaw]) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    if not isinstance(value, dict):
        flaws.append(_malformed(f"{RELATIONS_JSON} holds {_short(value)} where relations belong"))
        return ()
    found = []
    for pair, verbs in value.items():
        subject, dash, target = pair.partition("-")
        labels = [verbs] if isinstance(verbs, str) else verbs
        if not dash or not isinstance(labels, list) or not all(isinstance(label, str) for label in labels):
            flaws.append(_malformed(f'{RELATIONS_JSON} holds {_short({pair: verbs})}; write "1-2": "look.v.01"'))
            continue
        split = tuple(one_line(part) for label in labels for part in label.replace(";", ",").split(",") if part.strip())
        found.append((subject.strip(), target.strip(), split))
    return tuple(found)


def _malformed(message: str) -> Flaw:
    return Flaw(0, "malformed-entry", message)


def _short(value: Any) -> str:
    return repr(value)[:60]
