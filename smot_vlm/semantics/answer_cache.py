"""Answers that cost time or money, kept on disk by the content of their question, so that a run that was stopped goes on."""

import hashlib
import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from smot_vlm.system.files import write_text

# Files written between two looks at the size of the whole.
WRITES_A_LOOK = 200


def content_key(content: Mapping[str, Any]) -> str:
    """The name of a question.

    Args:
        content: everything that its answer depends on, as JSON takes it.

    Returns:
        A hash.
    """
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


class AnswerCache:
    """Records by key, in one JSON file each; those that were not used for the longest time go first.

    Args:
        folder: made when it is first needed.
        max_bytes: of all files; 0 keeps nothing.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._writes = 0
        self._lock = threading.Lock()

    def get(self, key: str) -> dict[str, Any] | None:
        """Look up an answer.

        Args:
            key: of `content_key`.

        Returns:
            The answer; None where there is none, or its file cannot be read.
        """
        path = self._path(key)
        try:
            record = json.loads(path.read_text(encoding="utf-8"))
            path.touch()
        except (OSError, ValueError):
            return None
        return record if isinstance(record, dict) else None

    def put(self, key: str, record: Mapping[str, Any]) -> None:
        """Keep an answer.

        Args:
            key: of `content_key`.
            record: the answer, as JSON takes it.

        Raises:
            OSError: it cannot be written.
        """
        if not self._max_bytes:
            return
        with self._lock:
            look = self._writes % WRITES_A_LOOK == 0
            self._writes += 1
        write_text(self._path(key), json.dumps(record, ensure_ascii=False) + "\n")
        if look:
            self.prune()

    def prune(self) -> None:
        """Delete the files that were not used for the longest time, until the rest fits."""
        with self._lock:
            files = []
            for path in self._folder.glob("*/*.json"):
                try:
                    files.append((path.stat().st_mtime, path.stat().st_size, path))
                except FileNotFoundError:  # another process was faster
                    continue
            left = self._max_bytes
            for _, size, path in sorted(files, reverse=True):
                left -= size
                if left < 0:
                    path.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / f"{key}.json"
