"""The decoders of the benchmark, each in its ways of generating, and the weights that a token needs of them."""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from smot_vlm.semantics.decoder import CaptionRequest
from smot_vlm.semantics.generation import Decoding, transformers_ids
from smot_vlm.semantics.lora_lm import LoraLM
from smot_vlm.semantics.prompts import Prompts
from smot_vlm.semantics.smoter_decoder import SmoterDecoder

VISUAL_TOKENS = 184


@dataclass(frozen=True, eq=False)
class Contender:
    """One decoder in one way of generating.

    Attributes:
        decoder: a key of DECODERS.
        way: of generating.
        batch: captions at once.
        captions: requests of a round.
        weight_bytes: see `weight_bytes`.
        write: generates the captions of requests.
    """

    decoder: str
    way: str
    batch: int
    captions: int
    weight_bytes: int
    write: Callable[[Sequence[CaptionRequest]], list[str]]


def make_requests(count: int, dim: int) -> list[CaptionRequest]:
    """Requests with random visual tokens, as many each as the released decoder reads.

    Args:
        count: requests.
        dim: width of the tokens.

    Returns:
        The same at each call.
    """
    generator = torch.Generator().manual_seed(0)
    prompt = Prompts().render("instance_caption")
    return [
        CaptionRequest("instance", torch.randn(VISUAL_TOKENS, dim, generator=generator), prompt) for _ in range(count)
    ]


def in_int8(decoder: LoraLM) -> LoraLM:
    """The same decoder, sharing every tensor, that generates in 8 bits.

    Args:
        decoder: in evaluation mode.

    Returns:
        Another object, so that the two can take turns.
    """
    other = copy.copy(decoder)
    other.int8 = True
    other.decoding = replace(other.decoding, compile=False)
    # Its merged copy is its own.
    return other.train().eval()


def contenders(lora_lm: LoraLM, int8: LoraLM, smoter: SmoterDecoder, batch: int) -> list[Contender]:
    """Every way of generating that is compared.

    Args:
        lora_lm: in evaluation mode.
        int8: of `in_int8`.
        smoter: in evaluation mode.
        batch: captions at once.

    Returns:
        In the order of the report.
    """

    def by_transformers(requests: Sequence[CaptionRequest]) -> list[str]:
        tokenizer = lora_lm.tokenizer
        ids = transformers_ids(
            lora_lm.language_model.get_base_model(), lora_lm.prompt_rows(requests), Decoding(),
            max_new_tokens=lora_lm.max_new_tokens, max_batch=len(requests), end=lora_lm.end, pad=tokenizer.pad_token_id,
        )  # fmt: skip
        return tokenizer.batch_decode(ids)

    def one_by_one(write: Callable[[Sequence[CaptionRequest]], list[str]]) -> Callable[..., list[str]]:
        return lambda requests: [caption for request in requests for caption in write([request])]

    def released(requests: Sequence[CaptionRequest]) -> list[str]:
        smoter.use_cache = False
        try:
            return smoter.generate(requests)
        finally:
            smoter.use_cache = True

    network = weight_bytes(smoter)
    language_model = weight_bytes(lora_lm)
    return [
        Contender("lora-lm", "default", batch, batch, language_model, lora_lm.generate),
        Contender("lora-lm", "default", 1, batch, language_model, one_by_one(lora_lm.generate)),
        Contender("lora-lm", "8 bits", batch, batch, weight_bytes(int8), int8.generate),
        Contender("lora-lm", "8 bits", 1, batch, weight_bytes(int8), one_by_one(int8.generate)),
        Contender("lora-lm", "transformers' generate", batch, batch, language_model, by_transformers),
        Contender("smoter", "key-value cache", batch, batch, network, smoter.generate),
        Contender("smoter", "key-value cache", 1, batch, network, one_by_one(smoter.generate)),
        # One caption: it is slow, and its time does not depend on how many there are.
        Contender("smoter", "as released", 1, 1, network, one_by_one(released)),
    ]


def weight_bytes(decoder: LoraLM | SmoterDecoder) -> int:
    """Bytes of the weights that a token needs: of the language model (LoRA merged), or of one task's network.

    A table of word embeddings counts if it is the output layer too; else a token needs one row of it. In 8 bits a linear
    layer takes a byte a weight.

    Args:
        decoder: any of the two kinds.

    Returns:
        Bytes.
    """
    if isinstance(decoder, SmoterDecoder):
        return sum(parameter.nbytes for parameter in decoder.networks["instance"].parameters())
    model: Any = decoder.language_model.get_base_model()
    weights = {id(parameter): parameter.nbytes for name, parameter in model.named_parameters() if "lora_" not in name}
    if model.get_output_embeddings().weight is not model.get_input_embeddings().weight:
        weights.pop(id(model.get_input_embeddings().weight))
    if decoder.int8:
        linear = [module.weight for module in model.modules() if type(module) is nn.Linear]
        weights |= {id(weight): weight.numel() for weight in linear if id(weight) in weights}
    return sum(weights.values())
