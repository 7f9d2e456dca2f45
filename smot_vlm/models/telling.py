"""From what a voice remembers of people to words about them: captions, interactions with their times, attributes, clauses."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from smot_vlm.language.agreement import agreed
from smot_vlm.language.completion import completed
from smot_vlm.language.confirmation import confirmed
from smot_vlm.language.pointing import with_clauses
from smot_vlm.models.caption_times import clause_texts, with_segments
from smot_vlm.models.interactions import find_interactions, relations_of
from smot_vlm.models.moments import Moments
from smot_vlm.models.voice import Voice
from smot_vlm.structures import WITHHELD, Description
from smot_vlm.system.timing import PartTimes


def put_into_words(silent: Description, speaker: Voice, times: PartTimes, *, has_own_verbs: bool) -> Description:
    """Describe the people of a video.

    Args:
        silent: with their trajectories, and how far words about each are to be trusted.
        speaker: what it remembers is told.
        times: books the seconds of fusion, verbs and language.
        has_own_verbs: phrases of the user's are asked about, which captions do not tell.

    Returns:
        The description; captions agree with its interactions. Without people there is nothing to say, and nothing either
        where the model would only guess.
    """
    if silent.words == WITHHELD or not silent.tracks:
        return silent
    model, ids = speaker.model, [track.id for track in silent.tracks]
    with times.part("fusion"):
        fused = model.fuse_memory(speaker.memory, ids)
    silent = speaker.trusted(silent, fused)
    tracks = silent.tracks
    with times.part("verbs"):
        settings = speaker.config.interaction
        found = find_interactions(speaker.verbs, fused, tracks, settings, model.device, silent.video)
    with times.part("language"):
        caption, captions = model.describe(fused, relations_of(found.certain, tracks, speaker.verbs))
    stated = {track.id: text for track, text in zip(tracks, captions, strict=True) if track.words != WITHHELD}
    found = found.between(stated)
    seen = {number: values for number, values in zip(ids, model.attributes(fused), strict=False) if number in stated}
    people = tuple(replace(track, attributes=seen.get(track.id, ())) for track in tracks)
    told = replace(silent, tracks=people, interactions=found.certain).with_captions(caption, stated)
    if not has_own_verbs:  # phrases are no senses; what captions tell cannot be compared with them
        compose = speaker.config.decoder.compose_video_caption
        told = agreed(confirmed(told, found.possible), compose=compose, place=speaker.place())
    with times.part("language"):
        timed = _timed(told, speaker, fused, found.moments)
        least = speaker.config.decoder.add_deeds_from
        if least is not None and not has_own_verbs:
            fuller = completed(timed, least)
            timed = timed if fuller == timed else _timed(fuller, speaker, fused, found.moments)
        return with_clauses(timed)


def _timed(told: Description, speaker: Voice, fused: Any, verbs: Mapping[tuple[int, int], Moments]) -> Description:
    """A description with the times of its captions' clauses."""
    words = speaker.model.word_moments(fused, clause_texts(told.tracks))
    return with_segments(told, words, verbs, speaker.verbs.labels)
