"""Shapes and types of the model's code are checked while tests run; tiny models stand in for downloaded ones."""

from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import settings
from jaxtyping import install_import_hook
from recordings import LARGER, RECORDINGS, SHARED, recording_name

install_import_hook(
    ["smot_vlm.models.smot", "smot_vlm.session", "smot_vlm.fusion", "smot_vlm.semantics", "smot_vlm.detection"],
    "beartype.beartype",
)

pytest.register_assert_rewrite("associator_contract", "fusion_contract")

# A busy machine is no fault of the code: examples may take their time.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


def pytest_report_header() -> str:
    """Which recordings the oracle tests run on."""
    return f"recordings: {', '.join(map(recording_name, RECORDINGS))}" + ("" if LARGER else "; ../shared is not here")


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable() -> Generator[None, object, object]:
    """A failure that shows a name which is no UTF-8 reaches the process that collects the reports."""
    return _in_utf8((yield))


def _in_utf8(value: object) -> object:
    if isinstance(value, str):
        return value.encode(errors="backslashreplace").decode()
    if isinstance(value, dict):
        return {_in_utf8(key): _in_utf8(entry) for key, entry in value.items()}
    return type(value)(map(_in_utf8, value)) if isinstance(value, list | tuple) else value


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Random numbers do not depend on which tests ran before, nor on the worker."""
    torch.manual_seed(0)
    np.random.seed(0)


@pytest.fixture(scope="session", autouse=True)
def no_native_bf16() -> Generator[None, None, None]:
    """Trainings in this process have one precision, whatever the CPU can do: Accelerate allows no second one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
        yield


@pytest.fixture(scope="session", params=RECORDINGS, ids=recording_name)
def golden(request: pytest.FixtureRequest) -> Path:
    """A folder of recorded outputs: tests/golden always, the larger sets where they are."""
    return request.param


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real clips, weights and golden outputs, beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip("../shared (real clips, detector weights, golden outputs) is not here")
    return SHARED


@pytest.fixture(scope="session")
def tiny_language_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a two-layer Llama of random weights and a small byte-level tokenizer with a chat template."""
    from tiny import save_tiny_language_model

    return save_tiny_language_model(tmp_path_factory.mktemp("tiny-lm"))


@pytest.fixture(scope="session")
def tiny_tracker_config(tiny_language_model: Path):
    """A configuration with small parts, quick to build."""
    from tiny import tiny_config

    return tiny_config(tiny_language_model)
