"""Linear layers in 8 bits: close to the plain ones, row by row, and only where they can be."""

import pytest
import torch
from tiny import tiny_llama, tiny_tokenizer
from torch import nn

from smot_vlm.semantics.decoder import CaptionRequest
from smot_vlm.semantics.int8_layers import Int8Linear, can_use_int8, put_into_int8
from smot_vlm.semantics.lora_lm import LoraLM
from smot_vlm.semantics.merging import merge

pytestmark = pytest.mark.skipif(not can_use_int8(nn.Linear(1, 1)), reason="this torch has no integer products")


def test_whole_numbers_within_the_range_are_multiplied_exactly():
    weight = torch.tensor([[127.0, -3.0, 5.0], [0.0, 127.0, -127.0], [0.0, 0.0, 0.0]])
    inputs = torch.tensor([[127.0, 2.0, -1.0], [0.0, 0.0, 0.0], [-127.0, 63.0, 1.0]])
    layer = Int8Linear(weight, torch.tensor([0.0, 0.5, 2.0]))
    expected = torch.tensor([[16118.0, 381.5, 2.0], [0.0, 0.5, 2.0], [-16313.0, 7874.5, 2.0]])
    # Without VNNI inputs have 127 levels in place of 255.
    assert torch.allclose(layer(inputs), expected, atol=1e-2 if torch.cpu._is_vnni_supported() else 130.0)


def test_a_row_is_rounded_by_its_own_scale_whatever_stands_beside_it():
    torch.manual_seed(0)
    plain = nn.Linear(64, 32)
    layer = Int8Linear(plain.weight, plain.bias)
    quiet, loud = torch.randn(1, 2, 64) * 1e-3, torch.randn(1, 2, 64) * 1e3
    together = layer(torch.cat([quiet, loud]))
    assert torch.equal(together, torch.cat([layer(quiet), layer(loud)]))
    with torch.no_grad():
        for rows, scale in ((quiet, 1e-3), (loud, 1e3)):
            error = (layer(rows) - plain.bias) - (plain(rows) - plain.bias)
            assert error.abs().max() < 0.04 * scale


def test_every_linear_layer_is_replaced_and_a_shared_embedding_is_not():
    model = tiny_llama(40)
    embedding = model.get_input_embeddings().weight
    put_into_int8(model)
    assert not [name for name, module in model.named_modules() if type(module) is nn.Linear]
    assert isinstance(model.get_output_embeddings(), Int8Linear)
    assert model.get_input_embeddings().weight is embedding


def test_half_precision_stays_as_it_is():
    model = tiny_llama(40).to(torch.bfloat16)
    assert not can_use_int8(model)
    put_into_int8(model)
    assert [module for module in model.modules() if type(module) is nn.Linear]


def make_decoder(**options) -> LoraLM:
    torch.manual_seed(1)
    tokenizer = tiny_tokenizer()
    decoder = LoraLM(tiny_llama(len(tokenizer)), tokenizer, dim=16, soft_tokens=3, lora_rank=2, **options)
    for name, parameter in decoder.named_parameters():
        if "lora_B" in name:
            nn.init.normal_(parameter, std=0.2)
    return decoder.eval()


def make_requests(count: int) -> list[CaptionRequest]:
    generator = torch.Generator().manual_seed(0)
    return [CaptionRequest("instance", torch.randn(5, 16, generator=generator), "Say <visual>") for _ in range(count)]


def test_captions_in_a_batch_are_those_one_by_one():
    decoder = make_decoder(int8=True, max_new_tokens=12)
    requests = make_requests(4)
    captions = decoder.generate(requests)
    assert captions == [decoder.generate([request])[0] for request in requests]
    assert len(set(captions)) > 1
    assert [module for module in decoder._merged.model.modules() if isinstance(module, Int8Linear)]


def test_training_and_the_original_know_nothing_of_it():
    decoder = make_decoder(int8=True)
    requests = make_requests(1)
    before = decoder.loss(requests, ["a man"]).total.item()
    decoder.generate(requests)
    assert decoder.loss(requests, ["a man"]).total.item() == before
    assert not [module for module in decoder.modules() if isinstance(module, Int8Linear)]


@pytest.mark.parametrize("int8", [False, True])
def test_a_copy_in_8_bits_is_out_of_date_when_any_linear_weight_changes(int8):
    original = make_decoder().language_model.get_base_model()
    merged = merge(original, int8=int8)
    assert merged.is_current(original)
    with torch.no_grad():
        original.model.layers[0].mlp.down_proj.weight.mul_(2)
    # In float32 the copy shares that weight.
    assert merged.is_current(original) is not int8
