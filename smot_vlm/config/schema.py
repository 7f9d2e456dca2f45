"""The configuration as frozen dataclasses. Defaults cite the paper.

Only models/build.py, tracker.py, training, the command line and the scripts read it; modules take plain keywords.
"""

from dataclasses import dataclass, field
from typing import Annotated

from smot_vlm.config.association import (
    BotSortConfig,
    ByteConfig,
    DeepSortConfig,
    OCSortConfig,
    SortConfig,
    SparseConfig,
)
from smot_vlm.config.data import SYNTHETIC, DataSourceConfig, check_sources
from smot_vlm.config.long_video import LongVideoConfig
from smot_vlm.config.people import PeopleConfig
from smot_vlm.config.ranges import Count, CountFromZero, NotNegative, Pixels, Positive, Share, Tokens, Width
from smot_vlm.formats.checked import Range


@dataclass(frozen=True)
class DetectorConfig:
    """The YOLO inside the model.

    Attributes:
        weights: an ultralytics architecture (.yaml, random weights) or checkpoint (.pt).
        pretrained: safetensors of that architecture's backbone and neck, from which a training starts; the head is
            random, since it finds people alone. Empty: all of it is as `weights` says.
        image_size: the long side in pixels that a frame is scaled to.
        overlap: IoU above which the weaker of two boxes is dropped.
        classes: what the classes of a detector's file are called, in their order; empty: as the file says.
    """

    weights: str = "yolo11n.yaml"
    pretrained: str = ""
    image_size: Pixels = 640
    overlap: Share = 0.65
    classes: tuple[str, ...] = ()


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
        byte, botsort, sparse, sort, ocsort, deepsort: What single associators take, read by the one of that name.
    """

    name: str = "byte"
    proposal_score: Share = 0.1
    high_score: Share = 0.5
    new_track_score: Share = 0.6
    buffer_seconds: NotNegative = 1.2
    fill_gaps: bool = False
    byte: ByteConfig = field(default_factory=ByteConfig)
    botsort: BotSortConfig = field(default_factory=BotSortConfig)
    sparse: SparseConfig = field(default_factory=SparseConfig)
    sort: SortConfig = field(default_factory=SortConfig)
    ocsort: OCSortConfig = field(default_factory=OCSortConfig)
    deepsort: DeepSortConfig = field(default_factory=DeepSortConfig)


@dataclass(frozen=True)
class FeaturesConfig:
    """Tokens of frames and people.

    Attributes:
        dim: width d of every token (paper: 256).
        frame_grid: a frame becomes frame_grid^2 tokens (paper: 16).
        person_grid: a box becomes person_grid^2 tokens (paper: 4 tokens).
        per_second: keyframes a second (BenSMOT: about 2); boxes are tracked on every frame.
        track_frames: most observations kept of a track, spread evenly over it.
        detach: no gradient of captions and verbs into the backbone (the released code's way).
    """

    dim: Width = 256
    frame_grid: Annotated[int, Range(1, 256)] = 16
    person_grid: Annotated[int, Range(1, 64)] = 2
    per_second: Positive = 2.0
    track_frames: Annotated[int, Range(2, 10**9)] = 32
    detach: bool = False


@dataclass(frozen=True)
class FusionConfig:
    """The paper's fusion modules (section 4).

    Attributes:
        video: VFM, "attention", "mlp", "concatenation" or "addition"; the default is the paper's choice (Table 4).
        trajectory: TFM, one of the same; the default is the paper's choice (Table 4).
        heads: of the attention (paper: 8).
        feedforward: width of the feed-forward layer (paper: 1024).
        position_codes: time and box codes in TFM; the paper has none.
        actor_relations: people of a frame attend to each other before TFM; the paper has none.
    """

    video: str = "attention"
    trajectory: str = "concatenation"
    heads: Annotated[int, Range(1, 1024)] = 8
    feedforward: Width = 1024
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
        connectives: words that go on in the same way ("then", "afterwards"): greedy decoding of "lora-lm" adds up their
            probabilities, so that a caption does not end early because they are many.
        compile: greedy decoding of "lora-lm" on a CUDA GPU writes words by compiled steps of fixed shape; the text is the same.
            A minute is spent where a number of captions, or a length, is met for the first time.
    """

    num_beams: Annotated[int, Range(1, 64)] = 1
    temperature: NotNegative = 0.0
    top_p: Annotated[float, Range(0, 1, above=True)] = 1.0
    seed: int = 0
    connectives: tuple[str, ...] = ()
    compile: bool = False


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
        quantization: "4bit" or "8bit" by bitsandbytes, or null; "int8" of decoder "lora-lm": captions are generated in 8 bits
            on a CPU, and everything else is in float32.
        gradient_checkpointing: less memory in training for a second forward pass.
    """

    language_model: str = "HuggingFaceTB/SmolLM2-135M-Instruct"
    soft_tokens: Tokens = 16
    num_segments: Tokens = 4
    lora_rank: Tokens = 16
    lora_alpha: CountFromZero = 32
    lora_targets: tuple[str, ...] = ()
    quantization: str | None = None
    gradient_checkpointing: bool = False


@dataclass(frozen=True)
class VisionLanguageConfig(LoraLMConfig):
    """Decoder "vision-language": an image-text-to-text model; 0 soft tokens and rank 0: as it is, from pictures alone.

    Attributes:
        language_model: a path, an installed package's model or a hub name.
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
    label_smoothing: Share = 0.1


@dataclass(frozen=True)
class ServerConfig:
    """Decoder "server": models behind a server that speaks OpenAI's protocol (vLLM, SGLang, Ollama, llama.cpp, LM Studio, a cloud).

    Attributes:
        address: [openai:]URL[#MODEL]; null: OPENAI_BASE_URL. A key comes from OPENAI_API_KEY and stands in no file.
        captions, verbs, summary: another server or model for one kind of question, as URL#MODEL, or #MODEL of the same server.
        summary_pictures: show frames for the video's caption; false: a text model writes it from the people's captions and
            interactions.
        shortlist: labels of the verbs that each pair is asked to choose from; none: those that the model's own first words
            name (one question more a pair).
        concurrency: most questions on their way at a time.
        timeout_seconds: that an answer may take.
        retries: how often a question is sent again that failed for a reason that may pass.
        picture_tokens: of the model's context that a picture may take; fewer are shown where they would not fit.
        cache_megabytes: answers kept on disk, so that a run that was stopped does not ask again; 0 keeps none.
        reuse_pictures: name pictures and send each once; only vLLM can.
    """

    address: str | None = None
    captions: str | None = None
    verbs: str | None = None
    summary: str | None = None
    summary_pictures: bool = False
    shortlist: tuple[str, ...] = ()
    concurrency: Count = 8
    timeout_seconds: Positive = 120.0
    retries: CountFromZero = 4
    picture_tokens: Count = 600
    cache_megabytes: CountFromZero = 256
    reuse_pictures: bool = False


@dataclass(frozen=True)
class DecoderConfig:
    """The caption decoder, with a section for each kind; only that of `name` is read.

    Attributes:
        name: a key of DECODERS, or "server" for model_type "zero-shot".
        context: what the video's prompt states beside the soft tokens, so that the summary agrees with its parts: "none",
            "captions" (of the people, just generated) or "captions+verbs" (and who does what to whom).
        compose_video_caption: tell the video's caption from the people's captions and the interactions; the place is
            the one that the model reads from frames, or else the one that the decoder writes.
        add_deeds_from: interactions found with this score or a higher one, which a person's caption leaves out, are told
            in it at their time; null: none is.
        add_seen_deeds: what single observations show clearly, which a person's caption leaves out, is told in it, too;
            only of models that see when things happen.
        max_new_tokens: most tokens of a caption (the released SMOTer: 39).
        max_batch: most captions generated at once, which bounds the key-value cache.
        generation: how words are chosen.
        examples: prompts of model_type "zero-shot" show sentences in the manner of BenSMOT; small models repeat them.
        lora_lm, vision_language, smoter, server: the sections of the four kinds.
    """

    name: str = "lora-lm"
    context: str = "none"
    compose_video_caption: bool = False
    add_deeds_from: Share | None = None
    add_seen_deeds: bool = False
    max_new_tokens: Width = 80
    max_batch: Width = 32
    generation: GenerationConfig = field(default_factory=GenerationConfig)
    lora_lm: LoraLMConfig = field(default_factory=LoraLMConfig)
    vision_language: VisionLanguageConfig = field(default_factory=VisionLanguageConfig)
    smoter: SmoterConfig = field(default_factory=SmoterConfig)
    server: ServerConfig = field(default_factory=ServerConfig)
    examples: bool = False

    @property
    def base_model(self) -> str | None:
        """The pretrained model that the decoder adapts; None where it adapts none."""
        adapted = {"lora-lm": self.lora_lm, "vision-language": self.vision_language}
        return adapted[self.name].language_model if self.name in adapted else None


@dataclass(frozen=True)
class InteractionConfig:
    """The interaction head.

    Attributes:
        threshold: a verb is reported from this probability on (the released code: 0.4), until thresholds are calibrated
            verb by verb. Where a caption tells of it, 0.45 is enough.
        verb_encoder: the sentence encoder whose embeddings of the glosses the verbs start from; null starts at random.
        max_pairs: most ordered pairs scored in one video; with more, the pairs that come closest are taken.
        max_gap: only people whose box centers come this close are scored, in units of their heights; null: all.
        shortlist: verbs scored by likelihood for each pair, without training; see semantics/verb_likelihood.py.
        temperature: of these likelihoods.
    """

    threshold: Share = 0.4
    verb_encoder: str | None = "sentence-transformers/all-MiniLM-L6-v2"
    max_pairs: CountFromZero = 4096
    max_gap: NotNegative | None = None
    shortlist: Count = 16
    temperature: Positive = 0.25


@dataclass(frozen=True)
class PicturesConfig:
    """Pictures shown to a vision-language decoder, spread evenly over the video.

    Attributes:
        scene_frames: whole frames.
        track_crops: crops of each track.
        frame_size: longest side in pixels.
        crop_size: longest side in pixels.
    """

    scene_frames: Tokens = 4
    track_crops: Tokens = 4
    frame_size: Pixels = 512
    crop_size: Pixels = 384


@dataclass(frozen=True)
class TrainingConfig:
    """How a model is trained; not read at inference.

    Attributes:
        dataset: "synthetic" (drawn in memory) or the root of a data set in BenSMOT's layout.
        sources: several data sets instead of `dataset`, each with its weight.
        balance: "off" (every sequence of a source equally often), or the seldom more often: "verb" (sequences with rare
            verbs), "scenario" or "both", by the inverse square root of how many sequences have it (Mahajan et al. 2018,
            "Exploring the Limits of Weakly Supervised Pretraining"); of several verbs the rarest counts (repeat factors of
            LVIS, Gupta et al. 2019). Drawn sequences stay as they are.
        balance_cap: how much more often than the most frequent one at most.
        train_split: of the data set.
        validation_split: of the data set; where it has no "val", a share of the training split is held out.
        held_out: that share, drawn by the seed from every scenario.
        synthetic_sequences: number of different ones to draw.
        synthetic_width: of their frames in pixels, null for 320 to 640.
        seed: of weights, order and augmentation.
        steps: optimiser steps.
        detector_only_steps: the detector learns alone up to here (paper: 20K of 70K), then grounding and interactions too.
        ctc_start_step: from here on grounding asks for the order of the words.
        caption_start_step: from here on captions are learned.
        batch_clips: clips a process and micro-batch.
        accumulate: micro-batches a step.
        workers: processes that prepare clips.
        prefetch_mb: most memory in MB of the clips that workers hold ready.
        reduce_frames: decode JPEGs at a half, a quarter or an eighth of their size where that still fills the detector's
            canvas; faster, with slightly other pixels than inference, which scales whole frames.
        most_frames: longest run of consecutive frames to associate.
        feature_frames: keyframes of a clip, spread over the run.
        detector_frames: smallest and largest number of keyframes in the detector's loss (paper: 6 to 8).
        true_tracks: share of clips with annotated instead of predicted trajectories, at the start and at the end.
        video_captions: share of clips whose video caption is a target.
        augment: mirror, crop, scale, blur or compress clips and change their brightness; hues stay.
        learning_rate: highest rate of the heads; after warm-up the rates follow half a cosine to 0.
        lora_learning_rate: highest rate of the language model's adapter.
        backbone_factor: times learning_rate for the detector (0.1 for a pretrained one).
        weight_decay: of matrices.
        warmup_steps: steps in which the rates rise.
        clip_norm: largest norm of the gradient of each group of parameters.
        average: largest decay of the moving average of the weights, which is validated and exported; 0: there is none.
        skip_limit: steps in a row with losses or gradients that are not finite, all of which are skipped, that end it.
        weights: of each mean loss by name, in place of its own (see training/terms.py); 0 leaves it out.
        assignment_iou: spatio-temporal IoU from which a predicted trajectory is a true person's.
        precision: "auto" (bf16 on GPUs and CPUs with units for it, else float32), "float32", "tf32" (NVIDIA GPUs from Ampere
            on), "bf16" or "fp16".
        sync_batch_norm: batch norms count the frames of all processes, on GPUs; for few frames a process.
        compile: torch.compile the language model and the detector.
        logger: "tensorboard", "wandb" or "none".
        project: of the experiment logger; empty: the name of the run's folder.
        log_clips: described clips that the logger gets as pictures at each validation.
        log_every: steps.
        checkpoint_every: steps.
        keep: newest checkpoints kept, beside the best.
        validate_every: steps.
        validation_videos: described at each validation.
        best_by: the validation score that chooses the best checkpoint: "score" (the mean of what is known of the next
            three), "hota", "fact_recall" or "verb_f1".
        patience: validations in a row without a better one that end the training, counted once captions are learned; 0: it
            runs to its last step.
        hub: owner/name on the Hugging Face hub that gets checkpoints and, at the end, the model; empty: nothing is pushed.
        hub_private: of a repository that is not there yet.
        calibration_videos: validation sequences on which the verbs' thresholds are set at the end; 0 leaves them.
        domain_sequences: training sequences from which the exported model knows what it learned from; 0: it does not, and
            speaks about everything.
        domain: these in words, such as "drawn figures".
    """

    dataset: str = SYNTHETIC
    sources: tuple[DataSourceConfig, ...] = ()
    balance: str = "off"
    balance_cap: Annotated[float, Range(1, 1000)] = 5.0
    train_split: str = "train"
    validation_split: str = "val"
    held_out: Annotated[float, Range(0, 0.5)] = 0.03
    synthetic_sequences: Count = 4000
    synthetic_width: Pixels | None = 320
    seed: int = 0
    steps: int = 2000
    detector_only_steps: CountFromZero = 200
    ctc_start_step: CountFromZero = 300
    caption_start_step: CountFromZero = 400
    batch_clips: int = 1
    accumulate: int = 1
    workers: Annotated[int, Range(0, 1024)] = 1
    prefetch_mb: Count = 4096
    reduce_frames: bool = False
    most_frames: Count = 48
    feature_frames: Count = 12
    detector_frames: tuple[Count, Count] = (6, 8)
    true_tracks: tuple[Share, Share] = (1.0, 0.5)
    video_captions: Share = 1.0
    augment: bool = False
    learning_rate: NotNegative = 1e-3
    lora_learning_rate: NotNegative = 5e-4
    backbone_factor: NotNegative = 0.1
    weight_decay: NotNegative = 0.01
    warmup_steps: CountFromZero = 100
    clip_norm: Positive = 5.0
    average: Annotated[float, Range(0, 0.99999)] = 0.0
    skip_limit: Count = 10
    weights: dict[str, NotNegative] = field(default_factory=dict)
    assignment_iou: Share = 0.5
    precision: str = "auto"
    sync_batch_norm: bool = False
    compile: bool = False
    logger: str = "tensorboard"
    project: str = ""
    log_clips: CountFromZero = 2
    log_every: int = 10
    checkpoint_every: int = 200
    keep: int = 2
    validate_every: int = 500
    validation_videos: CountFromZero = 12
    best_by: str = "score"
    patience: CountFromZero = 0
    hub: str = ""
    hub_private: bool = True
    calibration_videos: CountFromZero = 60
    domain_sequences: CountFromZero = 240
    domain: str = ""

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
            ("precision", ("auto", "float32", "tf32", "bf16", "fp16")),
            ("logger", ("tensorboard", "wandb", "none")),
            ("balance", ("off", "verb", "scenario", "both")),
            ("best_by", ("score", "hota", "fact_recall", "verb_f1")),
        ):
            if getattr(self, name) not in allowed:
                raise ValueError(f"training.{name} is {getattr(self, name)!r}; it takes {', '.join(allowed)}")
        if self.patience and not self.validation_videos:
            raise ValueError(
                "training.patience counts validations, and training.validation_videos is 0; give one or more"
            )
        check_sources(self.sources, self.dataset)


@dataclass(frozen=True)
class Config:
    """Everything that makes a model.

    Attributes:
        name: of the model, as descriptions state it.
        detector: boxes.
        association: boxes over time.
        features: tokens.
        fusion: tokens over time.
        decoder: captions.
        interaction: verbs.
        training: not read at inference.
        people: how the appearance network of model_type "people" is trained; not read at inference.
        pictures: for vision-language decoders.
        long_video: cuts, and stretches of long videos.
        model_type: a key of MODELS: "smot" (learned features, fusions and heads), "zero-shot" (pretrained parts alone)
            or "tracks-only"; or "people" (an appearance network, see models/people.py).
        successor: the model that speaks where a video is unlike what this one learned from, by a name that ships or a
            folder; empty: nobody.
    """

    name: str = "demo"
    detector: DetectorConfig = field(default_factory=DetectorConfig)
    association: AssociationConfig = field(default_factory=AssociationConfig)
    features: FeaturesConfig = field(default_factory=FeaturesConfig)
    fusion: FusionConfig = field(default_factory=FusionConfig)
    decoder: DecoderConfig = field(default_factory=DecoderConfig)
    interaction: InteractionConfig = field(default_factory=InteractionConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    people: PeopleConfig = field(default_factory=PeopleConfig)
    pictures: PicturesConfig = field(default_factory=PicturesConfig)
    long_video: LongVideoConfig = field(default_factory=LongVideoConfig)
    model_type: str = "smot"
    successor: str = ""

    def __post_init__(self) -> None:
        if self.features.dim % self.fusion.heads:
            raise ValueError(
                f"features.dim is {self.features.dim} and fusion.heads {self.fusion.heads}; dim takes a multiple of heads"
            )
