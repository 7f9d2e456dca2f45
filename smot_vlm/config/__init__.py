"""The configuration: frozen dataclasses <- YAML <- dotted overrides."""

from smot_vlm.config.data import DataSourceConfig
from smot_vlm.config.long_video import LongVideoConfig
from smot_vlm.config.people import PeopleConfig, PeopleSourceConfig
from smot_vlm.config.reading import apply_overrides, config_from_dict, config_to_dict, load_config
from smot_vlm.config.schema import (
    AssociationConfig,
    Config,
    DecoderConfig,
    DetectorConfig,
    FeaturesConfig,
    FusionConfig,
    GenerationConfig,
    InteractionConfig,
    LoraLMConfig,
    PicturesConfig,
    ServerConfig,
    SmoterConfig,
    TrainingConfig,
    VisionLanguageConfig,
)

__all__ = [
    "AssociationConfig",
    "Config",
    "DataSourceConfig",
    "DecoderConfig",
    "DetectorConfig",
    "FeaturesConfig",
    "FusionConfig",
    "GenerationConfig",
    "InteractionConfig",
    "LongVideoConfig",
    "LoraLMConfig",
    "PeopleConfig",
    "PeopleSourceConfig",
    "PicturesConfig",
    "ServerConfig",
    "SmoterConfig",
    "TrainingConfig",
    "VisionLanguageConfig",
    "apply_overrides",
    "config_from_dict",
    "config_to_dict",
    "load_config",
]
