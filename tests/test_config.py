"""The configuration: what is read, what is overridden, and what is told of a wrong key or value."""

from pathlib import Path

import pytest

from smot_vlm.config import Config, config_from_dict, config_to_dict, load_config

CONFIGS = Path(__file__).parent.parent / "configs"


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_configs_are_read(path):
    assert load_config(path).name == path.stem.replace("_", "-")


def test_what_is_absent_keeps_its_default(tmp_path):
    (tmp_path / "a.yaml").write_text("decoder:\n  lora_lm:\n    soft_tokens: 8\n")
    assert load_config(tmp_path / "a.yaml") == config_from_dict({"decoder": {"lora_lm": {"soft_tokens": 8}}})
    (tmp_path / "empty.yaml").write_text("")
    assert load_config(tmp_path / "empty.yaml") == Config()


def test_overrides_come_last(tmp_path):
    (tmp_path / "a.yaml").write_text("decoder:\n  lora_lm:\n    soft_tokens: 8\n")
    config = load_config(tmp_path / "a.yaml", ["decoder.lora_lm.soft_tokens=4", "features.per_second=3", "name=mine"])
    assert (config.decoder.lora_lm.soft_tokens, config.features.per_second, config.name) == (4, 3.0, "mine")


def test_a_config_survives_its_dict():
    config = config_from_dict({"features": {"dim": 64}, "name": "x"})
    assert config_from_dict(config_to_dict(config)) == config


@pytest.mark.parametrize(
    ("text", "overrides", "words"),
    [
        ("decodr: {}", [], "unknown key decodr; valid keys: name, detector"),
        ("decoder: {tokens: 3}", [], "unknown key decoder.tokens; valid keys: decoder.name"),
        ("decoder: 3", [], "decoder is 3; give keys and values"),
        ("features: {dim: wide}", [], "features.dim is 'wide'; it takes int"),
        ("features: {dim: true}", [], "features.dim is True; it takes int"),
        ("features: {per_second: true}", [], "features.per_second is True; it takes float"),
        ("features: {detach: 1}", [], "features.detach is 1; it takes bool"),
        ("a: [", [], "not YAML"),
        ("- 1", [], "the config is"),
        ("", ["features.dim"], "write key.subkey=value"),
        ("name: x", ["name.first=3"], "name is a value"),
        ("", ["features.size=3"], "unknown key features.size"),
    ],
)
def test_what_is_wrong_is_told_with_what_is_allowed(tmp_path, text, overrides, words):
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(ValueError, match=r"a\.yaml: ") as caught:
        load_config(tmp_path / "a.yaml", overrides)
    assert words in str(caught.value)


def test_numbers_with_exponents_are_numbers():
    assert config_from_dict({"features": {"per_second": "5e-1"}}).features.per_second == 0.5


def test_a_missing_config_is_told():
    with pytest.raises(FileNotFoundError, match="no such config"):
        load_config("nowhere.yaml")
