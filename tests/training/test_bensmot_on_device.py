"""Each BenSMOT configuration, shrunk, on a pretended device: from its first step to a folder that describes."""

import json
from functools import partial
from pathlib import Path

import pretended_device as device
import pytest
import torch
from accelerate.state import AcceleratorState
from bensmot_cases import NAMES, make_bensmot, shrink_smoter, shrunk, train
from tiny import moving_squares
from torch import Tensor, nn
from torch.nn import functional

from smot_vlm.semantics import lora_lm
from smot_vlm.tracker import Tracker
from smot_vlm.training import loop

pytestmark = pytest.mark.drawn


class Linear4bit(nn.Linear):
    """A linear layer whose weights are four bits each, two in a byte: bitsandbytes', which needs a real device."""

    def __init__(self, plain: nn.Linear) -> None:
        nn.Module.__init__(self)
        self.in_features, self.out_features, self.bias = plain.in_features, plain.out_features, plain.bias
        scale = plain.weight.detach().abs().amax(dim=1, keepdim=True) / 7
        codes = ((plain.weight.detach() / scale).round() + 8).to(torch.uint8)
        self.weight = nn.Parameter(codes[:, ::2] * 16 + codes[:, 1::2], requires_grad=False)
        self.register_buffer("scale", scale)

    def forward(self, values: Tensor) -> Tensor:
        codes = torch.stack([self.weight // 16, self.weight % 16], dim=2).flatten(1)
        return functional.linear(values, (codes.to(values.dtype) - 8) * self.scale, self.bias)


def pack(model: nn.Module) -> None:
    for name, module in list(model.named_modules()):
        if type(module) is nn.Linear and name != "lm_head":
            parent, _, own = name.rpartition(".")
            setattr(model.get_submodule(parent), own, Linear4bit(module))


@pytest.fixture
def four_bits(monkeypatch) -> list[str]:
    """What was asked to be quantised."""
    given, asked = lora_lm.load_causal_lm, []

    def load(name, *, quantization=None, **options):
        model, folder = given(name, **options)
        if quantization is not None:
            asked.append(quantization)
            pack(model)
        return model, folder

    monkeypatch.setattr(lora_lm, "load_causal_lm", load)
    return asked


@pytest.fixture(scope="module")
def bensmot(tmp_path_factory) -> Path:
    return make_bensmot(tmp_path_factory.mktemp("data"))


def open_on_device(given, monkeypatch, *wanted):
    opened = given(*wanted)
    monkeypatch.setitem(AcceleratorState._shared_state, "device", device.DEVICE)
    return opened


# What these two do the quantised one does, too.
ALIKE = ("bensmot_smollm2", "bensmot_people")
MARKED = [pytest.param(name, marks=[pytest.mark.slow] if name in ALIKE else []) for name in NAMES]


@pytest.mark.parametrize("name", MARKED)
def test_a_whole_training_stays_on_its_device(name, bensmot, four_bits, tiny_language_model, tmp_path, monkeypatch):
    shrink_smoter(monkeypatch)
    monkeypatch.setattr(loop, "open_accelerator", partial(open_on_device, loop.open_accelerator, monkeypatch))
    places, forward = set(), loop.Objective.forward

    def seen(objective, *given):
        sums = forward(objective, *given)
        places.update(total.device.type for total in sums.values())
        return sums

    monkeypatch.setattr(loop.Objective, "forward", seen)
    with device.pretended_device():
        arguments = shrunk(name, bensmot, tiny_language_model, quantized=True)
        train(monkeypatch, *arguments, "--out", str(tmp_path / "run"))
    assert places == {device.NAME}, "every step of it"
    assert four_bits == (["4bit"] if name == "bensmot_qwen_qlora" else [])
    log = [json.loads(line) for line in (tmp_path / "run/log.jsonl").read_text().splitlines()]
    steps = [entry for entry in log if "losses" in entry]
    assert [entry["step"] for entry in steps] == [1, 2, 3]
    assert not any(entry["skipped"] for entry in steps)
    assert [entry["step"] for entry in log if "validation" in entry] == [2, 3]
    tracker = Tracker.from_pretrained(tmp_path / "run/model", device="cpu")
    assert tracker.describe(moving_squares(6)).model.trained
