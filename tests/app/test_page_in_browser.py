"""The page as its users meet it: driven in Chromium."""

import json
import re
import zipfile
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from page_case import CHROMIUM, DESKTOP, HAS_BROWSER, HAS_GRADIO, NO_BROWSER, PHONE, served
from service_case import film, slowly, tell, until

from smot_vlm.app.jobs import DONE, RUNNING, Job
from smot_vlm.app.picture import LivePicture
from smot_vlm.output.description_files import write_outputs
from smot_vlm.structures import Description, Detections, Frame, ModelInfo, Trajectory, VideoInfo
from smot_vlm.video.reader import open_video

pytestmark = [
    pytest.mark.subprocess,
    pytest.mark.skipif(not (HAS_BROWSER and HAS_GRADIO), reason=NO_BROWSER),
]

HOSTILE = "<script>window.hurt=1<|script><img src=x onerror='window.hurt=1'> \"'& ${window.hurt=1} {{1}} \u202egpj \x1b[31m \U0001f3be"
SHOWN = "<script>window.hurt=1<|script><img src=x onerror='window.hurt=1'> \"'& ${window.hurt=1} {{1}} \\u202egpj \\x1b[31m \U0001f3be"
MILLISECONDS = 120_000
# What Gradio writes where a page is left while it listens.
LEFT = re.compile("AbortError: (signal is|BodyStreamBuffer was) aborted|Connection errored out")
# What the browser and Gradio write where an upload or a file is refused.
REFUSED = ("Failed to load resource", "Response")


@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture
def serve(tmp_path):
    """Starts the page's service, which outlives its pages; gives its address and its jobs."""
    with ExitStack() as stack:
        yield lambda *args, **options: stack.enter_context(served(tmp_path / "service", *args, **options))


@pytest.fixture
def visit(chromium, serve):
    """Opens a page as a new user, and in the end makes sure that it neither complained nor asked anybody else."""
    visits = []

    def open_page(address, viewport=DESKTOP, scheme="light", refused=False):
        context = chromium.new_context(viewport=viewport, color_scheme=scheme, accept_downloads=True)
        context.set_default_timeout(MILLISECONDS)
        page = context.new_page()
        complaints, requests = [], []
        page.on(
            "console",
            lambda message: (
                message.type != "error"
                or (refused and message.text.startswith(REFUSED))
                or LEFT.search(message.text)
                or complaints.append(message.text)
            ),
        )
        page.on("pageerror", lambda error: LEFT.search(str(error)) or complaints.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        visits.append((context, complaints, requests, address))
        page.goto(address)
        return page

    yield open_page
    for context, complaints, requests, address in visits:
        context.close()
        assert complaints == []
        assert [url for url in requests if not url.startswith((f"{address}/", "data:", "blob:"))] == []


@pytest.fixture
def clip(tmp_path) -> Path:
    return film(tmp_path / "holiday.mp4", frames=10)


def give(page, path) -> None:
    page.locator("input[type=file]").first.set_input_files(path)
    page.locator(".file-preview").first.wait_for()


def describe(page, path) -> None:
    give(page, path)
    page.locator("#describe").click()


def report_of(page):
    return page.frame_locator("iframe.report")


def watched(job: Job, progress) -> None:
    """Runs until it is cancelled, and shows two people."""
    live = LivePicture(job)
    image = np.full((180, 320, 3), 120, np.uint8)
    people = Detections([[20, 20, 90, 160], [200, 30, 280, 170]], [0.9, 0.8], ids=[1, 2])
    for step in range(100_000):
        live.show(Frame(step, step / 10, image), people)
        progress("watching", min(step, 60), 100)
        job.stop.wait(0.05)


def test_a_video_is_given_described_found_and_downloaded(visit, serve, clip, tmp_path):
    address, _ = serve()
    page = visit(address)
    describe(page, clip)
    page.get_by_text("holiday.mp4 was taken.").wait_for()
    page.locator("#library").get_by_text("Somebody is in holiday.mp4.").wait_for()
    assert report_of(page).locator("p").inner_text() == "report"
    with page.expect_download() as caught:
        page.locator("#library").get_by_role("link", name="description.json").click()
    told = json.loads(Path(caught.value.path()).read_text())
    assert told["caption"] == "Somebody is in holiday.mp4."
    with page.expect_download() as caught:
        page.locator("#report").get_by_role("link", name="all.zip").click()
    with zipfile.ZipFile(caught.value.path()) as archive:
        assert archive.namelist() == ["description.json", "report.html"]
    page.get_by_label("Search in what was described").fill("somebody in holiday.mp4")
    page.locator("#search").click()
    page.locator("#hits").get_by_role("cell", name="holiday.mp4", exact=True).first.wait_for()
    page.reload()
    page.locator("#library").get_by_text("Somebody is in holiday.mp4.").wait_for()
    page.locator("#remove").click()
    page.get_by_text("Nothing was described yet.").wait_for()
    assert list((tmp_path / "service/jobs").glob("*/result")) == []


def test_the_report_plays_seeks_and_filters_within_the_page(visit, serve, tmp_path):
    """The frame of the report is a stranger's to browsers: its video must be found, and its controls work, all the same."""

    def tell_two(job: Job, progress) -> None:
        boxes = [[10.0 + frame, 10, 30 + frame, 40] for frame in range(30)]
        tracks = (
            Trajectory(1, range(30), boxes, [0.9] * 30, "A man waves."),
            Trajectory(2, range(10), boxes[:10], [0.9] * 10, "A woman runs."),
        )
        told = Description(VideoInfo(job.name, 64, 48, 10.0, 30), tracks, (), "", ModelInfo("t", "n", "n", True))
        write_outputs(job.result, told, lambda: open_video(job.source), 10.0)

    address, _ = serve(tell_two)
    page = visit(address)
    describe(page, film(tmp_path / "walk.mp4", frames=30))
    report = report_of(page)
    report.get_by_role("button", name="Play", exact=True).click()
    position = report.get_by_label("Position in the video")
    until(lambda: float(position.input_value()) > 0.2)
    report.get_by_role("button", name="Pause", exact=True).click()
    lanes = report.locator("#timeline")
    lanes.click(position={"x": lanes.bounding_box()["width"] - 40, "y": 60})
    until(lambda: float(position.input_value()) > 2.5)
    report.get_by_label("Word", exact=True).fill("runs")
    report.get_by_text("1 of 2 people, 0 of 0 interactions").wait_for()
    assert report.locator("[data-card]:visible").count() == 1


def test_the_sample_runs_with_a_picture_and_time_left_and_is_cancelled(visit, serve, tmp_path):
    address, _ = serve(watched)
    page = visit(address)
    page.locator("#sample").click()
    page.get_by_alt_text("The newest frame with boxes: 2 people at").wait_for()
    text = page.locator("#now").inner_text()
    assert re.search(r"demo\.mp4: watching, \d+%, about \d+ s left", text.replace("\n", " "))
    page.locator("#cancel").click()
    page.get_by_text("demo.mp4 was cancelled; its files are removed.").wait_for()
    page.locator("#now").get_by_text("Nothing runs.").wait_for()
    page.locator("#picture img").wait_for(state="detached")
    until(lambda: not any(path.name[:4] != "user" for path in (tmp_path / "service/jobs").iterdir()))


def test_what_is_refused_is_one_line_and_the_page_goes_on(visit, serve, clip, tmp_path):
    text = tmp_path / "text.mp4"
    text.write_text("no video " * 50)
    long = film(tmp_path / "long.mp4", frames=60)
    address, _ = serve(slowly(0.5), megabytes=0.1, minutes=0.05)
    page = visit(address, refused=True)
    page.locator("#describe").click()
    page.get_by_role("alert").get_by_text("No video is given; drop one, or take the sample.").wait_for()
    describe(page, text)
    page.get_by_role("alert").get_by_text("text.mp4: no video can be read from it").wait_for()
    page.reload()
    describe(page, long)
    page.get_by_role("alert").get_by_text("long.mp4: 0.1 minutes long; at most 0.05 are taken").wait_for()
    page.reload()
    (tmp_path / "large.mp4").write_bytes(b"x" * 200_000)
    page.locator("input[type=file]").first.set_input_files(tmp_path / "large.mp4")
    page.get_by_text(re.compile("exceed", re.IGNORECASE)).first.wait_for()
    page.reload()
    describe(page, clip)
    page.locator("#library").get_by_text("Somebody is in holiday.mp4.").wait_for()


def test_more_than_the_queue_takes_is_refused(visit, serve, clip, tmp_path):
    address, _ = serve(watched, waiting=1)
    page = visit(address)
    describe(page, clip)
    page.get_by_text("holiday.mp4 was taken.").wait_for()
    page.locator("#now").get_by_text("watching").wait_for()
    page.locator("#describe").click()
    page.locator("#now").get_by_text("waits, 1 job before it").wait_for()
    page.locator("#describe").click()
    page.get_by_role("alert").get_by_text("1 jobs wait already, more are not taken; try again later").wait_for()


def test_two_users_at_once_never_see_each_others_files(visit, serve, tmp_path):
    films = {name: film(tmp_path / f"{name}.mp4", frames=10) for name in ("ann", "bob")}
    address, _ = serve()
    pages = {name: visit(address, refused=True) for name in films}
    for name, page in pages.items():
        describe(page, films[name])
    for name, page in pages.items():
        page.locator("#library").get_by_text(f"Somebody is in {name}.mp4.").wait_for()
    links = {name: page.locator("#library a").first.get_attribute("href") for name, page in pages.items()}
    for name, other in (("ann", "bob"), ("bob", "ann")):
        page = pages[name]
        assert other not in page.locator("main, body").first.inner_text()
        page.get_by_label("Search in what was described").fill(f"somebody is in {other}.mp4")
        page.locator("#search").click()
        page.locator("#hits").get_by_role("cell", name=f"{name}.mp4", exact=True).first.wait_for()
        assert f"{other}.mp4" not in page.locator("#hits").inner_text()
        assert page.request.get(address + links[name]).status == 200
        refused = page.request.get(address + links[other])
        assert (refused.status, refused.text()) == (404, "no such job; its files may have been removed\n")


def test_hostile_names_and_captions_stay_words(visit, serve, tmp_path):
    def tell_hostile(job: Job, progress) -> None:
        tell(job, progress)
        track = Trajectory(1, [0], [[1.0, 2, 10, 20]], [0.9], HOSTILE)
        info = VideoInfo(HOSTILE, 64, 48, 10.0, 5)
        told = Description(info, (track,), (), HOSTILE, ModelInfo("told", "none", "none", True))
        told.to_json(job.result / "description.json")

    source = film(tmp_path / "a.mp4").read_bytes()
    name = f"{HOSTILE.replace(chr(27), '')}.mp4"
    address, _ = serve(tell_hostile)
    page = visit(address)
    page.locator("input[type=file]").first.set_input_files({"name": name, "mimeType": "video/mp4", "buffer": source})
    page.locator(".file-preview").first.wait_for()
    page.locator("#describe").click()
    page.locator("#library").get_by_text(SHOWN).wait_for()
    page.get_by_label("Search in what was described").fill("window hurt")
    page.locator("#search").click()
    page.locator("#hits").get_by_text(SHOWN).first.wait_for()
    assert page.evaluate("window.hurt") is None
    named = page.locator("#library tbody th").inner_text()
    assert named == f"{SHOWN.replace(chr(92) + 'x1b', '')}.mp4"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_no_serious_fault_of_access_and_nothing_wider_than_the_page(visit, serve, clip, tmp_path, viewport, scheme):
    from axe_playwright_python.sync_playwright import Axe

    def first_told_then_watched(job: Job, progress) -> None:
        (tell if job.name == "holiday.mp4" else watched)(job, progress)

    address, _ = serve(first_told_then_watched)
    page = visit(address, viewport, scheme)
    describe(page, clip)
    page.locator("#library").get_by_text("Somebody is in holiday.mp4.").wait_for()
    page.get_by_role("button", name="Settings").click()
    page.locator("#sample").click()
    page.get_by_alt_text("The newest frame with boxes").wait_for()
    page.screenshot(path=tmp_path / "page.png", full_page=True)
    found = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


def test_a_token_opens_the_page_and_a_wrong_one_does_not(visit, serve):
    address, board = serve(tokens={"ann": "ann-has-a-long-secret"})
    page = visit(address, refused=True)
    page.get_by_label("Token").fill("wrong")
    page.get_by_role("button", name="Enter").click()
    page.get_by_role("alert").get_by_text("this token is not right; the terminal of the service shows it").wait_for()
    page.get_by_label("Token").fill("ann-has-a-long-secret")
    page.get_by_role("button", name="Enter").click()
    page.locator("#sample").click()
    page.locator("#library").get_by_text("Somebody is in demo.mp4.").wait_for()
    assert [job.name for job in board.of("ann")] == ["demo.mp4"]
    assert board.of("ann")[0].state in (RUNNING, DONE)
