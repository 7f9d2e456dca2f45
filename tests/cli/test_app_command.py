"""`smot-vlm app`: what it says where it cannot begin, and who must show a token."""

import pytest

from smot_vlm.cli import app as app_module
from smot_vlm.cli import serving
from smot_vlm.cli.main import main


def test_without_gradio_it_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setattr(app_module, "find_spec", lambda name: None)
    with pytest.raises(SystemExit) as end:
        main(["app"])
    assert end.value.code == 1
    assert capsys.readouterr().err.strip() == "error: gradio is not installed; pip install 'smot-vlm[app-page]'"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_at_this_machines_own_address_no_token_is_wanted(monkeypatch, host):
    monkeypatch.delenv(serving.TOKENS_VARIABLE, raising=False)
    assert serving.tokens_for(host, []) == {}


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "example.org"])
def test_elsewhere_a_token_is_made_and_shown(monkeypatch, capsys, host):
    monkeypatch.delenv(serving.TOKENS_VARIABLE, raising=False)
    tokens = serving.tokens_for(host, [])
    assert len(tokens["user"]) >= 32
    assert f"Token: {tokens['user']}" in capsys.readouterr().err


def test_tokens_come_from_the_line_and_the_environment(monkeypatch):
    monkeypatch.setenv(serving.TOKENS_VARIABLE, "bob:secret-of-bob,")
    assert serving.tokens_for("0.0.0.0", ["ann:a:b"]) == {"ann": "a:b", "bob": "secret-of-bob"}
    with pytest.raises(ValueError, match="give NAME:SECRET"):
        serving.tokens_for("0.0.0.0", ["ann"])
