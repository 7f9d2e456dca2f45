"""`smot-vlm watch`: a video, a camera or a finished description in, a JSON line for each event out."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from smot_vlm.cli.console import messages, output, print_plain, print_warning, progress
from smot_vlm.cli.loading import Associator, Blur, Overrides, damage_is_reported_once, load_tracker
from smot_vlm.rules.help_text import EXAMPLE, GRAMMAR
from smot_vlm.system.errors import naming
from smot_vlm.system.printing import counted
from smot_vlm.system.signals import StopRequest, on_stop

if TYPE_CHECKING:
    from smot_vlm.rules.events import Event
    from smot_vlm.rules.parts import Rule, Zone
    from smot_vlm.rules.vocabulary import CheckedRule, Vocabulary
    from smot_vlm.structures import Frame
    from smot_vlm.system.metrics import MetricsServer
    from smot_vlm.video.reader import VideoReader
    from smot_vlm.watching import Watch, WatchSettings

DESCRIPTION_FILE = "description.json"
# Brackets are escaped: the help's own markup would take them for styles.
HELP = f"""Watch a video, a camera or a finished description for events; each is told as a JSON line.

A rule is a sentence:

\b
{GRAMMAR}
Words that the model does not know are an error that names the nearest. Ctrl-C ends the watching of a camera or a stream.

A file of rules has sentences or their parts, and zones:

\b
{EXAMPLE}""".replace("[", "\\[")


def watch(
    source: Annotated[
        str,
        typer.Argument(
            help="A video file, a folder or glob of images, a camera index, an rtsp/http address, or what describe wrote."
        ),
    ],
    rule: Annotated[
        list[str] | None, typer.Option("--rule", metavar="SENTENCE", help="What to look for; may be repeated.")
    ] = None,
    rules: Annotated[Path | None, typer.Option("--rules", help="A YAML file of rules and zones.")] = None,
    zone: Annotated[
        list[str] | None,
        typer.Option(
            "--zone",
            metavar="NAME=X,Y X,Y ...",
            help="A part of the picture by its corners, in shares of width and height, or with px at the end in pixels; "
            "a person is in it where the middle of the box's lower edge is. May be repeated.",
        ),
    ] = None,
    events: Annotated[Path | None, typer.Option(help="Append the events to this file (else they are printed).")] = None,
    webhook: Annotated[
        str | None, typer.Option(metavar="URL", help="Also post each event as JSON to this http(s) address.")
    ] = None,
    save_clips: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the pictures around each event as mp4 files there.")
    ] = None,
    blur: Blur = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write there what is seen: a JSON line a window (people, interactions, captions), and descriptions.",
        ),
    ] = None,
    window: Annotated[float, typer.Option(min=0.001, help="Minutes of a window.")] = 1.0,
    every: Annotated[float, typer.Option(min=0.001, help="Minutes of a description.")] = 60.0,
    keep: Annotated[
        int | None, typer.Option(min=1, help="Keep the files of so many descriptions; older ones are removed.")
    ] = None,
    keep_megabytes: Annotated[
        float | None, typer.Option(min=0.001, help="Remove the oldest of them beyond so many megabytes.")
    ] = None,
    quiet: Annotated[
        float, typer.Option(min=0.0, help="An event is told once while it lasts; a gap of so many seconds ends it.")
    ] = 5.0,
    unsure: Annotated[
        bool, typer.Option("--unsure", help="Also tell what the model is not sure of (marked by sure: false).")
    ] = False,
    refresh: Annotated[
        float,
        typer.Option(
            min=0.5, help="Seconds between captions, with --out or where a rule asks what captions alone tell."
        ),
    ] = 4.0,
    filmed_at: Annotated[
        str | None,
        typer.Option(metavar="DATE TIME", help="When a file begins, such as '2026-05-01 22:00', for hours of the day."),
    ] = None,
    stall: Annotated[
        float,
        typer.Option(min=0.1, help="A camera or stream that gives no picture for so many seconds is opened again."),
    ] = 10.0,
    drop: Annotated[
        bool,
        typer.Option(
            "--drop/--no-drop",
            help="Let go the oldest frames where a camera or stream gives more than can be described.",
        ),
    ] = True,
    metrics_port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Answer /metrics (for Prometheus) and /health at this port."),
    ] = None,
    metrics_host: Annotated[str, typer.Option(help="Address to listen at for them.")] = "127.0.0.1",
    model: Annotated[
        str, typer.Option(help="auto, demo, people, zero-shot, a config (.yaml) or a folder with weights.")
    ] = "auto",
    detector: Annotated[str, typer.Option(help="auto, model, people, onnx:FILE or yolo:FILE.")] = "auto",
    trajectories: Annotated[
        Path | None, typer.Option(help="Boxes with ids, in place of a detector, as for describe.")
    ] = None,
    associator: Associator = None,
    stride: Annotated[int, typer.Option(min=1, help="Use every N-th frame.")] = 1,
    max_frames: Annotated[int | None, typer.Option(min=1, help="Stop after N frames.")] = None,
    fps: Annotated[
        float | None, typer.Option(help="Frames a second of a folder of images, which states none.", min=0.001)
    ] = None,
    settings: Overrides = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:1, mps.")] = "auto",
) -> None:
    """Watch a video, a camera or a finished description for events, and tell each as a JSON line."""
    from smot_vlm.watching import Watch, find_in_description, vocabulary_of, vocabulary_of_description

    if blur is not None and save_clips is None:
        raise typer.BadParameter("--blur goes with --save-clips")
    if out is None and (keep is not None or keep_megabytes is not None):
        raise typer.BadParameter("--keep and --keep-megabytes go with --out")
    if not rule and rules is None and out is None:
        raise typer.BadParameter(
            "no rule is given; give --rule 'anyone pushes anyone for 1s', or --rules FILE, or --out DIR for what is seen"
        )
    stop = StopRequest()
    given, zones = _read_rules(rule or [], rules, zone or [])
    began = _read_date(filmed_at)

    def watched(vocabulary: "Vocabulary") -> "WatchSettings":
        from smot_vlm.output.rolling_files import RollingSettings
        from smot_vlm.video.reconnecting import LiveSettings
        from smot_vlm.watching import WatchSettings

        # Without rules what is seen is written all the same.
        checked = tuple(_check(given, zones, vocabulary)) if given else ()
        shown = None if blur is None else blur.value
        limits = {"stride": stride, "max_frames": max_frames, "fps": fps, "trajectories": trajectories}
        live = LiveSettings(stall_seconds=stall, drop=drop, on_wait=lambda _: not stop.asked)
        kept_bytes = None if keep_megabytes is None else int(keep_megabytes * 1e6)
        rolling = None if out is None else RollingSettings(out, 60 * window, 60 * every, keep, kept_bytes)
        settings = WatchSettings(checked, quiet, unsure, refresh, began, save_clips, shown, live=live, rolling=rolling)
        return replace(settings, **limits)  # type: ignore[arg-type]

    with ExitStack() as stack:
        description = _description_of(source)
        if description is not None:
            for option, path in (("--save-clips", save_clips), ("--out", out)):
                if path is not None:
                    raise typer.BadParameter(f"{option} needs the pictures: give the video itself")
            from smot_vlm.structures import Description

            described = Description.from_json(description)
            found = find_in_description(described, watched(vocabulary_of_description(described)))
            tell = _teller(stack, events, webhook)
            for event in found:
                tell(event)
            messages.print(f"{description}: {counted(len(found), 'event')}")
            return
        tracker = load_tracker(model, detector=detector, associator=associator, device=device, overrides=settings or ())
        checked = watched(vocabulary_of(tracker))
        tell = _teller(stack, events, webhook)
        stack.enter_context(damage_is_reported_once())
        with progress("watching", max_frames) as update:

            def on_frame(_: "Frame", video: "VideoReader") -> bool:
                update(completed=video.frames_read, total=video.frame_count)
                return not stop.asked

            watching = Watch(tracker, checked, tell, print_warning, on_frame)
            if metrics_port is not None:
                stack.enter_context(_metrics_server(watching, metrics_host, metrics_port))
            with on_stop(stop), naming(source):
                watching.run(source)
        messages.print(f"{source}: {counted(watching.events, 'event')} in {watching.seconds:.1f} seconds")


def _metrics_server(watching: "Watch", host: str, port: int) -> "MetricsServer":
    from smot_vlm.system.metrics import MetricsServer

    server = MetricsServer(host, port, lambda: watching.metrics, lambda: watching.is_good)
    messages.print(f"Metrics at http://{host}:{server.port}/metrics")
    return server


def _check(given: "list[Rule]", zones: "list[Zone]", vocabulary: "Vocabulary") -> "list[CheckedRule]":
    from smot_vlm.rules.vocabulary import check_rules

    return check_rules(given, zones, vocabulary)


def _read_rules(sentences: list[str], path: Path | None, zones: list[str]) -> "tuple[list[Rule], list[Zone]]":
    from smot_vlm.rules.rule_file import read_rule_file
    from smot_vlm.rules.sentence import read_sentence
    from smot_vlm.rules.zone_option import read_zone

    file = None if path is None else read_rule_file(path)
    read = [*(file.rules if file else ()), *(read_sentence(text) for text in sentences)]
    return read, [*(file.zones if file else ()), *(read_zone(text) for text in zones)]


def _read_date(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"--filmed-at is {text!r}; give a date and time such as '2026-05-01 22:00'") from None


def _description_of(source: str) -> Path | None:
    """The description where the source is one, or a folder that holds one."""
    path = Path(source)
    if path.is_dir() and (path / DESCRIPTION_FILE).is_file():
        return path / DESCRIPTION_FILE
    return path if path.suffix == ".json" and path.is_file() else None


def _teller(stack: ExitStack, path: Path | None, webhook: str | None) -> "Callable[[Event], None]":
    """What is done with each event; closed with the stack."""
    from smot_vlm.rules.event_log import EventLog, event_line
    from smot_vlm.rules.webhook import Webhook

    log = None if path is None else stack.enter_context(EventLog(path))
    hook = None if webhook is None else Webhook(webhook, print_warning)
    if hook is not None:

        def close() -> None:
            missing = hook.close()
            if missing:
                print_warning(missing)

        stack.callback(close)

    def tell(event: "Event") -> None:
        if log is not None:
            log.write(event)
            output.file.flush()
        else:
            print_plain(event_line(event))
        if hook is not None:
            hook.send(event)

    return tell
