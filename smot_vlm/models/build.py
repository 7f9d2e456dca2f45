"""Builds models from a configuration; the only place where parts are assembled."""

from collections.abc import Callable
from dataclasses import asdict, is_dataclass, replace
from functools import partial
from typing import Any

from smot_vlm.association.associators import ASSOCIATORS, WITH_REID_FILE, Associator, name_at_rate
from smot_vlm.association.reid import OnnxReID
from smot_vlm.association.settings import AssociationSettings
from smot_vlm.config import AssociationConfig, Config, FusionConfig
from smot_vlm.detection.detector import YoloDetector, YoloFileDetector
from smot_vlm.detection.pretrained import find_checkpoint
from smot_vlm.fusion.actor_relations import ActorRelations
from smot_vlm.fusion.pictures import PictureMemory
from smot_vlm.fusion.roi import FrameFeatures, PersonFeatures
from smot_vlm.fusion.scene import SceneFusion
from smot_vlm.fusion.trajectory import TRAJECTORY_FUSIONS, TrajectoryFusion
from smot_vlm.fusion.video import VIDEO_FUSIONS, VideoFusion
from smot_vlm.models.base import SmotModelBase
from smot_vlm.models.decoders import NO_SERVER, build_decoder, build_vision_language
from smot_vlm.models.served import ServedModel
from smot_vlm.models.served_build import build_served
from smot_vlm.models.smot import SmotModel
from smot_vlm.models.tracks_only import TracksOnlyModel
from smot_vlm.models.zero_shot import ZeroShotModel
from smot_vlm.semantics.answers import VisionLanguageAnswers
from smot_vlm.semantics.interaction import InteractionHead
from smot_vlm.semantics.prompts import Prompts
from smot_vlm.semantics.verb_likelihood import VerbLikelihood
from smot_vlm.verbs import NUM_VERBS, VERBS

# Prefix of the names of templates for vision-language models.
PICTURE_PROMPTS = "vl_"


def build_model(
    config: Config,
    *,
    architecture: dict[str, Any] | None = None,
    prompts: Prompts | None = None,
    name_verbs: bool = True,
) -> SmotModel:
    """Build a trainable model, randomly initialised except for the pretrained language model.

    Args:
        config: Of the model.
        architecture: Of the detector, instead of `detector.weights`.
        prompts: Templates; None for those that ship.
        name_verbs: Initialise the verbs from their glosses if the configuration names a sentence encoder; pass False
            if weights are loaded anyway.

    Returns:
        The model.

    Raises:
        FileNotFoundError: A part (the language model) is not found.
        ValueError: A part of the configuration is wrong.
    """
    features, fusion = config.features, config.fusion
    attention = {"dim": features.dim, "heads": fusion.heads, "feedforward": fusion.feedforward}
    detector = YoloDetector(
        config.detector.weights if architecture is None else architecture,
        image_size=config.detector.image_size,
        overlap=config.detector.overlap,
        min_score=config.association.proposal_score,
    )
    trajectory_fusion = build_trajectory_fusion(fusion, features.dim, cells=features.person_grid**2)
    features_and_fusions = (
        PersonFeatures(detector.channels, detector.strides, dim=features.dim, grid=features.person_grid),
        ActorRelations(features.dim) if fusion.actor_relations else None,
        FrameFeatures(detector.channels, dim=features.dim, grid=features.frame_grid),
        build_video_fusion(fusion, features.dim),
        trajectory_fusion,
        SceneFusion(**attention),
    )
    # Segments exist only if tokens keep their temporal order.
    decoder = build_decoder(config.decoder, features.dim, ordered=trajectory_fusion.keeps_order)
    return SmotModel(
        detector,
        *features_and_fusions,
        decoder,
        build_interaction_head(config, name_verbs),
        replace(prompts or Prompts(), prefix=PICTURE_PROMPTS if decoder.wants_pictures else ""),
        build_pictures(config) if decoder.wants_pictures else None,
        context=config.decoder.context,
    )


def build_zero_shot(config: Config) -> ZeroShotModel | ServedModel:
    """Combine a pretrained detector with a pretrained vision-language model, here or on a server; nothing is trained.

    Args:
        config: Of both.

    Returns:
        The model.

    Raises:
        FileNotFoundError: The vision-language model is not found.
        ValueError: A part of the configuration is wrong.
        ImportError: A server is configured, and the package that talks to servers is not installed.
    """
    prompts, interaction = Prompts(prefix=PICTURE_PROMPTS), config.interaction
    pictures = build_pictures(config, pairs=max(1, interaction.max_pairs // 2))
    open_detector = partial(open_pretrained_detector, config)
    if config.decoder.name == "server":
        return build_served(config, prompts, open_detector, pictures)
    decoder = build_vision_language(config.decoder, config.features.dim)
    verbs = VerbLikelihood(
        VisionLanguageAnswers(decoder, max_batch=config.decoder.max_batch),
        prompts.fill("verb"),
        VERBS,
        shortlist=interaction.shortlist,
        temperature=interaction.temperature,
    )
    return ZeroShotModel(
        open_detector,
        decoder,
        verbs,
        prompts,
        pictures,
        threshold=interaction.threshold,
        context=config.decoder.context,
        examples=config.decoder.examples,
    )


# model_type -> how to build it. Embedding 335 glosses takes seconds and does not help an untrained model.
MODELS: dict[str, Callable[[Config], SmotModelBase]] = {
    "smot": partial(build_model, name_verbs=False),
    "zero-shot": build_zero_shot,
    "tracks-only": lambda _: TracksOnlyModel(),
}


def build_configured_model(config: Config) -> SmotModelBase:
    """Build the configured type of model, as a Session uses it.

    Args:
        config: Its `model_type` is a key of MODELS.

    Returns:
        The model.

    Raises:
        ValueError: An unknown `model_type`, or a part of the configuration is wrong.
        FileNotFoundError: A part (the language model) is not found.
    """
    if config.model_type not in MODELS:
        raise ValueError(f"model_type is {config.model_type!r}; it takes {', '.join(MODELS)}")
    if config.decoder.name == "server" and config.model_type != "zero-shot":
        raise ValueError(NO_SERVER)
    return MODELS[config.model_type](config)


def build_pictures(config: Config, pairs: int = 0) -> Callable[[], PictureMemory]:
    """Prepare memories of the pictures that a vision-language model is shown.

    Args:
        config: Its `pictures` section is read.
        pairs: Number of pairs of people whose closest crop is stored.

    Returns:
        Makes an empty memory.
    """
    settings = config.pictures
    return partial(
        PictureMemory,
        scene_frames=settings.scene_frames,
        track_crops=settings.track_crops,
        pairs=pairs,
        frame_size=settings.frame_size,
        crop_size=settings.crop_size,
    )


def open_pretrained_detector(config: Config) -> YoloFileDetector:
    """The checkpoint that `detector.weights` names.

    Args:
        config: its detector and association sections are read.

    Returns:
        The detector.

    Raises:
        FileNotFoundError: found nowhere; nothing is downloaded.
    """
    return YoloFileDetector(
        find_checkpoint(config.detector.weights),
        image_size=config.detector.image_size,
        overlap=config.detector.overlap,
        min_score=config.association.proposal_score,
    )


def build_interaction_head(config: Config, name_verbs: bool) -> InteractionHead:
    """The interaction head.

    Args:
        config: its features, fusion and interaction sections are read.
        name_verbs: start the verbs from the embeddings of their glosses.

    Returns:
        The head.
    """
    head = InteractionHead(
        config.features.dim,
        config.fusion.heads,
        config.fusion.feedforward,
        verbs=NUM_VERBS,
        threshold=config.interaction.threshold,
        encoder=config.interaction.verb_encoder,
    )
    if name_verbs and head.encoder is not None:
        head.name_verbs([verb.gloss for verb in VERBS])
    return head


def build_video_fusion(config: FusionConfig, dim: int) -> VideoFusion:
    """The configured VFM.

    Args:
        config: of the fusions.
        dim: width of the tokens.

    Returns:
        The fusion.

    Raises:
        ValueError: an unknown name.
    """
    if config.video not in VIDEO_FUSIONS:
        raise ValueError(f"fusion.video is {config.video!r}; it takes {', '.join(VIDEO_FUSIONS)}")
    return VIDEO_FUSIONS[config.video](dim, config.heads, config.feedforward)


def build_trajectory_fusion(config: FusionConfig, dim: int, cells: int) -> TrajectoryFusion:
    """The configured TFM.

    Args:
        config: of the fusions.
        dim: width of the tokens.
        cells: tokens of a box.

    Returns:
        The fusion.

    Raises:
        ValueError: an unknown name.
    """
    if config.trajectory not in TRAJECTORY_FUSIONS:
        raise ValueError(f"fusion.trajectory is {config.trajectory!r}; it takes {', '.join(TRAJECTORY_FUSIONS)}")
    return TRAJECTORY_FUSIONS[config.trajectory](dim, config.heads, config.feedforward, cells, config.position_codes)


def build_associator(name: str, config: AssociationConfig, fps: float) -> Associator:
    """Make the associator for one video.

    Args:
        name: A key of ASSOCIATORS; "deepsort:FILE" gives DeepSORT that re-identification model.
        config: Its settings; `config.name` is not read.
        fps: Frames a second of the video, after any stride.

    Raises:
        ValueError: An unknown name, or a file for an associator that takes none.
        FileNotFoundError: No re-identification model where one is needed.
    """
    kind, colon, file = name.partition(":")
    if kind not in ASSOCIATORS:
        raise ValueError(f"associator is {name!r}; it takes {', '.join(ASSOCIATORS)}")
    if colon and (kind not in WITH_REID_FILE or not file):
        raise ValueError(f"associator is {name!r}; a file goes with {', '.join(WITH_REID_FILE)}, as deepsort:FILE")
    settings = AssociationSettings(
        high_score=config.high_score,
        low_score=config.proposal_score,
        new_track_score=config.new_track_score,
        buffer_seconds=config.buffer_seconds,
        fps=fps,
    )
    kind = name_at_rate(kind, fps)
    section = getattr(config, kind.partition("-")[0], None)  # ocsort-byte takes that of ocsort
    own: dict[str, Any] = asdict(section) if is_dataclass(section) and not isinstance(section, type) else {}
    return ASSOCIATORS[kind](settings, **own, **({"encoder": OnnxReID(file)} if file else {}))
