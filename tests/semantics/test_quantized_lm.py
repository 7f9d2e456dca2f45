"""QLoRA and gradient checkpointing: gradient still reaches everything that learns, and adapters move between bases."""

import pytest
import torch
from tiny import save_tiny_language_model

from smot_vlm.semantics.decoder import CaptionRequest
from smot_vlm.semantics.language_models import recomputes_activations
from smot_vlm.semantics.lora_lm import LoraLM

DIM = 16
OPTIONS = {"dim": DIM, "soft_tokens": 3, "lora_rank": 2, "max_new_tokens": 6}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(save_tiny_language_model(tmp_path_factory.mktemp("lm")))


def requests() -> list[CaptionRequest]:
    generator = torch.Generator().manual_seed(0)
    return [
        CaptionRequest(task, torch.randn(5, DIM, generator=generator), "Say <visual>") for task in ("video", "instance")
    ]


def learned(decoder: LoraLM) -> dict[str, torch.Tensor]:
    return {
        name: parameter.detach().clone() for name, parameter in decoder.named_parameters() if parameter.requires_grad
    }


def take_step(decoder: LoraLM) -> None:
    # A large step: plain SGD moves each weight by its gradient.
    optimizer = torch.optim.SGD([parameter for parameter in decoder.parameters() if parameter.requires_grad], lr=1.0)
    loss = decoder.train().loss(requests(), ["a man", "a woman walks"])
    (loss.total / loss.tokens).backward()
    optimizer.step()


@pytest.mark.parametrize("quantization", [None, "4bit"])
@pytest.mark.parametrize("checkpointing", [False, True])
def test_after_one_step_every_lora_b_and_the_projector_have_moved(folder, quantization, checkpointing):
    torch.manual_seed(0)
    decoder = LoraLM.load(folder, quantization=quantization, gradient_checkpointing=checkpointing, **OPTIONS)
    assert recomputes_activations(decoder.language_model.get_base_model()) == checkpointing
    before = learned(decoder)
    take_step(decoder)
    after = learned(decoder)
    for name in before:
        if "lora_B" in name or name.startswith("soft_tokens"):
            assert not torch.equal(before[name], after[name]), name


def test_checkpointing_changes_no_gradient(folder):
    gradients = []
    for checkpointing in (False, True):
        torch.manual_seed(0)
        decoder = LoraLM.load(folder, gradient_checkpointing=checkpointing, **OPTIONS)
        decoder.train().loss(requests(), ["a man", "a woman walks"]).total.backward()
        gradients.append({name: p.grad for name, p in decoder.named_parameters() if p.requires_grad})
    for name in gradients[0]:
        assert torch.allclose(gradients[0][name], gradients[1][name], rtol=1e-4, atol=1e-3), name


def test_the_four_bit_base_is_quantised_and_frozen(folder):
    decoder = LoraLM.load(folder, quantization="4bit", **OPTIONS)
    kinds = {type(module).__name__ for module in decoder.modules()}
    assert "Linear4bit" in kinds
    assert all("lora_" in name or name.startswith("soft_tokens") for name in learned(decoder))


def test_an_adapter_trained_on_four_bits_speaks_on_the_full_base(folder, tmp_path):
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    torch.manual_seed(0)
    decoder = LoraLM.load(folder, quantization="4bit", **OPTIONS)
    take_step(decoder)
    decoder.language_model.save_pretrained(tmp_path / "adapter")
    full = LoraLM.load(folder, **OPTIONS)
    untouched = full.loss(requests(), ["a man", "a woman"]).total
    full.language_model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(folder), tmp_path / "adapter")
    captions = full.eval().generate(requests())
    assert len(captions) == 2
    assert not torch.allclose(full.loss(requests(), ["a man", "a woman"]).total, untouched)


def test_eight_bits_load_and_learn(folder):
    decoder = LoraLM.load(folder, quantization="8bit", **OPTIONS)
    assert "Linear8bitLt" in {type(module).__name__ for module in decoder.modules()}
    before = learned(decoder)
    take_step(decoder)
    assert any(not torch.equal(before[name], tensor) for name, tensor in learned(decoder).items() if "lora_B" in name)


def test_lora_targets_can_be_given(folder):
    decoder = LoraLM.load(folder, lora_targets=("q_proj", "up_proj"), **OPTIONS)
    adapted = {name.split(".lora_")[0].rsplit(".", 1)[-1] for name in learned(decoder) if "lora_" in name}
    assert adapted == {"q_proj", "up_proj"}


def test_an_unknown_quantization_is_told(folder):
    with pytest.raises(ValueError, match="it takes null, 4bit, 8bit"):
        LoraLM.load(folder, quantization="2bit", **OPTIONS)
