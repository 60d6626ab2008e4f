"""The access log: what is told of a refusal and of a read, how much of it, to whom, and for how long."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import errors

from adapters.access import MOST, AccessLog
from adapters.postgres.pool import Pool, open_pool
from domain.access import AccessFilter, AccessKind
from domain.case import Role
from domain.principal import Principal
from tests.faults.support import connect

pytestmark = pytest.mark.database

CITY, ELSEWHERE = "cn-999900", "jp-sangiin"
CASE = "GET /cases/{case_id}"
DEPUTY = Principal("d-001", Role.DEPUTY, CITY, CITY)
CLERK = Principal("zhang", Role.DEPUTY_AFFAIRS, CITY, CITY)
STRANGER = Principal("tanaka", Role.AUDITOR, ELSEWHERE, ELSEWHERE)


@contextmanager
def pool_on(database: str) -> Iterator[Pool]:
    with closing(open_pool(database, schema="duban", role="duban_app", size=4, name="test")) as pool:
        yield pool


@pytest.fixture
def access(database: str) -> Iterator[AccessLog]:
    with pool_on(database) as pool:
        yield AccessLog(pool)


@pytest.fixture
def owner(database: str) -> Iterator[psycopg.Connection[Any]]:
    with connect(database) as conn:
        yield conn


def told(access: AccessLog, **wanted: Any) -> list[tuple[str, str]]:
    """Who, and why, the newest first."""
    return [(line.actor, line.code or line.kind) for line in access.lines(AccessFilter(**wanted))]


def let_the_minute_pass(owner: psycopg.Connection[Any]) -> None:
    owner.execute("UPDATE access_minute SET minute = minute - interval '1 minute'")


# Noting


def test_a_line_tells_who_asked_for_what_and_why_he_was_refused(access: AccessLog) -> None:
    access.refused(DEPUTY, CASE, "case-not-found", "case-1")
    access.refused(CLERK, "POST /bulk/{what}", "role-may-not")
    second, first = access.lines(AccessFilter())
    assert (first.number, first.kind, first.left_out) == (1, AccessKind.REFUSED, None)
    assert (first.actor, first.role, first.office, first.jurisdiction) == ("d-001", "deputy", CITY, CITY)
    assert (first.what, first.code, first.case_id) == (CASE, "case-not-found", "case-1")
    assert (second.actor, second.code, second.case_id) == ("zhang", "role-may-not", None)


def test_a_line_tells_by_which_account_and_which_token(access: AccessLog, owner: psycopg.Connection[Any]) -> None:
    owner.execute(
        "INSERT INTO account (id, login, login_key, name, role, office, jurisdiction, password_hash, must_change)"
        " VALUES ('a', 'li', 'li', '-', 'deputy_affairs', 'rd', 'cn-999900', '-', false)"
    )
    owner.execute(
        "INSERT INTO token (id, secret_sha256, account_id, note, expires_at) VALUES ('t', sha256(''), 'a', '-', now())"
    )
    for token in (None, "t"):
        access.refused(Principal("li", Role.DEPUTY_AFFAIRS, "rd", CITY, account="a", token=token), CASE, "role-may-not")
    assert [(line.account_id, line.token_id) for line in access.lines(AccessFilter())] == [("a", "t"), ("a", None)]


def test_a_read_tells_of_whom_for_what_and_on_which_occasion(access: AccessLog) -> None:
    access.read(CLERK, CASE, "p-7", ["reply", "visit"], case_id="case-1", occasion="2026-017")
    access.read(CLERK, "duban case show", "p-8", ["reply"])
    second, first = access.lines(AccessFilter(kind=AccessKind.READ))
    assert (first.person, first.purposes, first.occasion) == ("p-7", ["reply", "visit"], "2026-017")
    assert (first.what, first.case_id, first.code) == (CASE, "case-1", None)
    assert (second.person, second.occasion, second.case_id) == ("p-8", None, None)


def test_what_cannot_be_noted_as_read_may_not_be_shown(access: AccessLog, owner: psycopg.Connection[Any]) -> None:
    owner.execute("ALTER TABLE access_log RENAME TO elsewhere")
    with pytest.raises(errors.UndefinedTable):
        access.read(CLERK, CASE, "p-7", ["reply"])


# How much


def test_of_refusals_without_end_so_many_a_minute_are_lines_and_one_line_tells_of_the_others(
    access: AccessLog, owner: psycopg.Connection[Any], database: str
) -> None:
    access.refused(CLERK, CASE, "role-may-not")
    with pool_on(database) as other, ThreadPoolExecutor(8) as threads:
        logs = [access, AccessLog(other)]
        list(threads.map(lambda i: logs[i % 2].refused(DEPUTY, CASE, "case-not-found"), range(200)))
    let_the_minute_pass(owner)
    lines = access.lines(AccessFilter(actor="d-001"), limit=1000)
    left_out = [line for line in lines if line.kind == AccessKind.LEFT_OUT]
    minutes = {line.at for line in left_out}
    assert len(left_out) == len(minutes), "one line of an account and a minute"
    assert len(lines) - len(left_out) in {MOST, 2 * MOST}, "they may lie in two minutes"
    assert len(lines) - len(left_out) + sum(line.left_out or 0 for line in left_out) == 200
    assert all((line.role, line.office, line.what, line.code) == ("deputy", CITY, None, None) for line in left_out)
    assert told(access, actor="zhang") == [("zhang", "role-may-not")], "nobody is left out for somebody else"
    assert access.lines(AccessFilter(actor="d-001"), limit=1000) == lines, "it is told once"


def test_the_minute_that_runs_is_not_told_before_it_is_over(access: AccessLog, owner: psycopg.Connection[Any]) -> None:
    owner.execute(
        "INSERT INTO access_minute (who, minute, jurisdiction, actor, role, office, refusals)"
        " SELECT 'd-001', date_trunc('minute', clock_timestamp()) + later, %s, 'd-001', 'deputy', %s, 50"
        " FROM unnest('{-2 minutes,1 minute}'::interval[]) AS later",
        (CITY, CITY),
    )
    (line,) = access.lines(AccessFilter())
    assert (line.left_out, line.at.second) == (50 - MOST, 0)


def test_a_read_is_never_left_out(access: AccessLog) -> None:
    for i in range(2 * MOST):
        access.read(CLERK, CASE, f"p-{i}", ["reply"])
    assert len(access.lines(AccessFilter(kind=AccessKind.READ), limit=1000)) == 2 * MOST


# Reading


def test_the_log_is_asked_by_person_kind_case_jurisdiction_and_time(
    access: AccessLog, owner: psycopg.Connection[Any]
) -> None:
    access.refused(DEPUTY, CASE, "case-not-found", "case-1")
    access.refused(STRANGER, CASE, "not-all-is-yours")
    access.read(CLERK, CASE, "p-7", ["reply"], case_id="case-1")
    assert told(access) == [("zhang", "read"), ("tanaka", "not-all-is-yours"), ("d-001", "case-not-found")]
    assert told(access, jurisdiction=CITY) == [("zhang", "read"), ("d-001", "case-not-found")]
    assert told(access, actor="tanaka") == [("tanaka", "not-all-is-yours")]
    assert told(access, kind=AccessKind.READ, case="case-1") == [("zhang", "read")]
    assert told(access, case="case-2") == []
    row = owner.execute("SELECT at FROM access_log WHERE number = 2").fetchone()
    assert row is not None
    at: datetime = row[0]
    assert told(access, since=at, until=at + timedelta(microseconds=1)) == [("tanaka", "not-all-is-yours")]
    assert [line.number for line in access.lines(AccessFilter(), before=3, limit=1)] == [2]


# Keeping


def test_nobody_changes_a_line_or_takes_one_away(access: AccessLog, database: str) -> None:
    access.refused(DEPUTY, CASE, "case-not-found")
    statements = (
        "UPDATE access_log SET actor = 'x'",
        "DELETE FROM access_log",
        "TRUNCATE access_log",
        "SET duban.access_forget = 'on'; DELETE FROM access_log",
    )
    for role, why in (("duban_app", "permission denied"), (None, "append-only")):
        for statement in statements:
            conn = connect(database, role) if role else connect(database)
            with conn, pytest.raises(errors.InsufficientPrivilege, match=why):
                conn.execute(statement.encode())
    for role in ("duban_projector", "duban_sealer"):
        with connect(database, role) as conn, pytest.raises(errors.InsufficientPrivilege):
            conn.execute("SELECT FROM access_log")
    assert len(access.lines(AccessFilter())) == 1


def test_lines_past_their_days_are_forgotten_and_no_earlier(access: AccessLog, owner: psycopg.Connection[Any]) -> None:
    for days in (400, 200, 0):
        owner.execute(
            "INSERT INTO access_log (at, jurisdiction, actor, role, office, kind, what, code)"
            " VALUES (now() - make_interval(days => %s), %s, %s, 'deputy', %s, 'refused', 'GET /', 'role-may-not')",
            (days, CITY, f"d-{days}", CITY),
        )
    with pytest.raises(errors.InsufficientPrivilege, match="append-only"):
        owner.execute("DELETE FROM access_log WHERE at < now() - interval '300 days'")
    access.forget(300)
    assert [actor for actor, _ in told(access)] == ["d-0", "d-200"]
    access.forget(180)
    assert [actor for actor, _ in told(access)] == ["d-0"]


@pytest.mark.parametrize("days", [179, 0, -1, None])
def test_the_log_is_kept_for_half_a_year_at_least(access: AccessLog, days: Any) -> None:
    with pytest.raises(errors.InvalidParameterValue, match="180 days"):
        access.forget(days)
