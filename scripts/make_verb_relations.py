"""Write smot_vlm/verb_relations.tsv: which of the 335 senses are near each other in WordNet 3.0, and the kind of each.

    python scripts/make_verb_relations.py smot_vlm/verb_relations.tsv

Near are two senses whose synsets are one, of which one has the other's word, or which are parent and child (hypernyms). A
word that both share but neither is named after does not count: push and pull can both be "force". The kind is WordNet's
lexicographer file (contact, motion ...); of a noun it is that of its verb (handshake: to shake hands) where it has one.
"""

import sys
from pathlib import Path
from typing import Any

from smot_vlm.evaluation.wordnet import load_wordnet
from smot_vlm.system.files import write_text
from smot_vlm.verbs import VERBS, Verb, find

# The verb files of WordNet 3.0 (lexnames(5WN)), numbered from 29; plain dictionary folders lack the names.
_FIRST_VERB_FILE = 29
_VERB_FILES = (
    "body", "change", "cognition", "communication", "competition", "consumption", "contact", "creation", "emotion",
    "motion", "perception", "possession", "social", "stative", "weather",
)  # fmt: skip
_OTHER = "other"


def relations() -> list[tuple[str, str, tuple[str, ...]]]:
    """(label, kind, near labels) of each sense, in class order."""
    wordnet = load_wordnet()
    synsets = {sense.label: _synset(wordnet, sense) for sense in VERBS}
    return [
        (label, _kind(synset), tuple(other for other in synsets if other != label and _near(label, other, synsets)))
        for label, synset in synsets.items()
    ]


def _synset(wordnet: Any, sense: Verb) -> Any | None:
    """The synset of a sense; of a misspelt one that of the right one, of a plain word the first of its part of speech."""
    label = find(sense.label)[0].label
    if label.count(".") == 2:
        return wordnet.synset(label)
    found = wordnet.synsets(label, pos=sense.part_of_speech[0]) if sense.part_of_speech in ("noun", "verb") else []
    return found[0] if found else None


def _near(label: str, other: str, synsets: dict[str, Any | None]) -> bool:
    first, second = synsets[label], synsets[other]
    if first is None or second is None:
        return False
    words, others = ({name.lower() for name in synset.lemma_names()} for synset in (first, second))
    named = label.split(".")[0] in others or other.split(".")[0] in words
    return first == second or named or first in second.hypernyms() or second in first.hypernyms()


def _kind(synset: Any | None) -> str:
    if synset is None:
        return _OTHER
    verbs = (
        [synset] if synset.pos() == "v" else [form.synset() for form in _derived(synset) if form.synset().pos() == "v"]
    )
    if not verbs:
        return _OTHER
    name = verbs[0].lexname()
    return _VERB_FILES[int(name[4:]) - _FIRST_VERB_FILE] if name.startswith("file") else name.removeprefix("verb.")


def _derived(synset: Any) -> list[Any]:
    return [form for lemma in synset.lemmas() for form in lemma.derivationally_related_forms()]


if __name__ == "__main__":
    rows = ["label\tkind\tnear", *("\t".join((label, kind, "|".join(near))) for label, kind, near in relations())]
    write_text(Path(sys.argv[1]), "\n".join(rows) + "\n", overwrite=True)
