"""The ledger on PostgreSQL: one gapless order, rows that never change, and an answer for every request."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import psycopg
import pytest
from eventsourcing.persistence import IntegrityError, StoredEvent
from psycopg import errors
from psycopg.pq import TransactionStatus

from adapters.postgres.ledger import PostgresLedger
from adapters.postgres.pool import LedgerUnavailableError
from domain.case import Corrected, Voided
from domain.cases.suggestion import HandedOver, ReplyIssued, SignedFor
from domain.docket import Code, Command, Docket, LedgerMapper, Request
from domain.refusal import Refused
from tests.faults.support import act, command, connect, ledger_on, note, opening, recorded, request, wait_until_waiting
from tests.registry import shipped_registry

pytestmark = pytest.mark.database

COLUMNS = (
    "ledger_id, position, case_id, version, wire, state, recorded_at, request_key, format, prev_leaf, leaf,"
    " event_id, occurred_at, occurred_precision, actor, office"
)


@pytest.fixture
def ledger(database: str) -> Iterator[PostgresLedger]:
    with ledger_on(database) as ledger:
        yield ledger


@pytest.fixture
def docket(ledger: PostgresLedger) -> Docket:
    return Docket(ledger, shipped_registry())


@pytest.fixture
def owner(database: str) -> Iterator[psycopg.Connection[Any]]:
    with connect(database) as conn:
        yield conn


@pytest.fixture
def app(database: str) -> Iterator[psycopg.Connection[Any]]:
    with connect(database, "duban_app") as conn:
        yield conn


def some_cases(docket: Docket) -> None:
    """Three cases whose steps lie between each other."""
    cases = [docket.open(opening(number=f"2026-{i:03}"), act()).case_id for i in range(3)]
    for case_id in cases:
        docket.record(case_id, HandedOver(lead_unit="jtj", co_units=("czj",)), act())
    for case_id in reversed(cases):
        docket.record(case_id, SignedFor(unit="jtj"), act())
        docket.record(case_id, ReplyIssued(unit="jtj", outcome="B"), act())
    docket.record(cases[0], Corrected(corrects=2, changes={"lead_unit": "zjj"}, reason="误", approved_by="甲"), act())


# What a row is


def leaf_of(row: dict[str, Any]) -> bytes:
    """The leaf as docs/audit-format.md says it."""
    instant: datetime = row["recorded_at"].astimezone(UTC)
    lines = [
        f"duban-leaf/{row['format']}",
        row["ledger_id"],
        str(row["position"]),
        row["case_id"],
        str(row["version"]),
        row["wire"],
        f"{instant:%Y-%m-%dT%H:%M:%S}.{instant.microsecond:06}Z",
        row["request_key"],
        hashlib.sha256(row["state"]).hexdigest(),
        "-" if row["prev_leaf"] is None else row["prev_leaf"].hex(),
    ]
    return hashlib.sha256(b"\0" + b"".join(line.encode() + b"\n" for line in lines)).digest()


def rows_of(conn: psycopg.Connection[Any]) -> list[dict[str, Any]]:
    cursor = conn.execute(f"SELECT {COLUMNS} FROM ledger ORDER BY position".encode())
    names = [column.name for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def test_positions_versions_and_times_have_one_order_without_a_hole(
    docket: Docket, owner: psycopg.Connection[Any]
) -> None:
    some_cases(docket)
    rows = rows_of(owner)
    assert [row["position"] for row in rows] == list(range(1, len(rows) + 1))
    for case_id in {row["case_id"] for row in rows}:
        versions = [row["version"] for row in rows if row["case_id"] == case_id]
        assert versions == list(range(1, len(versions) + 1))
    times = [row["recorded_at"] for row in rows]
    assert all(earlier < later for earlier, later in pairwise(times))
    assert docket.head() == len(rows)


def test_every_leaf_is_that_of_its_row_and_names_the_one_before(docket: Docket, owner: psycopg.Connection[Any]) -> None:
    some_cases(docket)
    last: dict[str, bytes] = {}
    rows = rows_of(owner)
    assert len(rows) == 13
    for row in rows:
        assert row["leaf"] == leaf_of(row)
        assert row["prev_leaf"] == last.get(row["case_id"])
        last[row["case_id"]] = row["leaf"]


def test_the_columns_beside_the_state_say_what_the_state_says(docket: Docket, owner: psycopg.Connection[Any]) -> None:
    some_cases(docket)
    for row in rows_of(owner):
        read = LedgerMapper().to_domain_event(StoredEvent(row["case_id"], row["version"], row["wire"], row["state"]))
        assert (str(row["event_id"]), row["actor"], row["office"]) == (read.event_id, read.act.actor, read.act.office)
        assert (row["occurred_at"], row["occurred_precision"]) == (read.act.occurred_at, read.act.precision)
        assert len(bytes.fromhex(read.nonce)) == 16
    nonces = {row["state"][-200:] for row in rows_of(owner)}
    assert len(nonces) == 13


def test_texts_of_any_script_are_stored_as_they_were_given(ledger: PostgresLedger) -> None:
    text = '第一行\n\t“引号” \\ " \u2028 𠮷 é'
    sent = command("case", 0, note(text))
    ledger.append([sent])
    assert ledger.select_events("case")[0].state == sent.events[0].state


# What nobody may do


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger SET wire = 'x'",
        "DELETE FROM ledger",
        "TRUNCATE ledger",
        "UPDATE ledger SET wire = wire WHERE false",
    ],
)
def test_the_ledger_refuses_every_change(
    statement: str, docket: Docket, owner: psycopg.Connection[Any], app: psycopg.Connection[Any]
) -> None:
    some_cases(docket)
    before = rows_of(owner)
    with pytest.raises(errors.InsufficientPrivilege, match="permission denied"):
        app.execute(statement.encode())
    with pytest.raises(errors.InsufficientPrivilege, match="append-only"):
        owner.execute(statement.encode())
    assert rows_of(owner) == before


@pytest.mark.parametrize("table", ["ledger", "ledger_head", "request", "claim", "installation"])
def test_the_application_writes_no_table_of_the_ledger_itself(table: str, app: psycopg.Connection[Any]) -> None:
    for statement in (f"INSERT INTO {table} DEFAULT VALUES", f"DELETE FROM {table}", f"TRUNCATE {table}"):
        with pytest.raises(errors.InsufficientPrivilege):
            app.execute(statement.encode())


def test_the_projector_only_reads_the_ledger(database: str) -> None:
    with connect(database, "duban_projector") as projector:
        projector.execute("SELECT count(*) FROM ledger, ledger_head")
        for statement in (
            "DELETE FROM ledger",
            "UPDATE ledger_head SET position = 0",
            "SELECT * FROM request",
            "SELECT * FROM ledger_append('main', '[]', '{}')",
            "SELECT request_forget('main', now())",
        ):
            with pytest.raises(errors.InsufficientPrivilege):
                projector.execute(statement.encode())


_RAW = (
    "INSERT INTO ledger (ledger_id, position, case_id, version, wire, state, event_id, occurred_at,"
    " occurred_precision, actor, office, request_key, recorded_at, format, prev_leaf, leaf)"
    " SELECT %(ledger)s, %(position)s, %(case)s, 1, %(wire)s, state, event_id, occurred_at, occurred_precision,"
    " actor, office, %(request)s, recorded_at, 1, NULL, {leaf} FROM ledger WHERE position = 1"
)
_RIGHT = (
    "ledger_leaf(1::smallint, %(ledger)s, %(position)s, %(case)s, 1, %(wire)s, recorded_at, %(request)s, state, NULL)"
)
_HONEST = {"ledger": "main", "position": 1000, "case": "raw", "wire": "suggestion.closed.v1", "request": "raw"}


@pytest.mark.parametrize("leaf", ["NULL", "sha256('x')", "''::bytea", "leaf"])
def test_a_row_with_another_leaf_is_refused_even_to_the_owner(
    leaf: str, docket: Docket, owner: psycopg.Connection[Any]
) -> None:
    some_cases(docket)
    with pytest.raises((errors.CheckViolation, errors.NotNullViolation)):
        owner.execute(_RAW.format(leaf=leaf).encode(), _HONEST)
    owner.execute(_RAW.format(leaf=_RIGHT).encode(), _HONEST)
    assert rows_of(owner)[-1]["leaf"] == leaf_of(rows_of(owner)[-1])


@pytest.mark.parametrize("column", ["ledger", "case", "wire", "request"])
def test_a_text_of_two_lines_could_pretend_to_be_another_row_and_is_refused(
    column: str, docket: Docket, owner: psycopg.Connection[Any]
) -> None:
    some_cases(docket)
    with pytest.raises((errors.CheckViolation, errors.NotNullViolation)):
        owner.execute(_RAW.format(leaf=_RIGHT).encode(), _HONEST | {column: "one\ntwo"})


def test_a_request_key_of_two_lines_is_refused_and_nothing_of_it_remembered(ledger: PostgresLedger) -> None:
    with pytest.raises(psycopg.IntegrityError):
        ledger.append([command("case", 0, note(), request=request("one\ntwo"))])
    assert ledger.head() == 0
    assert ledger.answered(["one\ntwo"]) == {}


# The same request twice


def test_the_same_request_is_recorded_once(docket: Docket, ledger: PostgresLedger) -> None:
    asked = request("a", "open")
    first = docket.open(opening(), act(), request=asked)
    again = docket.open(opening(), act(), request=asked)
    assert (again.case_id, again.version, again.position) == (first.case_id, 1, 1)
    assert (first.repeated, again.repeated) == (False, True)
    assert again.recorded_at == first.recorded_at
    assert ledger.head() == 1


def test_a_request_gets_its_own_answer_when_the_case_has_moved_on(docket: Docket, ledger: PostgresLedger) -> None:
    case_id = docket.open(opening(), act()).case_id
    asked = request("b", "hand over")
    docket.record(case_id, HandedOver(lead_unit="jtj"), act(), request=asked)
    docket.record(case_id, ReplyIssued(unit="jtj"), act())
    again = docket.record(case_id, HandedOver(lead_unit="jtj"), act(), request=asked, expected_version=1)
    assert (again.version, again.position, again.repeated) == (2, 2, True)
    assert ledger.head() == 3


def test_a_request_that_changed_nothing_is_remembered_too(docket: Docket, ledger: PostgresLedger) -> None:
    case_id = docket.open(opening(), act()).case_id
    docket.record(case_id, HandedOver(lead_unit="jtj"), act())
    docket.record(case_id, Voided(voids=2, reason="误", approved_by="甲"), act())
    asked = request("c", "void")
    nothing = docket.record(case_id, Voided(voids=2, reason="误", approved_by="甲"), act(), request=asked)
    assert (nothing.changed, nothing.version, nothing.position) == (False, 3, 3)
    docket.record(case_id, Voided(voids=3, reason="误", approved_by="甲"), act())
    again = docket.record(case_id, Voided(voids=2, reason="误", approved_by="甲"), act(), request=asked)
    assert (again.repeated, again.version, again.position) == (True, 3, 3)
    assert ledger.head() == 4


def test_a_key_under_which_something_else_was_asked_is_refused(docket: Docket, ledger: PostgresLedger) -> None:
    docket.open(opening(), act(), request=request("d", "one"))
    with pytest.raises(Refused) as refusal:
        docket.open(opening(), act(), request=request("d", "another"))
    assert refusal.value.message_id == "request-key-reused"
    assert ledger.append([command("other", 0, note(), request=request("d", "another"))])[0].code is Code.KEY_REUSED
    assert ledger.head() == 1


def test_twenty_requests_at_once_under_one_key_are_recorded_once(database: str, ledger: PostgresLedger) -> None:
    asked = request("e", "open")
    with ledger_on(database) as second, ThreadPoolExecutor(20) as threads:
        dockets = [Docket(ledger, shipped_registry()), Docket(second, shipped_registry())]
        opened = [threads.submit(dockets[i % 2].open, opening(), act(), request=asked) for i in range(20)]
        receipts = [future.result() for future in opened]
    assert {(r.case_id, r.version, r.position) for r in receipts} == {(receipts[0].case_id, 1, 1)}
    assert [r.repeated for r in receipts].count(False) == 1
    assert ledger.head() == 1


def test_requests_are_forgotten_when_they_are_ninety_days_old(
    ledger: PostgresLedger, owner: psycopg.Connection[Any], app: psycopg.Connection[Any]
) -> None:
    ledger.append([command("case", i, note(), request=request(key)) for i, key in enumerate(("old", "new"))])
    owner.execute("UPDATE request SET seen_at = seen_at - interval '91 days' WHERE request_key = 'old'")
    before = datetime.now(UTC) - timedelta(days=90)
    assert app.execute("SELECT request_forget('main', %s)", [before]).fetchone() == (1,)
    assert set(ledger.answered(["old", "new"])) == {"new"}
    assert ledger.append([command("case", 0, note(), request=request("old"))])[0].code is Code.STALE


# One result for each command


def test_one_append_answers_each_command_by_itself(ledger: PostgresLedger) -> None:
    ledger.append(
        [
            command("a", 0, note(), request=request("seen")),
            command("b", 0, note(), request=request("b"), claims=["number:1"]),
        ]
    )
    results = ledger.append(
        [
            command("c", 0, note(), note()),
            command("a", 0, note()),
            command("d", 0, note(), claims=["number:2", "number:1"]),
            command("a", 9, note(), request=request("seen")),
            command("a", 1, note(), request=request("seen", "another")),
            command("a", 1, note()),
            command("a", 2),
        ]
    )
    assert [(r.code.value, r.position, r.version) for r in results] == [
        ("recorded", 4, 2),
        ("stale", 1, 1),
        ("claimed", 0, 0),
        ("seen", 1, 1),
        ("key_reused", 1, 1),
        ("recorded", 5, 2),
        ("recorded", 5, 2),
    ]
    assert results[2].detail == "number:1"
    assert results[3].detail == "a"
    assert ledger.head() == 5
    assert ledger.append([command("d", 0, note(), claims=["number:2"])])[0].code is Code.RECORDED


def test_a_command_that_runs_into_something_leaves_nothing_behind(
    ledger: PostgresLedger, owner: psycopg.Connection[Any]
) -> None:
    ledger.append([command("a", 0, note(), claims=["number:1"])])
    again = request("again")
    assert ledger.append([command("b", 0, note(), request=again, claims=["number:1"])])[0].code is Code.CLAIMED
    assert ledger.append([command("a", 5, note(), claims=["number:2"])])[0].code is Code.STALE
    assert owner.execute("SELECT name, case_id FROM claim").fetchall() == [("number:1", "a")]
    assert ledger.append([command("b", 0, note(), request=again)])[0].code is Code.RECORDED


def test_fifty_writers_of_one_case_lose_no_update(ledger: PostgresLedger) -> None:
    ledger.append([command("a", 0, note())])

    def add(writer: int) -> int:
        version, tries = 1, 0
        while True:
            tries += 1
            result = ledger.append([command("a", version, note(str(writer)))])[0]
            if result.code is Code.RECORDED:
                return tries
            assert result.code is Code.STALE
            version = result.version

    with ThreadPoolExecutor(50) as threads:
        tries = list(threads.map(add, range(50)))
    events = [LedgerMapper().to_domain_event(e) for e in ledger.select_events("a", gt=1)]
    assert sorted(int(r.step.summary) for r in events) == list(range(50))  # type: ignore[attr-defined]
    assert max(tries) > 1


# What only one case may hold


def test_a_number_belongs_to_one_case_until_it_lets_go(docket: Docket) -> None:
    first = docket.open(opening(number="2026-001"), act()).case_id

    def take_it() -> str:
        return docket.open(opening(number="2026-001"), act()).case_id

    with pytest.raises(Refused) as refusal:
        take_it()
    assert refusal.value.message_id == "already-taken"
    assert refusal.value.params == {"claim": "number:cn-999900:2026-001"}
    docket.record(first, Voided(voids=1, reason="误", approved_by="甲"), act())
    second = take_it()
    with pytest.raises(Refused):
        docket.record(first, Voided(voids=2, reason="误", approved_by="甲"), act())
    docket.record(second, Corrected(corrects=1, changes={"number": "2026-002"}, reason="误", approved_by="甲"), act())
    docket.record(first, Voided(voids=2, reason="误", approved_by="甲"), act())
    with pytest.raises(Refused):
        take_it()
    with pytest.raises(Refused):
        docket.open(opening(number="2026-002"), act())


def test_of_many_that_want_a_number_at_once_one_gets_it(docket: Docket) -> None:
    def take_it(_: int) -> bool:
        try:
            docket.open(opening(number="2026-001"), act())
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(16) as threads:
        assert sum(threads.map(take_it, range(16))) == 1


# Sharing a transaction


def transactions(owner: psycopg.Connection[Any]) -> int:
    row = owner.execute("SELECT count(DISTINCT xmin::text) FROM ledger").fetchone()
    assert row is not None
    return int(row[0])


def append_together(
    ledger: PostgresLedger,
    owner: psycopg.Connection[Any],
    holder: psycopg.Connection[Any],
    commands: list[list[Command]],
) -> list[Any]:
    """What becomes of the commands of as many callers, all of whom wait behind one."""
    with ThreadPoolExecutor(len(commands) + 1) as threads:
        with holder.transaction():
            holder.execute("SELECT 1 FROM ledger_head FOR UPDATE")
            leader = threads.submit(ledger.append, [command("leader", 0, note())])
            wait_until_waiting(owner)
            futures = [threads.submit(ledger.append, asked) for asked in commands]
            until = time.monotonic() + 2
            while len(ledger._waiting) < len(commands):
                assert time.monotonic() < until
                time.sleep(0.001)
        assert leader.result()[0].code is Code.RECORDED
        return [future.exception() or future.result() for future in futures]


def test_callers_who_wait_share_a_transaction_and_each_gets_his_own_result(
    database: str, ledger: PostgresLedger, owner: psycopg.Connection[Any]
) -> None:
    with connect(database) as holder:
        outcomes = append_together(
            ledger, owner, holder, [[command(f"case-{i}", 0, *[note()] * (i + 1))] for i in range(16)]
        )
    assert [outcome[0].version for outcome in outcomes] == list(range(1, 17))
    for i, (result,) in enumerate(outcomes):
        assert result.code is Code.RECORDED
        assert ledger.tail(result.position - 1, 1)[0].originator_id == f"case-{i}"
    assert transactions(owner) == 2
    assert ledger.head() == 1 + sum(range(1, 17))


def test_sixteen_writers_need_fewer_transactions_than_commands(
    ledger: PostgresLedger, owner: psycopg.Connection[Any]
) -> None:
    def write(writer: int) -> None:
        for version in range(20):
            result = ledger.append([command(f"case-{writer}", version, note(f"{writer}/{version}"))])[0]
            assert (result.code, result.version) == (Code.RECORDED, version + 1)
            stored = ledger.tail(result.position - 1, 1)[0]
            assert (stored.originator_id, stored.originator_version) == (f"case-{writer}", version + 1)

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(write, range(16)))
    assert ledger.head() == 320
    assert transactions(owner) < 320


def hostile(case_id: str, state: bytes) -> Command:
    return Command(Request.fresh(), case_id, 0, [StoredEvent(case_id, 1, "suggestion.progress_reported.v1", state)])


@pytest.mark.parametrize(
    "state",
    [
        b'{"event_id":"8d3f3b3a-0000-4000-8000-000000000000","act":{"actor":"\\u0000"}}',
        b"{not JSON}",
        b'{"event_id":"no uuid","act":{}}',
        b"{}",
        b'"\xff\xfe"',
    ],
)
def test_a_command_that_the_database_cannot_take_fails_alone(
    state: bytes, database: str, ledger: PostgresLedger, owner: psycopg.Connection[Any]
) -> None:
    good = [[command(f"case-{i}", 0, note())] for i in range(6)]
    with connect(database) as holder:
        outcomes = append_together(ledger, owner, holder, [*good[:3], [hostile("bad", state)], *good[3:]])
    failed = outcomes.pop(3)
    assert isinstance(failed, (psycopg.Error, UnicodeDecodeError)), failed
    assert [outcome[0].code for outcome in outcomes] == [Code.RECORDED] * 6
    assert ledger.head() == 7
    assert ledger.append([command("after", 0, note())])[0].code is Code.RECORDED


# Somebody holds the lock


def test_a_ledger_that_somebody_holds_is_busy_after_three_seconds_however_many_wait(
    database: str, ledger: PostgresLedger, owner: psycopg.Connection[Any]
) -> None:
    def told(writer: int) -> tuple[str, float]:
        began = time.monotonic()
        with pytest.raises(LedgerUnavailableError) as told:
            ledger.append([command(f"case-{writer}", 0, note())])
        return told.value.message_id, time.monotonic() - began

    with connect(database) as holder, holder.transaction(), ThreadPoolExecutor(9) as threads:
        holder.execute("SELECT 1 FROM ledger_head FOR UPDATE")
        first = threads.submit(told, 0)
        wait_until_waiting(owner)
        others = [threads.submit(told, writer) for writer in range(1, 9)]
        outcomes = [future.result() for future in (first, *others)]
        assert ledger.head() == 0
    assert {message_id for message_id, _ in outcomes} == {"ledger-busy"}
    assert 2.5 < outcomes[0][1] < 5
    assert max(waited for _, waited in outcomes) < 9
    assert ledger.append([command("a", 0, note())])[0].code is Code.RECORDED


def test_maintenance_does_not_wait_for_writers_nor_they_for_it(
    database: str, ledger: PostgresLedger, owner: psycopg.Connection[Any]
) -> None:
    stop = threading.Event()

    def maintain() -> int:
        rounds = 0
        with connect(database) as conn:
            while not stop.is_set():
                conn.execute("VACUUM (ANALYZE) ledger")
                conn.execute("VACUUM ledger_head")
                conn.execute("CREATE INDEX CONCURRENTLY of_a_day ON ledger (ledger_id, occurred_at)")
                conn.execute("DROP INDEX CONCURRENTLY of_a_day")
                rounds += 1
        return rounds

    slowest = 0.0
    with ThreadPoolExecutor(1) as threads:
        rounds = threads.submit(maintain)
        try:
            for version in range(150):
                began = time.monotonic()
                assert ledger.append([command("a", version, note())])[0].code is Code.RECORDED
                slowest = max(slowest, time.monotonic() - began)
        finally:
            stop.set()
        assert rounds.result() >= 1
    assert slowest < 1
    assert owner.info.transaction_status is TransactionStatus.IDLE


def test_a_server_that_goes_away_is_said_to_be_unavailable(cluster: Any, database: str) -> None:
    with ledger_on(database) as ledger:
        ledger.append([command("a", 0, note())])
        cluster.drop(database)
        with pytest.raises(LedgerUnavailableError) as told:
            ledger.head()
        assert told.value.message_id == "database-unavailable"


# What the library asks


def test_the_library_meets_an_integrity_error_at_a_version_that_is_taken(ledger: PostgresLedger) -> None:
    events = [LedgerMapper().to_stored_event(recorded("a", v, note(str(v)))) for v in (1, 2, 3)]
    assert list(ledger.insert_events(events)) == [1, 2, 3]
    with pytest.raises(IntegrityError):
        ledger.insert_events(events[1:])
    assert list(ledger.insert_events([LedgerMapper().to_stored_event(recorded("a", 4, note()))])) == [4]
    with pytest.raises(IntegrityError):
        ledger.insert_events([LedgerMapper().to_stored_event(recorded("a", 9, note()))])


def test_the_library_selects_steps_of_a_case(ledger: PostgresLedger) -> None:
    ledger.append([command("other", 0, note())])
    ledger.append([command("a", 0, *(note(str(i)) for i in range(6)))])

    def versions(**how: Any) -> list[int]:
        return [event.originator_version for event in ledger.select_events("a", **how)]

    assert versions() == [1, 2, 3, 4, 5, 6]
    assert versions(gt=2) == [3, 4, 5, 6]
    assert versions(lte=2) == [1, 2]
    assert versions(gt=1, lte=4) == [2, 3, 4]
    assert versions(gt=1, lte=4, desc=True) == [4, 3, 2]
    assert versions(desc=True, limit=1) == [6]
    assert versions(limit=2) == [1, 2]
    assert versions(limit=0) == []
    assert versions(lte=0) == []
    assert versions(gt=6) == []
    assert ledger.select_events("nobody") == []


def test_the_library_reads_the_ledger_as_a_log_whose_ids_are_positions(ledger: PostgresLedger) -> None:
    assert ledger.max_notification_id() is None
    ledger.append([command("a", 0, opening(), note(), note()), command("b", 0, opening(), note())])

    def ids(*args: Any, **how: Any) -> list[int]:
        return [notification.id for notification in ledger.select_notifications(*args, **how)]

    assert ledger.max_notification_id() == 5
    assert ids(None, 10) == [1, 2, 3, 4, 5]
    assert ids(1, 2) == [1, 2]
    assert ids(3, 10) == [3, 4, 5]
    assert ids(3, 10, inclusive_of_start=False) == [4, 5]
    assert ids(2, 10, stop=4) == [2, 3, 4]
    assert ids(None, 10, topics=["suggestion.submitted.v1"]) == [1, 4]
    with pytest.raises(NotImplementedError):
        ledger.subscribe()


def test_a_page_of_chosen_topics_is_not_cut_short_by_other_topics(ledger: PostgresLedger) -> None:
    ledger.append([command("a", 0, *[note()] * 5), command("b", 0, opening())])
    found = ledger.select_notifications(1, 2, topics=["suggestion.submitted.v1"])
    assert [notification.id for notification in found] == [6]


# Times and neighbours


def test_a_time_means_the_last_position_recorded_by_then(ledger: PostgresLedger) -> None:
    assert ledger.position_at(datetime.now(UTC)) == 0
    for version in range(20):
        ledger.append([command("a", version, note())])
    times = {event.position: event.recorded_at for event in ledger.tail(0, 100)}
    for position, recorded_at in times.items():
        assert ledger.position_at(recorded_at) == position
        assert ledger.position_at(recorded_at - timedelta(microseconds=1)) == position - 1
    assert ledger.position_at(datetime(1990, 1, 1, tzinfo=UTC)) == 0
    assert ledger.position_at(datetime.max.replace(tzinfo=UTC)) == 20


def test_time_never_runs_backwards_in_a_ledger_whatever_the_clock_says(
    ledger: PostgresLedger, owner: psycopg.Connection[Any]
) -> None:
    ahead = datetime.now(UTC) + timedelta(days=1)
    owner.execute("UPDATE ledger_head SET recorded_at = %s", [ahead])
    ledger.append([command("a", 0, note(), note(), note())])
    times = [event.recorded_at for event in ledger.tail(0, 10)]
    assert times == [ahead + timedelta(microseconds=i) for i in (1, 2, 3)]


def test_two_ledgers_of_a_schema_do_not_see_each_other(
    database: str, ledger: PostgresLedger, owner: psycopg.Connection[Any]
) -> None:
    owner.execute("SELECT ledger_open('east')")
    with ledger_on(database, "east") as east:
        for one in (ledger, east):
            asked = command("case", 0, note(), note(), request=request("same"), claims=["number:1"])
            assert one.append([asked])[0].code is Code.RECORDED
        assert ledger.append([command("case", 2, note())])[0].position == 3
        assert (ledger.head(), east.head()) == (3, 2)
        assert [e.position for e in east.tail(0, 10)] == [1, 2]
        assert [e.originator_version for e in east.select_events("case")] == [1, 2]
        assert east.position_at(datetime.now(UTC)) == 2
        assert east.answered(["same"])["same"][1].position == 2
    leaves = [row["leaf"] for row in rows_of(owner)]
    assert len(set(leaves)) == 5


def test_a_ledger_that_was_never_opened_takes_nothing(database: str) -> None:
    with ledger_on(database, "nowhere") as nowhere, pytest.raises(psycopg.Error, match="never opened"):
        nowhere.append([command("a", 0, note())])
