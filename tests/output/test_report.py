import base64
import hashlib
import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

from smot_vlm.output.report import ReportBuilder, format_time, write_report
from smot_vlm.structures import Interaction

VOID = {"meta", "img", "br", "hr", "link", "input"}


class Page(HTMLParser):
    """Elements with their attributes, the text, and whether every element is closed."""

    def __init__(self, html):
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.scripts: list[str] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not self.open or self.open[-1] not in ("style", "script"):
            self.text += data
        elif self.open[-1] == "script":
            self.scripts.append(data)

    def of(self, tag, **attributes):
        return [found for name, found in self.elements if name == tag and attributes.items() <= found.items()]

    def words(self):
        return " ".join(self.text.split())


@pytest.fixture
def make_page(tmp_path):
    def make(frames, description, **named):
        path = tmp_path / "report.html"
        write_report(frames, description, path, **named)
        page = Page(path.read_text(encoding="utf-8"))
        assert page.open == []
        return page

    return make


def picture(uri):
    kind, data = uri.split(",")
    assert kind == "data:image/jpeg;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))


def test_the_page_says_all_that_the_description_says(make_page, make_description, make_frames, talk):
    page = make_page(make_frames(), make_description(interactions=[talk]), glosses={"talk.v.01": "exchange thoughts"})
    for words in (
        "clip.mp4",
        "160 × 120 pixels",
        "25 frames a second",
        "5 frames read",
        "model demo · lora-lm · byte",
        "Two people meet.",
        "A man walks.",
        "A woman waves.",
        "0.0 s to 0.2 s",
        "#1 → talk → #2",
        "exchange thoughts",
        "0.80",
    ):
        assert words in page.words()
    assert page.of("title")
    assert [element["id"] for element in page.of("li") if "id" in element] == ["person-1", "person-2"]
    assert {element["href"] for element in page.of("a")} == {"#people", "#person-1", "#person-2"}
    assert page.of("rect", **{"class": "accent"})[0]["width"] == "80.0"


def test_pictures_are_inline_and_show_the_right_pixels(make_page, make_description, make_frames):
    page = make_page(make_frames(), make_description())
    key, *crops = [picture(image["src"]) for image in page.of("img")]
    assert key.shape[1] == 2 * 160  # small frames are shown enlarged
    assert len(crops) == 2
    assert crops[0].mean() == pytest.approx(40, abs=2)
    assert all(image["alt"] for image in page.of("img"))


def test_nothing_is_fetched_from_elsewhere(make_page, make_description, make_frames, talk):
    page = make_page(make_frames(), make_description(interactions=[talk]))
    addresses = [
        value for _, attributes in page.elements for key, value in attributes.items() if key in ("src", "href")
    ]
    assert addresses
    assert all(re.match(r"data:image/jpeg;base64,|#people$|#person-\d+$", address) for address in addresses)
    assert not page.of("link")


def test_nothing_runs_but_the_pages_own_script(make_page, make_description, make_frames, talk):
    page = make_page(make_frames(), make_description(interactions=[talk]))
    policy = page.of("meta", **{"http-equiv": "Content-Security-Policy"})[0]["content"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert page.of("script") == [{"type": "application/json", "id": "report-data"}, {}]
    digest = base64.b64encode(hashlib.sha256(page.scripts[1].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    # Both would be refused by the policy.
    assert not any(key == "style" or key.startswith("on") for _, attributes in page.elements for key in attributes)


HOSTILE = "</p><script>alert('x')</script><img src=x onerror=alert(1)> \" ' & {{ 7 * 7 }} <!--"


def test_hostile_words_stay_words(make_page, make_description, make_frames, make_track):
    tracks = [make_track(1, caption=HOSTILE), make_track(2, caption="")]
    description = make_description(
        tracks, [Interaction(1, HOSTILE, 2)], caption=HOSTILE, source=f"/videos/{HOSTILE.replace('/', '|')}"
    )
    page = make_page(make_frames(), description, glosses={HOSTILE: HOSTILE})
    assert len(page.of("script")) == 2
    assert len(page.of("img")) == 3
    assert not any(key.startswith("on") for _, attributes in page.elements for key in attributes)
    assert page.words().count(HOSTILE) >= 3
    assert "49" not in page.words()


def test_the_badges(make_page, make_description):
    plain = make_page([], make_description()).words()
    assert "Untrained" not in plain
    assert "truncated" not in plain
    assert "Untrained" in make_page([], make_description(trained=False)).words()
    assert "truncated" in make_page([], make_description(truncated=True)).words()


def test_nobody(make_page, make_description, make_frames):
    page = make_page(make_frames(), make_description([]))
    assert "Nobody was seen in this video." in page.words()
    assert "Interactions" not in page.words()
    assert len(page.of("img")) == 1


def test_no_frames_no_pictures(make_page, make_description):
    page = make_page([], make_description())
    assert page.of("img") == []
    assert "A man walks." in page.words()


def test_no_words(make_page, make_description, make_track):
    page = make_page([], make_description([make_track(1, caption=" ")], caption=""))
    assert page.words().count("No caption was written.") == 2
    assert "No interaction between two people was found." in page.words()


def test_the_bar_shows_when_a_person_is_there(make_page, make_description, make_track):
    tracks = [make_track(1, [0, 1, 2, 80, 81, 99])]
    page = make_page([], make_description(tracks, frames=100))
    bars = [(element["class"], element["x"], element["width"]) for element in page.of("rect")]
    assert bars == [("c0", "0.00", "3.00"), ("c0", "80.00", "20.00")]
    assert "0.0 s to 4.0 s" in page.words()


def test_interactions_stand_in_order_of_their_score(make_page, make_description):
    edges = [
        Interaction(1, "hug.v.01", 2, 0.2),
        Interaction(2, "kiss.v.01", 1, 3.0),
        Interaction(1, "push.v.01", 2, -1),
    ]
    words = make_page([], make_description(interactions=edges)).words()
    assert words.index("→ kiss") < words.index("→ hug") < words.index("→ push")


def test_a_video_beside_is_embedded_and_no_other(tmp_path, make_page, make_description):
    assert make_page([], make_description()).of("video") == []
    (tmp_path / "annotated.mp4").write_bytes(b"video")
    (player,) = make_page([], make_description()).of("video")
    assert player["src"].split("#")[0] == "annotated.mp4"


def test_many_people_keep_one_crop_each(make_description, make_track, make_frames):
    tracks = [make_track(id, box=(id % 100, 5, id % 100 + 20, 60)) for id in range(1, 301)]
    builder = ReportBuilder(make_description(tracks))
    for frame in make_frames(5):
        builder.add(frame)
    assert len(builder._crops.jpegs) == 300
    # A key frame; of each person one picture, and one more as there are few over time of so many.
    assert builder.render().count("data:image/jpeg") == 601


def test_unknown_frame_rate_counts_frames(make_page, make_description):
    words = make_page([], make_description(fps=0.0)).words()
    assert "frames a second" not in words
    assert "frame 0 to frame 4" in words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0.0 s"), (2.44, "2.4 s"), (60, "1:00"), (185.4, "3:05"), (3765, "1:02:45"), (3599.6, "1:00:00")],
)
def test_format_time(seconds, words):
    assert format_time(seconds) == words


@pytest.mark.parametrize(
    ("source", "title"),
    [("/a/b/clip.mp4", "clip.mp4"), ("C:\\v\\clip.mp4", "clip.mp4"), ("frames/", "frames"), ("0", "0"), ("", "Video")],
)
def test_the_title_is_the_last_part_of_the_source(make_page, make_description, source, title):
    page = make_page([], make_description(source=source))
    assert page.words().startswith(f"{title} Skip to the people {title}")


def test_a_broken_pass_leaves_the_earlier_report(tmp_path, make_description, make_frames):
    path = tmp_path / "report.html"
    path.write_text("earlier")

    def breaking():
        yield from make_frames(1)
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        write_report(breaking(), make_description(), path)
    assert path.read_text() == "earlier"


def test_names_and_captions_neither_steer_the_page_nor_break_it(make_page, make_description, make_track, make_frames):
    odd = "a\u202egpj\x1b[31m\udce9<b>"
    description = make_description([make_track(caption=odd)], caption=odd, source=f"{odd}.mp4")
    page = make_page(make_frames(), description)
    shown = "a\\u202egpj\\x1b[31m\\xe9<b>"
    assert page.text.count(shown) >= 3
    assert not page.of("b")
