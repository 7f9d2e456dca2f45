"""LoRA adapters, by PEFT, on the attention of a language model."""

from collections.abc import Sequence

from peft import LoraConfig, PeftModel, get_peft_model
from torch import nn
from transformers import PreTrainedModel

from smot_vlm.semantics.quiet import quiet_libraries


def add_lora(
    language_model: PreTrainedModel, targets: Sequence[str], *, rank: int, alpha: int, dropout: float = 0.0
) -> PeftModel:
    """Freeze a language model and put LoRA on it.

    Args:
        language_model: changed in place.
        targets: names of linear layers, whole or their last parts.
        rank: of the adapter.
        alpha: the adapter's output is scaled by alpha / rank.
        dropout: on the adapter's input.

    Returns:
        The model with its adapter, which alone is trained.
    """
    adapter = LoraConfig(
        r=rank, lora_alpha=alpha, lora_dropout=dropout, target_modules=list(targets), task_type="CAUSAL_LM"
    )
    with quiet_libraries():
        return get_peft_model(language_model, adapter)


def attention_projections(language_model: nn.Module) -> list[str]:
    """Names of the linear layers inside the attention blocks, such as ["k_proj", "o_proj", "q_proj", "v_proj"].

    Args:
        language_model: any transformer.

    Returns:
        Last parts of the names, ascending.

    Raises:
        ValueError: no layer's name says that it belongs to attention.
    """
    names = {
        path.rsplit(".", 1)[-1]
        for path, module in language_model.named_modules()
        if type(module).__name__ in ("Linear", "Conv1D", "Linear4bit", "Linear8bitLt")
        and "att" in path.rpartition(".")[0]
    }
    if not names:
        raise ValueError(
            f"{type(language_model).__name__} has no attention projection that is known; give LoRA targets"
        )
    return sorted(names)


def language_projections(model: PreTrainedModel, targets: Sequence[str] = ()) -> list[str]:
    """Linear layers of the language part of a vision-language model, and none of its vision part.

    Args:
        model: with `get_decoder`.
        targets: last parts of their names ("q_proj", "up_proj"); none: the layers in the attention.

    Returns:
        Whole names.

    Raises:
        ValueError: the language part has none of them.
    """
    language = model.get_decoder()
    inside = {id(module) for module in language.modules()}
    kinds = set(targets) or set(attention_projections(language))
    names = [
        name
        for name, module in model.named_modules()
        if id(module) in inside and name.rsplit(".", 1)[-1] in kinds and (targets or "att" in name.rpartition(".")[0])
    ]
    if not names:
        raise ValueError(f"{type(model).__name__} has no layer called {', '.join(targets)} in its language part")
    return names
