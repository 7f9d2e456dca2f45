"""A Hugging Face hub of local folders: what is fetched lands in a cache of the real layout, and every question is counted."""

from fnmatch import fnmatch
from hashlib import sha1
from pathlib import Path
from types import SimpleNamespace

import huggingface_hub
import pytest


class FakeHub:
    """Repositories by name; stands in for huggingface_hub's functions.

    Attributes:
        cache: the cache, of this hub alone.
        asked: what was asked of the hub: (function, repository).
    """

    def __init__(self, patch: pytest.MonkeyPatch, cache: Path) -> None:
        self.cache = cache
        self.asked: list[tuple[str, str]] = []
        self._folders: dict[tuple[str, str], Path] = {}
        patch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))
        patch.setattr(huggingface_hub, "snapshot_download", self._download)
        patch.setattr(huggingface_hub.HfApi, "model_info", lambda api, *names, **options: self._info(*names, **options))
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
