"""From what a voice remembers of people to words about them: captions, interactions with their times, attributes, clauses."""

from dataclasses import replace
from functools import partial

from smot_vlm.language.agreement import agreed
from smot_vlm.language.completion import completed
from smot_vlm.language.confirmation import confirmed
from smot_vlm.language.pointing import with_clauses
from smot_vlm.language.sightings import with_sightings
from smot_vlm.models.caption_times import with_segments
from smot_vlm.models.deed_moments import TEXTS, seen_deeds
from smot_vlm.models.interactions import FoundInteractions, find_interactions, relations_of
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
        told = _agreed(confirmed(told, found.possible), speaker)
    with times.part("language"):
        deeds = model.word_moments(fused, [TEXTS] * len(told.tracks))
        told = with_segments(told, deeds, found.moments, speaker.verbs.labels)
        return with_clauses(told if has_own_verbs else _fuller(told, deeds, found, speaker))


def _fuller(told: Description, deeds: list[Moments], found: FoundInteractions, speaker: Voice) -> Description:
    """A description whose clauses have times, with what its captions left out.

    `deeds` are, of each person, the log-odds of all deeds at the observations; none where the model does not see when.
    """
    settings = speaker.config.decoder
    timed = partial(with_segments, deeds=deeds, verbs=found.moments, labels=speaker.verbs.labels)
    if settings.add_deeds_from is not None:
        told = timed(completed(told, settings.add_deeds_from))
    if settings.add_seen_deeds and deeds:
        seen = {track.id: seen_deeds(moments) for track, moments in zip(told.tracks, deeds, strict=True)}
        told = timed(_agreed(with_sightings(told, seen, found.possible), speaker))
    return told


def _agreed(told: Description, speaker: Voice) -> Description:
    return agreed(told, compose=speaker.config.decoder.compose_video_caption, place=speaker.place())
