"""Which clocks run, and how they ended, is at every moment what a fold of the whole history says."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.memory import MemoryLedger
from domain.case import CASE_TYPES, Case, Recorded
from domain.cases.suggestion import CommitmentMade, HandedOver
from domain.docket import Docket
from projections.case_list import STILL_KNOWN
from projections.clocks import Clocks, clocks_of
from tests.domain.matters import Walk
from tests.domain.support import HANDED_OVER_ON, LEAD, SECOND, SUBMITTED_ON, Desk, submitted
from tests.domain.test_opinion import LIFTS, STOPS, handed_over
from tests.projections.support import MOMENTS, Move, by_case, moment_of, move_lists, naive_case, record_all
from tests.projections.test_case_list import CUTS, batches, read
from tests.projections.test_figures import MATTERS
from tests.registry import shipped_registry

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


class Table:
    """The rows as a database keeps them: nothing is added twice, nothing is closed twice."""

    def __init__(self) -> None:
        self.rows: dict[tuple[Any, ...], tuple[Any, ...]] = {}

    def write(self, added: Sequence[tuple[Any, ...]], closed: Sequence[tuple[Any, ...]]) -> None:
        for *columns, known_to in closed:
            row = self.rows[tuple(columns)]
            assert row[4] == STILL_KNOWN
            self.rows[tuple(columns)] = (*row[:4], known_to, *row[5:])
        for row in added:
            key = (row[0], *row[5:8], row[1], row[3])
            assert key not in self.rows
            assert row[1] < row[2]
            assert row[3] < row[4]
            self.rows[key] = row

    def at(self, known: int, as_of: datetime) -> list[tuple[Any, ...]]:
        return [
            (row[0], *row[5:]) for row in self.rows.values() if row[1] <= as_of < row[2] and row[3] <= known < row[4]
        ]


def projected(records: Sequence[Recorded], cuts: Sequence[tuple[int, bool]]) -> Table:
    table, projection = Table(), Clocks()
    for start, end, forget in batches(len(records), cuts):

        def histories(cases: Sequence[str], until: int = start) -> Mapping[str, list[Recorded]]:
            return {case: past for case, past in by_case(records[:until]).items() if case in cases}

        changes = projection.take(records[start:end], histories)
        table.write(changes.added, changes.closed)
        if forget:
            projection.forget()
    return table


Told = tuple[str, str, str | None, int, Any, Any, bool, str | None]


def by_hand(case_id: str, case: Case) -> Iterator[Told]:
    """The clocks of a case with their dates and ends, told without the projection."""
    seen: Counter[Any] = Counter()
    for one in [*case.past_clocks, *case.clocks.values()]:
        deadline = one.deadline
        seen[deadline.clock, deadline.part] += 1
        late = one.stopped_on is not None and one.stopped_on > deadline.due_on
        ended = None if one.stopped_at is None else "missed" if late else "dropped" if one.dropped_by else "met"
        nth = seen[deadline.clock, deadline.part] - 1
        yield (
            *(case_id, deadline.clock, deadline.part or "", nth),
            *(deadline.started_on, deadline.due_on, deadline.estimate, ended),
        )


def agree(records: Sequence[Recorded], table: Table, known: int, as_of: datetime) -> None:
    """The rows at a moment are the clocks of the cases folded from nothing, and as many are overdue."""
    folded = {case_id: naive_case(history, known, as_of) for case_id, history in by_case(records).items()}
    hand = [told for case_id, case in folded.items() if case for told in by_hand(case_id, case)]
    rows = table.at(known, as_of)
    assert Counter((*row[:4], *row[7:9], *row[10:]) for row in rows) == Counter(hand), (known, as_of)
    zones = {case_id: case.time_zone for case_id, case in folded.items() if case}
    for row in rows:
        overdue = row[9] <= as_of
        assert overdue == (as_of.astimezone(ZoneInfo(zones[row[0]])).date() > row[8])


@given(move_lists(), CUTS, st.lists(MOMENTS, min_size=12, max_size=20))
def test_the_clocks_at_any_moment_are_those_of_the_fold_of_what_was_known_then(
    moves: list[Move], cuts: list[tuple[int, bool]], moments: list[Any]
) -> None:
    ledger = MemoryLedger(lambda: NOW)
    record_all(Docket(ledger, shipped_registry(), lambda: NOW), moves)
    records = read(ledger)
    table = projected(records, cuts)
    for known, as_of in [moment_of(drawn, len(records)) for drawn in moments] + [(len(records), NOW)]:
        agree(records, table, known, as_of)


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
def test_the_clocks_of_every_case_type_are_those_of_its_fold(kind: str, data: st.DataObject) -> None:
    walk = Walk(CASE_TYPES[kind], random.Random(data.draw(st.integers(0, 2**32)))).begin()
    for _ in range(25):
        walk.disturb() if walk.chance.random() < 0.2 else walk.go_on()
    records = walk.desk.history
    assert records
    table = projected(records, [(3, True), (4, False)])
    for _ in range(12):
        known = walk.chance.randint(1, len(records))
        as_of = walk.chance.choice(records).occurred_at + timedelta(days=walk.chance.choice([-1, 0, 0, 1, 30, 200]))
        agree(records, table, known, as_of)


def units(case: Case | None) -> dict[tuple[str, str], str | None]:
    """Whose each clock of a case is."""
    assert case is not None
    return {(one.clock, one.part): one.unit for one in clocks_of(case).values()}


def test_a_clock_of_a_suggestion_is_its_units_own_or_the_one_that_leads() -> None:
    desk = Desk()
    desk.open(submitted(), SUBMITTED_ON)
    desk.take(HandedOver(lead_unit=LEAD, co_units=(SECOND,)), HANDED_OVER_ON)
    desk.take(CommitmentMade(commitment="1", unit=SECOND, text="增开线路", due_on=date(2026, 8, 31)), HANDED_OVER_ON)
    of = units(desk.case)
    assert of["suggestion.reply", ""] == LEAD
    assert (of["suggestion.sign_for", LEAD], of["suggestion.sign_for", SECOND]) == (LEAD, SECOND)
    assert of["commitment", "1"] == SECOND


def test_a_clock_of_an_opinions_problem_is_whose_problem_it_is() -> None:
    lifts = LIFTS.model_copy(update={"due_on": date(2026, 7, 31)})
    of = units(handed_over(problems=(STOPS, lifts)).live)
    assert {part: unit for (_, part), unit in of.items()} == {"": "jtj", "1": "jtj", "2": "zjj"}
