"""What counts at a moment of both clocks is what a fold of the whole history says, for every case type."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.memory import MemoryLedger
from domain.case import CASE_TYPES, Recorded
from domain.docket import Docket
from domain.matter import Matter
from projections.case_list import STILL_KNOWN
from projections.counting import SUBJECTS, Counted
from projections.figures import Cell, Figures, cells_of, sums_of
from tests.domain.matters import Walk
from tests.projections.support import MOMENTS, Move, by_case, moment_of, move_lists, naive_case, record_all
from tests.projections.test_case_list import CUTS, batches, read
from tests.registry import shipped_registry

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
MATTERS = sorted(kind for kind, case_type in CASE_TYPES.items() if issubclass(case_type, Matter))

Key = tuple[str, str, str, datetime, int]


class Table:
    """The rows as a database keeps them: nothing is added twice, nothing is closed twice."""

    def __init__(self) -> None:
        self.rows: dict[Key, tuple[Any, ...]] = {}

    def write(self, added: Sequence[tuple[Any, ...]], closed: Sequence[tuple[Any, ...]]) -> None:
        for case_id, subject, part, valid_from, known_from, known_to in closed:
            row = self.rows[case_id, subject, part, valid_from, known_from]
            assert row[4] == STILL_KNOWN
            self.rows[case_id, subject, part, valid_from, known_from] = (*row[:4], known_to, *row[5:])
        for row in added:
            key = (row[0], row[5], row[6], row[1], row[3])
            assert key not in self.rows
            assert row[1] < row[2]
            assert row[3] < row[4]
            self.rows[key] = row

    def at(self, known: int, as_of: datetime) -> Counter[tuple[Any, ...]]:
        return Counter(
            (row[0], *row[5:-1]) for row in self.rows.values() if row[1] <= as_of < row[2] and row[3] <= known < row[4]
        )


def projected(records: Sequence[Recorded], cuts: Sequence[tuple[int, bool]]) -> Table:
    table, projection = Table(), Figures()
    for start, end, forget in batches(len(records), cuts):

        def histories(cases: Sequence[str], until: int = start) -> Mapping[str, list[Recorded]]:
            return {case: past for case, past in by_case(records[:until]).items() if case in cases}

        changes = projection.take(records[start:end], histories)
        table.write(changes.added, changes.closed)
        if forget:
            projection.forget()
    return table


def counted_by_hand(records: Sequence[Recorded], known: int, as_of: datetime) -> Counter[tuple[Any, ...]]:
    found: Counter[tuple[Any, ...]] = Counter()
    for case_id, history in by_case(records).items():
        if (case := naive_case(history, known, as_of)) is not None:
            found.update((case_id, *cell[:-1], cell.pattern) for cell in cells_of(case, as_of).values())
    return found


@given(move_lists(), CUTS, st.lists(MOMENTS, min_size=12, max_size=20))
def test_what_counts_at_any_moment_is_the_fold_of_what_was_known_then(
    moves: list[Move], cuts: list[tuple[int, bool]], moments: list[Any]
) -> None:
    ledger = MemoryLedger(lambda: NOW)
    record_all(Docket(ledger, shipped_registry(), lambda: NOW), moves)
    records = read(ledger)
    table = projected(records, cuts)
    for known, as_of in [moment_of(drawn, len(records)) for drawn in moments] + [(len(records), NOW)]:
        assert table.at(known, as_of) == counted_by_hand(records, known, as_of), (known, as_of)


@given(move_lists(), CUTS)
def test_the_rows_depend_neither_on_how_batches_are_cut_nor_on_what_is_remembered(
    moves: list[Move], cuts: list[tuple[int, bool]]
) -> None:
    ledger = MemoryLedger(lambda: NOW)
    record_all(Docket(ledger, shipped_registry(), lambda: NOW), moves)
    records = read(ledger)
    at_once = projected(records, [(len(records), False)]).rows
    assert projected(records, cuts).rows == at_once
    assert projected(records, [(1, True)]).rows == at_once


@pytest.mark.parametrize("kind", MATTERS)
@settings(max_examples=3)
@given(data=st.data())
def test_every_case_type_counts_at_any_moment_what_its_fold_says(kind: str, data: st.DataObject) -> None:
    walk = Walk(CASE_TYPES[kind], random.Random(data.draw(st.integers(0, 2**32)))).begin()
    for _ in range(25):
        walk.disturb() if walk.chance.random() < 0.2 else walk.go_on()
    records = walk.desk.history
    assert records
    table = projected(records, [(3, True), (4, False)])
    for _ in range(12):
        known = walk.chance.randint(1, len(records))
        as_of = walk.chance.choice(records).occurred_at + timedelta(days=walk.chance.choice([-1, 0, 0, 1, 30, 200]))
        assert table.at(known, as_of) == counted_by_hand(records, known, as_of), (known, as_of)


def test_counts_are_written_by_their_places_and_read_again_also_those_above_one() -> None:
    first, _, third, *others = SUBJECTS["suggestion"].measures
    counts = (1, 0, 28, *[0] * len(others))
    cell = Cell("suggestion", "", "suggestion", "cn-999900", "x", 2026, None, None, None, None, counts)
    assert cell.pattern == "0 2*28"
    assert sums_of(cell.pattern, "suggestion") == cell.measured == {first: 1, third: 28}


def test_a_measure_that_its_subject_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="case has no measure"):
        Counted("case", "", None, None, {"opened": 1, "praised": 1}).row()
