"""The statements of an index as one table of numbers, and how far each entry agrees with what is asked."""

from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float, Int

from smot_vlm.search.deeds import DeedMeanings
from smot_vlm.search.question_reader import Asked, Values, read_question
from smot_vlm.search.statements import Statement

_COLUMN = {name: place for place, name in enumerate(Statement._fields)}
# What is done counts as much as what two looks tell.
_DEED_WEIGHT = 2.0


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
            0 to 1; 0 everywhere where no fact can be read from the question.
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
        tests: list[tuple[float, np.ndarray]] = [(1.0, self._test(test)) for test in asked.who.tests]
        if asked.whom is not None:
            tests += [
                (1.0, self._test({f"whom_{name}": values for name, values in test.items()}))
                for test in asked.whom.tests
            ]
        if asked.place:
            tests.append((1.0, self._test({"place": asked.place})))
        if asked.deed:
            tests.append((_DEED_WEIGHT, self._weighed("action", self._meant(asked))))
        whole = sum(weight for weight, _ in tests)
        return sum((weight * values for weight, values in tests), np.zeros(len(self._owners), np.float32)) / whole

    def _test(self, test: Mapping[str, Values]) -> Float[np.ndarray, "statements"]:
        """The best of a test's alternatives in each row."""
        best = np.zeros(len(self._owners), dtype=np.float32)
        for name, values in test.items():
            if name in _COLUMN:
                weights = {number: values[text] for number, text in self._terms.items() if text in values}
                best = np.maximum(best, self._weighed(name, weights))
        return best

    def _meant(self, asked: Asked) -> dict[int, float]:
        labels = [self._terms[number] for number in self._actions.tolist()]
        weights = self._deeds.weights(asked.deed, labels, is_passive=asked.is_passive, has_whom=asked.whom is not None)
        return dict(zip(self._actions.tolist(), weights.tolist(), strict=True))

    def _weighed(self, name: str, weights: Mapping[int, float]) -> Float[np.ndarray, "statements"]:
        table = np.zeros(max(self._terms, default=0) + 1, dtype=np.float32)
        for number, weight in weights.items():
            table[number] = weight
        return table[self._columns[_COLUMN[name]]]


def coded(statements: Sequence[Statement], numbers: Mapping[str, int]) -> Int[np.ndarray, "statements fields"]:
    """Statements as numbers.

    Args:
        statements: any.
        numbers: of every text in them.
    """
    rows = [[numbers[value] if value else 0 for value in statement] for statement in statements]
    return np.array(rows, dtype=np.int32).reshape(len(statements), len(Statement._fields))
