"""The smoter decoder's network, losses and greedy search against recorded outputs of the released SMOTer code."""

from pathlib import Path

import numpy as np
import pytest
import torch
from recordings import larger_alone

from smot_vlm.semantics.generation import Decoding
from smot_vlm.semantics.losses import IGNORED, focal_loss, label_smoothed_loss
from smot_vlm.semantics.smoter_search import FORBIDDEN_LOGIT, GeneratedText, search
from smot_vlm.semantics.smoter_transformer import SmoterTransformer

BEGIN, END, PADDING = 104, 102, 0
TOLERANCE = 1e-4
LOSS_TOLERANCE = 1e-5

NAMES = {
    "object_feature_projection.": "project.",
    "embedding.words.": "words.",
    "embedding.positions.": "positions.",
    "embedding.layer_norm.": "embedding_norm.",
    "transformer.encoder.layer.": "layers.",
    "attention.self.": "attention.",
    "attention.output.dense.": "attention.output.",
    "attention.output.LayerNorm.": "attention_norm.",
    "intermediate.dense.": "feedforward.0.",
    "output.dense.": "feedforward.2.",
    "output.LayerNorm.": "feedforward_norm.",
    "output.bias": "output_bias",
}


def renamed(name: str) -> str:
    for released, ours in NAMES.items():
        # "attention.output.dense" is no "output.dense", and only the last layer is called "output" from the start.
        if released == "output.bias" and name != released:
            continue
        name = name.replace(released, ours)
    return name


@pytest.fixture(scope="module")
def modules(golden: Path) -> Path:
    return golden / "modules"


@pytest.fixture(scope="module")
def recorded(modules: Path) -> dict[str, torch.Tensor]:
    with np.load(modules / "textdec_io.npz") as file:
        arrays = {name: torch.as_tensor(file[name]) for name in file.files}
    return {name: array.float() if array.dtype == torch.float16 else array for name, array in arrays.items()}


@pytest.fixture
def network(modules: Path) -> SmoterTransformer:
    with np.load(modules / "textdec_state.npz") as file:
        state = {renamed(name): torch.as_tensor(file[name]) for name in file.files if name != "output.weight"}
        if "output.weight" in file.files:
            assert (file["output.weight"] == file["embedding.words.weight"]).all()
    network = SmoterTransformer(200, dim=256, hidden=64, layers=2, heads=4, feedforward=128)
    network.load_state_dict(state)
    return network.eval()


def all_real(visual: torch.Tensor) -> torch.Tensor:
    return torch.ones(visual.shape[:2], dtype=torch.bool)


def write(network: SmoterTransformer, visual: torch.Tensor, **options: bool | Decoding) -> GeneratedText:
    return search(network, visual, all_real(visual), begin=BEGIN, end=END, max_new_tokens=39, **options)


def logits_of(network: SmoterTransformer, recorded: dict[str, torch.Tensor]) -> torch.Tensor:
    visual = recorded["tf_object_features"]
    return network(visual, all_real(visual), recorded["tf_tokens"].long())


def targets_of(tokens: torch.Tensor, need_predict: torch.Tensor | None) -> torch.Tensor:
    """The released code's targets: the next token, where it is no padding and is asked for."""
    targets = tokens[:, 1:].long()
    left_out = targets == PADDING
    if need_predict is not None:
        left_out |= need_predict[:, 1:] == 0
    return targets.masked_fill(left_out, IGNORED)


def mean_loss(logits: torch.Tensor, targets: torch.Tensor, smoothing: float = 0.1) -> torch.Tensor:
    total = label_smoothed_loss(logits[:, :-1].flatten(0, 1), targets.flatten(), smoothing)
    return total / (targets != IGNORED).sum()


def test_logits(network, recorded):
    torch.testing.assert_close(logits_of(network, recorded), recorded["tf_logits"], atol=TOLERANCE, rtol=0)


def test_every_layer_of_visual_and_text_tokens(network, recorded):
    seen: dict[str, list[torch.Tensor]] = {}

    def keep(name: str):
        return lambda module, args, output: seen.setdefault(name, []).append(
            output[0] if isinstance(output, tuple) else output
        )

    network.project.register_forward_hook(keep("tf_proj"))
    network.embedding_norm.register_forward_hook(keep("tf_embed"))
    for index, layer in enumerate(network.layers):
        layer.attention_norm.register_forward_hook(keep(f"tf_layer{index}_attn"))
        layer.register_forward_hook(keep(f"tf_layer{index}"))
    logits_of(network, recorded)
    assert set(seen) == {name for name in recorded if name.startswith(("tf_proj", "tf_embed", "tf_layer"))}
    for name, parts in seen.items():
        torch.testing.assert_close(torch.cat(parts, dim=1), recorded[name], atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize(
    ("name", "need_predict"),
    [
        ("loss_smooth", "tf_need_predict"),
        ("loss_smooth_no_need", None),
        ("loss_smooth_partial", "tf_need_predict_partial"),
    ],
)
def test_smoothed_loss(network, recorded, name, need_predict):
    targets = targets_of(recorded["tf_tokens"], need_predict and recorded[need_predict])
    loss = mean_loss(logits_of(network, recorded), targets)
    assert loss.item() == pytest.approx(recorded[name].item(), rel=LOSS_TOLERANCE)


def test_smoothed_loss_of_each_sample(network, recorded):
    logits = logits_of(network, recorded)
    targets = targets_of(recorded["tf_tokens"], recorded["tf_need_predict"])
    losses = [mean_loss(logits[row : row + 1], targets[row : row + 1]).item() for row in range(len(targets))]
    assert losses == pytest.approx(recorded["loss_smooth_per_sample"].tolist(), rel=LOSS_TOLERANCE)


def test_no_smoothing_is_the_plain_cross_entropy(network, recorded):
    targets = targets_of(recorded["tf_tokens"], recorded["tf_need_predict"])
    loss = mean_loss(logits_of(network, recorded), targets, smoothing=0.0)
    assert loss.item() == pytest.approx(recorded["loss_plain_ce"].item(), rel=LOSS_TOLERANCE)


def test_smoothed_loss_alone(recorded):
    targets = recorded["smooth_target"].long()
    targets[targets == PADDING] = IGNORED
    loss = label_smoothed_loss(recorded["smooth_feat"], targets) / (targets != IGNORED).sum()
    assert loss.item() == pytest.approx(recorded["smooth_loss"].item(), rel=LOSS_TOLERANCE)


def test_gradients(network, recorded):
    targets = targets_of(recorded["tf_tokens"], recorded["tf_need_predict"])
    mean_loss(logits_of(network, recorded), targets).backward()
    for weight, name in ((network.project[0].weight, "grad_proj_weight"), (network.words.weight, "grad_words")):
        expected = recorded[name]
        # tests/golden holds each fourth row.
        rows = weight.grad[:: len(weight) // len(expected)]
        torch.testing.assert_close(rows, expected, atol=TOLERANCE, rtol=1e-4)


def assert_same_text(text: GeneratedText, tokens: torch.Tensor, log_probs: torch.Tensor) -> None:
    # Where every row ends at once the released code gives the end token alone, without the begin token.
    ours = text.tokens[:, 1:] if tokens.shape[1] == 1 else text.tokens
    assert ours.tolist() == tokens.tolist()
    torch.testing.assert_close(text.log_probs, log_probs.flatten(), atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("use_cache", [True, False])
def test_greedy(network, recorded, use_cache):
    cases = sum(name.startswith("greedy_in_") for name in recorded)
    assert cases >= 5
    for case in range(cases):
        text = write(network, recorded[f"greedy_in_{case}"], use_cache=use_cache)
        assert_same_text(text, recorded[f"greedy_tokens_{case}"], recorded[f"greedy_logprob_{case}"])


@pytest.mark.parametrize("use_cache", [True, False])
def test_batch_greedy(network, recorded, use_cache):
    text = write(network, recorded["batch_greedy_in"], use_cache=use_cache)
    assert_same_text(text, recorded["batch_greedy_tokens"], recorded["batch_greedy_logprob"])


def test_greedy_of_a_batch_that_ends_at_once(network, recorded):
    with torch.no_grad():
        network.output_bias[END] = 60
    text = write(network, recorded["batch_greedy_in"][:2])
    assert_same_text(text, recorded["first_eos_tokens"], recorded["first_eos_logprob"])


@pytest.mark.parametrize("use_cache", [True, False])
def test_beam_search(network, recorded, use_cache):
    text = write(network, recorded["batch_greedy_in"], use_cache=use_cache, decoding=Decoding(num_beams=3))
    recorded_tokens = recorded["beam3_tokens"]
    places = text.tokens.shape[1]
    # The released code goes on until every beam has ended; we stop when no beam can win any more.
    assert text.tokens.tolist() == recorded_tokens[:, :places].tolist()
    assert (recorded_tokens[:, places:] == END).all()
    torch.testing.assert_close(text.log_probs, recorded["beam3_logprob"], atol=TOLERANCE, rtol=0)


@torch.inference_mode()
def test_logits_of_each_greedy_step(network, recorded):
    """As recorded: after the word just written was forbidden."""
    visual, tokens = recorded["greedy_in_0"], recorded["greedy_tokens_0"].long()
    state = network.prefill(visual, all_real(visual))
    for step, (token, expected) in enumerate(zip(tokens[0, :-1], recorded["greedy_step_logits_0"], strict=True)):
        logits, state = network.extend(token.view(1, 1), state)
        if step > 0:
            logits[0, 0, token] = FORBIDDEN_LOGIT
        torch.testing.assert_close(logits[0, 0], expected, atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("case", range(2))
def test_focal_loss_and_its_gradient(modules, case):
    check_focal_loss(modules, case)


@larger_alone
def test_focal_loss_of_many_pairs(modules):
    check_focal_loss(modules, 2)


def check_focal_loss(modules: Path, case: int) -> None:
    with np.load(modules / "classifier.npz") as file:
        logits = torch.tensor(file[f"logits_{case}"], requires_grad=True)
        labels, expected, gradient = (file[f"{name}_{case}"] for name in ("labels", "loss", "grad"))
    loss = focal_loss(logits, torch.tensor(labels, dtype=torch.float32))
    loss.backward()
    assert loss.item() == pytest.approx(expected.item(), rel=LOSS_TOLERANCE)
    # The mean's gradients are small, so they are also held to a relative bound.
    torch.testing.assert_close(logits.grad, torch.tensor(gradient), atol=1e-9, rtol=1e-4)
