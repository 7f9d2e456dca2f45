"""Read BenSMOT with its captions and interactions in three combined JSON files next to the folders of frames and boxes."""

import logging
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from smot_vlm.data.annotation_matching import canonical_verbs
from smot_vlm.data.bensmot import BenSmotSequence, find_sequences, read_sequence, sequence_name
from smot_vlm.data.kept_tracks import drop_unseen
from smot_vlm.formats.combined_json import (
    CAPTIONS_JSON,
    RELATIONS_JSON,
    SUMMARIES_JSON,
    VideoAnnotations,
    read_combined,
)
from smot_vlm.formats.documents import shown
from smot_vlm.formats.flaws import Flaw
from smot_vlm.formats.losses import Loss, log_losses
from smot_vlm.formats.sequence_files import default_names
from smot_vlm.structures import Interaction

# Python converts no more than 4300 digits.
_TRACK_ID = re.compile("-?[0-9]{1,4000}")

logger = logging.getLogger(__name__)


class BenSmotJson:
    """The sequences of one split: frames and boxes from ROOT/SPLIT/SCENARIO/SEQUENCE, captions from ROOT/*.json.

    Annotation files in the folders are not read. Flaws of a video's entry, and what it lacks, are logged. The accepted
    forms are listed in `formats.combined_json`.

    Args:
        root: of the data set.
        split: train, val or test.
        strict: raise at the first flaw.

    Raises:
        FileNotFoundError: no such folder or split, or none of the three files.
        ValueError: a split without a sequence, or a file whose content is wrong.
    """

    def __init__(self, root: Path | str, split: str, strict: bool = False) -> None:
        self.root = Path(root)
        self.split = split
        self.strict = strict
        self.folders = find_sequences(self.root, split)
        self.words = read_combined(self.root)

    def __len__(self) -> int:
        return len(self.folders)

    def __getitem__(self, index: int) -> BenSmotSequence:
        """Read one sequence, see `read_sequence`; with `strict`, a ValueError for a wrong or missing entry."""
        sequence, losses = self.read(index)
        if self.strict and losses:
            raise ValueError(losses[0].message)
        log_losses(losses, logger)
        return sequence

    def read(self, index: int) -> tuple[BenSmotSequence, tuple[Loss, ...]]:
        """Read one sequence, with what was left out of it.

        Args:
            index: of the sequence.

        Returns:
            The sequence without boxes that have no image, and what its entries lack or say wrongly.

        Raises:
            FileNotFoundError, ValueError: see `read_sequence`.
        """
        folder = self.folders[index]
        words = self.words.of(self._keys(folder))
        sequence, flaws = add_annotations(read_sequence(folder, words=False), words)
        found = [Loss(flaw.kind, f"{sequence.name}: {flaw.message}") for flaw in flaws]
        found += _missing_words(sequence, words, self.words.tables)
        sequence, unseen = drop_unseen(sequence)
        return sequence, (*found, *unseen)

    def __iter__(self) -> Iterator[BenSmotSequence]:
        return (self[index] for index in range(len(self)))

    @property
    def keys(self) -> tuple[str, ...]:
        """Every name under which the JSON files may list a sequence of this split."""
        return tuple(key for folder in self.folders for key in self._keys(folder))

    @property
    def names(self) -> tuple[str, ...]:
        """scenario/sequence of every sequence, in order."""
        return tuple(sequence_name(folder) for folder in self.folders)

    def _keys(self, folder: Path) -> tuple[str, str, str]:
        name = sequence_name(folder)
        return name, f"{self.split}/{name}", folder.name


def add_annotations(sequence: BenSmotSequence, words: VideoAnnotations) -> tuple[BenSmotSequence, tuple[Flaw, ...]]:
    """Add captions and interactions to a sequence.

    Args:
        sequence: stays as it is.
        words: of this video.

    Returns:
        The annotated copy, and what did not fit: captions and relations of people who have no track.
    """
    ids = [track.id for track in sequence.tracks]
    flaws = list(words.flaws)
    id_of = _ids_of_keys([key for key, _ in words.captions], ids, flaws)
    text_of = {id_of[key]: text for key, text in words.captions if key in id_of}
    interactions = _interactions(words, {**{str(track_id): track_id for track_id in ids}, **id_of}, flaws)
    annotated = replace(
        sequence,
        tracks=tuple(replace(track, caption=text_of.get(track.id, "")) for track in sequence.tracks),
        names=tuple(default_names(len(ids))),
        interactions=interactions,
        caption=words.summary,
    )
    return annotated, tuple(flaws)


def _ids_of_keys(keys: list[str], ids: list[int], flaws: list[Flaw]) -> dict[str, int]:
    """Keys that are track ids name them; where any other key is there, the i-th key is the i-th id."""
    if all(_TRACK_ID.fullmatch(key.strip()) for key in keys):
        found = {key: int(key) for key in keys if int(key) in ids}
    else:
        found = dict(zip(keys, ids, strict=False))
    for track_id, count in Counter(found.values()).items():
        if count > 1:
            message = f"{CAPTIONS_JSON} describes track {track_id} {count} times; the last caption counts"
            flaws.append(Flaw(0, "duplicate-entry", message))
    for key in keys:
        if key not in found:
            message = f"{CAPTIONS_JSON} describes person {shown(key)}, who has no track; tracks are {shown(ids)}"
            flaws.append(Flaw(0, "caption-without-id", message))
    return found


def _missing_words(
    sequence: BenSmotSequence, words: VideoAnnotations, tables: Mapping[str, Mapping[str, Any]]
) -> Iterator[Loss]:
    """What the files that are there do not say of a sequence. A video without an entry of relations has none."""
    if set(words.absent) == set(tables):
        yield Loss("video-without-words", f"{sequence.name}: no entry in {', '.join(words.absent)}")
        return
    if SUMMARIES_JSON in tables and not words.summary:
        yield Loss("video-without-caption", f"{sequence.name}: {SUMMARIES_JSON} has no caption of this video")
    silent = [track.id for track in sequence.tracks if not track.caption]
    if CAPTIONS_JSON in tables and silent:
        told = ", ".join(map(str, silent[:8])) + (" ..." if len(silent) > 8 else "")
        message = f"{sequence.name}: {CAPTIONS_JSON} has no caption of {len(silent)} of {len(sequence.tracks)} people ({told})"
        yield Loss("person-without-caption", message, len(silent))


def _interactions(words: VideoAnnotations, id_of: dict[str, int], flaws: list[Flaw]) -> tuple[Interaction, ...]:
    found: dict[Interaction, None] = {}
    for subject, target, labels in words.relations:
        unknown = [key for key in (subject, target) if key not in id_of]
        if unknown or id_of[subject] == id_of[target]:
            kind = "unknown-node" if unknown else "self-interaction"
            message = f"{RELATIONS_JSON}: {subject}-{target} needs two people of this video"
            flaws.append(Flaw(0, kind, message))
            continue
        verbs, messages = canonical_verbs(labels)
        flaws += [Flaw(0, "unknown-verb", f"{RELATIONS_JSON}: {subject}-{target}: {text}") for text in messages]
        found.update((Interaction(id_of[subject], verb, id_of[target]), None) for verb in verbs)
    return tuple(found)
