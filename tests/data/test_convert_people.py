"""Public sets of real people in the layouts that their users have, and condensed, as annotated sequences."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from smot_vlm.data.bensmot import BenSmot, BenSmotSequence
from smot_vlm.data.conversion import ConversionWriter
from smot_vlm.data.convert_people import convert_flickr30k_entities, convert_peta, convert_ut_interaction
from smot_vlm.data.flickr30k_entities import list_stills
from smot_vlm.data.peta import CropClips, list_crops
from smot_vlm.data.stills import StillClips
from smot_vlm.data.subsample import subsample
from smot_vlm.data.ut_interaction import list_pairs
from smot_vlm.data.validate import repair_dataset, validate_dataset
from smot_vlm.formats.losses import count_losses
from smot_vlm.language.people_facts import PersonFacts
from smot_vlm.language.people_facts_file import PEOPLE_FACTS_FILE
from smot_vlm.structures import Interaction, Trajectory
from smot_vlm.verbs import VERBS
from smot_vlm.video.writer import VideoWriter

SENTENCES = (
    "[/EN#1/people A man] in [/EN#9/clothing a red shirt] pushes [/EN#2/people a boy] on [/EN#8/other a swing] .",
    "[/EN#3/people Two women] and [/EN#4/people a girl] watch .",
    "[/EN#5/people A crowd] claps .",
)
# Person 3 has two boxes, 5 is a crowd with one, 4 has none.
BOXES = {1: [(60, 30, 90, 100)], 2: [(100, 40, 130, 90)], 3: [(10, 20, 30, 80), (30, 20, 50, 80)], 5: [(0, 0, 200, 20)]}
PICTURE = (200, 120)


def picture(path: Path, size: tuple[int, int] = PICTURE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (90, 120, 60)).save(path)
    return path


def entities(root: Path, *names: str, images: str = "Flicker8k_Dataset") -> Path:
    """The original layout."""
    for folder in ("Annotations", "Sentences"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for name in names:
        picture(root / images / f"{name}.jpg")
        (root / "Sentences" / f"{name}.txt").write_text("\n".join(SENTENCES) + "\n")
        # Pixels of the file count from 1, the last one inclusive.
        objects = [
            f"<object><name>{number}</name><bndbox><xmin>{left + 1}</xmin><ymin>{top + 1}</ymin><xmax>{right}</xmax>"
            f"<ymax>{bottom}</ymax></bndbox></object>"
            for number, boxes in BOXES.items()
            for left, top, right, bottom in boxes
        ]
        text = f"<annotation>{''.join(objects)}<object><name>4</name><nobndbox>1</nobndbox></object></annotation>"
        (root / "Annotations" / f"{name}.xml").write_text(text)
    return root


def condensed_entities(root: Path, **changes: object) -> Path:
    picture(root / "images" / "a.jpg")
    people = [{"id": key, "boxes": boxes, "phrases": [[0, "A man"]]} for key, boxes in BOXES.items()]
    people[0]["wears"] = ["a red shirt"]
    line = {"file": "a.jpg", "width": 200, "height": 120, "captions": [], "tagged": SENTENCES, "people": people}
    thing = {"id": 8, "boxes": [], "phrases": [[0, "a swing"]], "types": ["other"]}
    (root / "train.jsonl").write_text(json.dumps({**line, "things": [thing], **changes}) + "\n")
    return root


def writer(out: Path, **options: object) -> ConversionWriter:
    return ConversionWriter(out, "link", False, None, **options)


def check_still(sequence: BenSmotSequence) -> None:
    assert sequence.name == "flickr30k-entities/a"
    assert len(sequence) == 8
    assert sequence.size == PICTURE
    assert sequence.names == ("man0", "boy0")
    assert [track.caption for track in sequence.tracks] == ["A man in a red shirt pushes a boy.", "A boy on a swing."]
    assert sequence.interactions == (Interaction(1, "push.v.01", 2),)
    assert sequence.caption == "A man in a red shirt pushes a boy on a swing."
    assert sequence.people is not None
    assert not sequence.people.all_interactions
    assert sequence.people.people[1] == PersonFacts(
        kinds=("man",), upper=("red",), worn=("red",), upper_garments=("shirt",), deeds=("push",)
    )
    assert sequence.people.people[2].things == ("swing",)


def test_stills_in_the_original_layout(tmp_path):
    source = entities(tmp_path / "flickr", "a")
    done = convert_flickr30k_entities(source, writer(tmp_path / "out", strict=True))
    assert (done.sequences, done.tracks, done.boxes) == (1, 2, 16)
    assert count_losses(done.losses) == {"no-single-box": 2, "group-box": 1}
    sequence = BenSmot(tmp_path / "out", "train", strict=True)[0]
    check_still(sequence)
    assert not sequence.frames[0].path.is_symlink()
    assert sequence.read_frame(0).image.shape == (120, 200, 3)
    assert validate_dataset(tmp_path / "out").problems == ()


def test_the_condensed_form_says_the_same(tmp_path):
    convert_flickr30k_entities(condensed_entities(tmp_path / "small"), writer(tmp_path / "out"))
    convert_flickr30k_entities(entities(tmp_path / "flickr", "a"), writer(tmp_path / "other"))
    first, second = BenSmot(tmp_path / "out", "train")[0], BenSmot(tmp_path / "other", "train")[0]
    check_still(first)
    for one, other in zip(first.tracks, second.tracks, strict=True):
        np.testing.assert_array_equal(one.boxes, other.boxes)


def test_splits_and_missing_pictures(tmp_path):
    source = entities(tmp_path / "flickr" / "annotations", "a", "b", "c", images="../flickr30k-images")
    (tmp_path / "flickr/flickr30k-images/c.jpg").unlink()
    (tmp_path / "flickr/train.txt").write_text("a\nc\n")
    (tmp_path / "flickr/val.txt").write_text("b\n")
    source = tmp_path / "flickr"
    done = convert_flickr30k_entities(source, writer(tmp_path / "out"), frames=2, seed=1)
    assert count_losses(done.losses)["missing-image"] == 1
    for split, name in (("train", "a"), ("val", "b")):
        (sequence,) = BenSmot(tmp_path / "out", split)
        assert (sequence.name, len(sequence)) == (f"flickr30k-entities/{name}", 2)
    with pytest.raises(ValueError, match=r"--strict: 1 missing-image; the first: .*the first c\.jpg"):
        convert_flickr30k_entities(source, writer(tmp_path / "strict", strict=True))
    assert not (tmp_path / "strict").exists()
    (tmp_path / "flickr/val.txt").write_text("zzz\n")
    with pytest.raises(ValueError, match=r"val\.txt: no annotation of 'zzz'"):
        convert_flickr30k_entities(source, writer(tmp_path / "none"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"file": "../a.jpg"}, r"'\.\./a\.jpg' is no name of a file"),
        ({"file": ".."}, r"'\.\.' is no name of a file"),
        ({"width": 199}, "its boxes are of a picture of"),
        ({"people": [{"id": "x", "boxes": [], "phrases": []}]}, r"train.jsonl:1: people\[0\].id is 'x'"),
        ({"people": [{"id": 1, "boxes": [[9, 9, 9, 20]], "phrases": []}]}, r"train.jsonl:1: people\[0\]: the box"),
        ({"people": [{"id": 1, "boxes": [[1, 2, 3]], "phrases": []}]}, r"people\[0\].boxes\[0\] is"),
    ],
)
def test_a_wrong_condensed_line(tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        convert_flickr30k_entities(condensed_entities(tmp_path / "small", **changes), writer(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_nobody_left_and_no_set(tmp_path):
    source = condensed_entities(tmp_path / "small", people=[])
    with pytest.raises(ValueError, match="nothing was written: no sequence is left; the first: "):
        convert_flickr30k_entities(source, writer(tmp_path / "out"))
    for convert in (convert_flickr30k_entities, convert_peta):
        with pytest.raises(FileNotFoundError, match="no such folder"):
            convert(tmp_path / "nowhere", writer(tmp_path / "out"))
        (tmp_path / "empty").mkdir(exist_ok=True)
        with pytest.raises(FileNotFoundError, match="see the layout of"):
            convert(tmp_path / "empty", writer(tmp_path / "out"))
    with pytest.raises(ValueError, match="lie in one another"):
        convert_peta(tmp_path, writer(tmp_path / "out"))


def test_facts_go_where_the_tracks_go(tmp_path):
    convert_flickr30k_entities(entities(tmp_path / "flickr", "a"), writer(tmp_path / "out"))
    sequence = BenSmot(tmp_path / "out", "train")[0]
    boxes = tmp_path / "out/train/flickr30k-entities/a/gt/gt.txt"
    every = subsample(sequence, 8)
    assert every.people == sequence.people
    lines = [line for line in boxes.read_text().splitlines() if line.split(",")[1] == "1"]
    boxes.write_text("\n".join(lines) + "\n")
    with pytest.raises(ValueError, match=r"people_facts.json speaks of the tracks \[2\]; tracks are \[1\]"):
        BenSmot(tmp_path / "out", "train")[0]
    report = repair_dataset(tmp_path / "out", tmp_path / "fixed", "copy")
    assert "people-facts" in {problem.kind for problem in report.errors}
    repaired = BenSmot(tmp_path / "fixed", "train")[0]
    assert set(repaired.people.people) == {1}
    facts = tmp_path / "out/train/flickr30k-entities/a" / PEOPLE_FACTS_FILE
    facts.write_text("{")
    problems = [problem for problem in validate_dataset(tmp_path / "out").errors if problem.kind == "people-facts"]
    assert len(problems) == 1
    assert "not JSON" in problems[0].message


LABELS = (
    "upperBodyBlue lowerBodyJeans lowerBodyBlue personalFemale personalLess30 hairLong carryingNothing accessoryHat"
)


@pytest.mark.parametrize("parent", ["", "PETA dataset"])
def test_pedestrians_in_the_original_layout(tmp_path, parent):
    root = tmp_path / "peta" / parent
    picture(root / "TownCentre/archive/12_7.png", (30, 80))
    picture(root / "TownCentre/archive/12_9.png", (30, 80))
    picture(root / "TownCentre/archive/13_1.png", (30, 80))
    picture(root / "CUHK/archive/0002.bmp", (40, 90))
    (root / "TownCentre/archive/Label.txt").write_text(f"12 {LABELS}\n99 {LABELS}\n12 {LABELS}\n")
    (root / "CUHK/archive/Label.txt").write_text("0002.bmp personalMale personalLess15 \n")
    done = convert_peta(tmp_path / "peta", writer(tmp_path / "out"))
    assert (done.sequences, done.tracks, done.boxes) == (3, 3, 3)
    assert count_losses(done.losses) == {"no-label": 1, "missing-image": 1, "label-twice": 1}
    boy, *woman = BenSmot(tmp_path / "out", "train", strict=True)
    assert [sequence.name for sequence in (boy, *woman)] == [
        "peta/CUHK_0002",
        "peta/TownCentre_12_7",
        "peta/TownCentre_12_9",
    ]
    assert boy.people.people[1] == PersonFacts(kinds=("boy",))
    assert boy.tracks[0].boxes.tolist() == [[0, 0, 40, 90]]
    assert boy.frames[0].path.is_symlink()
    facts = woman[0].people.people[1]
    assert (facts.deeds, facts.has) == (("walk",), ("hat", "long hair"))
    assert facts.lacks == ("sunglasses", "backpack", "bag", "scarf", "suitcase")
    assert woman[0].caption == "A woman in blue upper clothes and blue jeans, with a hat and long hair, is walking."
    assert woman[0].names == ("woman0",)


def test_pedestrians_in_the_condensed_form(tmp_path):
    picture(tmp_path / "small/images/CUHK_1.jpg", (30, 80))
    lines = [{"file": f"CUHK_{n}.jpg", "source": "CUHK", "person": "x", "labels": LABELS.split()} for n in (1, 2)]
    (tmp_path / "small/val.jsonl").write_text("\n".join(map(json.dumps, lines)))
    done = convert_peta(tmp_path / "small", writer(tmp_path / "out"))
    assert count_losses(done.losses) == {"missing-image": 1}
    (sequence,) = BenSmot(tmp_path / "out", "val")
    assert sequence.people.people[1].deeds == ()
    assert sequence.people.people[1].kinds == ("woman",)


def people_at(*places: float, frames: int = 4, seen: int = 4):
    """A finder whose people stand there in order of their ids; the last is seen in `seen` frames."""

    def find(images, fps):
        assert len(images) == frames
        assert images[0].dtype == np.uint8
        tracks = []
        for number, left in enumerate(places, start=1):
            count = seen if number == len(places) else frames
            boxes = np.array([[left, 5.0, left + 10, 45.0]] * count)
            tracks.append(Trajectory(number, np.arange(count), boxes, np.ones(count)))
        return tracks

    return find


def pairs(root: Path, action: str, **more: object) -> Path:
    """The condensed form, one clip."""
    for number in range(1, 5):
        picture(root / "clips/one" / f"{number:03d}.jpg", (80, 50))
    line = {
        "clip": "one",
        "set": 1,
        "sequence": 1,
        "action": action,
        "frames": [0, 10, 20, 30],
        "fps": 30.0,
        "scale": 1,
    }
    (root / "train.jsonl").write_text(json.dumps({**line, **more}))
    return root


@pytest.mark.parametrize(
    ("action", "verb", "deed", "caption"),
    [
        ("kick", "hit.v.03", "kick", "A person kicks another person."),
        ("punch", "box.v.02", "hit", "A person punches another person."),
        ("push", "push.v.01", "push", "A person pushes another person."),
    ],
)
@pytest.mark.parametrize(
    ("places", "actor", "subject"), [((5, 50), "left", 1), ((50, 5), "left", 2), ((5, 50), "right", 2)]
)
def test_who_acts_stands_on_the_stated_side(tmp_path, action, verb, deed, caption, places, actor, subject):
    source = pairs(tmp_path / "pairs", action, actor=actor)
    done = convert_ut_interaction(source, writer(tmp_path / "out", strict=True), people_at(*places))
    assert done.losses == ()
    sequence = BenSmot(tmp_path / "out", "train", strict=True)[0]
    assert verb in {sense.label for sense in VERBS}
    assert sequence.interactions == (Interaction(subject, verb, 3 - subject),)
    assert sequence.fps == 3
    assert sequence.people.all_interactions
    assert sequence.people.people == {subject: PersonFacts(deeds=(deed,)), 3 - subject: PersonFacts()}
    assert sequence.caption == sequence.tracks[subject - 1].caption == caption
    assert sequence.tracks[2 - subject].caption.startswith("A person is ")


@pytest.mark.parametrize(("action", "verb"), [("handshake", "handshake.n.01"), ("hug", "embrace.v.02")])
def test_both_do_it(tmp_path, action, verb):
    convert_ut_interaction(pairs(tmp_path / "pairs", action), writer(tmp_path / "out"), people_at(5, 50))
    sequence = BenSmot(tmp_path / "out", "train", strict=True)[0]
    assert set(sequence.interactions) == {Interaction(1, verb, 2), Interaction(2, verb, 1)}
    assert verb in {sense.label for sense in VERBS}


def test_a_known_nothing_and_a_lone_deed(tmp_path):
    convert_ut_interaction(pairs(tmp_path / "none", "none"), writer(tmp_path / "out"), people_at(5, 50))
    sequence = BenSmot(tmp_path / "out", "train")[0]
    assert (sequence.interactions, sequence.people.all_interactions) == ((), True)
    convert_ut_interaction(pairs(tmp_path / "point", "point"), writer(tmp_path / "lone"), people_at(5, 50))
    sequence = BenSmot(tmp_path / "lone", "train")[0]
    assert [track.caption for track in sequence.tracks] == ["A person points."]
    assert sequence.people.people == {1: PersonFacts(deeds=("point",))}


def tracks_of(*boxes: tuple[int, float, float, float, float]):
    """A finder of people who stand: how many frames each is seen, and the box."""

    def find(images, fps):
        return [
            Trajectory(number, np.arange(count), np.array([box] * count), np.ones(count))
            for number, (count, *box) in enumerate(boxes, start=1)
        ]

    return find


def test_a_bystander_who_is_seen_for_longer_but_cut_off_is_nobody_of_the_pair(tmp_path):
    found = tracks_of((4, 20.0, 0.0, 34.0, 15.0), (4, 50.0, 4.0, 62.0, 45.0), (3, 5.0, 5.0, 17.0, 46.0))
    convert_ut_interaction(pairs(tmp_path / "pairs", "hug"), writer(tmp_path / "out"), found)
    sequence = BenSmot(tmp_path / "out", "train")[0]
    assert sorted(track.boxes[0, 0] for track in sequence.tracks) == [5.0, 50.0]


def test_of_alike_people_those_seen_for_longest_and_then_the_tallest(tmp_path):
    found = tracks_of(
        (4, 5.0, 5.0, 17.0, 40.0), (4, 25.0, 5.0, 37.0, 45.0), (2, 65.0, 5.0, 77.0, 45.0), (4, 45.0, 5.0, 57.0, 45.0)
    )
    convert_ut_interaction(pairs(tmp_path / "pairs", "hug"), writer(tmp_path / "out"), found)
    sequence = BenSmot(tmp_path / "out", "train")[0]
    assert sorted(track.boxes[0, 0] for track in sequence.tracks) == [25.0, 45.0]


def test_two_bystanders_are_not_the_one_who_points(tmp_path):
    found = tracks_of((4, 5.0, 5.0, 17.0, 45.0), (2, 30.0, 0.0, 42.0, 15.0), (2, 60.0, 0.0, 72.0, 16.0))
    convert_ut_interaction(pairs(tmp_path / "pairs", "point"), writer(tmp_path / "out"), found)
    (track,) = BenSmot(tmp_path / "out", "train")[0].tracks
    assert track.boxes[0].tolist() == [5, 5, 17, 45]


def test_where_nobody_is_alike_those_seen_for_longest(tmp_path):
    found = tracks_of((4, 5.0, 5.0, 17.0, 20.0), (3, 60.0, 0.0, 72.0, 48.0))
    convert_ut_interaction(pairs(tmp_path / "pairs", "hug"), writer(tmp_path / "out"), found)
    assert len(BenSmot(tmp_path / "out", "train")[0].tracks) == 2


def test_boxes_of_the_detector_are_cut_to_the_frame(tmp_path):
    convert_ut_interaction(pairs(tmp_path / "pairs", "hug"), writer(tmp_path / "out"), people_at(-4, 75))
    left, right = BenSmot(tmp_path / "out", "train")[0].tracks
    assert left.boxes[0].tolist() == [0, 5, 6, 45]
    assert right.boxes[0].tolist() == [75, 5, 80, 45]
    assert validate_dataset(tmp_path / "out").errors == ()


def test_clips_without_two_people_are_named(tmp_path):
    source = pairs(tmp_path / "pairs", "hug")
    with pytest.raises(
        ValueError, match="the first: ut-interaction/one: a hug of two people, of whom the detector finds 1"
    ):
        convert_ut_interaction(source, writer(tmp_path / "out"), people_at(5))
    with pytest.raises(ValueError, match="of whom the detector finds 1"):
        convert_ut_interaction(source, writer(tmp_path / "out"), people_at(5, 50, seen=0))
    with pytest.raises(ValueError, match="the detector finds nobody"):
        convert_ut_interaction(pairs(tmp_path / "none", "none"), writer(tmp_path / "out"), people_at())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"action": "dance"}, "train.jsonl:1: action is 'dance'; it takes handshake, hug"),
        ({"actor": "up"}, "train.jsonl:1: actor is 'up'; it takes left, right"),
        ({"frames": [3, 3]}, "train.jsonl:1: frames are"),
        ({"fps": 0}, "train.jsonl:1: fps is 0"),
        ({"clip": "../pairs"}, "is no name of a file"),
    ],
)
def test_a_wrong_clip(tmp_path, changes, message):
    source = pairs(tmp_path / "pairs", **{"action": "push", "actor": "left", **changes})
    with pytest.raises(ValueError, match=message):
        convert_ut_interaction(source, writer(tmp_path / "out"), people_at(5, 50))


def clip(path: Path) -> None:
    """A video of four frames under a name that ends in .avi: readers go by the content."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with VideoWriter(path.with_suffix(".mp4"), 30.0, 80, 50) as video:
        for shade in (40, 80, 120, 160):
            video.write(np.full((50, 80, 3), shade, np.uint8))
    path.with_suffix(".mp4").rename(path)


def test_clips_in_the_original_layout(tmp_path):
    source = tmp_path / "ut"
    for name in ("segmented_set1/0_1_4.avi", "segmented_set1/1_1_3.avi", "deep/segmented_set2/2_11_0.avi"):
        clip(source / name)
    (source / "segmented_set1/readme.txt").write_text("no clip")
    done = convert_ut_interaction(source, writer(tmp_path / "out", every=2), people_at(5, 50))
    assert (done.sequences, done.tracks, done.boxes) == (3, 6, 12)
    assert count_losses(done.losses) == {"direction-unknown": 1, "actor-unknown": 1}
    punch, point, shake = BenSmot(tmp_path / "out", "train")
    assert [sequence.name.removeprefix("ut-interaction/") for sequence in (punch, point, shake)] == [
        "set1_0_1_4",
        "set1_1_1_3",
        "set2_2_11_0",
    ]
    # Who acts is not stated: no interaction is written, and that is not taken for none.
    assert (punch.interactions, punch.people.all_interactions) == ((), False)
    assert punch.people.people == {1: PersonFacts(), 2: PersonFacts()}
    assert punch.caption == "A person punches another person."
    assert point.people.people == {1: PersonFacts(), 2: PersonFacts()}
    assert len(shake.interactions) == 2
    assert (len(punch), punch.fps) == (2, 15)
    assert abs(int(punch.read_frame(1).image.mean()) - 120) <= 3
    with pytest.raises(ValueError, match="--strict: 1 direction-unknown, 1 actor-unknown"):
        convert_ut_interaction(source, writer(tmp_path / "strict", strict=True), people_at(5, 50))


def test_no_clip(tmp_path):
    (tmp_path / "segmented_set1").mkdir()
    with pytest.raises(FileNotFoundError, match="no segmented_set1 or segmented_set2 with clips"):
        convert_ut_interaction(tmp_path, writer(tmp_path.parent / "out"), people_at())


def test_the_shared_sets(shared):
    """The condensed sets: each of the first stills, crops and clips can be read."""
    root = shared / "data/real_people"
    if not root.is_dir():
        pytest.skip(f"{root} is not there")
    for split, stills in list_stills(root / "stills")[0]:
        assert len(stills) == {"train": 5109, "val": 476}[split]
        clips = StillClips(stills[:40])
        found = [sequence for sequence, _ in map(clips.read, range(40)) if sequence is not None]
        assert len(found) >= 25
        assert all(track.caption for sequence in found for track in sequence.tracks)
    for split, crops in list_crops(root / "pedestrians")[0]:
        assert len(crops) == {"train": 11011, "val": 1020}[split]
        assert len(CropClips(crops).read(0)[0].tracks) == 1
    assert {split: len(clips) for split, clips in list_pairs(root / "pairs")} == {"train": 163, "val": 25}
