"""The case list says at every moment of both clocks what a fold of the whole history says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st

from adapters.memory import MemoryLedger
from domain import fold
from domain.case import Corrected, Recorded, Voided
from domain.docket import Docket, LedgerMapper
from projections.case_list import STILL_KNOWN, CaseList, Row, row_of
from tests.projections.support import MOMENTS, Move, by_case, moment_of, move_lists, naive_case, naive_order, record_all
from tests.registry import shipped_registry

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
CUTS = st.lists(st.tuples(st.integers(1, 9), st.booleans()), min_size=1, max_size=12)
"""How long each batch is, and whether what was remembered is forgotten after it; then from the start again."""

Key = tuple[str, datetime, int]


def recorded(moves: Sequence[Move]) -> list[Recorded]:
    ledger = MemoryLedger(lambda: NOW)
    record_all(Docket(ledger, shipped_registry(), lambda: NOW), moves)
    return read(ledger)


def read(ledger: MemoryLedger) -> list[Recorded]:
    return [LedgerMapper().to_domain_event(event) for event in ledger.tail(0, 10_000)]


class Table:
    """The rows as a database keeps them: nothing is added twice, nothing is closed twice."""

    def __init__(self) -> None:
        self.rows: dict[Key, tuple[Any, ...]] = {}
        self.beside: list[tuple[Any, ...]] = []

    def write(self, added: Sequence[tuple[Any, ...]], closed: Sequence[tuple[Any, ...]]) -> None:
        for case_id, valid_from, known_from, known_to in closed:
            row = self.rows[case_id, valid_from, known_from]
            assert row[4] == STILL_KNOWN
            self.rows[case_id, valid_from, known_from] = (*row[:4], known_to, *row[5:])
        for row in added:
            key = (row[0], row[1], row[3])
            assert key not in self.rows
            assert row[1] < row[2]
            assert row[3] < row[4]
            self.rows[key] = row

    def at(self, known: int, as_of: datetime) -> list[tuple[str, tuple[Any, ...]]]:
        """What is shown at a moment; what is not dated ahead had been opened by then, wherever on earth."""
        found = [row for row in self.rows.values() if row[1] <= as_of < row[2] and row[3] <= known < row[4]]
        for row in found:
            opened_on, dated_ahead = Row(*row[5:-1]).opened_on, row[-1]
            assert opened_on is not None
            assert opened_on <= (as_of + timedelta(days=1)).date()
            assert dated_ahead is False
        return [(row[0], row[5:-1]) for row in found]


def batches(length: int, cuts: Sequence[tuple[int, bool]]) -> Iterator[tuple[int, int, bool]]:
    start, i = 0, 0
    while start < length:
        size, forget = cuts[i % len(cuts)]
        yield start, min(start + size, length), forget
        start, i = start + size, i + 1


def projected(records: Sequence[Recorded], cuts: Sequence[tuple[int, bool]]) -> Table:
    table, projection = Table(), CaseList()
    for start, end, forget in batches(len(records), cuts):

        def histories(cases: Sequence[str], until: int = start) -> Mapping[str, list[Recorded]]:
            return {case: past for case, past in by_case(records[:until]).items() if case in cases}

        changes = projection.take(records[start:end], histories)
        table.write(changes.added, changes.closed)
        table.beside += changes.beside
        if forget:
            projection.forget()
    return table


@given(move_lists(), CUTS, st.lists(MOMENTS, min_size=12, max_size=20))
def test_the_list_at_any_moment_is_the_fold_of_what_was_known_then(
    moves: list[Move], cuts: list[tuple[int, bool]], moments: list[Any]
) -> None:
    ledger = MemoryLedger(lambda: NOW)
    docket = Docket(ledger, shipped_registry(), lambda: NOW)
    record_all(docket, moves)
    records = read(ledger)
    table, histories = projected(records, cuts), by_case(records)
    live = {case_id: docket.case_file(case_id).case for case_id in histories}
    assert dict(table.at(len(records), NOW)) == {c: tuple(row_of(case)) for c, case in live.items() if case is not None}
    dates = sorted({r.occurred_at for r in records})
    looks = [moment_of(drawn, len(records)) for drawn in moments]
    looks += [(len(records) - back, day) for back in range(min(2, len(records))) for day in dates]
    for known, as_of in looks:
        expected = []
        for case_id, history in histories.items():
            assert fold.sequence(history, known) == naive_order(history, known)
            if (case := naive_case(history, known, as_of)) is not None:
                expected.append((case_id, tuple(row_of(case))))
        assert Counter(table.at(known, as_of)) == Counter(expected), (known, as_of)


@given(move_lists(), CUTS, CUTS)
def test_the_rows_depend_neither_on_how_batches_are_cut_nor_on_what_is_remembered(
    moves: list[Move], cuts: list[tuple[int, bool]], others: list[tuple[int, bool]]
) -> None:
    records = recorded(moves)
    at_once = projected(records, [(len(records), False)]).rows
    assert projected(records, cuts).rows == at_once
    assert projected(records, others).rows == at_once
    assert projected(records, [(1, True)]).rows == at_once


@given(move_lists(), CUTS)
def test_beside_the_rows_stands_each_unit_that_a_row_names_with_the_day_of_its_opening_once(
    moves: list[Move], cuts: list[tuple[int, bool]]
) -> None:
    table = projected(recorded(moves), cuts)
    rows = [(case_id, Row(*row[5:-1]), row[-1]) for (case_id, _, _), row in table.rows.items()]
    assert sorted(table.beside) == sorted(
        {
            (case_id, row.jurisdiction, unit, ahead, row.opened_on)
            for case_id, row, ahead in rows
            for unit in row.units.split()
        }
    )


def features(history: Sequence[Recorded]) -> Iterator[str]:
    voids = {r.version for r in history if isinstance(r.step, Voided)}
    for earlier, record in pairwise(history):
        match record.step:
            case Corrected(occurred_at=datetime()):
                yield "a corrected date"
            case Corrected(changes={"lead_unit": _}):
                yield "a corrected unit"
            case Voided(voids=1):
                yield "a voided opening"
            case Voided(voids=version) if version in voids:
                yield "a void of a void"
            case Voided():
                yield "a void"
            case _ if record.act.late:
                yield "a late entry"
            case _ if record.occurred_at < earlier.occurred_at:
                yield "a date out of order"


def test_the_random_histories_hold_what_the_properties_are_about() -> None:
    seen: Counter[str] = Counter()

    @seed(2026)
    @settings(max_examples=100, database=None, phases=[Phase.generate])
    @given(move_lists())
    def look(moves: list[Move]) -> None:
        for history in by_case(recorded(moves)).values():
            seen.update(set(features(history)))

    look()
    wanted = (
        *("a corrected date", "a corrected unit", "a void", "a voided opening", "a void of a void"),
        *("a late entry", "a date out of order"),
    )
    assert {what: seen[what] >= 3 for what in wanted} == dict.fromkeys(wanted, True), seen
