"""A model's folder: exact to the bit, nothing of the base model in it, and one clear line for each kind of damage."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tiny import moving_squares, tiny_config

from smot_vlm.fusion.memory import SceneMemory
from smot_vlm.models.build import build_model
from smot_vlm.models.card import ModelCard
from smot_vlm.models.checkpoint import load_pretrained, own_state, save_pretrained
from smot_vlm.models.fused import EncodedFrame, Fused
from smot_vlm.models.place import PlaceReader
from smot_vlm.models.smot import SmotModel
from smot_vlm.semantics.decoder import CaptionRequest
from smot_vlm.structures import Detections, Frame
from smot_vlm.system.files import shipped_folder

# Templates that this model's decoder does not ask for.
UNREAD_PROMPTS = [path.name for path in shipped_folder("prompts").glob("vl_*.jinja")]


@pytest.fixture(scope="module")
def config(tiny_language_model):
    return tiny_config(tiny_language_model)


@pytest.fixture(scope="module")
def model(config) -> SmotModel:
    torch.manual_seed(5)
    made = build_model(config).eval()
    for name, parameter in made.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.2)
    return made


@pytest.fixture
def folder(model, config, tmp_path) -> Path:
    save_pretrained(model, config, tmp_path / "model", card=ModelCard("100 drawn videos", {"HOTA (strict)": 71.25}))
    return tmp_path / "model"


def look(model: SmotModel) -> tuple[EncodedFrame, Fused]:
    """Two people in one frame."""
    image, memory = moving_squares(frames=3)[0], SceneMemory(per_second=1.0, capacity=4)
    view = model.encode_frame(image)
    people = Detections([[2, 4, 14, 16], [2, 32, 14, 44]], [1.0, 1.0], ids=[1, 2])
    model.observe(memory, Frame(0, 0.0, image), view, people, keyframe=True)
    return view, model.fuse_memory(memory, [1, 2])


@torch.no_grad()
def requests_of(model: SmotModel) -> list[CaptionRequest]:
    return model.caption_requests(look(model.eval())[1])


def adapter_of(model: SmotModel) -> dict[str, torch.Tensor]:
    return {name: tensor for name, tensor in model.named_parameters() if "lora_" in name}


def outputs(model: SmotModel) -> tuple[torch.Tensor, ...]:
    """Boxes' scores, verb logits and a caption's loss."""
    with torch.no_grad():
        view, fused = look(model)
        loss = model.decoder.loss(model.caption_requests(fused), ["two", "a man", "a woman"]).total
        return view.output.raw[0], model.score_pairs(fused, torch.tensor([[0, 1], [1, 0]])), loss


def test_a_round_trip_is_equal_to_the_bit(model, config, folder):
    loaded, loaded_config = load_pretrained(folder)
    assert loaded_config == config
    assert loaded.trained
    for before, after in zip(outputs(model), outputs(loaded), strict=True):
        assert torch.equal(before, after)


def test_the_folder_holds_what_is_ours_and_nothing_of_the_base_model(model, folder):
    names = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {
        "config.json",
        "model.safetensors",
        "README.md",
        "adapter/adapter_config.json",
        "adapter/adapter_model.safetensors",
        "tokenizer/tokenizer.json",
        "prompts/instance_caption.jinja",
    } <= names
    assert not any(name.endswith((".bin", ".pt", ".pkl")) for name in names)
    stored = load_file(folder / "model.safetensors")
    assert not any("language_model" in name for name in stored)
    base = model.decoder.language_model.get_base_model().get_input_embeddings().weight
    adapter = load_file(folder / "adapter" / "adapter_model.safetensors")
    assert all(tensor.shape != base.shape for tensor in (*stored.values(), *adapter.values()))


def test_the_adapter_is_one_that_peft_reads(folder, tiny_language_model):
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    base = AutoModelForCausalLM.from_pretrained(tiny_language_model)
    adapted = PeftModel.from_pretrained(base, folder / "adapter")
    assert any(parameter.abs().sum() > 0 for name, parameter in adapted.named_parameters() if "lora_B" in name)
    assert json.loads((folder / "adapter/adapter_config.json").read_text())["base_model_name_or_path"]


def test_half_precision_halves_the_size_and_stays_close(model, config, folder, tmp_path):
    save_pretrained(model, config, tmp_path / "half", half=True)
    sizes = [(path / "model.safetensors").stat().st_size for path in (folder, tmp_path / "half")]
    assert sizes[1] < 0.55 * sizes[0]
    for before, after in zip(outputs(model), outputs(load_pretrained(tmp_path / "half")[0]), strict=True):
        assert torch.allclose(before, after, rtol=0.05, atol=0.05)


def test_the_card_tells_data_and_scores(folder):
    card = (folder / "README.md").read_text()
    assert "100 drawn videos" in card
    assert "| HOTA (strict) | 71.250 |" in card
    assert card.startswith("---\nlicense: agpl-3.0\n")


def test_a_folder_is_not_overwritten_unasked(model, config, folder):
    with pytest.raises(FileExistsError, match="--overwrite"):
        save_pretrained(model, config, folder)
    save_pretrained(model, config, folder, overwrite=True)


def _drop(name):
    return lambda folder: (folder / name).unlink()


def _rename(name):
    return lambda folder: (folder / name).rename(folder / "other")


def _truncate(name):
    def damage(folder):
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: len(content) // 2])

    return damage


def _edit_json(name, **values):
    def damage(folder):
        content = json.loads((folder / name).read_text())
        (folder / name).write_text(json.dumps(content | values))

    return damage


def _edit_tensors(edit):
    def damage(folder):
        tensors = load_file(folder / "model.safetensors")
        edit(tensors)
        save_file(tensors, folder / "model.safetensors")

    return damage


def _reshape(tensors):
    tensors["interaction_head.bias"] = tensors["interaction_head.bias"][:10].clone()


@pytest.mark.parametrize(
    ("damage", "error", "words"),
    [
        (_drop("config.json"), FileNotFoundError, "config.json is missing"),
        (_rename("model.safetensors"), FileNotFoundError, "model.safetensors is missing"),
        (_drop("adapter/adapter_model.safetensors"), FileNotFoundError, "adapter_model.safetensors is missing"),
        (_truncate("model.safetensors"), ValueError, "model.safetensors: damaged"),
        (_truncate("adapter/adapter_model.safetensors"), ValueError, "adapter_model.safetensors: damaged"),
        (_truncate("config.json"), ValueError, "config.json: not a model's configuration"),
        (
            _edit_tensors(lambda tensors: tensors.pop("interaction_head.bias")),
            ValueError,
            "missing: interaction_head.bias",
        ),
        (_edit_tensors(lambda tensors: tensors.update(more=torch.zeros(2))), ValueError, "extra: more"),
        (_edit_tensors(_reshape), ValueError, r"interaction_head.bias \(10,\) in the file, \(335,\) in the model"),
        (_drop("adapter/adapter_config.json"), FileNotFoundError, "adapter_config.json is missing"),
        (_truncate("adapter/adapter_config.json"), ValueError, "adapter_config.json: no settings of an adapter"),
        (_edit_json("adapter/adapter_config.json", r=7), ValueError, "rank and alpha are 7 and 4, and 2 and 4 in"),
        (_rename("tokenizer"), FileNotFoundError, "tokenizer is missing"),
        (_drop("tokenizer/tokenizer.json"), ValueError, "tokenizer: "),
        (_truncate("tokenizer/tokenizer.json"), ValueError, "tokenizer: no tokenizer that can be read"),
        (_truncate("tokenizer/tokenizer_config.json"), ValueError, "tokenizer: no tokenizer that can be read"),
        (_drop("tokenizer/chat_template.jinja"), ValueError, "tokenizer: its chat template differ"),
        (_rename("prompts"), FileNotFoundError, "prompts: no prompt instance_caption.jinja"),
        (_rename("prompts/video_caption.jinja"), FileNotFoundError, "no prompt video_caption.jinja; there are: "),
        (_truncate("prompts/instance_caption.jinja"), ValueError, "instance_caption.jinja: "),
    ],
)
def test_damage_is_told_in_one_line(folder, damage, error, words):
    damage(folder)
    with pytest.raises(error, match=words) as caught:
        load_pretrained(folder)
    assert "\n" not in str(caught.value)


@torch.no_grad()
def test_a_reader_of_places_comes_back_and_must_fit_the_model(model, config, tmp_path):
    def reader(features: int) -> PlaceReader:
        values = np.arange(2 * features, dtype=np.float32).reshape(2, features) / 64
        return PlaceReader(("beach", "gym"), values[0], values[1] + 1, values, values[:, 0])

    features = 2 * sum(model.detector.channels)
    save_pretrained(model, config, tmp_path / "fits", places=reader(features))
    again, _ = load_pretrained(tmp_path / "fits")
    assert again.places is not None
    seen = model.frame_statistics(look(model)[0])[None]
    assert again.places.probabilities(seen) == pytest.approx(reader(features).probabilities(seen), abs=1e-2)
    save_pretrained(model, config, tmp_path / "other", places=reader(features + 2))
    with pytest.raises(ValueError, match=rf"place.safetensors: fitted to {features + 2} features .* has {features};"):
        load_pretrained(tmp_path / "other")


def test_every_file_of_the_folder_is_watched(folder):
    """None can be emptied unnoticed, but the model card."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        if path.name in ("README.md", *UNREAD_PROMPTS):
            continue
        content = path.read_bytes()
        path.write_bytes(b"")
        with pytest.raises((ValueError, FileNotFoundError), match=str(path.parent)) as caught:
            load_pretrained(folder)
        assert "\n" not in str(caught.value), path
        path.write_bytes(content)
    load_pretrained(folder)


def test_a_model_trained_on_four_bits_speaks_on_the_full_base(config, tmp_path):
    """QLoRA to its end: a 4-bit base, one step, the folder saved, loaded on 4 bits and on the full base, words."""
    torch.manual_seed(0)
    quantised = replace(
        config, decoder=replace(config.decoder, lora_lm=replace(config.decoder.lora_lm, quantization="4bit"))
    )
    model = build_model(quantised)
    assert "Linear4bit" in {type(module).__name__ for module in model.modules()}
    learned = [parameter for parameter in model.decoder.parameters() if parameter.requires_grad]
    requests, captions = requests_of(model), ["two", "a man", "a woman"]
    model.decoder.train().loss(requests, captions).total.backward()
    torch.optim.SGD(learned, lr=0.1).step()
    save_pretrained(model.eval(), quantised, tmp_path / "model")
    four_bits, _ = load_pretrained(tmp_path / "model")
    full, full_config = load_pretrained(tmp_path / "model", ["decoder.lora_lm.quantization=null"])
    assert full_config == config
    assert "Linear4bit" not in {type(module).__name__ for module in full.modules()}
    requests = requests_of(full)
    assert torch.equal(*(loaded.decoder.loss(requests, captions).total for loaded in (model, four_bits)))
    assert full.decoder.loss(requests, captions).total != four_bits.decoder.loss(requests, captions).total
    assert all(full.decoder.generate(requests))
    for name, tensor in adapter_of(model).items():
        assert torch.equal(tensor, adapter_of(full)[name]), name
        assert tensor.abs().sum() > 0, name


def test_trained_parts_are_all_saved(model):
    """What learns is either ours or the adapter's."""
    ours = own_state(model)
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            assert name in ours or "lora_" in name, name
