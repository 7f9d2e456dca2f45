"""What a model's folder says of itself: what it learned from, under which terms, and how well."""

from dataclasses import dataclass, field

from smot_vlm.config import Config

NOT_STATED = "not stated"
# What the words of models that learned from the synthetic world are about.
DRAWN = "drawn figures"


@dataclass(frozen=True)
class ModelCard:
    """What a model card states.

    Attributes:
        training_data: in words.
        scores: name of a score, with its protocol -> value.
        domain: what its words are about, such as DRAWN; empty where nothing is known.
        terms: of use, where they go beyond the licence of this program.
        version: of the weights.
        calibration: how the thresholds of verbs and the rule of spans were set, in words.
    """

    training_data: str = NOT_STATED
    scores: dict[str, float] = field(default_factory=dict)
    domain: str = ""
    terms: str = ""
    version: str = ""
    calibration: str = ""


def model_card(config: Config, card: ModelCard) -> str:
    """README.md of a model's folder, with the front matter that the hub reads.

    Args:
        config: of the model.
        card: what it states.

    Returns:
        Markdown.
    """
    base = config.decoder.base_model
    front_matter = f"base_model: {base}\n" if base else ""
    foundation = f" on `{base}` (not part of this folder)" if base else ""
    scores = "\n".join(f"| {name} | {value:.3f} |" for name, value in card.scores.items()) or "| none measured | |"
    stated = {
        "Version": card.version,
        "Its words are about": card.domain,
        "Training data": card.training_data,
        "Calibration": card.calibration,
        "Terms": card.terms,
    }
    facts = "\n\n".join(f"{name}: {value}" for name, value in stated.items() if value)
    return f"""---
license: {"other" if card.terms else "agpl-3.0"}
library_name: smot-vlm
{front_matter}tags: [semantic-multi-object-tracking, video-captioning, human-interaction-recognition]
---

# {config.name}

Semantic multi-object tracking with [smot-vlm](https://pypi.org/project/smot-vlm/): trajectories of people, a caption
for each, directed interactions, and a caption for the video. Decoder `{config.decoder.name}`{foundation}.

```python
from smot_vlm import Tracker

description = Tracker.from_pretrained("PATH OF THIS FOLDER").describe("video.mp4")
```

{facts}

| score | value |
|---|---|
{scores}
"""
