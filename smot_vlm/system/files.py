"""Atomic files and folders: written under a temporary name, then renamed."""

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from smot_vlm.system.targets import check_free, fitting_name
from smot_vlm.system.temporary import temporary_file, temporary_folder

CACHE_VARIABLE = "SMOT_VLM_CACHE"


@contextmanager
def atomic_path(target: Path, overwrite: bool = True) -> Iterator[Path]:
    """Yield a temporary path on the disk of `target`; rename it to `target` when the block succeeds.

    Args:
        target: The file to write.
        overwrite: Replace an existing file.

    Yields:
        The temporary path, with the suffix of `target`.

    Raises:
        FileExistsError: `target` exists and `overwrite` is false.
    """
    target = Path(target)
    check_free(target, overwrite)
    target.parent.mkdir(parents=True, exist_ok=True)
    with temporary_folder(target.parent) as folder:
        # Never longer than the name of the target.
        temporary = folder / f"_{target.suffix}"
        temporary.touch()
        yield temporary
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(target)


@contextmanager
def atomic_folder(target: Path, overwrite: bool = False) -> Iterator[Path]:
    """Yield a temporary folder beside `target`; rename it to `target` when the block succeeds.

    Args:
        target: The folder to write.
        overwrite: Replace an existing folder that is not empty.

    Yields:
        The temporary folder.

    Raises:
        FileExistsError: `target` exists, is not empty and `overwrite` is false.
        NotADirectoryError: `target` is a file.
    """
    target = Path(target)
    if target.exists() and not target.is_dir():
        raise NotADirectoryError(f"{target} is a file; give the name of a folder")
    if target.is_dir() and any(target.iterdir()) and not overwrite:
        raise FileExistsError(
            f"{target} exists and is not empty; pass --overwrite to replace it or choose another name"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    with temporary_folder(target.parent) as folder:
        temporary = folder / "folder"
        temporary.mkdir()
        yield temporary
        temporary.chmod(0o777 & ~_umask())
        _replace_folder(temporary, target)


def shipped_folder(name: str) -> Path:
    """Locate a folder that ships with the package.

    Args:
        name: "assets", "configs" or "prompts".

    Returns:
        The folder inside the installed package, or beside it in a checkout.
    """
    package = Path(__file__).parent.parent
    inside = package / name
    return inside if inside.is_dir() else package.parent / name


def cache_folder(name: str) -> Path:
    """Locate a cache folder, which may not exist yet.

    Args:
        name: Of the folder.

    Returns:
        $SMOT_VLM_CACHE/name if the variable is set, else a folder in the user's cache folder.
    """
    base = os.environ.get(CACHE_VARIABLE)
    if base is None:
        base = os.path.join(os.environ.get("XDG_CACHE_HOME", os.path.expanduser("~/.cache")), "smot-vlm")
    return Path(base) / name


def write_text(target: Path, text: str, overwrite: bool = True) -> None:
    r"""Write UTF-8 text atomically.

    Args:
        target: The file to write.
        text: Its content. Bytes of a name that is no UTF-8 become `\udc..`, which JSON reads as the same name again.
        overwrite: Replace an existing file.

    Raises:
        FileExistsError: `target` exists and `overwrite` is false.
    """
    write_parts(target, [text], overwrite)


def write_parts(target: Path, parts: Iterable[str], overwrite: bool = True) -> None:
    r"""Write UTF-8 text atomically, part by part.

    Args:
        target: The file to write.
        parts: Of its content, in order; as of `write_text`.
        overwrite: Replace an existing file.

    Raises:
        FileExistsError: `target` exists and `overwrite` is false.
    """
    target = Path(target)
    check_free(target, overwrite)
    target.parent.mkdir(parents=True, exist_ok=True)
    with temporary_file(target.parent) as temporary:
        with temporary.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.writelines(parts)
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(target)


def ends_with_newline(path: Path) -> bool:
    """Whether the last line of a file is whole: a run that was killed, or a disk that was full, may have left half of one.

    Args:
        path: Of a file that is not empty.
    """
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def _replace_folder(temporary: Path, target: Path) -> None:
    if not target.exists():
        temporary.replace(target)
        return
    # Not in a temporary folder: where the program is killed here, this is the only copy.
    previous = target.with_name(fitting_name(f".{target.name}", f"-previous-{os.getpid()}"))
    target.replace(previous)
    try:
        temporary.replace(target)
    except BaseException:
        previous.replace(target)
        raise
    shutil.rmtree(previous)


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
