"""Figures through PostgreSQL are, at every moment, what a fold of the whole history says, and what their lists say."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import accumulate, cycle, islice
from typing import Any, get_args
from unittest.mock import patch
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from adapters.postgres import scoped
from adapters.postgres.build import tables_of
from adapters.postgres.figures import FigureViews
from adapters.postgres.projector import Projector
from adapters.postgres.sums import _CHANGED, BLOCK, WORTH, Blocks
from adapters.postgres.views import Views
from domain import policy
from domain.case import Recorded, Role
from domain.casefile import file_of
from domain.docket import Docket, LedgerMapper
from domain.moment import Moment
from domain.principal import Principal
from projections.counting import SUBJECTS
from projections.figures import cells_of
from projections.reading import BeingRebuilt, Dimension, FigureFilter
from tests.faults.support import connect, ledger_on
from tests.projections.support import MOMENTS, OWN, Move, by_case, moment_of, move_lists, naive_case, record_all
from tests.registry import shipped_registry

pytestmark = pytest.mark.database

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
JURISDICTION = "cn-999900"
READERS = [
    Principal("u-1", Role.DEPUTY_AFFAIRS, JURISDICTION, JURISDICTION),
    Principal("u-1", Role.HANDLING_UNIT, "jtj", JURISDICTION),
    Principal("d-001", Role.DEPUTY, JURISDICTION, JURISDICTION),
    Principal("d-002", Role.DEPUTY, JURISDICTION, JURISDICTION),
]


@contextmanager
def recorded(
    database: str, moves: Sequence[Move], laid: tuple[int, int] = (2, 0)
) -> Iterator[tuple[list[Recorded], Views]]:
    """A ledger of its own with what an office tried, and what readers see of it."""
    ledger_id = uuid4().hex
    with connect(database) as owner:
        owner.execute("SELECT ledger_open(%s)", [ledger_id])
    with ledger_on(database, ledger_id, size=1) as ledger:
        record_all(Docket(ledger, shipped_registry(), lambda: NOW), moves)
        Projector(database, ledger_id=ledger_id, laid=laid).catch_up()
        mapper = LedgerMapper()
        yield [mapper.to_domain_event(event) for event in ledger.tail(0, 10_000)], Views(ledger._pool, ledger)


def by_hand(
    records: Sequence[Recorded], moment: Moment, subject: str, by: str | None, scope: policy.Scope = policy.EVERYTHING
) -> dict[str | None, Counter[str]]:
    found: dict[str | None, Counter[str]] = {}
    for history in by_case(records).values():
        case_file = file_of(None, history)
        assert case_file is not None
        case = naive_case(history, moment.known, moment.as_of)
        if case is None or not scope.covers(case_file):
            continue
        for cell in cells_of(case, moment.as_of).values():
            if cell.subject == subject:
                value = getattr(cell, by) if by else None
                sums = found.setdefault(None if value is None else str(value), Counter())
                sums.update(dict(zip(SUBJECTS[subject].measures, cell.counts, strict=True)))
    return {value: +sums for value, sums in found.items()}


def listed(figures: FigureViews, wanted: FigureFilter, moment: Moment) -> Counter[str]:
    """What the list behind a figure adds up to, page by page."""
    total: Counter[str] = Counter()
    after: tuple[str, str] | None = None
    measures = SUBJECTS[wanted.subject].measures
    while rows := figures.counted(wanted, measures, moment, after=after, limit=3):
        for row in rows:
            total.update(row.counts)
        after = rows[-1].case_id, rows[-1].part
    return +total


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(
    moves=move_lists(),
    drawn=st.lists(MOMENTS, min_size=4, max_size=6),
    subject=st.sampled_from(["suggestion", "assignment"]),
    few=OWN,
)
def test_figures_lists_and_the_fold_agree_at_any_moment_for_any_reader(
    database: str, moves: list[Move], drawn: list[Any], subject: str, few: int
) -> None:
    measures, wanted = SUBJECTS[subject].measures, FigureFilter(subject)
    with recorded(database, moves) as (records, views), patch.object(scoped, "OWN_CASES", few):
        for one in drawn:
            known, as_of = moment_of(one, len(records))
            moment = Moment(as_of, known)
            for reader in READERS:
                scope = policy.scope(reader)
                figures, hand = views.within(scope).figures, by_hand(records, moment, subject, None, scope)
                assert listed(figures, wanted, moment) == hand.get(None, Counter())
                assert +Counter(figures.sums(wanted, measures, moment)[None]) == hand.get(None, Counter())
            units = views.figures.sums(wanted, measures, moment, by="unit")
            told = {unit: +Counter(sums) for unit, sums in units.items()}
            assert {unit: sums for unit, sums in told.items() if sums} == {
                unit: sums for unit, sums in by_hand(records, moment, subject, "unit").items() if sums
            }


@contextmanager
def summed_up(database: str, moves: Sequence[Move], waits: Sequence[int]) -> Iterator[tuple[list[Recorded], Views]]:
    """The same with sums over blocks of two steps, as if so many hours had passed before each was recorded."""
    with recorded(database, moves, (BLOCK, WORTH)) as (records, views), connect(database) as owner:
        hours = accumulate(islice(cycle(waits), len(records)))
        times = [records[0].occurred_at + timedelta(hours=hour) for hour in hours]
        owner.execute("CREATE TEMP TABLE ledger (ledger_id text, position bigint, recorded_at timestamptz)")
        with owner.cursor() as cursor:
            one = [(views.figures._ledger_id, record.position, at) for record, at in zip(records, times, strict=True)]
            cursor.executemany("INSERT INTO pg_temp.ledger VALUES (%s, %s, %s)", one)
        build = owner.execute("SELECT build FROM projection_build WHERE name = 'figures' AND state = 'live'").fetchone()
        assert build is not None
        tables = tables_of("duban", "figures", int(build[0]))
        owner.execute(
            sql.SQL(
                "UPDATE {0} SET ahead = valid_from > recorded_at"
                " OR (valid_to > recorded_at AND valid_to <= '9999-12-31 00:00:00+00')"
                " FROM pg_temp.ledger AS l WHERE known_from = l.position AND l.ledger_id = {0}.ledger_id"
            ).format(tables["table"])
        )
        blocks = Blocks(owner, tables, views.figures._ledger_id, 2, 0)
        while blocks.close_next(len(records)):
            pass
        yield records, views


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(
    moves=move_lists(),
    drawn=st.lists(MOMENTS, min_size=8, max_size=12),
    waits=st.lists(st.integers(0, 900), min_size=1, max_size=6),
    subject=st.sampled_from(["suggestion", "assignment"]),
    by=st.sampled_from(get_args(Dimension)),
    soon=st.sampled_from([0, 3, 45]),
)
def test_sums_of_blocks_add_up_to_the_figure_whenever_the_steps_were_recorded(
    database: str, moves: list[Move], drawn: list[Any], waits: list[int], subject: str, by: Dimension, soon: int
) -> None:
    """A date that passes before the next step is recorded is counted by another block than one that lies ahead."""
    measures, wanted = SUBJECTS[subject].measures, FigureFilter(subject)
    with (
        patch("adapters.postgres.adding.SOON", timedelta(days=soon)),
        summed_up(database, moves, waits) as (records, views),
    ):
        for one in drawn:
            known, as_of = moment_of(one, len(records))
            moment = Moment(as_of, known)
            told = views.figures.sums(wanted, measures, moment, by)
            assert {value: +Counter(one) for value, one in told.items()} == by_hand(records, moment, subject, by)


@pytest.mark.parametrize("waits", [[1], [30], [24 * 40, 26]])
@pytest.mark.parametrize("hour", [0, 12, 24])
@pytest.mark.parametrize("soon", [0, 45])
def test_sums_are_right_at_every_hour_of_days_that_were_recorded_much_later(
    database: str, waits: list[int], hour: int, soon: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blocks that began when a day was over have changed it as a whole; at noon, half of it has not happened yet."""
    monkeypatch.setattr("adapters.postgres.sums._TOGETHER", 2)
    monkeypatch.setattr("adapters.postgres.sums._CELLS", 7)
    monkeypatch.setattr("adapters.postgres.adding.SOON", timedelta(days=soon))
    monkeypatch.setattr("adapters.postgres.adding._SUMS_FOR_A_SEARCH", soon)
    wanted, measures = FigureFilter("assignment"), SUBJECTS["assignment"].measures
    with summed_up(database, MOVES, waits) as (records, views):
        days = sorted({record.occurred_at for record in records})
        for known in range(len(records) + 1):
            instants = [day + timedelta(hours=hour) - timedelta(microseconds=hour // 24) for day in days]
            hands = [by_hand(records, Moment(at, known), "assignment", None).get(None, Counter()) for at in instants]
            told = [+Counter(one) for _, one in views.figures.series(wanted, measures, instants, known)]
            assert told == hands


def test_a_stretch_says_whether_an_end_of_it_lay_ahead_when_it_became_known(database: str) -> None:
    """Sums count what lay ahead when its time comes; what the projector says of it is what the times say."""
    lately = [_move(3, what, 315) for what in ("open", "review", "hand over")]
    with recorded(database, [*MOVES, *lately]) as (_, views), connect(database) as owner:
        found = owner.execute(
            "SELECT ahead, valid_from > recorded_at OR (valid_to > recorded_at AND valid_to < '9999-12-31')"
            " FROM duban_read.figures JOIN duban.ledger USING (ledger_id) WHERE known_from = position"
            " AND ledger_id = %s",
            [views.figures._ledger_id],
        ).fetchall()
    assert all(said == so for said, so in found)
    assert {said for said, _ in found} == {True, False}


def test_what_lay_ahead_is_found_by_when_it_comes_whatever_the_database_knows_of_the_figures(database: str) -> None:
    Projector(database).catch_up()
    tables = tables_of("duban", "figures", 1)
    with connect(database) as conn:
        name = tables["table"].as_string(conn)
        indexes = conn.execute(
            "SELECT indexrelid::regclass::text, indisprimary, pg_get_indexdef(indexrelid) ~ 'CASE' FROM pg_index"
            " WHERE indrelid = %s::regclass",
            [name],
        ).fetchall()
        assert [ahead for _, _, ahead in indexes].count(True) == 2
        for index, primary, ahead in indexes:
            if primary:
                conn.execute(f"ALTER TABLE {name} DROP CONSTRAINT {index.rpartition('.')[2]}".encode())
            elif not ahead:
                conn.execute(f"DROP INDEX {index}".encode())
        conn.execute("SET enable_seqscan TO off")
        statement = sql.SQL(_CHANGED).format(**Blocks(conn, tables, "main")._names).as_string(conn)
        asked = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", statement)))
        for number, one in enumerate(asked, 1):
            statement = statement.replace(f"%({one})s", f"${number}")
        plan = [line for (line,) in conn.execute(f"EXPLAIN (GENERIC_PLAN) {statement}".encode())]
    assert len([line for line in plan if "Index Cond" in line and "CASE" in line]) == 2


def test_rows_of_another_version_are_not_read(database: str) -> None:
    """After an upgrade that counts otherwise, nobody is told of figures until the rows have been built anew."""
    with recorded(database, MOVES) as (records, views), connect(database) as owner:
        assert views.figures.reached() == records[-1].position
        owner.execute("UPDATE projection_build SET version = version - 1 WHERE name = 'figures'")
        with pytest.raises(BeingRebuilt):
            views.figures.reached()
        with pytest.raises(BeingRebuilt):
            views.figures.sums(FigureFilter("suggestion"), ["counted"], Moment(NOW, records[-1].position))
        owner.execute("UPDATE projection_build SET version = version + 1 WHERE name = 'figures'")


def test_a_unit_is_told_of_no_figures_while_the_list_that_says_which_cases_are_its_own_is_built_anew(
    database: str,
) -> None:
    unit = policy.scope(Principal("u-1", Role.HANDLING_UNIT, "jtj", JURISDICTION))
    with recorded(database, MOVES) as (records, views), connect(database) as owner:
        asked = FigureFilter("suggestion"), ["counted"], Moment(NOW, records[-1].position)
        owner.execute("UPDATE projection_build SET version = version - 1 WHERE name = 'case_list'")
        assert views.figures.sums(*asked)[None]["counted"] > 0
        with pytest.raises(BeingRebuilt):
            views.within(unit).figures.sums(*asked)
        owner.execute("UPDATE projection_build SET version = version + 1 WHERE name = 'case_list'")
        assert views.within(unit).figures.sums(*asked)[None]["counted"] > 0


def test_a_series_says_of_each_day_what_the_figure_of_that_day_says(database: str) -> None:
    with recorded(database, MOVES) as (records, views):
        known, figures = records[-1].position, views.figures
        days = [records[0].occurred_at + timedelta(days=7 * week) for week in range(20)]
        wanted, measures = FigureFilter("suggestion"), ("counted", "replied", "overdue")
        series = figures.series(wanted, measures, days, known)
        assert series == [(at, figures.sums(wanted, measures, Moment(at, known))[None]) for at in days]
        assert series[-1][1]["counted"] > series[0][1]["counted"]
        assert max(sums["overdue"] for _, sums in series) > 0


def test_between_two_moments_those_changed_that_add_otherwise(database: str) -> None:
    with recorded(database, MOVES) as (records, views):
        figures, wanted, measures = views.figures, FigureFilter("suggestion"), ("replied", "satisfied")
        first = Moment(records[0].occurred_at + timedelta(days=2), records[-1].position)
        last = Moment(NOW, records[-1].position)
        changed = {row.case_id: (row.before, row.after) for row in figures.changed(wanted, measures, first, last)}
        before, after = (figures.sums(wanted, measures, moment)[None] for moment in (first, last))
        for measure in measures:
            grown = sum((new or {}).get(measure, 0) - (old or {}).get(measure, 0) for old, new in changed.values())
            assert grown == after[measure] - before[measure]
        assert changed
        assert not figures.changed(wanted, measures, last, last)


def _move(case: int, what: str, day: int, **more: Any) -> Move:
    given: dict[str, Any] = {"minutes": 0, "unit": "jtj", "late": False, "imported": False, "target": 2} | more
    return Move(case=case, what=what, day=day, **given)


MOVES = [
    move
    for case in (0, 1, 2)
    for move in (
        *(_move(case, "open", case), _move(case, "review", case), _move(case, "hand over", case)),
        *([_move(case, "reply", 8), _move(case, "evaluate", 20, target=4)] if case else []),
    )
]
