"""The page, in Gradio: a video is given, watched while it is described, and its report is read beside a library with search."""

from collections.abc import Callable
from typing import Any

import gradio as gr

from smot_vlm.app import page_parts
from smot_vlm.app.jobs import Job
from smot_vlm.app.page_work import PageWork, Seen, done_jobs

_LOOK_SECONDS = 1.0
_CACHE_SECONDS = 600
_TITLE = "smot-vlm"
_INTRODUCTION = "<h1>smot-vlm</h1><p>Who is where, what each person does, who does what to whom.</p>"

# The user of a request that passed the door.
Owner = Callable[[gr.Request], str]


def make_page(work: PageWork, owner: Owner) -> gr.Blocks:
    """The page.

    Args:
        work: what it does.
        owner: tells whose request it is.

    Returns:
        To be mounted, with the style of page_style.
    """
    keep = int(work.board.limits.hours * 3600)
    with gr.Blocks(title=_TITLE, analytics_enabled=False, delete_cache=(_CACHE_SECONDS, keep)) as page:
        gr.HTML(_INTRODUCTION)
        with gr.Row():
            with gr.Column(scale=2, min_width=300):
                given = _give(work)
                note = gr.HTML(elem_id="note")
            with gr.Column(scale=3, min_width=300):
                gr.HTML("<h2>Now</h2>")
                now = gr.HTML(page_parts.now(work.board, []), elem_id="now")
                picture = gr.HTML(elem_id="picture")
        gr.HTML("<h2>Library</h2>")
        library = gr.HTML(page_parts.library([]), elem_id="library")
        _add_search(work, owner)
        chosen, shown = _add_report(work, owner, note)
        _add_deeds(work, owner, given, note)
        _add_looking(work, owner, now, picture, library, chosen, shown)
    # The page's own timer asks every second; what counts is the queue of jobs.
    page.queue(api_open=False, default_concurrency_limit=None)
    return page


def _give(work: PageWork) -> dict[str, Any]:
    """What is given: the video, the settings, and the buttons."""
    options, limits = work.options, work.board.limits
    video = gr.File(label=f"Video, at most {limits.megabytes:g} MB and {limits.minutes:g} minutes", height=140)
    with gr.Row():
        describe = gr.Button("Describe", variant="primary", elem_id="describe")
        sample = gr.Button("Describe the sample", elem_id="sample")
        cancel = gr.Button("Cancel", variant="secondary", elem_id="cancel")
    with gr.Accordion("Settings", open=False):
        settings = [
            gr.Dropdown(list(names), value=names[0], label=label, filterable=False)
            for label, names in (
                ("Model", options.models),
                ("Detector", options.detectors),
                ("Associator", options.associators),
                ("Device", options.devices),
            )
        ]
        tracks = gr.File(label="Tracks in place of the detector: MOT text, COCO, masks", height=170)
    buttons = {"describe": describe, "sample": sample, "cancel": cancel}
    return {"video": video, "tracks": tracks, "settings": settings, **buttons}


def _add_deeds(work: PageWork, owner: Owner, given: dict[str, Any], note: gr.HTML) -> None:
    def describe(
        video: Any, tracks: Any, model: Any, detector: Any, associator: Any, device: Any, request: gr.Request
    ) -> str:
        if video is None:
            return page_parts.note("No video is given; drop one, or take the sample.", alert=True)
        return work.describe(owner(request), video, tracks, model, detector, associator, device)

    def sample(model: Any, detector: Any, associator: Any, device: Any, request: gr.Request) -> str:
        return work.describe(owner(request), None, None, model, detector, associator, device)

    def cancel(request: gr.Request) -> str:
        return work.cancel(owner(request))

    # Without Gradio's preparation the name of a file is still the one that its owner gave it.
    _on(
        given["describe"].click, describe, [given["video"], given["tracks"], *given["settings"]], note, preprocess=False
    )
    _on(given["sample"].click, sample, given["settings"], note, preprocess=False)
    _on(given["cancel"].click, cancel, None, note)


def _add_search(work: PageWork, owner: Owner) -> None:
    with gr.Row():
        question = gr.Textbox(
            label="Search in what was described",
            placeholder="someone hands over a ball",
            scale=4,
            min_width=260,
            max_length=1000,
        )
        button = gr.Button("Search", scale=1, min_width=120, elem_id="search")
    hits = gr.HTML(elem_id="hits")

    def search(asked: str, request: gr.Request) -> str:
        return work.search(owner(request), asked)

    for event in (question.submit, button.click):
        _on(event, search, question, hits)


def _add_report(work: PageWork, owner: Owner, note: gr.HTML) -> tuple[gr.Dropdown, gr.HTML]:
    with gr.Row():
        chosen = gr.Dropdown([], label="Report of", filterable=False, scale=4, min_width=260, elem_id="chosen")
        remove = gr.Button("Remove it and its files", scale=1, min_width=120, elem_id="remove")
    shown = gr.HTML(page_parts.report(None, ""), elem_id="report")

    def show(number: Any, request: gr.Request) -> str:
        return work.report(owner(request), number)

    def forget(number: Any, request: gr.Request) -> str:
        return work.remove(owner(request), number)

    _on(chosen.input, show, chosen, shown, preprocess=False)
    _on(remove.click, forget, chosen, note, preprocess=False)
    return chosen, shown


def _add_looking(work: PageWork, owner: Owner, *parts: Any) -> None:
    """The page looks every second, and is sent what changed: at first everything, also after it was opened anew."""
    seen = gr.State(Seen())

    def look(before: Seen, number: Any, request: gr.Request) -> list[Any]:
        user = owner(request)
        after, lines, picture, jobs = work.look(user, before)
        told = [gr.skip() if part is None else part for part in (lines, picture)]
        if jobs is None:
            return [after, *told, gr.skip(), gr.skip(), gr.skip()]
        newest = _to_show(jobs, before, number)
        choices = [(page_parts.label(job), job.id) for job in reversed(done_jobs(jobs))]
        report = gr.skip() if newest == number else work.report(user, newest)
        return [after, *told, page_parts.library(jobs), gr.update(choices=choices, value=newest), report]

    timer = gr.Timer(_LOOK_SECONDS)
    _on(timer.tick, look, [seen, parts[3]], [seen, *parts], preprocess=False)


def _to_show(jobs: list[Job], before: Seen, number: Any) -> str | None:
    """The report to show: a new one comes to the front, else the one that was there."""
    done = [job.id for job in done_jobs(jobs)]
    known = {one for one, _ in before.library or ()}
    fresh = [one for one in done if one not in known]
    if fresh:
        return fresh[-1]
    return number if number in done else (done[-1] if done else None)


def _on(event: Any, work: Callable[..., Any], inputs: Any, outputs: Any, **options: Any) -> None:
    event(work, inputs, outputs, show_progress="hidden", api_visibility="private", **options)
