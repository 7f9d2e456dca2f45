"""The fusion blocks against recorded outputs of the released SMOTer code, with its weights."""

from pathlib import Path

import numpy as np
import pytest
import torch
from recordings import larger_alone
from torch.nn import functional

from smot_vlm.fusion.attention import CrossAttention
from smot_vlm.fusion.memory import VideoState
from smot_vlm.fusion.scene import SceneFusion
from smot_vlm.fusion.trajectory import ConcatenationTrajectoryFusion
from smot_vlm.fusion.video import AttentionVideoFusion

DIM, CELLS, TOLERANCE = 256, 4, 1e-4
# The released code takes the mean of so many frames before its recurrence starts.
MEAN_FRAMES = 5

SELF_NAMES = {"self_attn.": "attention."}
CROSS_NAMES = {
    "multihead_attn.": "attention.",
    "norm1.": "attention_norm.",
    "norm2.": "feedforward_norm.",
    "linear1.": "feedforward.0.",
    "linear2.": "feedforward.2.",
}


@pytest.fixture(scope="module")
def recorded(golden: Path) -> dict[str, torch.Tensor]:
    return arrays(golden / "modules/fusion_io.npz")


@pytest.fixture(scope="module")
def released(golden: Path) -> dict[str, torch.Tensor]:
    return arrays(golden / "modules/fusion_state.npz")


def arrays(path: Path) -> dict[str, torch.Tensor]:
    with np.load(path) as file:
        return {name: torch.as_tensor(file[name]).float() for name in file.files}


def load(block: torch.nn.Module, released: dict[str, torch.Tensor], part: str, names: dict[str, str]) -> None:
    """The released weights of `part` into `block`, under our names."""
    state = {}
    for name, value in released.items():
        if name.startswith(part + "."):
            name = name.removeprefix(part + ".")
            for theirs, ours in names.items():
                name = name.replace(theirs, ours)
            state[name] = value
    block.load_state_dict(state)


@pytest.fixture(scope="module")
def trajectory_fusion(released) -> ConcatenationTrajectoryFusion:
    fusion = ConcatenationTrajectoryFusion(DIM, position_codes=False).eval()
    load(fusion.block, released, "encoder", SELF_NAMES)
    return fusion


@pytest.fixture(scope="module")
def video_fusion(released) -> AttentionVideoFusion:
    fusion = AttentionVideoFusion(DIM).eval()
    load(fusion.block, released, "vv_decoder", CROSS_NAMES)
    return fusion


@pytest.fixture(scope="module")
def scene_fusion(released) -> SceneFusion:
    fusion = SceneFusion(DIM).eval()
    load(fusion.block, released, "vt_decoder", CROSS_NAMES)
    return fusion


@pytest.fixture(scope="module")
def pair(released) -> CrossAttention:
    block = CrossAttention(DIM).eval()
    load(block, released, "tt_decoder", CROSS_NAMES)
    return block


def fuse_tracks(fusion: ConcatenationTrajectoryFusion, features: list[torch.Tensor]):
    """Tracks of (frames, 1024) features, each cut into 4 tokens, as one padded batch through TFM."""
    tokens = torch.nn.utils.rnn.pad_sequence(
        [feature.view(-1, CELLS, DIM) for feature in features], batch_first=True, padding_value=7.0
    )
    lengths = torch.tensor([len(feature) for feature in features])
    mask = torch.arange(tokens.shape[1]) < lengths[:, None]
    nowhere = torch.zeros(*mask.shape, 4)
    with torch.inference_mode():
        return fusion(tokens, nowhere[..., 0], nowhere, mask)


def numbered(recorded: dict[str, torch.Tensor], prefix: str) -> list[torch.Tensor]:
    count = sum(name.startswith(prefix) for name in recorded)
    return [recorded[f"{prefix}{index}"] for index in range(count)]


def close(actual: torch.Tensor, expected: torch.Tensor) -> None:
    torch.testing.assert_close(actual, expected, atol=TOLERANCE, rtol=0)


def test_caption_path(trajectory_fusion, recorded):
    fused, mask = fuse_tracks(trajectory_fusion, numbered(recorded, "caption_in_"))
    expected = numbered(recorded, "caption_out_")
    assert len(expected) == len(fused) >= 2
    for row, tokens in enumerate(expected):
        close(fused[row][mask[row]], tokens[0])


@larger_alone
@torch.inference_mode()
def test_relation_path(trajectory_fusion, pair, recorded):
    subjects, subject_mask = fuse_tracks(trajectory_fusion, numbered(recorded, "relation_src_"))
    targets, target_mask = fuse_tracks(trajectory_fusion, numbered(recorded, "relation_tgt_"))
    related = pair(subjects, targets, target_mask)
    assert len(related) == len(recorded["relation_out"]) == 4
    for row, expected in enumerate(recorded["relation_out"]):
        tokens = related[row][subject_mask[row]]
        pooled = functional.adaptive_avg_pool1d(tokens.T[None], 128)
        close(pooled, expected)
        close(pooled.flatten()[:600], recorded["relation_flat_first600"][row])


def summary(video_fusion: AttentionVideoFusion, recorded: dict[str, torch.Tensor], case: int) -> torch.Tensor:
    """The frames of a case fused as the released code does, (tokens, dim)."""
    frames = recorded[f"summary_frames_{case}"][:, None]
    state = VideoState((frames[:MEAN_FRAMES].mean(dim=0),), MEAN_FRAMES)
    for frame in frames[MEAN_FRAMES:]:
        state = video_fusion.step(state, frame)
    return video_fusion.result(state)[0]


@torch.inference_mode()
def test_summary_path(video_fusion, recorded):
    cases = [case for case in range(3) if f"summary_out_{case}" in recorded]
    alone = [case for case in cases if not numbered(recorded, f"summary_track_{case}_")]
    assert alone
    for case in alone:
        # tests/golden holds some of the rows: a token of the summary depends on no other.
        rows = recorded["summary_rows"].long() if "summary_rows" in recorded else slice(None)
        close(summary(video_fusion, recorded, case)[rows], recorded[f"summary_out_{case}"][0])


@larger_alone
@torch.inference_mode()
@pytest.mark.parametrize("case", range(2))
def test_summary_path_with_tracks(trajectory_fusion, video_fusion, scene_fusion, recorded, case):
    tracks = numbered(recorded, f"summary_track_{case}_")
    video = summary(video_fusion, recorded, case)
    scene = scene_fusion({0: video}, *fuse_tracks(trajectory_fusion, tracks), [len(tracks)])[0]
    close(scene, recorded[f"summary_out_{case}"][0])
