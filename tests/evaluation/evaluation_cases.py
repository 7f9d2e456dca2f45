"""A small invented truth, the perfect prediction of it, and faults planted into that prediction."""

from dataclasses import replace

import numpy as np

from smot_vlm.evaluation.sequence_pairs import SequencePrediction, SequenceTruth
from smot_vlm.structures import Interaction, Trajectory

FRAMES = 20
CAPTIONS = {
    1: "A man in a red shirt walks across the square and talks to a woman near the fountain.",
    2: "A woman with a green umbrella waits by the fountain, listens and then laughs out loud.",
    3: "An old man pushes his bicycle slowly past the two people without looking at them.",
    4: "A girl in a yellow dress runs to her mother and hugs her tightly for a while.",
    5: "The mother kneels on the grass, opens both arms and lifts her daughter up high.",
}
VIDEO_CAPTIONS = {
    "square/one": "Two people talk at a fountain while a third one passes by with a bicycle.",
    "park/two": "A girl runs over the grass into the arms of her mother, who lifts her up.",
}


def track(track_id: int, x: float, caption: str = "", frames: range = range(FRAMES), y: float = 50.0) -> Trajectory:
    """A person of 40 x 100 pixels who walks to the right."""
    index = np.array(frames)
    left = x + 2.0 * index
    boxes = np.stack([left, np.full(len(index), y), left + 40, np.full(len(index), y + 100)], axis=1)
    return Trajectory(track_id, index, boxes, np.ones(len(index)), caption)


def truths() -> list[SequenceTruth]:
    return [
        SequenceTruth(
            "square/one",
            (track(1, 100, CAPTIONS[1]), track(2, 300, CAPTIONS[2]), track(3, 500, CAPTIONS[3])),
            (Interaction(1, "talk.v.01", 2), Interaction(2, "look.v.01", 1)),
            VIDEO_CAPTIONS["square/one"],
            FRAMES,
        ),
        SequenceTruth(
            "park/two",
            (track(4, 100, CAPTIONS[4]), track(5, 300, CAPTIONS[5])),
            (Interaction(4, "embrace.v.02", 5), Interaction(5, "talk.v.01", 4)),
            VIDEO_CAPTIONS["park/two"],
            FRAMES,
        ),
    ]


def perfect() -> list[SequencePrediction]:
    """All that is true, under other ids and in another order."""
    return [
        SequencePrediction(
            truth.name,
            tuple(replace(one, id=one.id + 10) for one in reversed(truth.tracks)),
            tuple(Interaction(edge.subject + 10, edge.verb, edge.object + 10, 0.9) for edge in truth.interactions),
            truth.caption,
        )
        for truth in reversed(truths())
    ]


def empty() -> list[SequencePrediction]:
    return [SequencePrediction(truth.name) for truth in truths()]


def change(name: str, **fields) -> list[SequencePrediction]:
    """The perfect prediction with fields of one sequence replaced."""
    return [replace(one, **fields) if one.name == name else one for one in perfect()]


def sequence(name: str) -> SequencePrediction:
    return next(one for one in perfect() if one.name == name)


def id_switch() -> list[SequencePrediction]:
    """Person 3 has a new id in the last five frames; both parts have the right caption."""
    kept = [one for one in sequence("square/one").tracks if one.id != 13]
    parts = [track(13, 500, CAPTIONS[3], range(15)), track(99, 500, CAPTIONS[3], range(15, FRAMES))]
    return change("square/one", tracks=(*kept, *parts))


def lost_track() -> list[SequencePrediction]:
    """Person 3, who has no interaction, is missing."""
    return change("square/one", tracks=tuple(one for one in sequence("square/one").tracks if one.id != 13))


def lost_partner() -> list[SequencePrediction]:
    """Person 2 is missing, and with it both interactions."""
    kept = tuple(one for one in sequence("square/one").tracks if one.id != 12)
    return change("square/one", tracks=kept, interactions=())


def swapped_captions() -> list[SequencePrediction]:
    """Persons 4 and 5 have each other's caption."""
    captions = {14: CAPTIONS[5], 15: CAPTIONS[4]}
    return change(
        "park/two", tracks=tuple(replace(one, caption=captions[one.id]) for one in sequence("park/two").tracks)
    )


def reversed_interaction() -> list[SequencePrediction]:
    """The girl is hugged in place of hugging."""
    edges = (Interaction(15, "embrace.v.02", 14, 0.9), Interaction(15, "talk.v.01", 14, 0.9))
    return change("park/two", interactions=edges)


def duplicated_track() -> list[SequencePrediction]:
    """Person 3 is there twice, the second time a little to the side."""
    twin = track(99, 505, CAPTIONS[3])
    return change("square/one", tracks=(*sequence("square/one").tracks, twin))


def wrong_video_caption() -> list[SequencePrediction]:
    return change("park/two", caption="A dog sleeps.")


def moved_boxes() -> list[SequencePrediction]:
    """Every box of person 3 is a little too far right: IoU 0.78 and too little for the strictest thresholds."""
    kept = [one for one in sequence("square/one").tracks if one.id != 13]
    return change("square/one", tracks=(*kept, track(13, 505, CAPTIONS[3])))
