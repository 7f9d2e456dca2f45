"""People of a frame look at each other: of whom a person's tokens come to know, and of whom not."""

import torch
from seeds import learning

from smot_vlm.fusion.actor_relations import ActorRelations, pair_codes

DIM, CELLS = 16, 4


def relations() -> ActorRelations:
    torch.manual_seed(0)
    made = ActorRelations(DIM, hidden=8, heads=2)
    torch.nn.init.normal_(made.up.weight)
    return made


def people(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    tokens = torch.randn(count, CELLS, DIM, generator=generator)
    return tokens, torch.rand(count, 4, generator=generator) * 0.5 + 0.1


def test_frames_do_not_know_of_each_other():
    made, (tokens, boxes) = relations(), people(6)
    together = made(tokens, boxes, [2, 0, 1, 3])
    apart = [made(tokens[rows], boxes[rows], [len(tokens[rows])]) for rows in (slice(2), slice(2, 3), slice(3, 6))]
    torch.testing.assert_close(together, torch.cat(apart))


def test_the_order_of_people_does_not_matter():
    made, (tokens, boxes) = relations(), people(4)
    order = torch.tensor([2, 0, 3, 1])
    torch.testing.assert_close(made(tokens[order], boxes[order], [4]), made(tokens, boxes, [4])[order])


def test_a_person_knows_of_the_others_looks_and_places():
    made, (tokens, boxes) = relations(), people(2)
    before = made(tokens, boxes, [2])
    other_looks, other_place = tokens.clone(), boxes.clone()
    other_looks[1] += 1.0
    other_place[1, 0] += 0.2
    assert (made(other_looks, boxes, [2])[0] - before[0]).abs().max() > 1e-3
    assert (made(tokens, other_place, [2])[0] - before[0]).abs().max() > 1e-3


def test_who_is_alone_does_not_depend_on_the_place_and_has_finite_tokens():
    made, (tokens, boxes) = relations(), people(1)
    torch.testing.assert_close(made(tokens, boxes, [1]), made(tokens, boxes + 0.3, [1]))
    assert made(tokens, boxes, [1]).isfinite().all()


def test_nobody_at_all():
    tokens, boxes = people(0)
    assert relations()(tokens, boxes, [0, 0]).shape == (0, CELLS, DIM)


def test_pairs_are_seen_alike_at_every_size():
    own, other = torch.tensor([[0.4, 0.5, 0.1, 0.3]]), torch.tensor([[[0.6, 0.5, 0.2, 0.3]]])
    torch.testing.assert_close(pair_codes(own, other), pair_codes(own / 2, other / 2))
    right, left = pair_codes(own, other)[0, 0], pair_codes(other[0], own[None])[0, 0]
    assert right[0] > 0 > left[0]
    torch.testing.assert_close(right[2:], -left[2:])


@learning()
def test_what_the_other_does_can_be_learned(seed):
    """Who is waved at: the answer stands in the tokens of the other alone."""
    torch.manual_seed(seed)
    made, read = ActorRelations(DIM, hidden=16, heads=2), torch.nn.Linear(DIM, 1)
    optimizer = torch.optim.AdamW([*made.parameters(), *read.parameters()], lr=1e-2)
    for _ in range(150):
        tokens, boxes = torch.randn(64, CELLS, DIM), torch.rand(64, 4) * 0.5 + 0.1
        deeds = torch.randint(2, (64,)).float()
        tokens[:, :, 0] += 3 * (2 * deeds[:, None] - 1)
        partner = deeds.view(32, 2).flip(1).flatten()
        logits = read(made(tokens, boxes, [2] * 32).mean(dim=1))[:, 0]
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, partner)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert ((logits > 0).float() == partner).float().mean() > 0.95
