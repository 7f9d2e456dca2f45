"""The report as a reader meets it: driven in Chromium, from disk, without a network."""

import importlib.util
import io
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from smot_vlm.output.annotate import annotate_video
from smot_vlm.output.report import write_report
from smot_vlm.structures import (
    Attribute,
    Description,
    Frame,
    Interaction,
    ModelInfo,
    Segment,
    Span,
    Trajectory,
    VideoInfo,
)
from smot_vlm.video.writer import VideoWriter

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PARTS = CHROMIUM and all(importlib.util.find_spec(name) for name in ("playwright", "axe_playwright_python"))
pytestmark = [
    pytest.mark.subprocess,
    pytest.mark.skipif(not PARTS, reason="no Chromium (apt install chromium), or playwright and axe are not installed"),
]

WIDTH, HEIGHT, FPS = 320, 180, 25
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 900}
HOSTILE = "</script><script>window.hurt = 1</script><img src=x onerror='window.hurt=1'> \" ' & \u202egpj.\u202c \x1b[31mred \U0001f3be"
SHOWN = "</script><script>window.hurt = 1</script><img src=x onerror='window.hurt=1'> \" ' & \\u202egpj.\\u202c \\x1b[31mred \U0001f3be"


def until(page, condition, seconds=20):
    """Wait for a condition. The page's policy forbids the evaluation on which Playwright's own waiting rests."""
    end = time.monotonic() + seconds
    while not page.evaluate(condition):
        assert time.monotonic() < end, f"never became true: {condition}"
        page.wait_for_timeout(20)


@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium):
    """Opens a page, and in the end makes sure that it neither complained nor asked for anything but files beside it."""
    visits = []

    def open_page(path, viewport=DESKTOP, scheme="light", missing_files=False):
        context = chromium.new_context(viewport=viewport, color_scheme=scheme)
        page = context.new_page()
        complaints, requests = [], []
        page.on(
            "console",
            lambda message: (missing_files and "FILE_NOT_FOUND" in message.text) or complaints.append(message.text),
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: requests.append(request.url))
        visits.append((context, complaints, requests, path.parent.as_uri()))
        page.goto(path.as_uri())
        until(page, "window.smotReport !== undefined")
        return page

    yield open_page
    for context, complaints, requests, folder in visits:
        context.close()
        assert complaints == []
        assert [url for url in requests if not url.startswith((folder, "data:"))] == []


def frames(count):
    for index in range(count):
        yield Frame(index, index / FPS, np.full((HEIGHT, WIDTH, 3), 60 + index % 120, dtype=np.uint8))


def walking(id, left, top, step, count, height=90, **named):
    x = left + step * np.arange(count)
    boxes = np.stack([x, np.full(count, top), x + height / 2.5, np.full(count, top + height)], axis=1)
    return Trajectory(id, range(count), boxes, [0.9] * count, **named)


def described(tracks, edges=(), count=50, **video):
    info = VideoInfo(**{"source": "", "width": WIDTH, "height": HEIGHT, "fps": FPS, "frames": count, **video})
    return Description(
        info, tuple(tracks), tuple(edges), "Two people meet.", ModelInfo("demo", "lora-lm", "byte", True)
    )


def two_people(count=50, **video):
    first = "A man in a red coat waits, then waves at a woman."
    tracks = [
        walking(
            *(1, 20, 40, 1.5, count),
            caption=first,
            segments=(Segment("waits", 0, 1), Segment("waves at a woman", 1, 2, partner=2)),
            attributes=(Attribute("upper_colour", "red"),),
        ),
        walking(2, 220, 50, 0, count, caption="A woman smiles.", segments=(Segment("smiles", 0, 2),)),
        walking(3, 120, 50, 0, 10, caption="A child runs."),
    ]
    edges = [
        Interaction(1, "wave.v.01", 2, 0.9, (Span(1.0, 1.9),)),
        Interaction(2, "smile.v.01", 1, 0.8, (Span(0.2, 1.9),)),
    ]
    return described(tracks, edges, count, **video)


@pytest.fixture
def folder(tmp_path):
    """A folder with a clean video, an annotated one, and the report of two people and a child."""
    source = tmp_path / "clip & <b>.mp4"
    with VideoWriter(source, FPS, WIDTH, HEIGHT) as writer:
        for frame in frames(50):
            writer.write(frame.image, frame.time_seconds)
    description = two_people(source=str(source))
    annotate_video(frames(50), description, tmp_path / "annotated.mp4", FPS)
    write_report(
        frames(50), description, tmp_path / "report.html", {"wave.v.01": "signal with the hands"}, source_video=True
    )
    return tmp_path


@pytest.fixture
def report(folder):
    return folder / "report.html"


def seconds(page):
    return page.evaluate("smotReport.player.seconds")


def test_the_video_plays_with_its_boxes(visit, report):
    page = visit(report)
    assert page.evaluate("smotReport.player.mode") == "clean"
    page.get_by_role("button", name="Play", exact=True).click()
    until(page, "smotReport.player.seconds > 0.3")
    page.get_by_role("button", name="Pause", exact=True).click()
    page.evaluate("smotReport.player.seek(1.2)")
    until(page, "Math.abs(document.querySelector('video').currentTime - 1.2) < 0.02")
    until(page, "!document.querySelector('video').seeking")
    drawn = page.evaluate("smotReport.overlay.boxes.map(({person, box}) => [person.id, box.map(Math.round)])")
    scale = page.evaluate("document.getElementById('stage').clientWidth") / WIDTH
    assert [id for id, _ in drawn] == [1, 2]
    # Frame 30: 20 + 1.5 x 30 = 65 pixels from the left.
    assert drawn[0][1] == pytest.approx([65 * scale, 40 * scale, 101 * scale, 130 * scale], abs=2)
    assert page.evaluate("smotReport.overlay.tags.map((tag) => tag.text).sort()") == ["#1", "#2", "smile", "wave"]


def test_it_opens_on_the_frame_that_the_clock_and_the_list_tell_of(visit, report):
    page = visit(report)
    until(page, "document.querySelector('video').readyState >= 2")
    assert seconds(page) == 0
    assert page.locator("#now-list li").count() == 3
    assert page.evaluate("smotReport.overlay.boxes.map(({person}) => person.id)") == [1, 2, 3]
    shown = np.asarray(Image.open(io.BytesIO(page.locator("#stage").screenshot())).convert("L"))
    # The first frame has a grey of 60, the middle one of 85; nobody stands in its lower part.
    assert np.median(shown[-shown.shape[0] // 4 :]) == pytest.approx(60, abs=6)


def test_the_marks_can_be_switched_off(visit, report):
    page = visit(report)
    page.evaluate("smotReport.player.seek(1.2)")
    page.get_by_label("Names").uncheck()
    assert page.evaluate("smotReport.overlay.tags.map((tag) => tag.text).sort()") == ["smile", "wave"]
    page.get_by_label("Arrows").uncheck()
    assert page.evaluate("smotReport.overlay.tags.length") == 0
    inked = """() => { const canvas = document.getElementById("overlay"), blank = document.createElement("canvas");
        [blank.width, blank.height] = [canvas.width, canvas.height];
        return canvas.toDataURL() !== blank.toDataURL(); }"""
    assert page.evaluate(inked)
    page.get_by_label("Boxes").uncheck()
    assert not page.evaluate(inked)


def test_the_timeline_seeks_by_click_drag_and_keys(visit, report):
    page = visit(report)
    lanes = page.locator("#timeline")
    lanes.scroll_into_view_if_needed()
    place = lanes.bounding_box()
    x = place["x"] + page.evaluate("smotReport.lanes.x(0.5)")
    page.mouse.click(x, place["y"] + 60)
    assert seconds(page) == pytest.approx(0.5, abs=0.03)
    page.mouse.move(x, place["y"] + 60)
    page.mouse.down()
    page.mouse.move(place["x"] + page.evaluate("smotReport.lanes.x(1.5)"), place["y"] + 60, steps=4)
    page.mouse.up()
    assert seconds(page) == pytest.approx(1.5, abs=0.03)
    page.get_by_label("Position in the video").focus()
    page.keyboard.press("ArrowLeft")
    assert seconds(page) == pytest.approx(0.5, abs=0.05)
    page.keyboard.press("End")
    assert seconds(page) == pytest.approx(2.0, abs=0.05)


def test_lanes_zoom_about_the_present_time(visit, report):
    page = visit(report)
    page.evaluate("smotReport.player.seek(1.0)")
    where = "smotReport.lanes.x(1.0) - smotReport.lanes.scroller.scrollLeft"
    before = page.evaluate(where)
    page.get_by_role("button", name="Show less time").click()
    assert page.evaluate("smotReport.lanes.zoom") == 2
    assert page.evaluate(where) == pytest.approx(before, abs=2)
    page.get_by_role("button", name="Show more time").click()
    assert page.evaluate("smotReport.lanes.zoom") == 1


@pytest.mark.parametrize(
    ("label", "value", "people", "edges"),
    [
        ("Word", "red", [1, 2], [0, 1]),  # the woman stays: he acts on her
        ("Word", "CHILD", [3], []),
        ("Word", "wave", [1, 2], [0, 1]),  # the smile stays: it is at the one who waves
        ("Word", "nothing such", [], []),
        ("Person", "3", [3], []),
        ("Person", "1", [1, 2], [0, 1]),
        ("Verb", "smile", [1, 2], [1]),
    ],
)
def test_filters(visit, report, label, value, people, edges):
    page = visit(report)
    field = page.get_by_label(label, exact=True)
    field.fill(value) if label == "Word" else field.select_option(value)
    shown = "nodes => nodes.filter((node) => !node.hidden).map((node) => Number(node.dataset.{}))"
    assert page.locator("[data-card]").evaluate_all(shown.format("card")) == people
    assert sorted(page.locator("[data-edge]").evaluate_all(shown.format("edge"))) == edges
    assert page.evaluate("smotReport.lanes.rows.map((person) => person.id)") == people
    assert page.locator("#filter-note").inner_text() == f"{len(people)} of 3 people, {len(edges)} of 2 interactions"
    page.get_by_role("button", name="Show all").click()
    until(page, "smotReport.lanes.rows.length === 3")


def test_a_person_is_opened_from_timeline_picture_and_card(visit, report):
    page = visit(report)
    page.locator("#labels").get_by_role("button", name="Person #1:").click()
    detail = page.locator("#detail")
    assert page.evaluate("document.activeElement.id") == "detail-title"
    words = detail.inner_text()
    for part in ("Person 1", "A man in a red coat waits", "waves at a woman", "wave", "smile", "upper colour red"):
        assert part in words
    assert detail.locator("img").count() == 6
    detail.get_by_role("button", name="1.0 s to 2.0 s").click()
    assert seconds(page) == pytest.approx(1.0, abs=0.03)
    detail.get_by_role("button", name="Close").click()
    assert not detail.is_visible()
    page.get_by_role("button", name="Show person 2 over time").click()
    assert "A woman smiles." in detail.inner_text()
    page.evaluate("smotReport.player.seek(1.0)")
    scale = page.evaluate("document.getElementById('stage').clientWidth") / WIDTH
    page.locator("#stage").click(position={"x": 70 * scale, "y": 100 * scale})
    assert page.evaluate("smotReport.selection.person.id") == 1


def test_the_annotated_video_takes_the_place_of_the_drawn_boxes(visit, report):
    page = visit(report)
    page.evaluate("smotReport.player.seek(1.0)")
    page.get_by_label("Annotated video").check()
    until(page, "document.querySelector('video').videoWidth > 320")
    until(page, "Math.abs(document.querySelector('video').currentTime - 1) < 0.05")
    assert page.evaluate("smotReport.overlay.boxes.length") == 0


def test_without_the_clean_video_the_annotated_one_plays(visit, folder):
    (folder / "clip & <b>.mp4").unlink()
    write_report(
        frames(50), two_people(source=str(folder / "clip & <b>.mp4")), folder / "report.html", source_video=True
    )
    page = visit(folder / "report.html")
    until(page, "document.querySelector('video').videoWidth > 320")
    assert page.evaluate("smotReport.player.mode") == "annotated"


def test_a_large_video_stays_beside_the_page_and_may_be_moved_away(visit, folder, monkeypatch):
    monkeypatch.setattr("smot_vlm.output.report_video.EMBEDDED_BYTES", 10)
    source = folder / "clip & <b>.mp4"
    path = folder / "report.html"
    write_report(frames(50), two_people(source=str(source)), path, source_video=True)
    page = visit(path)
    until(page, "document.querySelector('video').videoWidth === 320")
    assert 'src="clip%20%26%20%3Cb%3E.mp4"' in path.read_text()
    source.unlink()
    page = visit(path, missing_files=True)
    until(page, "smotReport.player.mode === 'annotated' && document.querySelector('video').videoWidth > 320")
    assert "not beside this page" in page.locator("#video-note").inner_text()
    (folder / "annotated.mp4").unlink()
    page = visit(path, missing_files=True)
    until(page, "smotReport.player.mode === 'none'")
    page.evaluate("smotReport.player.seek(1.0)")
    assert page.evaluate("smotReport.overlay.boxes.length") == 2
    assert page.evaluate("document.getElementById('overlay').height") > 100


def test_scene_cuts_and_damage_stand_in_the_timeline(visit, tmp_path):
    path = tmp_path / "report.html"
    write_report([], two_people(damage=((0.4, 0.6),)), path)
    page = visit(path)

    def pixels(*times):
        """Colours in the lane of the child, who has left."""
        image = Image.open(io.BytesIO(page.locator("#timeline").screenshot())).convert("RGB")
        return [image.getpixel((int(page.evaluate("(time) => smotReport.lanes.x(time)", time)), 111)) for time in times]

    damaged, *bare = pixels(0.5, 0.8, 1.5)
    assert bare == [(255, 255, 255)] * 2
    assert damaged == (0xF3, 0xC7, 0xC2)
    page.evaluate("smotReport.data.cuts.push(1.5); smotReport.timeline.draw()")
    # A thin purple line: in one of the columns beside its time it is more than half as strong.
    step = 1 / page.evaluate("smotReport.lanes.scale")
    assert any(blue > green + 50 for _, green, blue in pixels(1.5 - step, 1.5, 1.5 + step))


def test_without_a_video_boxes_are_drawn_alone(visit, tmp_path):
    path = tmp_path / "report.html"
    write_report([], two_people(), path)
    page = visit(path)
    assert page.evaluate("smotReport.player.mode") == "none"
    page.get_by_role("button", name="Play", exact=True).click()
    until(page, "smotReport.player.seconds > 0.2 && smotReport.overlay.boxes.length > 1")


@pytest.mark.parametrize("people", [0, 1])
def test_a_page_with_nobody_or_nothing_to_say(visit, tmp_path, people):
    path = tmp_path / "report.html"
    write_report(frames(3), described([walking(1, 10, 10, 0, 3)][:people], count=3), path)
    page = visit(path)
    assert ("Nobody was seen" in page.inner_text("main")) == (people == 0)


def test_hostile_words_stay_words(visit, tmp_path):
    track = walking(
        *(1, 20, 40, 1, 50),
        caption=HOSTILE,
        segments=(Segment(HOSTILE, 0, 2),),
        attributes=(Attribute("has", HOSTILE),),
    )
    other = walking(2, 220, 40, 0, 50, caption=HOSTILE)
    edges = [Interaction(1, HOSTILE, 2, 0.5, (Span(0, 2),))]
    path = tmp_path / "report.html"
    write_report(frames(50), described([track, other], edges, source=f"/{HOSTILE.replace('/', '|')}.mp4"), path)
    page = visit(path)
    page.evaluate("smotReport.player.seek(1.0); smotReport.selection.choose(1)")
    assert page.evaluate("window.hurt") is None
    assert SHOWN.replace("/", "|") in page.inner_text("h1")
    for place in ("#detail", "#now-list", "#person-1", "tbody"):
        assert SHOWN in page.inner_text(place).replace("\n", " ")
    assert SHOWN in page.evaluate("smotReport.overlay.tags.map((tag) => tag.text)")
    assert page.locator("script").count() == 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_no_serious_fault_of_access_and_nothing_wider_than_the_page(visit, report, viewport, scheme):
    from axe_playwright_python.sync_playwright import Axe

    page = visit(report, viewport, scheme)
    page.evaluate("smotReport.player.seek(1.2); smotReport.selection.choose(1)")
    found = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


def test_everything_is_reached_by_keyboard(visit, report):
    page = visit(report)
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.textContent.slice(0, 20)"))
    assert {"play", "position", "show-boxes", "filter-word", "filter-verb", "lanes", "#1", "Show over time"} <= reached


def test_on_paper_the_captions_stand_and_the_controls_do_not(visit, report):
    page = visit(report)
    page.emulate_media(media="print")
    assert page.locator("#key-frame").is_visible()
    assert page.locator("#person-1").is_visible()
    for name in ("controls", "explore", "video"):
        assert not page.locator(f"#{name}").is_visible()


def crowd(count=20, moments=10):
    rng = np.random.default_rng(3)
    tracks = []
    for id in range(1, count + 1):
        height = rng.uniform(0.13, 0.22) * WIDTH
        left, top = rng.uniform(0.02, 0.9) * WIDTH, rng.uniform(0.05, 0.55) * HEIGHT
        tracks.append(walking(id, left, top, rng.uniform(-1, 1), moments, height))
    edges = [Interaction(id, "talk_about.v.01", id + 1, 0.9) for id in range(1, 12, 2)]
    edges += [Interaction(id + 1, "listen.v.01", id, 0.8) for id in range(1, 12, 2)]
    return described(tracks, edges, moments)


def test_no_text_hides_a_face_or_other_text_among_twenty_people(visit, tmp_path):
    path = tmp_path / "report.html"
    write_report([], crowd(), path)
    page = visit(path)
    for frame in range(1, 10, 3):
        page.evaluate(f"smotReport.player.seek({frame / FPS + 0.001})")
        tags = np.array(page.evaluate("smotReport.overlay.tags.map((tag) => tag.box)"))
        boxes = np.array(page.evaluate("smotReport.overlay.boxes.map((one) => one.box)"))
        assert len(tags) >= 28
        boxes[:, 3] = boxes[:, 1] + (boxes[:, 3] - boxes[:, 1]) / 3
        assert common_area(tags, boxes).sum() == 0
        among = common_area(tags, tags)
        np.fill_diagonal(among, 0)
        assert among.sum() == 0


def common_area(first, second):
    """Square pixels that each of the first boxes shares with each of the second."""
    sides = np.minimum(first[:, None, 2:], second[None, :, 2:]) - np.maximum(first[:, None, :2], second[None, :, :2])
    return np.maximum(sides, 0).prod(axis=2)


def an_hour(people=50, minutes=60, fps=5):
    count = minutes * 60 * fps
    rng = np.random.default_rng(0)
    tracks, edges = [], []
    for id in range(1, people + 1):
        start = int(rng.integers(0, count // 2))
        shown = np.arange(start, min(start + count // 2, count))
        x = WIDTH * (0.45 + 0.4 * np.sin(shown / 400 + id))
        boxes = np.stack([x, np.full(len(x), 50.0), x + 20, np.full(len(x), 110.0)], axis=1)
        times = np.linspace(shown[0], shown[-1], 41) / fps
        texts = [f"walks {part} steps with {id}" for part in range(40)]
        segments = [Segment(text, a, b) for text, a, b in zip(texts, times[:-1], times[1:], strict=True)]
        tracks.append(Trajectory(id, shown, boxes, np.full(len(x), 0.9), ", ".join(texts), segments=tuple(segments)))
        if id > 1:
            spans = [Span(1000 + 60.0 * part, 1030 + 60.0 * part) for part in range(10)]
            edges.append(Interaction(id, "talk.v.01", id - 1, 0.5, tuple(spans)))
    info = VideoInfo("hour.mp4", WIDTH, HEIGHT, float(fps), count)
    return Description(info, tuple(tracks), tuple(edges), "Many people walk.", ModelInfo("m", "d", "byte", True))


def processor_seconds(session):
    """What a page has cost its thread so far, however busy the machine is."""
    metrics = session.send("Performance.getMetrics")["metrics"]
    return next(one["value"] for one in metrics if one["name"] == "TaskDuration")


def test_an_hour_with_fifty_people_opens_in_three_seconds_and_scrolls(chromium, tmp_path):
    path: Path = tmp_path / "report.html"
    write_report([], an_hour(), path)
    page = chromium.new_page(viewport=DESKTOP)
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.goto(path.as_uri())
    until(page, "window.smotReport !== undefined")
    opened = processor_seconds(session)
    assert 0 < opened < 3
    assert page.evaluate("smotReport.lanes.height") > 50 * 30
    assert page.evaluate("document.getElementById('timeline').height") < 1200
    page.evaluate(
        """async () => { for (let step = 0; step < 30; step += 1) {
        window.scrollBy(0, 60);
        smotReport.lanes.scroller.scrollTop = 40 * step;
        await new Promise(requestAnimationFrame); } }"""
    )
    assert (processor_seconds(session) - opened) / 30 < 0.05
    page.evaluate("smotReport.player.seek(1800)")
    assert page.evaluate("smotReport.overlay.boxes.length") >= 20
    page.context.close()
