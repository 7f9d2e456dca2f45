"""The verb head: direction, padding, batches, text that names verbs, thresholds, and what is drawn to train on."""

import numpy as np
import pytest
import torch
from seeds import learning

from smot_vlm.semantics import interaction
from smot_vlm.semantics.interaction import EMBEDDING_DIM, InteractionHead, best_threshold, choose_pairs, highest
from smot_vlm.semantics.losses import focal_loss

DIM = 16


def make_head(verbs: int = 5, **options) -> InteractionHead:
    torch.manual_seed(0)
    return InteractionHead(DIM, heads=4, feedforward=32, verbs=verbs, **options).eval()


def make_tracks(tracks: int = 4, tokens: int = 6) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    mask = torch.arange(tokens)[None] < torch.tensor([tokens, 2, 4, 1, 3, 5])[:tracks, None]
    return torch.randn(tracks, tokens, DIM, generator=generator), mask


PAIRS = torch.tensor([[0, 1], [1, 0], [2, 3], [3, 0]])


def test_who_acts_and_who_is_acted_on_are_not_the_same():
    logits = make_head()(*make_tracks(), PAIRS)
    assert logits.shape == (4, 5)
    assert not torch.allclose(logits[0], logits[1], atol=1e-3)


def test_padding_changes_nothing():
    tracks, mask = make_tracks()
    head = make_head()
    longer = torch.cat([tracks, torch.full((4, 3, DIM), 99.0)], dim=1)
    longer_mask = torch.cat([mask, torch.zeros(4, 3, dtype=torch.bool)], dim=1)
    filled = torch.where(mask[..., None], tracks, 7.0)
    expected = head(tracks, mask, PAIRS)
    assert torch.allclose(head(longer, longer_mask, PAIRS), expected, atol=1e-5)
    assert torch.allclose(head(filled, mask, PAIRS), expected, atol=1e-5)


def test_pairs_do_not_see_each_other_and_chunks_change_nothing():
    tracks, mask = make_tracks()
    together = make_head()(tracks, mask, PAIRS)
    single = torch.cat([make_head()(tracks, mask, pair[None]) for pair in PAIRS])
    assert torch.allclose(together, single, atol=1e-5)
    assert torch.allclose(make_head(chunk=3)(tracks, mask, PAIRS), together, atol=1e-5)


def test_a_pair_does_what_one_of_its_tokens_shows():
    logits = torch.full((1, 6, 2), -4.0)
    logits[0, 3, 1] = 4.0
    peak = highest(logits, torch.ones(1, 6, dtype=torch.bool))[0]
    assert peak[0].item() == pytest.approx(-4.0, abs=1e-5), "the same for any number of tokens that agree"
    assert 3.5 < peak[1] <= 4.0
    hidden = highest(logits, torch.tensor([[True, True, True, False, True, True]]))[0]
    assert hidden.tolist() == pytest.approx([-4.0, -4.0], abs=1e-5)


def test_logits_of_a_pair_are_those_of_its_tokens():
    tracks, mask = make_tracks()
    head = make_head()
    logits = head.token_logits(tracks, mask, PAIRS)
    assert logits.shape == (4, 6, 5)
    assert torch.allclose(highest(logits, mask[PAIRS[:, 0]]), head(tracks, mask, PAIRS), atol=1e-5)


def test_before_training_nothing_is_likely():
    assert make_head()(*make_tracks(), PAIRS).sigmoid().max() < 0.2


def test_every_part_learns():
    head = make_head().train()
    focal_loss(head(*make_tracks(), PAIRS), torch.eye(5)[:4]).backward()
    for name, parameter in head.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@learning()
def test_direction_can_be_learned(seed):
    """Pairs differ by who pushes alone: the subject's tokens carry a mark. Verb 0 is to push, verb 1 to be pushed."""
    generator = torch.Generator().manual_seed(seed)
    torch.manual_seed(seed)
    head = InteractionHead(DIM, heads=4, feedforward=32, verbs=2)
    optimizer = torch.optim.AdamW(head.parameters(), lr=3e-3)

    def make_batch(count: int):
        tracks = torch.randn(2 * count, 3, DIM, generator=generator)
        first_pushes = torch.rand(count, generator=generator) < 0.5
        pusher = torch.arange(count) * 2 + (~first_pushes).long()
        tracks[pusher, :, 0] = 3.0
        pairs = torch.arange(2 * count).view(count, 2)
        labels = torch.stack([first_pushes, ~first_pushes], dim=1).float()
        return tracks, torch.ones(2 * count, 3, dtype=torch.bool), pairs, labels

    for _ in range(60):
        tracks, mask, pairs, labels = make_batch(32)
        optimizer.zero_grad()
        focal_loss(head(tracks, mask, pairs), labels).backward()
        optimizer.step()
    tracks, mask, pairs, labels = make_batch(200)
    with torch.no_grad():
        said, reversed_said = (head(tracks, mask, order).argmax(dim=1) for order in (pairs, pairs.flip(1)))
    assert (said == labels.argmax(dim=1)).float().mean() > 0.97
    assert (reversed_said == labels.argmin(dim=1)).float().mean() > 0.97


@pytest.fixture
def words(monkeypatch):
    """Sentence embeddings without an encoder: each text has a direction of its own, and all share one."""

    def embed(texts, encoder="", device="cpu"):
        rows = []
        for text in texts:
            vector = np.random.default_rng(sum(map(ord, text))).normal(size=EMBEDDING_DIM)
            rows.append(vector / np.linalg.norm(vector) + 1.0)
        return np.array(rows)

    monkeypatch.setattr(interaction, "embed_sentences", embed)


def test_a_verb_scored_by_its_own_gloss_has_its_trained_logit(words):
    glosses = ["push", "embrace", "chase", "talk", "kick"]
    head = make_head(encoder="any")
    head.name_verbs(glosses)
    tracks, mask = make_tracks()
    with torch.no_grad():
        trained = head(tracks, mask, PAIRS)
        by_text = head.score_phrases(tracks, mask, PAIRS, head.embed_phrases(["chase", "push"]))
    assert torch.allclose(by_text, trained[:, [2, 0]], atol=1e-4)


def test_glosses_must_be_one_a_verb(words):
    with pytest.raises(ValueError, match="2 glosses for 5 verbs"):
        make_head(encoder="any").name_verbs(["push", "pull"])


def test_verbs_without_an_encoder_are_not_open_to_words():
    with pytest.raises(ValueError, match="only the 335 verbs"):
        make_head().embed_phrases(["push"])


@pytest.mark.parametrize(
    ("scores", "labels", "best"),
    [
        ([0.9, 0.8, 0.3, 0.1], [1, 1, 0, 0], 0.55),
        ([0.9, 0.8, 0.3, 0.1], [1, 0, 0, 0], 0.85),
        ([0.9, 0.8, 0.3, 0.1], [0, 0, 0, 1], 0.05),
        ([0.5, 0.5, 0.2], [1, 0, 0], 0.35),
    ],
)
def test_thresholds_are_where_f1_is_best(scores, labels, best):
    assert best_threshold(np.array(scores), np.array(labels, dtype=bool)) == pytest.approx(best)


def test_best_threshold_agrees_with_trying_all_of_them():
    generator = np.random.default_rng(0)
    for _ in range(50):
        scores, labels = generator.random(12).round(1).clip(0.1), generator.random(12) < 0.4
        if not labels.any():
            continue

        def f1(threshold, scores=scores, labels=labels):
            return 2 * (labels & (scores > threshold)).sum() / (labels.sum() + (scores > threshold).sum())

        assert f1(best_threshold(scores, labels)) == pytest.approx(max(map(f1, np.arange(0.05, 1, 0.05))))


def test_calibration_leaves_verbs_that_were_never_seen():
    head = make_head(verbs=2, threshold=0.4)
    rare = np.array([[0.9, 0.2], [0.3, 0.1]])
    head.calibrate(rare, np.array([[True, False], [False, False]]))
    assert head.thresholds.tolist() == pytest.approx([0.6, 0.6]), "too few for one of its own: that of all together"
    scores = np.array([[0.9, 0.2]] * 5 + [[0.3, 0.1]] * 5 + [[0.1, 0.05]] * 5)
    labels = np.array([[True, True]] * 5 + [[False, True]] * 5 + [[False, False]] * 5)
    head.calibrate(scores, labels)
    assert head.thresholds.tolist() == pytest.approx([0.6, 0.075])
    head.calibrate(scores, np.zeros_like(labels))
    assert head.thresholds.tolist() == pytest.approx([0.6, 0.075]), "nothing known, nothing changed"


def test_all_pairs_with_a_verb_and_some_without_are_chosen():
    labels = torch.zeros(20, 3)
    labels[[2, 11], 1] = 1.0
    chosen = choose_pairs(labels, 3.0, torch.Generator().manual_seed(0))
    assert len(chosen) == 8
    assert {2, 11} <= set(chosen.tolist())
    assert len(set(chosen.tolist())) == 8
    assert len(choose_pairs(torch.zeros(20, 3), 3.0, torch.Generator())) == 3
    assert len(choose_pairs(torch.ones(2, 3), 3.0, torch.Generator())) == 2
