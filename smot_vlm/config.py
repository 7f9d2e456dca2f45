"""The configuration: frozen dataclasses <- YAML <- dotted overrides. An unknown key is an error that names the valid ones.

Only model.py, tracker.py, the command line and the scripts read it; modules take plain keywords.
"""

import types
import typing
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, Union

import yaml

Section = TypeVar("Section")


@dataclass(frozen=True)
class DetectorConfig:
    """The YOLO inside the model.

    weights: an ultralytics architecture (.yaml, random weights) or checkpoint (.pt). image_size: the long side in
    pixels that a frame is scaled to. overlap: IoU above which the weaker of two boxes is dropped.
    """

    weights: str = "yolo11n.yaml"
    image_size: int = 640
    overlap: float = 0.65
    max_people: int = 300


@dataclass(frozen=True)
class AssociationConfig:
    """Linking boxes over time.

    Attributes:
        name: A key of ASSOCIATORS.
        proposal_score: The paper's tau_p, the lowest score of a box that is used at all. Boxes between it and
            high_score are matched in BYTE's second round only.
        high_score: The lowest score of BYTE's first round.
        new_track_score: The lowest score of a box that starts a track.
        buffer_seconds: How long a lost track is kept (30 frames at 25 fps; the paper keeps 30 frames, which at 2 fps
            are 15 seconds).
        fill_gaps: Interpolate boxes for people who were hidden for a while, see association/interpolation.py.
    """

    name: str = "byte"
    proposal_score: float = 0.1
    high_score: float = 0.5
    new_track_score: float = 0.6
    buffer_seconds: float = 1.2
    fill_gaps: bool = False


@dataclass(frozen=True)
class FeaturesConfig:
    """What is kept of a frame and of a person.

    dim: width d of every token (paper: 256). frame_grid: a frame becomes frame_grid^2 tokens (paper: 16).
    person_grid: a box becomes person_grid^2 tokens (paper: 4 tokens). per_second: frames a second that are looked at
    for meaning (BenSMOT: about 2); boxes are tracked on every frame. track_frames: most frames kept of a track,
    spread evenly over its life. detach: no gradient of captions and verbs into the backbone (the released code's way).
    """

    dim: int = 256
    frame_grid: int = 16
    person_grid: int = 2
    per_second: float = 2.0
    track_frames: int = 32
    detach: bool = False


@dataclass(frozen=True)
class FusionConfig:
    """The paper's fusion modules (section 4): 8 heads, feed-forward 1024. position_codes: time and box codes in TFM.

    video, trajectory: how frames (VFM) and a person's tokens (TFM) are fused, "attention", "mlp", "concatenation" or
    "addition"; the defaults are the paper's choice (Table 4). actor_relations: people of a frame look at each other before
    TFM, see fusion/actor_relations.py; the paper has none.
    """

    video: str = "attention"
    trajectory: str = "concatenation"
    heads: int = 8
    feedforward: int = 1024
    position_codes: bool = True
    actor_relations: bool = True


@dataclass(frozen=True)
class GenerationConfig:
    """How the words of a caption are chosen; see `Decoding` in semantics/generation.py.

    Attributes:
        num_beams: above 1: beam search.
        temperature: above 0: sampling; 0: greedy.
        top_p: sample from the likeliest words that together have this probability.
        seed: of the samples, for each call.
    """

    num_beams: int = 1
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0


@dataclass(frozen=True)
class LoraLMConfig:
    """Decoder "lora-lm": a causal language model with LoRA and soft tokens.

    Attributes:
        language_model: a path, an installed package's model or a hub name.
        soft_tokens: learned queries that carry a trajectory (or the scene) into the language model.
        num_segments: equal parts of a trajectory among the soft tokens, see semantics/soft_tokens.py; 0: no parts.
        lora_rank: of the adapter.
        lora_alpha: the adapter's output is scaled by lora_alpha / lora_rank.
        lora_targets: names of the linear layers that get LoRA; none: those of the attention.
        quantization: "4bit" or "8bit" by bitsandbytes, or null.
        gradient_checkpointing: less memory in training for a second forward pass.
    """

    language_model: str = "HuggingFaceTB/SmolLM2-135M-Instruct"
    soft_tokens: int = 16
    num_segments: int = 4
    lora_rank: int = 16
    lora_alpha: int = 32
    lora_targets: tuple[str, ...] = ()
    quantization: str | None = None
    gradient_checkpointing: bool = False


@dataclass(frozen=True)
class VisionLanguageConfig(LoraLMConfig):
    """Decoder "vision-language": an image-text-to-text model; 0 soft tokens and rank 0: as it is, from pictures alone.

    Attributes:
        dtype: "float32", or "bfloat16" for a large model on a GPU.
    """

    language_model: str = "HuggingFaceTB/SmolVLM-256M-Instruct"
    dtype: str = "float32"


@dataclass(frozen=True)
class SmoterConfig:
    """Decoder "smoter": the paper's.

    Attributes:
        tokenizer: the language model whose tokenizer it takes: a path, an installed package's model or a hub name.
        label_smoothing: of its targets (the released code: 0.1).
    """

    tokenizer: str = "HuggingFaceTB/SmolLM2-135M-Instruct"
    label_smoothing: float = 0.1


@dataclass(frozen=True)
class DecoderConfig:
    """The caption decoder, with a section for each kind; only that of `name` is read.

    Attributes:
        name: a key of DECODERS.
        context: what the video's prompt states beside the soft tokens, so that the summary agrees with its parts: "none",
            "captions" (of the people, just generated) or "captions+verbs" (and who does what to whom).
        max_new_tokens: most tokens of a caption (the released SMOTer: 39).
        max_batch: most captions generated at once, which bounds the key-value cache.
    """

    name: str = "lora-lm"
    context: str = "none"
    max_new_tokens: int = 80
    max_batch: int = 32
    generation: GenerationConfig = field(default_factory=GenerationConfig)
    lora_lm: LoraLMConfig = field(default_factory=LoraLMConfig)
    vision_language: VisionLanguageConfig = field(default_factory=VisionLanguageConfig)
    smoter: SmoterConfig = field(default_factory=SmoterConfig)

    @property
    def base_model(self) -> str | None:
        """The pretrained model that the decoder adapts; None where it adapts none."""
        adapted = {"lora-lm": self.lora_lm, "vision-language": self.vision_language}
        return adapted[self.name].language_model if self.name in adapted else None


@dataclass(frozen=True)
class InteractionConfig:
    """The verb head. threshold: a verb is reported from this probability on (the released code: 0.4), until thresholds
    are calibrated verb by verb.

    verb_encoder: the sentence encoder whose embeddings of the glosses the verbs start from; null starts at random.
    max_pairs: most ordered pairs that are looked at in one video; with more, the pairs that come closest are taken.
    max_gap: only people who come so near are looked at, in units of their heights; null: all. shortlist, temperature:
    for verbs by likelihood, without training; see semantics/verb_likelihood.py.
    """

    threshold: float = 0.4
    verb_encoder: str | None = "sentence-transformers/all-MiniLM-L6-v2"
    max_pairs: int = 4096
    max_gap: float | None = None
    shortlist: int = 16
    temperature: float = 0.25


@dataclass(frozen=True)
class PicturesConfig:
    """What is kept for a decoder that looks at pictures: frames of the scene and crops of each track, spread evenly.

    frame_size, crop_size: longest side in pixels.
    """

    scene_frames: int = 4
    track_crops: int = 4
    frame_size: int = 512
    crop_size: int = 384


@dataclass(frozen=True)
class TrainingConfig:
    """How a model is trained; not read at inference.

    dataset: "synthetic" (drawn in memory) or the root of a data set in BenSMOT's layout. synthetic_sequences: how many
    different worlds; synthetic_width: of their frames in pixels, null for 320 to 640.
    steps: optimiser steps. Up to detector_only_steps the detector learns alone (paper: 20K of 70K); from then on
    grounding and interactions too; from ctc_start_step on grounding asks for the words' order; from caption_start_step
    on captions are learned too. batch_clips: clips a process and micro-batch; accumulate:
    micro-batches a step.
    most_frames, feature_frames, detector_frames, true_tracks, video_captions: see training/examples.py.
    learning_rate: of the heads; lora_learning_rate: of the language model's adapter; backbone_factor: times
    learning_rate for the detector (0.1 for a pretrained one). After warmup_steps the rates follow half a cosine to 0.
    clip_norm: of the gradient of each group of parameters.
    weights: of each mean loss by name, in place of its own (see training/terms.py); 0 leaves it out.
    assignment_iou: spatio-temporal IoU from which a found trajectory is a true person's.
    precision: "auto" (bf16 on GPUs and CPUs with units for it, else float32), "float32", "bf16" or "fp16". compile: torch.compile the
    language model and the detector. logger: "tensorboard", "wandb" or "none".
    keep: newest checkpoints kept, beside the best. validation_videos: described every validate_every steps.
    calibration_videos: validation sequences on which the verbs' thresholds are set at the end; 0 leaves them.
    """

    dataset: str = "synthetic"
    train_split: str = "train"
    validation_split: str = "val"
    synthetic_sequences: int = 4000
    synthetic_width: int | None = 320
    seed: int = 0
    steps: int = 2000
    detector_only_steps: int = 200
    ctc_start_step: int = 300
    caption_start_step: int = 400
    batch_clips: int = 1
    accumulate: int = 1
    workers: int = 1
    most_frames: int = 48
    feature_frames: int = 12
    detector_frames: tuple[int, int] = (6, 8)
    true_tracks: tuple[float, float] = (1.0, 0.5)
    video_captions: float = 1.0
    augment: bool = False
    learning_rate: float = 1e-3
    lora_learning_rate: float = 5e-4
    backbone_factor: float = 0.1
    weight_decay: float = 0.01
    warmup_steps: int = 100
    clip_norm: float = 5.0
    weights: dict[str, float] = field(default_factory=dict)
    assignment_iou: float = 0.5
    precision: str = "auto"
    compile: bool = False
    logger: str = "tensorboard"
    log_every: int = 10
    checkpoint_every: int = 200
    keep: int = 2
    validate_every: int = 500
    validation_videos: int = 12
    calibration_videos: int = 60

    def __post_init__(self) -> None:
        counts = ("steps", "batch_clips", "accumulate", "log_every", "checkpoint_every", "keep", "validate_every")
        small = [name for name in counts if getattr(self, name) < 1]
        if small:
            raise ValueError(f"training.{small[0]} is {getattr(self, small[0])}; give at least 1")
        if not 0 <= self.detector_only_steps <= min(self.ctc_start_step, self.caption_start_step):
            raise ValueError(
                f"training.detector_only_steps is {self.detector_only_steps}, ctc_start_step {self.ctc_start_step} and "
                f"caption_start_step {self.caption_start_step}; ctc and captions start after the detector"
            )
        for name, allowed in (
            ("precision", ("auto", "float32", "bf16", "fp16")),
            ("logger", ("tensorboard", "wandb", "none")),
        ):
            if getattr(self, name) not in allowed:
                raise ValueError(f"training.{name} is {getattr(self, name)!r}; it takes {', '.join(allowed)}")


@dataclass(frozen=True)
class Config:
    """Everything that makes a model. `name` is what a description says wrote it.

    model_type: a key of MODELS: "smot" (learned features, fusions and heads) or "zero-shot" (pretrained parts alone).
    """

    name: str = "demo"
    detector: DetectorConfig = field(default_factory=DetectorConfig)
    association: AssociationConfig = field(default_factory=AssociationConfig)
    features: FeaturesConfig = field(default_factory=FeaturesConfig)
    fusion: FusionConfig = field(default_factory=FusionConfig)
    decoder: DecoderConfig = field(default_factory=DecoderConfig)
    interaction: InteractionConfig = field(default_factory=InteractionConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    pictures: PicturesConfig = field(default_factory=PicturesConfig)
    model_type: str = "smot"


def load_config(path: Path | str, overrides: typing.Sequence[str] = ()) -> Config:
    """Read a YAML file over the defaults, then apply overrides such as `decoder.max_new_tokens=60`.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not YAML, an unknown key, or a value of the wrong kind.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such config; the configs that ship are in configs/")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except yaml.YAMLError as error:
        raise ValueError(f"{path}: not YAML ({' '.join(str(error).split())})") from None
    try:
        return config_from_dict(apply_overrides(content, overrides))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def config_from_dict(content: dict[str, Any]) -> Config:
    """A Config from nested dicts (YAML or config.json); what is absent keeps its default."""
    return _section(Config, content, "")


def config_to_dict(config: Config) -> dict[str, Any]:
    """The inverse of `config_from_dict`."""
    return asdict(config)


def apply_overrides(content: dict[str, Any], overrides: typing.Sequence[str]) -> dict[str, Any]:
    """`content` with `key.subkey=value` overrides applied; values are read as YAML (2, 0.5, true, null, text)."""
    result = _copy(content)
    for override in overrides:
        key, equals, value = override.partition("=")
        if not equals or not key:
            raise ValueError(f"override {override!r}; write key.subkey=value")
        *parents, last = key.split(".")
        section = result
        for parent in parents:
            section = section.setdefault(parent, {})
            if not isinstance(section, dict):
                raise ValueError(f"override {override!r}: {parent} is a value and has no keys below it")
        section[last] = yaml.safe_load(value)
    return result


def _section(kind: type[Section], content: Any, prefix: str) -> Section:
    if not isinstance(content, dict):
        raise ValueError(f"{prefix.rstrip('.') or 'the config'} is {content!r}; give keys and values")
    hints = typing.get_type_hints(kind)
    valid = [entry.name for entry in fields(kind)]  # type: ignore[arg-type]
    for key in content:
        if key not in valid:
            raise ValueError(f"unknown key {prefix}{key}; valid keys: {', '.join(prefix + name for name in valid)}")
    values = {key: _value(hints[key], value, prefix + key) for key, value in content.items()}
    return kind(**values)


def _value(kind: Any, value: Any, key: str) -> Any:
    if is_dataclass(kind):
        return _section(kind, value, key + ".")  # type: ignore[arg-type]
    if typing.get_origin(kind) is tuple and isinstance(value, list | tuple):
        return tuple(_value(typing.get_args(kind)[0], entry, key) for entry in value)
    if typing.get_origin(kind) is dict and isinstance(value, dict):
        entry_kind = typing.get_args(kind)[1]
        return {str(name): _value(entry_kind, entry, f"{key}.{name}") for name, entry in value.items()}
    allowed = typing.get_args(kind) if typing.get_origin(kind) in (Union, types.UnionType) else (kind,)
    if float in allowed and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    # YAML 1.1 reads 5e-4 as text.
    if float in allowed and str not in allowed and isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            pass
    if not any(isinstance(value, entry) and (entry is bool or not isinstance(value, bool)) for entry in allowed):
        names = " or ".join(getattr(entry, "__name__", str(entry)) for entry in allowed)
        raise ValueError(f"{key} is {value!r}; it takes {names}")
    return value


def _copy(content: Any) -> Any:
    return {key: _copy(value) for key, value in content.items()} if isinstance(content, dict) else content
