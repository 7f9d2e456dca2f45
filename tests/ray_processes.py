"""The processes of Ray's actors, found by their titles: tests kill some."""

from pathlib import Path


def actors(driver: int) -> list[int]:
    """The processes of a driver's actors."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                title = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if title.startswith(b"ray::") and b"SlotActor" in title and driver in ancestors(int(entry.name)):
                found.append(int(entry.name))
    return sorted(found)


def ancestors(process: int) -> list[int]:
    found = []
    while process > 1:
        stat = Path(f"/proc/{process}/stat").read_text()
        process = int(stat.rpartition(")")[2].split()[1])
        found.append(process)
    return found
