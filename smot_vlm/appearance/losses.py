"""Losses of the appearance network, masked by what a source says of a person.

A value that is not said is never a "no": it only competes with the values that are said, of the same question.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

from smot_vlm.appearance.vocabulary import COLOUR_QUESTIONS, QUESTIONS, YES_NO_QUESTIONS
from smot_vlm.language.people_facts import PersonFacts


@dataclass(frozen=True, eq=False)
class AppearanceTargets:
    """What is said of the people of a batch.

    Attributes:
        said: for each question the values that are said; none where it is not answered.
        denied: for the questions of yes and no the values that are said not to be there.
        worn: colours of some clothing that no part of the body is said for.
    """

    said: dict[str, Bool[Tensor, "people values"]]
    denied: dict[str, Bool[Tensor, "people values"]]
    worn: Bool[Tensor, "people colours"]


def targets_of(people: Sequence[PersonFacts]) -> AppearanceTargets:
    """The targets of a batch.

    Args:
        people: what is said of each.

    Returns:
        As tensors on the CPU.
    """
    fields = {name: "has" if name == "attributes" else name for name in QUESTIONS}
    said = {name: _table([getattr(person, field) for person in people], name) for name, field in fields.items()}
    denied = {"attributes": _table([person.lacks for person in people], "attributes")}
    worn = [tuple(colour for colour in p.worn if colour not in (*p.upper, *p.lower)) for p in people]
    return AppearanceTargets(said, denied, _table(worn, "upper"))


def appearance_losses(
    logits: dict[str, Float[Tensor, "people values"]], targets: AppearanceTargets
) -> dict[str, Float[Tensor, ""]]:
    """The mean loss of each question over the people who have an answer to it.

    Args:
        logits: of the network.
        targets: of the same people.

    Returns:
        Question -> loss; zero where nobody has an answer. "worn" is the loss of colours of an unknown part.
    """
    losses = {}
    for name, values in logits.items():
        said = targets.said[name]
        if name in YES_NO_QUESTIONS:
            losses[name] = _yes_no(values, said, targets.denied[name])
        elif name == "kinds":
            losses[name] = _one_of(values.log_softmax(dim=-1), said)
        else:
            losses[name] = _all_of(values, said)
    parts = torch.stack([logits[name].softmax(dim=-1) for name in COLOUR_QUESTIONS]).mean(dim=0)
    losses["worn"] = _one_of(parts.clamp(min=1e-6).log(), targets.worn)
    return losses


def _one_of(log_probabilities: Tensor, possible: Tensor) -> Tensor:
    """-log P(the value is one of those that are possible)."""
    answered = possible.any(dim=-1)
    chosen = log_probabilities.masked_fill(~possible, -torch.inf)[answered]
    return -chosen.logsumexp(dim=-1).mean() if len(chosen) else log_probabilities.sum() * 0


def _all_of(values: Tensor, said: Tensor) -> Tensor:
    """Each value that is said against all that are not said (softmax), averaged over a person's."""
    answered = said.any(dim=-1)
    if not answered.any():
        return values.sum() * 0
    values, said = values[answered], said[answered]
    others = values.masked_fill(said, -torch.inf).logsumexp(dim=-1, keepdim=True)
    losses = functional.softplus(others - values)
    return ((losses * said).sum(dim=-1) / said.sum(dim=-1)).mean()


def _yes_no(values: Tensor, said: Tensor, denied: Tensor) -> Tensor:
    """Cross-entropy where both answers are known; where a source only says what is there, that against the rest."""
    known = denied.any(dim=-1, keepdim=True)
    judged = (said | denied) & known
    both = functional.binary_cross_entropy_with_logits(values, said.to(values.dtype), reduction="none")
    loss = (both * judged).sum() / judged.sum().clamp(min=1)
    return loss + 0.3 * _all_of(values, said & ~known)


def _table(people: Sequence[Sequence[str]], question: str) -> Tensor:
    values = QUESTIONS[question]
    table = torch.zeros(len(people), len(values), dtype=torch.bool)
    for row, chosen in enumerate(people):
        for value in chosen:
            table[row, values.index(value)] = True
    return table
