"""BenSMOT's combined annotations: `instance_caption.json`, `video_summary.json`, `relation.json` for all videos at once.

    instance_caption.json  {"scenario/sequence": {"1": "A man ...", "2": "A woman ..."}, ...}
    video_summary.json     {"scenario/sequence": "Two people ...", ...}
    relation.json          {"scenario/sequence": {"1-2": "look.v.01", "2-1": ["talk.v.01", "smile.v.01"]}, ...}

Also accepted: the key of a video as `sequence` or `split/scenario/sequence`; captions as a list in the order of the
ids, or under other keys (`man0`) in that order; several verbs in one text, separated by commas; a missing file.
"""

import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from smot_vlm.formats.checked import is_text
from smot_vlm.formats.documents import read_json, shown
from smot_vlm.formats.flaws import Flaw, one_line

CAPTIONS_JSON = "instance_caption.json"
SUMMARIES_JSON = "video_summary.json"
RELATIONS_JSON = "relation.json"
COMBINED_FILES = (CAPTIONS_JSON, SUMMARIES_JSON, RELATIONS_JSON)
# Thousands of videos, each with a few hundred words.
LARGEST_COMBINED = 256 * 2**20
_HINTED = 20


@dataclass(frozen=True)
class VideoAnnotations:
    """The captions and relations of one video.

    Attributes:
        summary: caption of the video.
        captions: (key, text) in file order.
        relations: (subject key, object key, verb labels).
        flaws: entries of the wrong type, of the kind `malformed-entry`.
        absent: those of the files there that have no entry of the video.
    """

    summary: str = ""
    captions: tuple[tuple[str, str], ...] = ()
    relations: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    flaws: tuple[Flaw, ...] = ()
    absent: tuple[str, ...] = ()


@dataclass(frozen=True)
class CombinedAnnotations:
    """The files as they were read, one entry a video.

    Attributes:
        tables: content of each file that is there, by its name; keys in Unicode's composed form (NFC).
        flaws: names that are there in several Unicode forms, of the kind `duplicate-entry`.
    """

    tables: Mapping[str, Mapping[str, Any]]
    flaws: tuple[Flaw, ...] = ()

    def of(self, keys: Iterable[str]) -> VideoAnnotations:
        """Select one video.

        Args:
            keys: its possible names, in any Unicode form; in each file the first that exists counts.

        Returns:
            Its annotations.
        """
        names = tuple(map(composed, keys))
        flaws: list[Flaw] = []
        return VideoAnnotations(
            _text(self._first(SUMMARIES_JSON, names, ""), SUMMARIES_JSON, flaws),
            _captions(self._first(CAPTIONS_JSON, names, {}), flaws),
            _relations(self._first(RELATIONS_JSON, names, {}), flaws),
            tuple(flaws),
            tuple(file for file, table in self.tables.items() if not any(name in table for name in names)),
        )

    def left_over(self, keys: Collection[str]) -> tuple[Flaw, ...]:
        """List the entries that belong to no video.

        Args:
            keys: all possible names of all videos, in any Unicode form.

        Returns:
            One flaw an entry, of the kind `entry-without-video`.
        """
        known = set(map(composed, keys))
        files: dict[str, list[str]] = {}
        for file, table in self.tables.items():
            for key in table:
                if key not in known:
                    files.setdefault(key, []).append(file)
        # Comparing with every name takes long where whole splits are left over, and then no name is mistyped.
        near = known if len(files) <= _HINTED else set()
        return tuple(Flaw(0, "entry-without-video", _stranger(key, files[key], near)) for key in files)

    def _first(self, file: str, keys: tuple[str, ...], default: Any) -> Any:
        table = self.tables.get(file, {})
        return next((table[key] for key in keys if key in table), default)


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
    flaws: list[Flaw] = []
    tables = {name: _read_object(root / name, flaws) for name in COMBINED_FILES if (root / name).is_file()}
    if not tables:
        raise FileNotFoundError(f"{root}: none of {', '.join(COMBINED_FILES)}; give the folder that holds them")
    return CombinedAnnotations(tables, tuple(flaws))


def composed(name: str) -> str:
    """A name in Unicode's composed form, in which the same name is always the same text.

    Args:
        name: of a file or an entry.

    Returns:
        The name in NFC.
    """
    return unicodedata.normalize("NFC", name)


def _read_object(path: Path, flaws: list[Flaw]) -> dict[str, Any]:
    content = read_json(path, LARGEST_COMBINED)
    if not isinstance(content, dict):
        raise ValueError(f"{path}: {shown(content)}; give an object with one entry a video")
    names = Counter(map(composed, content))
    flaws += [
        Flaw(0, "duplicate-entry", f"{path.name}: {shown(name)} is there in several Unicode forms; the last counts")
        for name, count in names.items()
        if count > 1
    ]
    return {composed(key): value for key, value in content.items()}


def _stranger(key: str, files: list[str], known: Collection[str]) -> str:
    near = get_close_matches(key, known, n=1, cutoff=0.8)
    hint = f"; the nearest name is {near[0]!r}" if near else ""
    return f"entry {shown(key)} of {', '.join(files)} belongs to no sequence{hint}"


def _text(value: Any, place: str, flaws: list[Flaw]) -> str:
    if isinstance(value, str) and is_text(value):
        return one_line(value)
    flaws.append(_malformed(f"{place} holds {shown(value)} where a text belongs"))
    return ""


def _captions(value: Any, flaws: list[Flaw]) -> tuple[tuple[str, str], ...]:
    if isinstance(value, list):
        value = {f"#{place}": text for place, text in enumerate(value)}
    if not isinstance(value, dict):
        flaws.append(_malformed(f"{CAPTIONS_JSON} holds {shown(value)} where captions belong"))
        return ()
    return tuple((key, _text(text, f"{CAPTIONS_JSON}: person {shown(key)}", flaws)) for key, text in value.items())


def _relations(value: Any, flaws: list[Flaw]) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    if not isinstance(value, dict):
        flaws.append(_malformed(f"{RELATIONS_JSON} holds {shown(value)} where relations belong"))
        return ()
    found = []
    for pair, verbs in value.items():
        subject, dash, target = pair.partition("-")
        labels = [verbs] if isinstance(verbs, str) else verbs
        if (
            not dash
            or not isinstance(labels, list)
            or not all(isinstance(label, str) and is_text(label) for label in labels)
        ):
            flaws.append(_malformed(f'{RELATIONS_JSON} holds {shown({pair: verbs})}; write "1-2": "look.v.01"'))
            continue
        split = tuple(one_line(part) for label in labels for part in label.replace(";", ",").split(",") if part.strip())
        found.append((subject.strip(), target.strip(), split))
    return tuple(found)


def _malformed(message: str) -> Flaw:
    return Flaw(0, "malformed-entry", message)
