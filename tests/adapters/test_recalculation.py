"""A new calendar moves no date silently: each open case gets a step that says what moved and why."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from adapters.postgres.projector import Projector
from adapters.postgres.views import Views
from adapters.recalculation import Moved, recalculate
from domain.calendar import load_calendar
from domain.case import DeadlineRecalculated
from domain.cases.suggestion import HandedOver, ReplyIssued
from domain.docket import Docket
from domain.office import load_jurisdiction
from tests.faults.support import act, ledger_on, opening

pytestmark = pytest.mark.database

CITY = "cn-999900"
BEFORE_THE_NOTICE, AFTER_IT = load_calendar("cn", "2024-11-12"), load_calendar("cn", "2025-11-04")
NOW = datetime(2025, 12, 1, tzinfo=UTC)


@pytest.fixture
def calendar(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The office of the days before the State Council's notice about 2026."""
    monkeypatch.setitem(load_jurisdiction(CITY).__dict__, "working_calendar", BEFORE_THE_NOTICE)
    return monkeypatch


def test_open_deadlines_are_counted_again_each_by_a_step_and_only_where_they_move(
    database: str, calendar: pytest.MonkeyPatch
) -> None:
    with ledger_on(database) as ledger:
        docket, views = Docket(ledger, lambda: NOW), Views(ledger._pool, ledger)
        cases = {}
        for name, on in (
            ("moves", date(2025, 11, 15)),
            ("stays", date(2025, 11, 12)),
            ("answered", date(2025, 11, 15)),
        ):
            cases[name] = docket.open(opening(number=f"2025-{name}"), act(on=on)).case_id
            docket.record(cases[name], HandedOver(lead_unit="jtj"), act(on=on))
        docket.record(cases["answered"], ReplyIssued(unit="jtj"), act(on=date(2025, 11, 20)))
        Projector(database).catch_up()

        def again(*, dry_run: bool) -> list[Moved]:
            return list(
                recalculate(docket, views, CITY, actor="clerk", reason="2026年放假安排公布", at=NOW, dry_run=dry_run)
            )

        assert again(dry_run=True) == again(dry_run=False) == []
        calendar.setitem(load_jurisdiction(CITY).__dict__, "working_calendar", AFTER_IT)
        head = ledger.head()
        would = again(dry_run=True)
        assert ledger.head() == head
        moved = again(dry_run=False)
        assert moved == would
        reply = next(m for m in moved if m.was.clock == "suggestion.reply" and m.case_id == cases["moves"])
        assert (reply.was.due_on, reply.now.due_on, reply.was.estimate, reply.now.estimate) == (
            date(2026, 2, 16),
            date(2026, 2, 24),
            True,
            False,
        )
        assert {m.case_id for m in moved if m.was.due_on != m.now.due_on} == {cases["moves"]}
        assert cases["answered"] not in {m.case_id for m in moved}
        assert again(dry_run=False) == []
        history = docket.case_file(cases["moves"]).history
        step = next(
            r.step for r in history if isinstance(r.step, DeadlineRecalculated) and r.step.clock == "suggestion.reply"
        )
        assert (step.due_before, step.reason) == (date(2026, 2, 16), "2026年放假安排公布")
        assert ledger.head() == head + len(moved)
