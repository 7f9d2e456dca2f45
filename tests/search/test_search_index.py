"""The index: kept up to date, whole or not at all, and never trusted blindly."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from described import bag_of_words, pool, street, write

from smot_vlm.search.database import open_database
from smot_vlm.search.indexing import update
from smot_vlm.search.searcher import Searcher


def refresh(path: Path, folder: Path, embed=bag_of_words, encoder: str = "words"):
    with open_database(path) as database:
        changes = update(database, [folder], embed, encoder)
        return (changes.added, changes.changed, changes.removed), database.count()


def test_only_what_is_new_or_changed_is_read(tmp_path):
    folder, index = write(tmp_path / "all", street=street(), pool=pool()), tmp_path / "search.sqlite"
    assert refresh(index, folder) == ((2, 0, 0), 8)
    assert refresh(index, folder) == ((0, 0, 0), 8)
    write(folder, pool=replace(pool(), caption="Nobody swims."))
    assert refresh(index, folder) == ((0, 1, 0), 8)
    with open_database(index) as database:
        texts = [hit.entry.text for hit in Searcher(database, None).ask("swims")]
    assert "Nobody swims." in texts
    assert "A boy swims in a pool." not in texts
    (folder / "street" / "description.json").unlink()
    assert refresh(index, folder) == ((0, 0, 1), 2)


def test_an_index_of_the_version_before_is_made_anew(tmp_path):
    folder, index = write(tmp_path / "all", street=street()), tmp_path / "search.sqlite"
    with sqlite3.connect(index) as connection:
        connection.executescript("CREATE TABLE videos (id INTEGER PRIMARY KEY, path TEXT); PRAGMA user_version = 1;")
    assert refresh(index, folder) == ((1, 0, 0), 6)


def test_other_folders_videos_stay(tmp_path):
    one, two = write(tmp_path / "one", street=street()), write(tmp_path / "two", pool=pool())
    index = tmp_path / "search.sqlite"
    refresh(index, one)
    assert refresh(index, two) == ((1, 0, 0), 8)


def test_another_encoder_embeds_everything_again(tmp_path):
    folder, index = write(tmp_path / "all", street=street()), tmp_path / "search.sqlite"
    refresh(index, folder)
    assert refresh(index, folder, lambda texts: np.tile([1.0, 0, 0], (len(texts), 1)), "other")[0] == (0, 1, 0)
    with open_database(index) as database:
        assert database.vectors()[1].shape == (6, 3)


def test_without_an_encoder_words_are_found_and_vectors_come_later(tmp_path):
    folder, index = write(tmp_path / "all", street=street()), tmp_path / "search.sqlite"
    assert refresh(index, folder, None)[0] == (1, 0, 0)
    with open_database(index) as database:
        assert Searcher(database, None).ask("parcels")[0].entry.people[0] == 1
        assert len(database.vectors()[0]) == 0
    assert refresh(index, folder)[0] == (0, 1, 0)
    with open_database(index) as database:
        assert len(database.vectors()[0]) == 6


def test_a_broken_description_is_told_and_the_others_are_read(tmp_path):
    folder = write(tmp_path / "all", street=street(), pool=pool())
    (folder / "pool" / "description.json").write_text('{"schema": "smot-vlm/2", "tracks": 7}')
    with open_database(tmp_path / "search.sqlite") as database:
        changes = update(database, [folder], bag_of_words, "words")
    assert (changes.added, len(changes.flaws)) == (1, 1)
    assert "pool" in changes.flaws[0]


@pytest.mark.parametrize("content", [b"not a database at all, just text" * 40, b"SQLite format 3\0" + b"\xff" * 5000])
def test_another_file_in_its_place_is_refused_in_one_line(tmp_path, content):
    path = tmp_path / "search.sqlite"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"search\.sqlite.*delete the file"), open_database(path) as database:
        database.count()
    assert path.read_bytes() == content


def test_another_programs_database_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "search.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    connection.close()
    with pytest.raises(ValueError, match="no index of version"), open_database(path):
        pass


ENDLESS = """
import sys, itertools
from pathlib import Path
sys.path.insert(0, {tests!r})
from described import bag_of_words, street
from smot_vlm.search.database import VideoRow, open_database
from smot_vlm.search.entries import entries_of
entries = entries_of(street()); vectors = bag_of_words([entry.text for entry in entries])
with open_database(Path({path!r})) as database:
    print("ready", flush=True)
    for number in itertools.count():
        database.put(VideoRow(f"/videos/{{number % 50}}", str(number), "street.mp4"), entries, vectors, "words")
"""


@pytest.mark.subprocess
def test_a_killed_writer_leaves_whole_videos(tmp_path):
    path = tmp_path / "search.sqlite"
    code = ENDLESS.format(tests=str(Path(__file__).parent), path=str(path))
    for wait in (0.05, 0.21, 0.4):
        writer = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        time.sleep(wait)
        os.kill(writer.pid, signal.SIGKILL)
        writer.communicate()
        with open_database(path) as database:
            videos = database.videos()
            assert database.count() == 6 * len(videos)
            assert len(database.vectors()[0]) == 6 * len(videos)
            assert len(database.with_words(("parcel",))) == 2 * len(videos)
            assert len(videos) > 0
