"""A case of 60 steps, the counts and the list, each at random moments of both clocks."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from time import perf_counter

import psycopg

from adapters.exchange.jurisdictions import entered_in_memory
from adapters.postgres.ledger import PostgresLedger
from adapters.postgres.projector import Projector
from adapters.postgres.views import Views
from benchmarks.material import JURISDICTION, ZONE, act
from benchmarks.measuring import Figure, Goal, data_dir, database, percentile
from benchmarks.rebuild import fill
from domain.case import Case, Corrected, Step, Voided
from domain.cases.suggestion import (
    CommitmentMade,
    ContactMade,
    ContactMode,
    EvaluationRecordedByProxy,
    Grade,
    HandedOver,
    Phase,
    ProgressReported,
    ReHandlingOrdered,
    ReplyIssued,
    SignedFor,
    SuggestionReviewed,
    SuggestionSubmitted,
)
from domain.docket import Docket
from domain.moment import Moment, start_of_day
from projections.reading import Filter

STEPS, READS = 60, 400
CASE_GOAL = Goal("value", "most", 5)
LEAD = "jtj"
FIRST, LAST = date(2026, 2, 2), date(2026, 10, 30)


def run() -> Iterator[Figure]:
    """Milliseconds a read."""
    chance = random.Random(60)  # noqa: S311 - the same moments in every run
    with data_dir() as place, database() as db, db.pool(4) as pool, db.owner() as conn:
        ledger = PostgresLedger(pool, "main")
        docket = Docket(ledger, entered_in_memory())
        case_id = _case_of_60(docket)
        yield from _case(docket, case_id, conn, chance)
        steps = fill(db, place / "questions.csv")
        Projector(db.conninfo).catch_up()
        views = Views(pool, ledger)
        assert views.position() == steps + STEPS

        def somewhen() -> Moment:
            day = datetime(1998, 1, 1, tzinfo=UTC) + timedelta(days=chance.randrange(9_000))
            return Moment(day, chance.randrange(steps // 2, steps + STEPS))

        moments = [somewhen() for _ in range(READS // 4)]
        counted = [_milliseconds(partial(views.counts, Filter(), moment)) for moment in moments]
        listed = [_milliseconds(partial(views.cases, Filter(), moment)) for moment in moments]
        raw = [_milliseconds(partial(conn.execute, "SELECT count(*) FROM duban_read.case_list")) for _ in moments]
        for what, times in (("counts", counted), ("first page of the list", listed)):
            for percent in (50, 95):
                yield Figure(
                    "moment", f"{what}, {steps:,} steps, p{percent}", "ms", percentile(times, percent),
                    raw=percentile(raw, percent), raw_what="count(*)",
                )  # fmt: skip


def _case(
    docket: Docket, case_id: str, conn: psycopg.Connection[tuple[object, ...]], chance: random.Random
) -> Iterator[Figure]:
    """A single case is read from the ledger itself."""

    def read() -> Case | None:
        day = FIRST + timedelta(days=chance.randrange((LAST - FIRST).days))
        return docket.case_file(case_id).at(chance.randrange(1, STEPS + 1), start_of_day(day, ZONE))

    def raw() -> list[tuple[object, ...]]:
        query = "SELECT * FROM ledger WHERE ledger_id = 'main' AND case_id = %s ORDER BY version"
        return conn.execute(query, [case_id], prepare=True).fetchall()

    assert len(raw()) == STEPS
    read()
    times = [(_milliseconds(read), _milliseconds(raw)) for _ in range(READS)]
    ours, theirs = [a for a, _ in times], [b for _, b in times]
    for percent in (50, 95):
        yield Figure(
            "moment", f"case of {STEPS} steps, p{percent}", "ms", percentile(ours, percent), min(ours), max(ours),
            percentile(theirs, percent), min(theirs), max(theirs), "its rows", CASE_GOAL,
        )  # fmt: skip


def _milliseconds(work: Callable[[], object]) -> float:
    started = perf_counter()
    work()
    return (perf_counter() - started) * 1000


def _case_of_60(docket: Docket) -> str:
    """A suggestion that was handled twice, talked about at length, corrected, voided and completed late."""
    opening = SuggestionSubmitted(
        jurisdiction=JURISDICTION, title="建议增开夜间公交线路", lead_deputy="d-001", number="2026-060"
    )
    case_id = docket.open(opening, act(FIRST)).case_id
    days = iter(FIRST + timedelta(days=round(i * (LAST - FIRST).days / STEPS)) for i in range(1, STEPS + 1))
    for step in _steps():
        docket.record(case_id, step, act(next(days)))
    docket.record(case_id, _progress(0), act(date(2026, 4, 1)).model_copy(update={"late": True}))
    left = STEPS - docket.case_file(case_id).version
    for number in range(left):
        docket.record(case_id, _progress(number), act(LAST))
    assert docket.case_file(case_id).version == STEPS
    return case_id


def _steps() -> Iterator[Step]:
    yield SuggestionReviewed(one_matter=True)
    yield HandedOver(lead_unit=LEAD, co_units=("czj", "gaj"))
    yield SignedFor(unit=LEAD)
    for n in range(12):
        yield ContactMade(contact=f"c{n}", phase=Phase.BEFORE_REPLY, mode=ContactMode.VISIT, unit=LEAD, summary="座谈")
        yield _progress(n)
    yield Corrected(corrects=3, changes={"co_units": ["czj"]}, reason="录入有误", approved_by="主任")
    yield Voided(voids=6, reason="重复录入", approved_by="主任")
    yield ReplyIssued(unit=LEAD, outcome="B")
    yield EvaluationRecordedByProxy(
        result=Grade.DISSATISFIED, reason="未解决", evidence="电话记录", consent="口头", proxy_reason="出差"
    )
    yield ReHandlingOrdered(units=(LEAD,), due_on=date(2026, 12, 1))
    for n in range(4):
        yield CommitmentMade(commitment=f"p{n}", unit=LEAD, text="开通线路", due_on=date(2026, 12, 20))
        yield _progress(n)
    yield Corrected(
        corrects=4, occurred_at=start_of_day(date(2026, 2, 12), ZONE), precision="day", reason="录入有误",
        approved_by="主任",
    )  # fmt: skip
    yield ReplyIssued(unit=LEAD, outcome="A")


def _progress(number: int) -> ProgressReported:
    return ProgressReported(unit=LEAD, summary=f"第{number}次进展：线路走向已经征求意见。")
