"""Making a Tracker for a command: its wait is shown, the chatter of libraries is not."""

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from typing import TYPE_CHECKING, Annotated

import typer

from smot_vlm.cli.console import messages
from smot_vlm.semantics.hub import read_hub_name
from smot_vlm.system.errors import naming

if TYPE_CHECKING:
    from smot_vlm.tracker import Tracker


class BlurMode(str, Enum):
    """What of people is made unrecognisable in pictures that are written: the keys of `output.blur.MODES`."""

    faces = "faces"
    people = "people"


Blur = Annotated[
    BlurMode | None,
    typer.Option(
        help="Make faces, or whole people, unrecognisable in all pictures that are written. A face is taken to be where "
        "the head of a person's box is; who was not found as a person is not blurred."
    ),
]
Associator = Annotated[
    str | None,
    typer.Option(
        help="How boxes are linked over time: byte (motion and overlap, two rounds by score), sparse (few frames a second), "
        "auto (one of these by frame rate), sort (motion alone), ocsort (motion as observed), ocsort-byte (with the second "
        "round), botsort (camera motion, with :REID.onnx looks too), deepsort:REID.onnx (looks and motion) (default: the "
        "model's own)."
    ),
]
Dtype = Annotated[
    str,
    typer.Option(
        help="float32, tf32 (NVIDIA GPUs from Ampere on), bf16 or fp16: of networks and words; boxes are read in float32."
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override the configuration; may be repeated."),
]
Batch = Annotated[
    int,
    typer.Option(min=1, help="Frames through the detector at once: the same boxes to rounding, faster on a GPU."),
]


def load_tracker(
    model: str,
    *,
    decoder: str | None = None,
    detector: str,
    associator: str | None,
    device: str,
    overrides: Sequence[str] = (),
    dtype: str = "float32",
    batch: int = 1,
) -> "Tracker":
    """`Tracker.from_pretrained` behind a spinner.

    Args:
        model: Name, configuration file or folder; "auto" for the best at hand, which is said.
        decoder: A server, as openai:URL[#MODEL], for words; None for the model's own.
        detector: model, onnx:FILE or yolo:FILE.
        associator: A key of ASSOCIATORS; None for the model's own choice.
        device: auto, cpu, cuda ...
        overrides: key.subkey=value, of the configuration.
        dtype: A key of PRECISIONS.
        batch: Frames through the detector at once.

    Returns:
        The tracker.
    """
    if decoder is None and read_hub_name(model) is not None:
        # Not behind the spinner: fetching has bars of its own.
        from smot_vlm.models.hub import named_model

        with naming(f"model {model}"):
            named, overrides = named_model(
                model, overrides, detector=detector, associator=associator, say=messages.print
            )
            model = str(named)
    with messages.status("loading the model"), naming(f"model {model}"):
        from smot_vlm.models.automatic import AUTO, automatic_model
        from smot_vlm.models.local_models import find_local_vision_language_model
        from smot_vlm.tracker import Tracker

        silence_libraries()
        if decoder is not None:
            from smot_vlm.models.served_build import served_by

            model, overrides = served_by(decoder, model, overrides)
        elif model == AUTO:
            choice = automatic_model(find_local_vision_language_model)
            messages.print(choice.reason)
            model, overrides = choice.name, (*choice.overrides, *overrides)
        return Tracker.from_pretrained(
            model,
            detector=detector,
            associator=associator,
            device=device,
            overrides=overrides,
            dtype=dtype,
            batch=batch,
        )


def silence_libraries() -> None:
    """No progress bars and no warnings of what will change in other libraries."""
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    warnings.filterwarnings("ignore", category=FutureWarning)


@contextmanager
def damage_is_reported_once() -> Iterator[None]:
    """The reader's own reports of damage are left out: the command makes one of what it described."""
    logger = logging.getLogger("smot_vlm.video.reader")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)
