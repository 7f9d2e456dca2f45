"""WordNet 3.0 for NLTK's METEOR: NLTK's own data where they are installed, else the system's dictionary files.

NLTK's data come with `python -m nltk.downloader wordnet`; Debian's wordnet-base puts the same dictionary into
/usr/share/wordnet, and WNSEARCHDIR or WNHOME may name another folder, as for WordNet's own programs.
"""

import io
import os
from functools import cache
from pathlib import Path
from typing import Any

# Number of lexicographer files in WordNet; their names play no part in METEOR.
_LEXICOGRAPHER_FILES = 45
_SYSTEM_FOLDERS = ("/usr/share/wordnet", "/usr/local/WordNet-3.0/dict", "/usr/share/wordnet-3.0/dict")


@cache
def load_wordnet() -> Any:
    """NLTK's WordNet reader, ready to look up synonyms.

    Raises:
        FileNotFoundError: no WordNet on this machine; the message says what to run.
        ImportError: NLTK is not installed.
    """
    try:
        from nltk.corpus import wordnet
    except ImportError:
        raise ImportError("NLTK is not installed; pip install 'smot-vlm[eval]'") from None
    try:
        wordnet.ensure_loaded()
        return wordnet
    except LookupError:
        folder = _dictionary_folder()
    if folder is None:
        raise FileNotFoundError(
            "no WordNet found; run `python -m nltk.downloader wordnet` (or on Debian: apt install wordnet-base)"
        )
    return _open_dictionary(folder)


def _dictionary_folder() -> Path | None:
    named = [os.environ.get("WNSEARCHDIR", ""), os.path.join(os.environ.get("WNHOME", ""), "dict")]
    for name in (*named, *_SYSTEM_FOLDERS):
        if name and (Path(name) / "index.noun").is_file():
            return Path(name)
    return None


def _open_dictionary(folder: Path) -> Any:
    """A reader of WordNet's plain dictionary files, which lack two files that NLTK adds and METEOR does not need."""
    import warnings

    import nltk
    from nltk.corpus.reader.wordnet import WordNetCorpusReader

    class DictionaryReader(WordNetCorpusReader):  # type: ignore[misc]  # nltk has no types
        def open(self, file: str) -> Any:
            if file == "lexnames":
                return io.StringIO(
                    "".join(f"{number:02d}\tfile{number}\t0\n" for number in range(_LEXICOGRAPHER_FILES))
                )
            return super().open(file)

        def map_wn(self, _version: str = "wordnet") -> None:
            return None

    nltk.data.path.append(str(folder))  # NLTK reads nothing outside the folders of this list
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there are no other languages
        return DictionaryReader(str(folder), None)
