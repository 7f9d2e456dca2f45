"""A run on the Hugging Face hub: its checkpoints, to go on from elsewhere, and at the end the model beside them."""

import logging
import shutil
from pathlib import Path

from accelerate import Accelerator

from smot_vlm.formats.documents import reason
from smot_vlm.semantics.hub import HubModel, fetch, read_hub_name
from smot_vlm.system.offline import OfflineError, check_may_fetch
from smot_vlm.training.checkpoints import BEST, Checkpoints
from smot_vlm.training.run_settings import SETTINGS_FILE
from smot_vlm.training.splits import HELD_OUT_FILE

logger = logging.getLogger(__name__)

# Of the repository; the model lies in its root.
PLACE = "training"
LOG = "log.jsonl"


class HubRun:
    """The repository of a run.

    Args:
        repository: owner/name.
        folder: Of the run.
        private: Where the repository is not there yet.

    Raises:
        ValueError: No name of a repository.
    """

    def __init__(self, repository: str, folder: Path, *, private: bool = True) -> None:
        model = read_hub_name(repository)
        if model is None or model.revision is not None:
            raise ValueError(f"training.hub is {repository!r}; give owner/name of a repository on the hub, or nothing")
        self._model, self._folder, self._private = model, folder, private

    def check(self) -> None:
        """Make sure that the repository is there and may be written to; it is made where it is not there.

        Raises:
            OfflineError: The network is switched off.
            ConnectionError: The hub cannot be reached, or refuses.
        """
        from huggingface_hub import HfApi

        try:
            check_may_fetch(str(self._model))
        except OfflineError:
            raise OfflineError(
                f"training.hub is {self._model}, and the network is switched off (--offline or HF_HUB_OFFLINE); leave "
                "training.hub out"
            ) from None
        try:
            HfApi().create_repo(self._model.repository, private=self._private, exist_ok=True)
        except Exception as error:  # connections fail in ways of httpx, requests and the system
            raise ConnectionError(
                f"training.hub {self._model} cannot be written to ({told(error)}); run `hf auth login` with a token that may "
                "write, or leave training.hub out"
            ) from None

    def push_checkpoint(self, checkpoints: Checkpoints) -> None:
        """Push the newest checkpoint and the best, the settings and the log; a failure is told, and the training goes on.

        Args:
            checkpoints: Of the run.
        """
        newest = checkpoints.newest()
        if newest is None:
            return
        inside = [newest.name, BEST, "SHA256SUMS"]
        files = [*(f"{checkpoints.folder.name}/{name}" for name in inside), SETTINGS_FILE, HELD_OUT_FILE, LOG]
        try:
            self._upload(self._folder, files, f"{newest.stem} of {self._folder.name}", PLACE)
        except Exception as error:
            logger.warning("%s was not pushed to %s (%s); the training goes on", newest.name, self._model, told(error))

    def push_model(self, folder: Path) -> None:
        """Push the exported model to the root of the repository.

        Args:
            folder: That was exported.

        Raises:
            ConnectionError: It was not pushed.
        """
        try:
            self._upload(folder, ["*"], f"Model of {self._folder.name}")
        except Exception as error:
            raise ConnectionError(
                f"the model in {folder} was not pushed to {self._model} ({told(error)}); it is whole, push it with "
                f"`hf upload {self._model} {folder}`"
            ) from None

    def fetch(self) -> None:
        """Bring the checkpoints, settings and log into the run's folder; what they hold is read as data.

        Raises:
            OfflineError: The network is switched off.
            ConnectionError, FileNotFoundError: The hub has none, cannot be reached, or refuses.
        """
        place = fetch(HubModel(self._model.repository), patterns=[f"{PLACE}/*"]) / PLACE
        found = [path for path in sorted(place.rglob("*")) if path.is_file()] if place.is_dir() else []
        if not any(path.suffix == ".pt" for path in found):
            raise FileNotFoundError(f"{self._model} has no checkpoint in {PLACE}/; give --resume auto to begin anew")
        for path in found:
            target = self._folder / path.relative_to(place)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)

    def _upload(self, folder: Path, files: list[str], message: str, place: str | None = None) -> None:
        from huggingface_hub import HfApi

        HfApi().upload_folder(
            repo_id=self._model.repository,
            folder_path=str(folder),
            path_in_repo=place,
            commit_message=message,
            allow_patterns=files,
            delete_patterns=["checkpoints/step-*.pt"] if place else None,
        )


def open_hub(repository: str, folder: Path, *, private: bool) -> HubRun | None:
    """The repository that a run is pushed to.

    Args:
        repository: owner/name; empty: none.
        folder: Of the run.
        private: Where the repository is not there yet.

    Returns:
        None where nothing is pushed.

    Raises:
        ValueError: No name of a repository.
    """
    return HubRun(repository, folder, private=private) if repository else None


def fetch_run(hub: HubRun | None, checkpoints: Checkpoints, accelerator: Accelerator) -> None:
    """Bring a run's files from the hub where there is no checkpoint here; the other processes wait for the main one.

    Args:
        hub: Of the run.
        checkpoints: Of the run.
        accelerator: Of the training.

    Raises:
        ValueError: There is no hub.
        OfflineError, ConnectionError, FileNotFoundError: As `HubRun.fetch`.
    """
    if hub is None:
        raise ValueError("--resume hub goes on from training.hub, which is empty; give owner/name")
    if accelerator.is_main_process and checkpoints.newest() is None:
        hub.fetch()
    accelerator.wait_for_everyone()


def told(error: Exception) -> str:
    """What went wrong, in few words and without the user's token.

    Args:
        error: Of the hub's library.

    Returns:
        One line.
    """
    from huggingface_hub import get_token

    token = get_token()
    words = str(error).replace(token, "***") if token else str(error)
    return f"{type(error).__name__}: {reason(Exception(words), 160)}"
