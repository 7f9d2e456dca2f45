"""The BenSMOT configurations, shrunk until they train on small made data in seconds."""

import runpy
import sys
from functools import partial
from pathlib import Path

import pytest
from bensmot_builder import make_dataset

from smot_vlm.language.people_facts import PersonFacts
from smot_vlm.language.people_facts_file import PEOPLE_FACTS_FILE, PeopleFacts, format_people_facts
from smot_vlm.models import decoders
from smot_vlm.semantics.smoter_decoder import SmoterDecoder
from smot_vlm.synthetic.dataset import write_dataset

REPO = Path(__file__).parents[1]
NAMES = ["bensmot_smollm2", "bensmot_qwen_qlora", "bensmot_smoter", "bensmot_people"]
SMALL = [
    "detector.weights=yolo11n.yaml",
    "detector.image_size=64",
    "features.dim=32",
    "features.frame_grid=4",
    "features.track_frames=6",
    "fusion.heads=4",
    "fusion.feedforward=64",
    "interaction.verb_encoder=null",
    "decoder.max_new_tokens=4",
    "decoder.lora_lm.lora_rank=2",
    "decoder.lora_lm.soft_tokens=8",
    "training.steps=3",
    "training.detector_only_steps=1",
    "training.ctc_start_step=2",
    "training.caption_start_step=2",
    "training.batch_clips=1",
    "training.accumulate=1",
    "training.workers=0",
    "training.most_frames=4",
    "training.feature_frames=3",
    "training.detector_frames=[2,3]",
    "training.warmup_steps=1",
    "training.logger=none",
    "training.log_every=1",
    "training.checkpoint_every=2",
    "training.validate_every=2",
    "training.precision=float32",
]


def make_bensmot(root: Path) -> Path:
    """train/ and test/ alone, as BenSMOT has them; with sets like the converted ones beside it."""
    bensmot = root / "bensmot"
    write_dataset(bensmot, videos=5, seed=20, split="train", width=160)
    write_dataset(bensmot, videos=1, seed=40, split="test", width=160)
    for name, all_interactions in (("stills", False), ("pedestrians", True), ("pairs", True)):
        first = make_dataset(root / name, "train", 2)
        facts = PeopleFacts({1: PersonFacts(kinds=("man",)), 2: PersonFacts()}, all_interactions=all_interactions)
        for folder in first.parent.iterdir():
            (folder / PEOPLE_FACTS_FILE).write_text(format_people_facts(facts))
    return bensmot


def shrunk(name: str, data: Path, language_model: Path, *, quantized: bool = False) -> list[str]:
    """Arguments of scripts/train.py."""
    others = ", ".join(
        f"{{dataset: {data.parent / name}, measured: false, unknown: [{unknown}]}}"
        for name, unknown in (("stills", "boxes"), ("pedestrians", "boxes"), ("pairs", ""))
    )
    drawn = "{dataset: synthetic, name: drawn, measured: false, weight: 2}"
    several = f"training.sources=[{{dataset: {data}, weight: 2}}, {drawn}, {others}]"
    return [
        *("--config", str(REPO / "configs" / f"{name}.yaml"), *SMALL),
        *([several, "training.synthetic_sequences=4"] if name == "bensmot_people" else [f"training.dataset={data}"]),
        *(f"decoder.lora_lm.language_model={language_model}", f"decoder.smoter.tokenizer={language_model}"),
        *([] if quantized else ["decoder.lora_lm.quantization=null"]),
    ]


def shrink_smoter(monkeypatch: pytest.MonkeyPatch) -> None:
    """The paper's decoder has no sizes in the configuration."""
    small = partial(SmoterDecoder.load, hidden=32, layers=1, heads=4, feedforward=64)
    monkeypatch.setattr(decoders.SmoterDecoder, "load", small)


def train(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    """scripts/train.py with these arguments."""
    monkeypatch.setattr(sys, "argv", ["train.py", *arguments])
    runpy.run_path(str(REPO / "scripts" / "train.py"))["main"]()
