"""The statements of an index as one table of numbers, and how far each entry agrees with what is asked."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float, Int

from smot_vlm.search.deeds import DeedMeanings
from smot_vlm.search.question_reader import Asked, Values, read_question
from smot_vlm.search.statements import Statement

_COLUMN = {name: place for place, name in enumerate(Statement._fields)}
# What is left of the agreement where a fact is another than the one that is asked for, and where it is not known.
_OTHER, _UNKNOWN = 0.25, 0.5


class FactTable:
    """Statements, asked by all their fields at once.

    Args:
        terms: the text of each number from 1 on; 0 is "not known".
        codes: a row a statement, a column a field of `Statement`; numbers of terms.
        owners: place of the entry of each row, ascending.
        entries: how many entries there are.
        deeds: what words for deeds mean.
    """

    def __init__(
        self,
        terms: Mapping[int, str],
        codes: Int[np.ndarray, "statements fields"],
        owners: Int[np.ndarray, "statements"],
        entries: int,
        deeds: DeedMeanings,
    ) -> None:
        self._terms = terms
        self._columns = np.ascontiguousarray(codes.T)
        self._owners = owners
        self._starts = np.flatnonzero(np.diff(owners, prepend=-1))
        self._entries = entries
        self._deeds = deeds
        self._actions = np.unique(self._columns[_COLUMN["action"]]) if len(owners) else np.zeros(0, dtype=np.int64)
        self._actions = self._actions[self._actions > 0]

    def agreement(self, question: str) -> Float[np.ndarray, "entries"]:
        """How much of what a question tells as facts each entry states.

        Args:
            question: any text.

        Returns:
            0 to 1: each fact that is another makes it several times less; 0 everywhere where no fact can be read from the
            question.
        """
        found = np.zeros(self._entries, dtype=np.float32)
        asked = read_question(question)
        if not asked or not len(self._owners):
            return found
        for one in asked:
            rows = self._of_rows(one)
            found[self._owners[self._starts]] += np.maximum.reduceat(rows, self._starts)
        return found / len(asked)

    def _of_rows(self, asked: Asked) -> Float[np.ndarray, "statements"]:
        """The agreement of each row; 0 where none of the facts is there."""
        tests = [self._test(test) for test in asked.who.tests]
        for test in asked.whom.tests if asked.whom is not None else ():
            tests.append(self._test({f"whom_{name}": values for name, values in test.items()}))
        if asked.place:
            tests.append(self._test({"place": asked.place}))
        meant = self._meant(asked) if asked.deed else {}
        if meant:
            tests.append(self._fulfilled("action", meant))
        agreed, has_any = np.ones(len(self._owners), dtype=np.float32), np.zeros(len(self._owners), dtype=bool)
        for fulfilled in tests:
            agreed *= fulfilled
            has_any |= fulfilled > _UNKNOWN
        return agreed * has_any

    def _test(self, test: Mapping[str, Values]) -> Float[np.ndarray, "statements"]:
        """The best of a test's alternatives in each row."""
        best = np.zeros(len(self._owners), dtype=np.float32)
        for name, values in test.items():
            if name in _COLUMN:
                weights = {number: values[text] for number, text in self._terms.items() if text in values}
                best = np.maximum(best, self._fulfilled(name, weights))
        return best

    def _meant(self, asked: Asked) -> dict[int, float]:
        """The deeds that fit the question's words, with how well; none where they are like nothing that is known."""
        labels = [self._terms[number] for number in self._actions.tolist()]
        weights = self._deeds.weights(asked.deed, labels, is_passive=asked.is_passive, has_whom=asked.whom is not None)
        pairs = zip(self._actions.tolist(), weights.tolist(), strict=True)
        return {number: weight for number, weight in pairs if weight > 0}

    def _fulfilled(self, name: str, weights: Mapping[int, float]) -> Float[np.ndarray, "statements"]:
        """How far each row has one of some terms in a field, _OTHER to 1."""
        table = np.full(max(self._terms, default=0) + 1, _OTHER, dtype=np.float32)
        table[0] = _UNKNOWN
        for number, weight in weights.items():
            table[number] = _OTHER + (1 - _OTHER) * weight
        fulfilled: np.ndarray = table[self._columns[_COLUMN[name]]]
        return fulfilled


def coded(statements: Sequence[Statement], numbers: Mapping[str, int]) -> Int[np.ndarray, "statements fields"]:
    """Statements as numbers.

    Args:
        statements: any.
        numbers: of every text in them.
    """
    rows = [[numbers[value] if value else 0 for value in statement] for statement in statements]
    return np.array(rows, dtype=np.int32).reshape(len(statements), len(Statement._fields))
