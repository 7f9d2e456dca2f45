"""A Hugging Face hub of local folders: what is fetched lands in a cache of the real layout, and every question is counted."""

import shutil
from fnmatch import fnmatch
from hashlib import sha1
from pathlib import Path
from types import SimpleNamespace

import huggingface_hub
import pytest
from huggingface_hub.utils import filter_repo_objects


class FakeHub:
    """Repositories by name; stands in for huggingface_hub's functions.

    Attributes:
        cache: the cache, of this hub alone.
        asked: what was asked of the hub: (function, repository).
        messages: of the commits that were pushed.
        refusing: what every push is answered with, where it is refused.
    """

    def __init__(self, patch: pytest.MonkeyPatch, cache: Path) -> None:
        self.cache = cache
        self.asked: list[tuple[str, str]] = []
        self.messages: list[str] = []
        self.refusing: Exception | None = None
        self._folders: dict[tuple[str, str], Path] = {}
        patch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))
        patch.setattr(huggingface_hub, "snapshot_download", self._download)
        patch.setattr(huggingface_hub.HfApi, "model_info", lambda api, *names, **options: self._info(*names, **options))
        patch.setattr(
            huggingface_hub.HfApi, "create_repo", lambda api, *names, **options: self._create(*names, **options)
        )
        patch.setattr(huggingface_hub.HfApi, "upload_folder", lambda api, **options: self._upload(**options))
        for variable in ("HF_HUB_OFFLINE", "SMOT_VLM_OFFLINE"):
            patch.delenv(variable, raising=False)

    def offer(self, name: str, folder: Path, revision: str = "main") -> None:
        self._folders[name, revision] = folder

    def _info(self, name: str, *, revision: str | None = None, **_options: object) -> SimpleNamespace:
        folder = self._find("info", name, revision)
        files = [
            SimpleNamespace(rfilename=str(path.relative_to(folder)), size=path.stat().st_size)
            for path in folder.rglob("*")
            if path.is_file()
        ]
        return SimpleNamespace(siblings=files, card_data=SimpleNamespace(license="apache-2.0"))

    def _download(self, name, *, revision, cache_dir, allow_patterns, ignore_patterns, etag_timeout):
        folder = self._find("download", name, revision)
        names = [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]
        wanted = [
            name
            for name in names
            if any(fnmatch(name, each) for each in allow_patterns)
            and not any(fnmatch(name, each) for each in ignore_patterns)
        ]
        return str(fill_cache(Path(cache_dir), name, folder, wanted, revision or "main"))

    def _create(self, name: str, *, private: bool, exist_ok: bool) -> None:
        assert exist_ok
        self.asked.append(("create, private" if private else "create", name))
        if self.refusing is not None:
            raise self.refusing
        self._folders.setdefault((name, "main"), self.cache / "pushed" / name)

    def _upload(self, *, repo_id, folder_path, path_in_repo, commit_message, allow_patterns, delete_patterns):
        if self.refusing is not None:
            raise self.refusing
        target = self._folders[repo_id, "main"] / (path_in_repo or "")
        here = [str(path.relative_to(target)) for path in target.rglob("*") if path.is_file()]
        for name in filter_repo_objects(here, allow_patterns=delete_patterns or []):
            (target / name).unlink()
        sent = [str(path.relative_to(folder_path)) for path in Path(folder_path).rglob("*") if path.is_file()]
        for name in filter_repo_objects(sent, allow_patterns=allow_patterns):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(Path(folder_path) / name, target / name)
        self.messages.append(commit_message)

    def _find(self, function: str, name: str, revision: str | None) -> Path:
        self.asked.append((function, name))
        if (name, revision or "main") not in self._folders:
            raise ConnectionError("nobody answers")
        return self._folders[name, revision or "main"]


def fill_cache(cache: Path, name: str, folder: Path, files: list[str], revision: str = "main") -> Path:
    """Put files of a folder into a cache as the hub's library does: blobs, and links to them."""
    place = cache / f"models--{name.replace('/', '--')}"
    commit = sha1(revision.encode()).hexdigest()
    (place / "refs").mkdir(parents=True, exist_ok=True)
    (place / "refs" / revision).write_text(commit)
    (place / "blobs").mkdir(exist_ok=True)
    for file in files:
        blob = place / "blobs" / sha1((revision + file).encode()).hexdigest()
        blob.write_bytes((folder / file).read_bytes())
        link = place / "snapshots" / commit / file
        link.parent.mkdir(parents=True, exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(blob)
    return place / "snapshots" / commit
