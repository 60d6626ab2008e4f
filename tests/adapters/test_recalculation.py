"""A new calendar moves no date silently: each open case gets a step that says what moved and why."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from adapters.exchange.jurisdictions import enter
from adapters.postgres.projector import Projector
from adapters.postgres.views import Views
from adapters.registry import LedgerRegistry
from api.recalculation import Moved, recalculate
from domain.case import DeadlineRecalculated, Role
from domain.cases.registry.jurisdiction import CalendarAdopted
from domain.cases.suggestion import HandedOver, ReplyIssued
from domain.docket import Docket
from tests.faults.support import act, ledger_on, opening

pytestmark = pytest.mark.database

CITY = "cn-999900"
BEFORE_THE_NOTICE, AFTER_IT = "cn@2024-11-12", "cn@2025-11-04"
NOW = datetime(2025, 12, 1, tzinfo=UTC)


def adopt(docket: Docket, calendar: str, on: date) -> None:
    city = next(e.originator_id for e in docket.recorder.select_notifications(1, 1))
    docket.record(str(city), CalendarAdopted(calendar=calendar), act(Role.GENERAL_OFFICE, on=on))


def test_open_deadlines_are_counted_again_each_by_a_step_and_only_where_they_move(database: str) -> None:
    with ledger_on(database) as ledger:
        enter(Docket(ledger, LedgerRegistry(ledger)), CITY, actor="clerk")
        docket, views = Docket(ledger, LedgerRegistry(ledger), lambda: NOW), Views(ledger._pool, ledger)
        adopt(docket, BEFORE_THE_NOTICE, date(2024, 11, 12))
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
                recalculate(
                    docket,
                    views,
                    views.moment(),
                    CITY,
                    actor="clerk",
                    reason="2026年放假安排公布",
                    at=NOW,
                    dry_run=dry_run,
                )
            )

        assert again(dry_run=True) == again(dry_run=False) == []
        adopt(docket, AFTER_IT, date(2025, 11, 4))
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
