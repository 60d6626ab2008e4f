"""What readers see through PostgreSQL is, at every moment, what a fold of the whole history says."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import cycle, product
from operator import attrgetter
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from adapters.postgres import case_pages, case_rows, scoped
from adapters.postgres.build import own_columns
from adapters.postgres.case_rows import SORTS, STATES
from adapters.postgres.projector import Projector
from adapters.postgres.scoped import own_cases, reading
from adapters.postgres.views import Views
from domain import policy
from domain.case import Awaited, Case, Corrected, Recorded, Role, Voided
from domain.casefile import CaseFile, file_of
from domain.cases.suggestion import EvaluationSubmitted, Grade, HandedOver, ReplyIssued, SuggestionWithdrawn
from domain.docket import Docket, LedgerMapper
from domain.moment import Moment, day_of, end_of_day, start_of_day
from domain.policy import Scope
from domain.principal import Principal
from domain.refusal import Refused
from projections import case_list
from projections.case_list import Row, row_of
from projections.reading import CaseRow, Counts, Filter, Light, Work, WorkRow
from tests.domain.support import DEPUTY, ZONE
from tests.faults.support import act, connect, ledger_on, opening
from tests.projections.support import (
    MOMENTS,
    OWN,
    Move,
    by_case,
    moment_of,
    move_lists,
    naive_case,
    naive_order,
    record_all,
)
from tests.registry import shipped_registry

pytestmark = pytest.mark.database

JURISDICTION = "cn-999900"
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


class Office:
    def __init__(self, conninfo: str, docket: Docket, views: Views) -> None:
        self.conninfo = conninfo
        self.docket = docket
        self.views = views

    def open(self, title: str = "建议", on: date = date(2026, 3, 2), deputy: str = DEPUTY, **fields: Any) -> str:
        step = opening(**fields).model_copy(update={"title": title, "lead_deputy": deputy})
        return self.docket.open(step, act(on=on)).case_id

    def project(self) -> None:
        Projector(self.conninfo).catch_up()

    def titles(self, wanted: Filter | None = None, moment: Moment | None = None, **how: Any) -> list[str]:
        return [row.title for row in self.views.cases(wanted or Filter(), moment or self.views.moment(), **how)]


@pytest.fixture
def office(database: str) -> Iterator[Office]:
    with ledger_on(database) as ledger:
        yield Office(database, Docket(ledger, shipped_registry(), lambda: NOW), Views(ledger._pool, ledger))


# The same property as without a database


def shown(case_id: str, case: Case, as_of: datetime) -> CaseRow:
    """A row of the list, made from a fold."""
    row = row_of(case)._asdict()
    overdue_from = row.pop("overdue_from")
    for name in ("audience", "sealed_until", "awaited", "tied_to"):
        del row[name]
    row["units"] = row["units"].split(" ") if row["units"] else []
    return CaseRow(case_id=case_id, overdue=overdue_from is not None and overdue_from <= as_of, **row)


READERS = [
    *(Principal("u-1", role, JURISDICTION, JURISDICTION) for role in Role),
    *(Principal("u-1", Role.HANDLING_UNIT, unit, JURISDICTION) for unit in ("jtj", "czj", "zjj", "slj")),
    *(Principal(deputy, Role.DEPUTY, JURISDICTION, JURISDICTION) for deputy in ("d-001", "d-002", "d-003")),
    Principal("u-1", Role.DEPUTY_AFFAIRS, "jp-sangiin", "jp-sangiin"),
]


def in_state(row: CaseRow, state: str) -> bool:
    waits = row.handed_over_on is not None and row.answered_on is None and not row.over
    return {
        "unassigned": row.handed_over_on is None and row.answered_on is None and not row.over,
        "waiting": waits,
        "overdue": row.overdue,
        "answered": row.answered_on is not None,
    }[state]


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=move_lists(24), drawn=st.lists(MOMENTS, min_size=8, max_size=14), batch=st.integers(1, 9), own=OWN)
def test_lists_and_counts_at_any_moment_are_the_fold_of_what_was_known_then(
    database: str, moves: list[Move], drawn: list[Any], batch: int, own: int
) -> None:
    ledger_id = uuid4().hex
    with connect(database) as owner:
        owner.execute("SELECT ledger_open(%s)", [ledger_id])
    with ledger_on(database, ledger_id, size=1) as ledger, patch.object(scoped, "OWN_CASES", own):
        record_all(Docket(ledger, shipped_registry(), lambda: NOW), moves)
        Projector(database, ledger_id=ledger_id, batch=batch).catch_up()
        views = Views(ledger._pool, ledger)
        histories = by_case(LedgerMapper().to_domain_event(event) for event in ledger.tail(0, 10_000))
        for moment in drawn:
            known, as_of = moment_of(moment, ledger.head())
            expected = {}
            for case_id, history in histories.items():
                if (case := naive_case(history, known, as_of)) is not None:
                    expected[case_id] = shown(case_id, case, as_of)
            rows = views.cases(Filter(), Moment(as_of, known), sort="title", limit=100)
            assert {row.case_id: row for row in rows} == expected
            assert len(rows) == len(expected)
            assert views.counts(Filter(), Moment(as_of, known)) == Counts(
                len(rows),
                **{state: sum(in_state(row, state) for row in rows) for state in STATES},
                by_stage=Counter(row.stage for row in rows),
                by_unit=Counter(unit for row in rows for unit in row.units),
            )
            for reader in READERS:
                scope = policy.scope(reader)
                mine = views.within(scope).cases(Filter(), Moment(as_of, known), limit=100)
                may = {case_id for case_id in expected if scope.covers(case_file(histories[case_id]))}
                assert {row.case_id for row in mine} == may, reader
                counts = views.within(scope).counts(Filter(), Moment(as_of, known))
                assert counts.total == len(mine)


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    moves=move_lists(24),
    drawn=st.lists(MOMENTS, min_size=2, max_size=4),
    some=st.integers(0, 4),
    limit=st.integers(1, 3),
    order=st.permutations(["opened_on", "-opened_on", "due_on", "due_on"]),
    own=OWN,
)
def test_the_pages_of_a_list_are_the_list_however_many_cases_are_gone_through_in_their_order(
    database: str, moves: list[Move], drawn: list[Any], some: int, limit: int, order: list[str], own: int
) -> None:
    ledger_id = uuid4().hex
    with connect(database) as owner:
        owner.execute("SELECT ledger_open(%s)", [ledger_id])
    sorts = cycle(order)
    few = patch.multiple(case_pages, _MANY=0, _SOME=some, _DUE_ON_ONE_DAY=some)
    of_unit, of_own = patch.object(case_rows, "UNIT_CASES", some), patch.object(scoped, "OWN_CASES", own)
    with ledger_on(database, ledger_id, size=1) as ledger, few, of_unit, of_own:
        record_all(Docket(ledger, shipped_registry(), lambda: NOW), moves)
        Projector(database, ledger_id=ledger_id).catch_up()
        everything = Views(ledger._pool, ledger)
        moments = [Moment(as_of, known) for known, as_of in (moment_of(one, ledger.head()) for one in drawn)]
        shown = [row for at in (everything.moment(), *moments) for row in everything.cases(Filter(), at, limit=100)]
        deputies, units = {row.person for row in shown}, {unit for row in shown for unit in row.units}
        for reader, at in product(READERS[::4], moments):
            views = everything.within(policy.scope(reader))
            whole = views.cases(Filter(), at, sort="title", limit=100)
            for wanted in (
                *(Filter(), Filter(state="waiting"), Filter(state="overdue")),
                *(Filter(deputy=one) for one in deputies if one),
                *(Filter(unit=one) for one in sorted(units)[:6]),
                *(Filter(unit=one, state="waiting") for one in sorted(units)[:2]),
            ):
                listed = [row for row in whole if fits(wanted, row)]
                assert views.counts(wanted, at).total == len(listed)
                assert views.cases(wanted, at, sort="title", limit=100) == listed
                sort = next(sorts)
                assert paged(views, wanted, at, sort, limit) == in_order(listed, sort)


def fits(wanted: Filter, row: CaseRow) -> bool:
    return (
        (wanted.state is None or in_state(row, wanted.state))
        and wanted.deputy in {None, row.person}
        and (wanted.unit is None or wanted.unit in row.units)
    )


def naive_work(
    histories: Mapping[str, list[Recorded]], reader: Principal, day: date, known: int, as_of: datetime
) -> list[WorkRow]:
    """The work list of a reader, from folds alone."""
    found = []
    for case_id, history in histories.items():
        case = naive_case(history, known, as_of)
        if case is None or not policy.scope(reader).covers(case_file(history)):
            continue
        row = row_of(case)
        for place, one in enumerate(case.awaited(), 1):
            if policy.desk(reader).has(row.kind, one, day):
                found.append(
                    WorkRow(
                        case_id, row.kind, row.number, row.title, row.stage, row.session, row.person, row.unit,
                        place, one.who, one.step, one.part, one.due_on, one.from_on,
                        naive_since(history, known, as_of, one),
                    )
                )  # fmt: skip
    return sorted(found, key=lambda w: (w.due_on or date.max, w.number or "", w.case_id, w.place))


def naive_since(history: list[Recorded], known: int, as_of: datetime, one: Awaited) -> datetime:
    """The first of the days, without a break until the moment, on which the case waited for it."""
    instants = sorted({s.act.occurred_at for s in naive_order(history, known) if s.act.occurred_at <= as_of})
    since = instants[-1]
    for instant in reversed(instants):
        then = naive_case(history, known, instant)
        waits = [] if then is None else [(w.who, w.step, w.part) for w in then.awaited()]
        if (one.who, one.step, one.part) not in waits:
            break
        since = instant
    return since


WORKERS = [
    *(Principal("u-1", role, JURISDICTION, JURISDICTION) for role in (Role.GENERAL_OFFICE, Role.GOVERNMENT_OFFICE)),
    *(Principal("u-1", Role.HANDLING_UNIT, unit, JURISDICTION) for unit in ("jtj", "czj")),
    Principal("d-001", Role.DEPUTY, JURISDICTION, JURISDICTION),
    Principal("u-1", Role.AUDITOR, JURISDICTION, JURISDICTION),
    Principal("u-1", Role.DEPUTY_AFFAIRS, "jp-sangiin", "jp-sangiin"),
]
LIGHTS: dict[Light, Callable[[date, date], bool]] = {
    "overdue": lambda due_on, day: due_on < day,
    "soon": lambda due_on, day: day <= due_on <= day + timedelta(days=7),
    "later": lambda due_on, day: due_on > day + timedelta(days=7),
}


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    moves=move_lists(24),
    drawn=st.lists(MOMENTS, min_size=3, max_size=5),
    shift=st.integers(-30, 200),
    limit=st.integers(1, 4),
    own=OWN,
)
def test_the_work_list_at_any_moment_is_what_the_fold_of_what_was_known_then_waits_for(
    database: str, moves: list[Move], drawn: list[Any], shift: int, limit: int, own: int
) -> None:
    ledger_id = uuid4().hex
    with connect(database) as owner:
        owner.execute("SELECT ledger_open(%s)", [ledger_id])
    with ledger_on(database, ledger_id, size=1) as ledger, patch.object(scoped, "OWN_CASES", own):
        record_all(Docket(ledger, shipped_registry(), lambda: NOW), moves)
        Projector(database, ledger_id=ledger_id).catch_up()
        histories = by_case(LedgerMapper().to_domain_event(event) for event in ledger.tail(0, 10_000))
        for reader in WORKERS:
            views = Views(ledger._pool, ledger).within(policy.scope(reader))
            for known, as_of in (moment_of(moment, ledger.head()) for moment in drawn):
                moment, day = Moment(as_of, known), day_of(as_of, ZONE) + timedelta(days=shift)
                work = Work(policy.desk(reader), day)
                expected = naive_work(histories, reader, day, known, as_of)
                assert views.work(work, Filter(), moment, limit=1_000) == expected
                paged: list[WorkRow] = []
                after = None
                while page := views.work(work, Filter(), moment, after=after, limit=limit):
                    paged += page
                    after = page[-1].key
                assert paged == expected
                if expected:
                    before = views.work(work, Filter(), moment, after=expected[-1].key, backwards=True, limit=1_000)
                    assert before == expected[-2::-1]
                counts = views.work_counts(work, Filter(), moment)
                assert counts.total == len(expected)
                assert counts.by_step == Counter(row.step for row in expected)
                for light in ("overdue", "soon", "later", "undated"):
                    lit = [
                        row
                        for row in expected
                        if (light == "undated" if row.due_on is None else LIGHTS.get(light, _no)(row.due_on, day))
                    ]
                    of_light = replace(work, light=light)
                    assert views.work(of_light, Filter(), moment, limit=1_000) == lit
                    assert getattr(counts, light) == len(lit) == views.work_counts(of_light, Filter(), moment).total


def _no(due_on: date, day: date) -> bool:
    del due_on, day
    return False


def case_file(history: list[Recorded]) -> CaseFile:
    found = file_of(None, history)
    assert found is not None
    return found


def test_a_row_of_the_list_has_every_fact_of_the_projection() -> None:
    only_asked_with = {"overdue_from", "audience", "sealed_until", "awaited", "tied_to"}
    assert set(Row._fields) - only_asked_with == set(CaseRow.__annotations__) - {"case_id", "overdue"}


# Filters and counts


@pytest.fixture
def many(office: Office) -> Office:
    """Ten suggestions in every state, of two deputies, led by three units."""
    docket, units = office.docket, ("jtj", "czj", "zjj")
    for i in range(10):
        deputy, unit = f"d-00{1 + i % 2}", units[i % 3]
        case_id = office.open(
            f"建议{i} BUS", date(2026, 1, 5 + i // 2), deputy, number=f"2026-{i:03}", session="14-1" if i < 6 else None
        )
        if i >= 2:
            docket.record(
                case_id, HandedOver(lead_unit=unit, co_units=("slj",) if i % 2 else ()), act(on=date(2026, 2, i))
            )
        if i in {4, 5, 6}:
            docket.record(case_id, ReplyIssued(unit=unit, outcome="B"), act(on=date(2026, 4, i)))
        if i == 5:
            docket.record(
                case_id,
                EvaluationSubmitted(result=Grade.SATISFIED),
                act(Role.DEPUTY, date(2026, 5, 4)).model_copy(update={"actor": deputy}),
            )
        if i == 7:
            docket.record(case_id, SuggestionWithdrawn(written_request="函"), act(on=date(2026, 3, 3)))
    office.project()
    return office


FILTERS = [
    Filter(),
    *(Filter(unit=unit) for unit in ("jtj", "czj", "zjj", "slj", "fgw")),
    *(Filter(deputy=deputy) for deputy in ("d-001", "d-002", "d-003")),
    *(Filter(stage=stage) for stage in ("submitted", "handed_over", "replied", "evaluated", "withdrawn", "closed")),
    *(Filter(text=text) for text in ("建议3", "bus", "026-00", "%", "_", "无")),
    Filter(session="14-1"),
    Filter(kind="suggestion"),
    Filter(jurisdiction="jp-sangiin"),
    Filter(jurisdiction="cn-999900", unit="jtj", deputy="d-001", text="BUS"),
]
DAYS = [date(2026, 1, 6), date(2026, 2, 4), date(2026, 4, 5), date(2026, 5, 10), date(2026, 10, 1)]


def test_counts_are_as_long_as_the_lists_for_every_filter_state_and_day(many: Office) -> None:
    some = Counter[str]()
    for day in DAYS:
        moment = many.views.moment(as_of=end_of_day(day, ZONE))
        for wanted in FILTERS:
            counts = many.views.counts(wanted, moment)
            rows = many.views.cases(wanted, moment, limit=100)
            assert counts.total == len(rows) == sum(counts.by_stage.values())
            tallies = many.views.tallies(wanted, moment)
            assert {stage: tally.of(None) for stage, tally in tallies.items()} == counts.by_stage
            if wanted.unit is None:
                for unit, number in counts.by_unit.items():
                    of_unit = Filter(**{**vars(wanted), "unit": unit})
                    assert len(many.views.cases(of_unit, moment, limit=100)) == number
            for state in STATES:
                of_state = Filter(**{**vars(wanted), "state": state})
                listed = many.views.cases(of_state, moment, limit=100)
                assert [row for row in rows if in_state(row, state)] == listed
                assert counts.of(state) == len(listed) == many.views.counts(of_state, moment).total
                of_stage = {stage: tally.of(state) for stage, tally in tallies.items() if tally.of(state)}
                assert of_stage == Counter(row.stage for row in listed)
                some[state] += len(listed)
    assert all(some[state] for state in STATES)


@pytest.mark.parametrize("role", [Role.DEPUTY_AFFAIRS, Role.GOVERNMENT_OFFICE, Role.THIRD_PARTY])
@pytest.mark.parametrize("few", [1, 3])
def test_pages_of_a_unit_and_of_what_waits_are_those_of_the_whole_list_wherever_a_search_ends(
    many: Office, monkeypatch: pytest.MonkeyPatch, role: Role, few: int
) -> None:
    ids = {row.title: row.case_id for row in many.views.cases(Filter(), many.views.moment())}
    told: dict[str, Any] = {"reason": "误", "approved_by": "甲"}
    earlier = Corrected(corrects=1, occurred_at=start_of_day(date(2026, 1, 3), ZONE), precision="day", **told)
    many.docket.record(ids["建议3 BUS"], earlier, act(on=date(2026, 5, 11)))
    many.docket.record(
        ids["建议9 BUS"], Corrected(corrects=2, changes={"lead_unit": "czj"}, **told), act(on=date(2026, 5, 11))
    )
    many.project()
    monkeypatch.setattr(case_rows, "UNIT_CASES", few)
    for name, value in (("_MANY", 0), ("_SOME", few), ("_DUE_ON_ONE_DAY", few), ("_LONG", timedelta(0))):
        monkeypatch.setattr(case_pages, name, value)
    views = many.views.within(policy.scope(Principal("u-1", role, JURISDICTION, JURISDICTION)))
    head, seen = views.position(), Counter[str]()
    for day, known in product((DAYS[1], DAYS[2], date(2099, 1, 1)), (head, head - 2)):
        moment = Moment(end_of_day(day, ZONE), known)
        whole = views.cases(Filter(), moment, sort="title", limit=100)
        for unit, state in product((None, "jtj", "czj"), (None, "waiting", "overdue")):
            wanted = Filter(unit=unit, state=state)
            listed = [row for row in whole if fits(wanted, row)]
            seen[f"{unit}, {state}"] += len(listed)
            assert views.counts(wanted, moment).total == len(listed)
            for sort in ("opened_on", "-opened_on", "due_on"):
                assert paged(views, wanted, moment, sort, limit=2) == in_order(listed, sort)
    assert role is Role.THIRD_PARTY or all(seen.values())


@pytest.mark.parametrize("around", [0, 2])
def test_what_waited_is_listed_by_due_date_also_where_a_filter_leaves_little_of_it(
    office: Office, monkeypatch: pytest.MonkeyPatch, around: int
) -> None:
    first, answered = date(2026, 3, 2), date(2026, 5, 20)
    for number in range(9):
        case_id = office.open(f"第{number}件", on=first)
        day = first + timedelta(days=8 * number)
        office.docket.record(case_id, HandedOver(lead_unit="jtj"), act(on=day))
        office.docket.record(case_id, ReplyIssued(unit="jtj", outcome="B"), act(on=answered))
    office.project()
    for name, value in (("_MANY", 0), ("_DUE_ON_ONE_DAY", around)):
        monkeypatch.setattr(case_pages, name, value)
    views = office.views.within(Scope(JURISDICTION))
    moment = Moment(start_of_day(answered, ZONE) - timedelta(days=1), views.position())
    for wanted, titles in (
        (Filter(state="waiting"), [f"第{number}件" for number in range(9)]),
        (Filter(state="waiting", text="第8"), ["第8件"]),
        (Filter(state="waiting", text="第0"), ["第0件"]),
    ):
        assert [row.title for row in paged(views, wanted, moment, "due_on", limit=2)] == titles


def in_order(rows: list[CaseRow], sort: str) -> list[CaseRow]:
    day = attrgetter(sort.removeprefix("-"))
    return sorted(rows, key=lambda row: (day(row) or date.max, row.case_id), reverse=sort.startswith("-"))


def paged(views: Views, wanted: Filter, moment: Moment, sort: str, limit: int) -> list[CaseRow]:
    """A list, page by page: each but the last is full."""
    found: list[CaseRow] = []
    after: tuple[date | None, str] | None = None
    while page := views.cases(wanted, moment, sort=sort, after=after, limit=limit):
        assert len(found) % limit == 0
        found += page
        after = getattr(page[-1], sort.removeprefix("-")), page[-1].case_id
    return found


def test_a_page_of_a_past_moment_reads_no_list_from_end_to_end(database: str) -> None:
    def read() -> int:
        with connect(database) as conn:
            told = "SELECT coalesce(sum(seq_tup_read), 0) FROM pg_stat_user_tables WHERE relname LIKE 'case_list_%'"
            return int(conn.execute(told).fetchall()[0][0])

    with ledger_on(database) as ledger:
        docket = Docket(ledger, shipped_registry())
        for number in range(40):
            docket.open(opening(number=f"{number}"), act())
        Projector(database).catch_up()
    with connect(database) as conn:
        conn.execute("ANALYZE")
    before = read()
    with ledger_on(database, size=1) as ledger:
        views = Views(ledger._pool, ledger)
        assert len(views.cases(Filter(), views.moment(position=20))) == 20
        with ledger._pool.connection() as conn:
            conn.execute("SELECT pg_stat_force_next_flush()")
        assert read() == before


WAITING = 30


@contextmanager
def one_in_ten(database: str) -> Iterator[tuple[Views, dict[str, int]]]:
    """Cases of which one in ten was handed over, and how much of each index is read until one is done."""

    def read() -> dict[str, int]:
        with connect(database) as conn:
            told = "SELECT indexrelname, idx_tup_read FROM pg_stat_user_indexes WHERE relname LIKE 'case_list_%'"
            return dict(conn.execute(told).fetchall())

    with ledger_on(database) as ledger:
        docket = Docket(ledger, shipped_registry())
        for number in range(10 * WAITING):
            receipt = docket.open(opening(number=f"{number:03}"), act())
            if number % 10 == 0:
                on = date(2026, 3, 9) + timedelta(weeks=number // 10)
                docket.record(receipt.case_id, HandedOver(lead_unit="jtj"), act(on=on))
        Projector(database).catch_up()
    with connect(database) as conn:
        conn.execute("ANALYZE")
    before, found = read(), dict[str, int]()
    with ledger_on(database, size=1) as ledger:
        scope = policy.scope(Principal("u-1", Role.DEPUTY_AFFAIRS, JURISDICTION, JURISDICTION))
        yield Views(ledger._pool, ledger, scope), found
        with ledger._pool.connection() as conn:
            conn.execute("SELECT pg_stat_force_next_flush()")
    found |= {name: number - before[name] for name, number in read().items() if number > before[name]}


def test_what_waits_is_listed_by_its_due_date_without_going_through_what_does_not(database: str) -> None:
    with one_in_ten(database) as (views, found):
        page = views.cases(Filter(state="waiting"), views.moment(), sort="due_on", limit=10)
        assert [row.number for row in page] == [f"{number:03}" for number in range(0, 100, 10)]
    assert sum(found.values()) <= WAITING, found


@pytest.mark.parametrize("wanted", [Filter(unit="jtj"), Filter(unit="jtj", state="waiting")])
def test_the_cases_of_a_unit_are_listed_without_going_through_those_of_others(database: str, wanted: Filter) -> None:
    with one_in_ten(database) as (views, found):
        page = views.cases(wanted, views.moment(), limit=10)
        assert len(page) == 10
        assert {row.unit for row in page} == {"jtj"}
    assert sum(found.values()) <= 2 * WAITING, found


@pytest.mark.parametrize(("few", "planned"), [(0, True), (1_000, False)])
def test_a_list_of_a_long_ledger_is_planned_for_its_moment_however_often_it_is_asked_for(
    database: str, monkeypatch: pytest.MonkeyPatch, *, few: int, planned: bool
) -> None:
    """A plan for any moment goes through all that came since the earliest."""
    monkeypatch.setattr("adapters.postgres.scoped._FEW", few)
    with ledger_on(database, size=1) as ledger:
        docket = Docket(ledger, shipped_registry())
        docket.open(opening(number="1"), act())
        Projector(database).catch_up()
        views = Views(ledger._pool, ledger)
        for _ in range(20):
            assert len(views.cases(Filter(), views.moment())) == 1
        with ledger._pool.connection() as conn:
            told = "SELECT sum(custom_plans), sum(generic_plans) FROM pg_prepared_statements WHERE statement LIKE %s"
            [(custom, generic)] = conn.execute(told, ["%so_long%"]).fetchall()
        assert (custom > 10, generic == 0) == (planned, planned)


def test_the_own_cases_of_a_unit_are_found_by_their_index_though_row_level_security_is_on(office: Office) -> None:
    """If the view kept conditions out, as a barrier would, every case of the city would be tried."""
    scope = policy.scope(Principal("u-1", Role.HANDLING_UNIT, "jtj", JURISDICTION))
    mine, *_ = [office.open() for _ in range(200)]
    office.docket.record(mine, HandedOver(lead_unit="jtj"), act(on=date(2026, 3, 9)))
    office.project()
    with connect(office.conninfo) as conn:
        conn.execute("ANALYZE")
    with reading(office.views._pool, scope) as conn:
        assert own_cases(conn, "main", scope, "suggestion") == [mine]
        assert own_cases(conn, "main", scope, "opinion") == []
        query = f"EXPLAIN SELECT FROM case_audience WHERE {scoped.OWN}"
        plan = [line for (line,) in conn.execute(query.encode(), scoped.own_params("main", scope, "suggestion"))]
    assert [line for line in plan if "Index Cond" in line and "string_to_array" in line], plan


@pytest.mark.parametrize("kind", ["no-such", "\0", "建议"])
def test_a_kind_that_there_is_not_is_refused_whoever_asks(office: Office, kind: str) -> None:
    office.project()
    unit = policy.scope(Principal("u-1", Role.HANDLING_UNIT, "jtj", JURISDICTION))
    for views in (office.views, office.views.within(unit)):
        for ask in (views.cases, views.counts):
            with pytest.raises(Refused, match="unknown-case-type"):
                ask(Filter(kind=kind), views.moment())


@pytest.mark.parametrize("days", [1, 12, 13, 200, 1_600])
def test_a_case_is_listed_as_it_was_however_long_it_was_so(days: int, office: Office) -> None:
    first = date(2022, 2, 7)
    case_id = office.open(on=first)
    office.docket.record(case_id, HandedOver(lead_unit="jtj"), act(on=first + timedelta(days=days)))
    office.project()
    for day in (first, first + timedelta(days=days - 1)):
        moment = office.views.moment(as_of=start_of_day(day, ZONE))
        assert [row.stage for row in office.views.cases(Filter(), moment)] == ["submitted"]


@pytest.mark.parametrize("ahead", [False, True])
@pytest.mark.parametrize("many", [0, 5_000])
@pytest.mark.parametrize("sort", ["opened_on", "-opened_on", "number"])
def test_what_is_dated_ahead_is_listed_like_anything_else(
    office: Office, monkeypatch: pytest.MonkeyPatch, sort: str, many: int, *, ahead: bool
) -> None:
    """No step is; should one ever be, no list of a moment passes over it."""
    first = date(2026, 3, 2)
    for days in range(6):
        case_id = office.open(f"建议{days}", on=first + timedelta(days=days), number=f"26-{days}")
        office.docket.record(case_id, HandedOver(lead_unit="jtj"), act(on=first + timedelta(days=days + 2)))
        monkeypatch.setattr(case_list, "_DAY", timedelta(days=-9_000 if ahead and days % 2 else 1))
        office.project()
    with connect(office.conninfo) as owner:
        marked = owner.execute("SELECT count(DISTINCT case_id) FROM case_list WHERE dated_ahead").fetchone()
    assert marked == (3 if ahead else 0,)
    monkeypatch.setattr(case_pages, "_MANY", many)
    views = office.views.within(Scope(JURISDICTION))
    head = views.position()
    for days, known in ((-1, head), (0, head), (3, head), (9, head), (9, 3)):
        moment = Moment(end_of_day(first + timedelta(days=days), ZONE), known)
        there = [f"建议{one}" for one in range(min(days + 1, (known + 1) // 2, 6))]
        rows = views.cases(Filter(), moment, sort=sort)
        assert views.cases(Filter(unit="jtj"), moment, sort=sort) == [row for row in rows if row.unit == "jtj"]
        titles = [row.title for row in rows]
        assert titles == (there[::-1] if sort.startswith("-") else there)
        assert views.counts(Filter(), moment).total == len(there)


def test_filters_choose_what_they_name(many: Office) -> None:
    def numbers(**wanted: Any) -> str:
        rows = many.views.cases(Filter(**wanted), many.views.moment(as_of=NOW), sort="number")
        return "".join(row.number[-1] for row in rows if row.number is not None)

    assert numbers() == "0123456789"
    assert numbers(unit="jtj") == "369"
    assert numbers(unit="slj") == "3579"
    assert numbers(deputy="d-002") == "13579"
    assert numbers(session="14-1") == "012345"
    assert numbers(stage="replied") == "46"
    assert numbers(state="answered") == "456"
    assert numbers(state="unassigned") == "01"
    assert numbers(state="waiting") == numbers(state="overdue") == "2389"
    assert numbers(text="bus", deputy="d-001") == "02468"
    assert numbers(text="-007") == "7"
    assert numbers(text="%") == numbers(text="_") == ""


def test_overdue_is_a_fact_about_the_moment(office: Office) -> None:
    case_id = office.open()
    office.docket.record(case_id, HandedOver(lead_unit="jtj"), act(on=date(2026, 3, 9)))
    office.project()
    due_on = office.views.cases(Filter(), office.views.moment())[0].due_on
    assert due_on is not None
    late = start_of_day(due_on + timedelta(days=1), ZONE)
    for as_of, expected in ((late, True), (late - timedelta(microseconds=1), False)):
        moment = office.views.moment(as_of=as_of)
        assert [row.overdue for row in office.views.cases(Filter(), moment)] == [expected]
        assert office.views.counts(Filter(), moment).overdue == expected
        assert len(office.views.cases(Filter(state="overdue"), moment)) == expected


@pytest.mark.parametrize("sort", ["stage", "title; DROP TABLE ledger", "--title"])
def test_a_sort_that_nobody_offers_is_refused(sort: str, office: Office) -> None:
    office.project()
    with pytest.raises(Refused) as refusal:
        office.titles(sort=sort)
    assert (refusal.value.message_id, refusal.value.field) == ("unknown-sort", "sort")


def test_a_state_that_nobody_knows_is_refused(office: Office) -> None:
    office.project()
    for ask in (office.views.cases, office.views.counts):
        with pytest.raises(Refused) as refusal:
            ask(Filter(state="done"), office.views.moment())
        assert (refusal.value.message_id, refusal.value.field) == ("unknown-state", "state")


# Moments


def test_what_is_known_is_a_position(office: Office) -> None:
    case_id = office.open("旧题")
    known_then = office.docket.record(case_id, HandedOver(lead_unit="jtj"), act()).recorded_at
    correction = Corrected(corrects=1, changes={"title": "新题"}, reason="误", approved_by="甲")
    office.docket.record(case_id, correction, act(on=date(2026, 6, 1)))
    office.docket.record(case_id, Voided(voids=1, reason="误", approved_by="甲"), act(on=date(2026, 6, 1)))
    office.project()
    views = office.views
    assert views.moment().known == 4
    assert views.moment(known_at=known_then).known == 2
    assert [office.titles(moment=views.moment(position=p)) for p in range(5)] == [[], ["旧题"], ["旧题"], ["新题"], []]
    assert office.titles(moment=views.moment(as_of=end_of_day(date(2026, 3, 2), ZONE), position=3)) == ["新题"]
    for beyond in (5, -1):
        with pytest.raises(Refused) as refusal:
            views.moment(position=beyond)
        assert refusal.value.message_id == "position-not-reached"


def test_now_is_what_the_list_has_reached_and_not_what_the_ledger_holds(office: Office) -> None:
    office.project()
    office.open()
    assert office.views.moment().known == 0
    assert office.views.moment(known_at=datetime.max.replace(tzinfo=UTC)).known == 0
    office.project()
    assert office.views.wait_for(1) >= 1
    assert office.views.moment().known == 1


def test_steps_are_read_in_the_order_of_the_ledger(many: Office) -> None:
    head = many.docket.head()
    assert [e.position for e in many.views.steps(until=head)] == list(range(1, head + 1))
    assert [e.position for e in many.views.steps(after=3, until=6)] == [4, 5, 6]
    assert [e.position for e in many.views.steps(after=3, until=head, limit=2)] == [4, 5]
    assert many.views.steps(after=head, until=head + 1) == []


# Paging


@pytest.mark.parametrize("direction", ["", "-"])
@pytest.mark.parametrize("sort", SORTS)
def test_pages_of_a_frozen_moment_show_each_case_once_while_others_write(
    sort: str, direction: str, office: Office
) -> None:
    for i in range(30):
        case_id = office.open(f"题{i % 4}", date(2026, 1, 5 + i % 3), number=f"2026-{i % 30}" if i % 3 else None)
        if i % 2:
            office.docket.record(case_id, HandedOver(lead_unit="jtj"), act(on=date(2026, 2, 1 + i % 5)))
    office.project()
    moment = office.views.moment()
    whole = office.views.cases(Filter(), moment, sort=direction + sort, limit=100)
    assert len({row.case_id for row in whole}) == 30
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            for row in whole[::7]:
                correction = Corrected(corrects=1, changes={"title": uuid4().hex}, reason="误", approved_by="甲")
                office.docket.record(row.case_id, correction, act(on=date(2026, 6, 1)))
            office.open("新来的")
            office.project()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        paged: list[CaseRow] = []
        after = None
        while page := office.views.cases(Filter(), moment, sort=direction + sort, after=after, limit=4):
            paged += page
            assert office.views.wait_for(moment.known + 1, timeout=10) >= moment.known + 1
            after = (getattr(page[-1], sort), page[-1].case_id)
    finally:
        stop.set()
        writer.join()
    assert paged == whole


@pytest.mark.parametrize("power", [8, 9, 13, 20])
def test_a_row_says_below_which_power_of_four_it_ended(database: str, power: int) -> None:
    with ledger_on(database) as ledger:
        receipt = Docket(ledger, shipped_registry()).open(opening(), act())
    Projector(database).catch_up()
    table = sql.Identifier("duban_read", "case_list_1")
    with connect(database) as conn:
        lasted = {"valid_to": "valid_from + %(long)s * interval '1 second'", "known_to": "known_from + %(long)s"}
        for long, digits in ((4**power - 1, power), (4**power, power + 1)):
            columns = [sql.SQL(lasted.get(name, name)) for name, _ in own_columns(conn, table)]
            names = [sql.Identifier(name) for name, _ in own_columns(conn, table)]
            conn.execute(sql.SQL("CREATE TEMP TABLE one (LIKE {} INCLUDING GENERATED)").format(table))
            query = sql.SQL("INSERT INTO one ({}) SELECT {} FROM {}").format(
                sql.SQL(", ").join(names), sql.SQL(", ").join(columns), table
            )
            conn.execute(query, {"long": long})
            where = "SELECT so_long, known_so_long FROM one WHERE case_id = %s"
            assert conn.execute(where, [receipt.case_id]).fetchall() == [(digits, digits)]
            conn.execute("DROP TABLE one")
