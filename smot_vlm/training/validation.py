"""Validation during training: unseen sequences, described end to end from their frames alone."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from smot_vlm.config import Config
from smot_vlm.data.sequences import AnnotatedSequence
from smot_vlm.evaluation.caption_rows import predicted_captions
from smot_vlm.evaluation.fact_scores import chance_recall, score_caption, sum_scores
from smot_vlm.evaluation.frame_boxes import layout_of
from smot_vlm.evaluation.matching import match_one_to_one
from smot_vlm.evaluation.results import Part
from smot_vlm.evaluation.sequence_pairs import Pair, SequencePrediction, SequenceTruth
from smot_vlm.evaluation.strict_interactions import collect_triplets, interactions_part
from smot_vlm.evaluation.tracking import tracking_part
from smot_vlm.language.fact_records import TrackFacts
from smot_vlm.models.smot import SmotModel
from smot_vlm.predict import describe_sequence
from smot_vlm.structures import Description
from smot_vlm.structures.open_annotations import BOXES, INTERACTIONS
from smot_vlm.synthetic import read_facts
from smot_vlm.system.processes import ALONE, Processes
from smot_vlm.tracker import Tracker


@dataclass(frozen=True)
class Validation:
    """Scores in 0 to 1, strict protocol, everything predicted. NaN where the data cannot tell.

    Attributes:
        hota: of the tracks.
        det_a: of the tracks.
        ass_a: of the tracks.
        fact_recall: facts of all true people that the captions state; a missed person states nothing.
        swapped_recall: the same captions given to other people.
        chance_recall: true captions given to other people.
        verb_f1: micro-F1 of triplets over all ordered pairs.
        fact_recalls: by category of fact.
    """

    hota: float
    det_a: float
    ass_a: float
    fact_recall: float
    swapped_recall: float
    chance_recall: float
    verb_f1: float
    fact_recalls: dict[str, float]

    @property
    def score(self) -> float:
        """One number to choose the best weights by: the mean of what is known of HOTA, fact recall and verb F1."""
        return float(np.nanmean([self.hota, self.fact_recall, self.verb_f1]))

    def by(self, name: str) -> float:
        """The score that chooses the best weights.

        Args:
            name: "score", or one of those that it is the mean of.

        Returns:
            In 0 to 1; NaN where the data cannot tell.
        """
        return float(getattr(self, name))

    def flat(self) -> dict[str, float]:
        """Every score by name, for logs."""
        values = asdict(self)
        by_category = values.pop("fact_recalls")
        return (
            values
            | {f"fact_recall_{category}": value for category, value in by_category.items()}
            | {"score": self.score}
        )


def validate(
    model: SmotModel,
    config: Config,
    sequences: Sequence[AnnotatedSequence],
    words: bool = True,
    processes: Processes = ALONE,
    on_description: Callable[[AnnotatedSequence, Description], None] = lambda *_: None,
) -> Validation:
    """Describe sequences and compare with the truth; the model is in evaluation mode meanwhile.

    Args:
        model: in training.
        config: its configuration.
        sequences: that are not trained on, the same in every process.
        words: false while captions are not trained yet, so that none is written.
        processes: that share the sequences.
        on_description: called with each sequence of this process and what is said of it.

    Returns:
        The scores, in every process.
    """
    places = processes.share(range(len(sequences)))
    own = [sequences[place] for place in places]
    pairs = []
    for place, sequence, said in zip(places, own, describe_each(model, config, own, words), strict=True):
        on_description(sequence, said)
        pairs.append((place, pair_of(sequence, said), sequence.unknown))
    # In the order of the sequences: captions are compared with those of the next people too.
    pairs = sorted(processes.gather(pairs), key=lambda entry: entry[0])
    return score([pair for _, pair, _ in pairs], [unknown for _, _, unknown in pairs])


def pair_of(sequence: AnnotatedSequence, said: Description) -> Pair:
    """The truth of a sequence beside what is said of it.

    Args:
        sequence: the truth.
        said: the prediction.

    Returns:
        Both, for `score`.
    """
    truth = SequenceTruth(
        sequence.name, sequence.tracks, sequence.interactions, sequence.caption, len(sequence), sequence.facts
    )
    return Pair(truth, SequencePrediction(sequence.name, said.tracks, said.interactions, said.caption))


def describe_each(
    model: SmotModel, config: Config, sequences: Iterable[AnnotatedSequence], words: bool = True
) -> Iterator[Description]:
    """Describe sequences, with the model in evaluation mode meanwhile.

    Args:
        model: in training.
        config: its configuration.
        sequences: whose frames alone are looked at.
        words: write captions.

    Yields:
        A description a sequence.
    """
    training, longest = model.training, model.decoder.max_new_tokens
    model.eval()
    model.decoder.max_new_tokens = longest if words else 1
    try:
        tracker = Tracker(model, config, allow_untrained=True)
        for sequence in sequences:
            yield describe_sequence(tracker, sequence)
    finally:
        model.decoder.max_new_tokens = longest
        model.train(training)


def score(pairs: list[Pair], unknown: Sequence[frozenset[str]] | None = None) -> Validation:
    """Score descriptions; facts only where they are known.

    Args:
        pairs: truth and prediction of each sequence.
        unknown: what each leaves open, of `open_annotations.UNKNOWN`; None: nothing. Tracks are not judged where people
            stand about without boxes, nor verbs where there may be other interactions than those listed.

    Returns:
        The scores.
    """
    unknown = [frozenset()] * len(pairs) if unknown is None else unknown
    boxed, linked = (np.array([name not in own for own in unknown], float) for name in (BOXES, INTERACTIONS))
    matches = [match_one_to_one(pair.truth.tracks, pair.prediction.tracks) for pair in pairs]
    tracking = _by_name(tracking_part([layout_of(pair) for pair in pairs]), boxed)
    verbs = _by_name(interactions_part(collect_triplets(pairs, matches)), linked)
    known: list[TrackFacts] = []
    told: list[str] = []
    true: list[str] = []
    for pair, match in zip(pairs, matches, strict=True):
        said = predicted_captions(pair, match)
        caption = {track.id: track.caption for track in pair.truth.tracks}
        people = [person for person in pair.truth.facts.tracks if person.id in caption] if pair.truth.facts else []
        known += people
        told += [said.get(person.id, "") for person in people]
        true += [caption[person.id] for person in people]
    scores = sum_scores(score_caption(facts, caption, read_facts) for facts, caption in zip(known, told, strict=True))
    several = len(known) > 1
    return Validation(
        hota=tracking["HOTA"],
        det_a=tracking["DetA"],
        ass_a=tracking["AssA"],
        fact_recall=scores.recall,
        swapped_recall=chance_recall(known, told, read_facts) if several else float("nan"),
        chance_recall=chance_recall(known, true, read_facts) if several else float("nan"),
        verb_f1=verbs["F1"],
        fact_recalls={count.category: count.recall for count in scores.counts},
    )


def _by_name(part: Part, weights: np.ndarray) -> dict[str, float]:
    if not weights.any():
        return dict.fromkeys((column.name for column in part.columns), float("nan"))
    return {column.name: float(value) for column, value in zip(part.columns, part.score(weights), strict=True)}
