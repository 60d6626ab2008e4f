"""Ledgers on a real server, and commands without the docket's checks."""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import psycopg

from adapters.postgres.ledger import PostgresLedger
from adapters.postgres.pool import open_pool
from domain.case import Act, Recorded, Role, Step
from domain.cases.suggestion import ProgressReported, SuggestionSubmitted
from domain.docket import Command, LedgerMapper, Request
from domain.moment import start_of_day
from tests.domain.support import DEPUTY, ZONE

MARCH = date(2026, 3, 2)


def connect(conninfo: str, role: str | None = None) -> psycopg.Connection[tuple[Any, ...]]:
    """A connection of the owner, or of a role, that sees the ledger's schema."""
    conn = psycopg.connect(conninfo, autocommit=True)
    conn.execute("SET search_path TO duban, duban_read")
    if role is not None:
        conn.execute(f"SET ROLE {role}".encode())
    return conn


@contextlib.contextmanager
def ledger_on(conninfo: str, ledger_id: str = "main", size: int = 4) -> Iterator[PostgresLedger]:
    """A ledger over a pool of its own."""
    pool = open_pool(conninfo, schema="duban", role="duban_app", size=size, name="test")
    try:
        yield PostgresLedger(pool, ledger_id)
    finally:
        pool.close()


def act(role: Role = Role.DEPUTY_AFFAIRS, on: date = MARCH, **more: Any) -> Act:
    """An act of a day."""
    return Act(actor=DEPUTY, role=role, office="rd", occurred_at=start_of_day(on, ZONE), **more)


def opening(**fields: Any) -> SuggestionSubmitted:
    """A suggestion of the sample city."""
    return SuggestionSubmitted(jurisdiction="cn-999900", title="关于增开夜间公交的建议", lead_deputy=DEPUTY, **fields)


def note(text: str = "已开工") -> ProgressReported:
    """A step that may be stored at any time."""
    return ProgressReported(unit="jtj", summary=text)


def recorded(case_id: str, version: int, step: Step) -> Recorded:
    """A step as the docket would hand it to the ledger."""
    identity = uuid4()
    return Recorded(case_id, version, datetime.min.replace(tzinfo=UTC), step, act(), str(identity), identity.hex)


def command(
    case_id: str,
    expected: int,
    *steps: Step,
    request: Request | None = None,
    claims: Sequence[str] = (),
    releases: Sequence[str] = (),
) -> Command:
    """A command that appends steps to a case."""
    events = [LedgerMapper().to_stored_event(recorded(case_id, expected + i, step)) for i, step in enumerate(steps, 1)]
    return Command(request or Request.fresh(), case_id, expected, events, claims, releases)


def request(key: str, asked: str = "") -> Request:
    """A caller's key, and what was asked under it."""
    return Request(key, hashlib.sha256(asked.encode()).digest())


def wait_until_waiting(owner: psycopg.Connection[Any]) -> None:
    """Until an append waits for the ledger's head."""
    until = time.monotonic() + 10
    waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%ledger_append%'"
    while owner.execute(waits).fetchone() is None:
        assert time.monotonic() < until
        time.sleep(0.005)
