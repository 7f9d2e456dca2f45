"""What "auto" stands for."""

import pytest

from smot_vlm.models.automatic import SERVER_VARIABLE, automatic_model


@pytest.fixture(autouse=True)
def no_server(monkeypatch):
    monkeypatch.delenv(SERVER_VARIABLE, raising=False)


def never() -> str | None:
    pytest.fail("a server comes first")


def test_a_server_in_the_environment_comes_first(monkeypatch):
    monkeypatch.setenv(SERVER_VARIABLE, "http://localhost:8000/v1")
    choice = automatic_model(never)
    assert (choice.name, choice.overrides) == ("server", ())
    assert SERVER_VARIABLE in choice.reason


@pytest.mark.parametrize("blank", ["", "  "])
def test_a_blank_variable_names_no_server(monkeypatch, blank):
    monkeypatch.setenv(SERVER_VARIABLE, blank)
    assert automatic_model(lambda: None).name == "demo"


def test_then_a_vision_language_model_on_this_machine():
    choice = automatic_model(lambda: "owner/small-vlm")
    assert (choice.name, choice.overrides) == (
        "zero-shot",
        ("decoder.vision_language.language_model=owner/small-vlm",),
    )
    assert "owner/small-vlm" in choice.reason


def test_else_what_ships_and_how_to_get_better():
    choice = automatic_model(lambda: None)
    assert (choice.name, choice.overrides) == ("demo", ("successor=people",))
    assert "--decoder" in choice.reason
    assert "--model zero-shot" in choice.reason
    assert "\n" not in choice.reason
