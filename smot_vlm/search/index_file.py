"""The file of an index: its tables, and how it is opened, or refused where it is something else."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

INDEX_FILE = "search.sqlite"
_VERSION = 2
# What an older version holds is read again from the descriptions.
_OLDER = (1,)
_DROP = "".join(
    f"DROP TABLE IF EXISTS {name}; " for name in ("entry_words", "entries", "looks", "videos", "facts", "terms")
)
# Another process may be writing a video's rows.
_WAIT_SECONDS = 30.0
_TABLES = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE videos (
    id INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, stamp TEXT NOT NULL, source TEXT NOT NULL,
    looked_at INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE entries (
    id INTEGER PRIMARY KEY,
    video INTEGER NOT NULL REFERENCES videos ON DELETE CASCADE,
    kind TEXT NOT NULL, text TEXT NOT NULL, people TEXT NOT NULL, action TEXT NOT NULL, attributes TEXT NOT NULL,
    from_seconds REAL, to_seconds REAL, frame INTEGER, doubtful INTEGER NOT NULL, vector BLOB,
    statements BLOB NOT NULL
);
CREATE TABLE terms (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);
CREATE INDEX entries_by_video ON entries (video);
CREATE VIRTUAL TABLE entry_words USING fts5 (text, content='entries', content_rowid='id', tokenize='porter unicode61');
CREATE TRIGGER entry_comes AFTER INSERT ON entries BEGIN
    INSERT INTO entry_words (rowid, text) VALUES (new.id, new.text);
END;
CREATE TRIGGER entry_goes AFTER DELETE ON entries BEGIN
    INSERT INTO entry_words (entry_words, rowid, text) VALUES ('delete', old.id, old.text);
END;
CREATE TABLE looks (
    video INTEGER NOT NULL REFERENCES videos ON DELETE CASCADE, person INTEGER NOT NULL, vector BLOB NOT NULL,
    PRIMARY KEY (video, person)
) WITHOUT ROWID;
"""


@contextmanager
def connected(path: Path) -> Iterator[sqlite3.Connection]:
    """Open an index's file, or begin one.

    Args:
        path: of the file.

    Yields:
        The connection.

    Raises:
        ValueError: the file is something else, or of another version.
        OSError: it cannot be opened or made.
    """
    try:
        connection = sqlite3.connect(path, timeout=_WAIT_SECONDS, check_same_thread=False)
    except sqlite3.OperationalError as error:
        raise OSError(
            f"{path}: the index cannot be opened ({error}); name a file that can be written by --index"
        ) from None
    with closing(connection):
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA secure_delete = ON")  # who is forgotten is overwritten
            _prepare(connection, path)
            yield connection
        except sqlite3.DatabaseError as error:
            raise ValueError(f"{path}: the index cannot be used ({error}); delete the file to make it anew") from None


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version == _VERSION:
        return
    if version in _OLDER:
        connection.executescript(f"BEGIN IMMEDIATE; {_DROP} PRAGMA user_version = 0; COMMIT;")
    elif version != 0 or connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise ValueError(
            f"{path}: this is no index of version {_VERSION}; delete the file to make it anew, or name another by --index"
        )
    connection.executescript(f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version = {_VERSION}; COMMIT;")
