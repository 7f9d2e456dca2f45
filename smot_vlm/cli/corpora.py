"""`smot-vlm predict` over videos that are no data set."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from smot_vlm.cli.console import output, print_warning, progress
from smot_vlm.system.printing import counted
from smot_vlm.system.targets import check_folder

if TYPE_CHECKING:
    from smot_vlm.corpora.describing import Recipe

_SHOWN_LINES = 5


def describe_videos(
    recipe: "Recipe",
    sources: Sequence[str],
    out: Path,
    engine: str,
    workers: int,
    time_limit: float,
    *,
    options: Sequence[str] = (),
    retry: bool,
    overwrite: bool,
) -> None:
    """Describe the videos of some sources and say where they stand.

    Args:
        recipe: makes the model.
        sources: as of `find_jobs`.
        out: of the store.
        engine: a key of ENGINES.
        workers: videos at once.
        time_limit: seconds that a video may take; 0: any time.
        options: of SLURM, each KEY=VALUE.
        retry: also videos that have a cause.
        overwrite: all of them anew.

    Raises:
        ValueError: some videos are left to be done, or as `describe_corpus`.
        FileNotFoundError: as `find_jobs`.
    """
    from smot_vlm.corpora.corpus import account, describe_corpus
    from smot_vlm.corpora.jobs import find_jobs
    from smot_vlm.corpora.tables import TABLES_FOLDER, can_write_tables
    from smot_vlm.corpora.working import OPEN

    check_folder(out, "choose another folder with --out")
    given = dict(map(_option, options))
    jobs = find_jobs(sources)
    before = 0 if overwrite else account(out, jobs).described
    still_open = []
    with progress("videos", len(jobs)) as update:
        steps = describe_corpus(
            recipe,
            jobs,
            out,
            engine=engine,
            workers=workers,
            seconds=time_limit or None,
            retry=retry,
            overwrite=overwrite,
            options=given,
        )
        for outcome in steps:
            update(advance=1)
            if outcome.state == OPEN:
                still_open.append(f"{outcome.job.name}: {outcome.error}")
    now = account(out, jobs)
    earlier = f", {before} of them earlier" if before else ""
    output.print(f"{out}: {now.described} of {counted(len(jobs), 'video')} described{earlier}")
    if can_write_tables():
        output.print(f"  {out / TABLES_FOLDER}: the same as Parquet")
    set_aside = [f"{cause.job.name}: {cause.cause}: {cause.error}" for cause in now.causes]
    for lines in (set_aside, still_open):
        for line in lines[:_SHOWN_LINES]:
            print_warning(line)
        if len(lines) > _SHOWN_LINES:
            print_warning(f"and {len(lines) - _SHOWN_LINES} more like these")
    if now.causes:
        output.print(
            f"  {counted(len(now.causes), 'video')} set aside, each with its log in {out / 'causes'}; --retry tries again"
        )
    if now.left:
        raise ValueError(f"{counted(now.left, 'video')} left to be done; run the command again for them")


def _option(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise ValueError(f"--slurm is {text!r}; give KEY=VALUE, such as partition=gpu")
    return name, value
