"""The ledger on PostgreSQL: the library's recorder, with one function call per append."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from datetime import datetime
from threading import Event, Lock
from typing import Any, NoReturn

import orjson
import psycopg
from eventsourcing.persistence import ApplicationRecorder, IntegrityError, Notification, StoredEvent

from adapters.postgres.pool import Pool, connection_was_lost, told, translated
from domain.docket import Code, Command, LedgerEvent, Request, Result

CHANNEL = "duban_recorded"
"""The hint to the projector that something was recorded; losing one costs at most a poll."""

_APPEND = "SELECT code, at_position, at_version, at_time, detail FROM ledger_append(%s, %s::jsonb, %b)"
_APPEND_AND_HINT = f"{_APPEND}, pg_notify('{CHANNEL}', '')"
_EVENTS = (
    "SELECT case_id, version, wire, state, position, recorded_at FROM ledger"
    " WHERE ledger_id = %s AND case_id = %s AND version > %s AND version <= %s ORDER BY version"
)
_EVENTS_BACKWARDS = _EVENTS + " DESC"
_EVENTS_OF = (
    "SELECT case_id, version, wire, state, position, recorded_at FROM ledger"
    " WHERE ledger_id = %s AND case_id = ANY(%s) AND position <= %s ORDER BY case_id, version"
)
_TAIL = (
    "SELECT case_id, version, wire, state, position, recorded_at FROM ledger"
    " WHERE ledger_id = %s AND position > %s AND position <= %s ORDER BY position LIMIT %s"
)
_LOG = (
    "SELECT case_id, version, wire, state, position, recorded_at FROM ledger"
    " WHERE ledger_id = %s AND position > %s AND position <= %s AND (%s::text[] = '{}' OR wire = ANY(%s))"
    " ORDER BY position LIMIT %s"
)
_REGISTRY = (
    "SELECT case_id, version, wire, state, position, recorded_at FROM ledger"
    " WHERE ledger_id = %s AND position > %s AND starts_with(case_id, 'registry:') ORDER BY position"
)
_ANSWERED = (
    "SELECT r.request_key, r.fingerprint, l.position, l.version, l.recorded_at, l.case_id"
    " FROM request r JOIN ledger l ON l.ledger_id = r.ledger_id AND l.position = r.position"
    " WHERE r.ledger_id = %s AND r.request_key = ANY(%s)"
)
_ATTEMPTS = 2
_LAST_VERSION = 2**31 - 1
_LAST_POSITION = 2**63 - 1

MOST_EVENTS = 1_000
"""Steps that share one transaction at most."""


class _Waiting:
    """One caller's commands, and what became of them."""

    __slots__ = ("commands", "error", "leads", "results", "woken")

    def __init__(self, commands: Sequence[Command]) -> None:
        self.commands = commands
        self.results: list[Result] | None = None
        self.error: BaseException | None = None
        self.leads = False
        self.woken: Event | None = None

    def outcome(self) -> list[Result]:
        if self.error is not None:
            raise self.error
        return self.results or []


class PostgresLedger(ApplicationRecorder):
    """One ledger of an installation. Commands that wait in this process share a transaction and an fsync.

    `hints` says whether a projector is told with the commit; it polls besides.
    """

    def __init__(self, pool: Pool, ledger_id: str, *, hints: bool = False) -> None:
        self._pool = pool
        self.ledger_id = ledger_id
        self._append = _APPEND_AND_HINT if hints else _APPEND
        self._door = Lock()
        self._waiting: list[_Waiting] = []
        self._busy = False

    # What the docket asks

    def append(self, commands: Sequence[Command]) -> list[Result]:
        """Append each command or say why not. A lost reply is asked for again under the same request keys."""
        mine = _Waiting(commands)
        with self._door:
            self._waiting.append(mine)
            if self._busy:
                mine.woken = Event()
            else:
                self._busy = mine.leads = True
        if mine.woken is not None:
            mine.woken.wait()
        if mine.leads:
            self._lead()
        return mine.outcome()

    def answered(self, keys: Sequence[str]) -> dict[str, tuple[bytes, Result]]:
        """The requests among these keys that were answered: fingerprint, and the result with the case id as detail."""
        return {
            key: (bytes(fingerprint), Result(Code.SEEN, position, version, recorded_at, case_id))
            for key, fingerprint, position, version, recorded_at, case_id in self._rows(
                _ANSWERED, (self.ledger_id, list(keys))
            )
        }

    def position_at(self, known_at: datetime) -> int:
        """The last position recorded by then; 0 if nothing was."""
        return int(self._rows("SELECT ledger_position_at(%s, %s)", (self.ledger_id, known_at))[0][0])

    def head(self) -> int:
        """The last position; 0 for an empty ledger."""
        return int(self._rows("SELECT position FROM ledger_head WHERE ledger_id = %s", (self.ledger_id,))[0][0])

    def tail(self, after: int, limit: int, until: int = _LAST_POSITION) -> list[LedgerEvent]:
        """Stored events after a position, in their order."""
        return [_event(row) for row in self._rows(_TAIL, (self.ledger_id, after, until, limit), binary=True)]

    def events_of(self, case_ids: Sequence[str], until: int) -> list[LedgerEvent]:
        """The stored events of cases up to a position, those of a case in their order and beside each other."""
        params = (self.ledger_id, list(case_ids), until)
        return [_event(row) for row in self._rows(_EVENTS_OF, params, binary=True)]

    def registry_events(self, after: int) -> list[LedgerEvent]:
        """The stored steps of the registry's cases after a position, in their order."""
        return [_event(row) for row in self._rows(_REGISTRY, (self.ledger_id, after), binary=True)]

    def forget_requests(self, before: datetime) -> int:
        """Forget the requests seen before a time, so that their keys mean nothing any more; how many there were."""
        return int(self._rows("SELECT request_forget(%s, %s)", (self.ledger_id, before))[0][0])

    # What the library asks

    def insert_events(self, stored_events: Sequence[StoredEvent], **_: Any) -> Sequence[int]:
        """Append steps of one case under a request key of our own."""
        first = stored_events[0]
        command = Command(Request.fresh(), str(first.originator_id), first.originator_version - 1, stored_events)
        result = self.append([command])[0]
        if result.code is not Code.RECORDED:
            raise IntegrityError(result.code, result.detail)
        return range(result.position - len(stored_events) + 1, result.position + 1)

    def select_events(
        self,
        originator_id: Any,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """A case's stored events with their places in the ledger."""
        statement = _EVENTS_BACKWARDS if desc else _EVENTS
        params = (self.ledger_id, str(originator_id), gt or 0, _LAST_VERSION if lte is None else lte)
        return [_event(row) for row in self._rows(statement, params, binary=True)[:limit]]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """The ledger as the library's notification log: ids are positions, without a gap."""
        after = 0 if start is None else start - inclusive_of_start
        params = (self.ledger_id, after, _LAST_POSITION if stop is None else stop, *[list(topics)] * 2, limit)
        found = [_event(row) for row in self._rows(_LOG, params, binary=True)]
        return [Notification(e.originator_id, e.originator_version, e.topic, e.state, id=e.position) for e in found]

    def max_notification_id(self) -> int | None:
        """The last position, None for an empty ledger."""
        return self.head() or None

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> NoReturn:
        """Not offered: the projector polls the head, which loses nothing."""
        raise NotImplementedError(gt, topics)

    # Appending

    def _lead(self) -> None:
        """Run the commands that wait, up to the most a transaction takes, then hand the lead to the next."""
        with self._door:
            batch: list[_Waiting] = []
            events = 0
            while self._waiting and (not batch or events < MOST_EVENTS):
                item = self._waiting.pop(0)
                batch.append(item)
                events += sum(len(c.events) for c in item.commands)
        try:
            self._run(batch)
        finally:
            with self._door:
                self._busy = bool(self._waiting)
                if self._waiting:
                    self._waiting[0].leads = True
                    self._wake(self._waiting[0])
            for item in batch:
                self._wake(item)

    @staticmethod
    def _wake(item: _Waiting) -> None:
        if item.woken is not None:
            item.woken.set()

    def _run(self, batch: list[_Waiting]) -> None:
        try:
            results = iter(self._call([c for item in batch for c in item.commands]))
            for item in batch:
                item.results = [next(results) for _ in item.commands]
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            if told(error) is not error:  # who waits behind them would wait as long for the same
                with self._door:
                    batch += self._waiting
                    self._waiting.clear()
            self._fail(batch, error)
        except Exception as error:  # noqa: BLE001 - one of the commands is at fault: the others shall not suffer
            if len(batch) == 1:
                self._fail(batch, error)
            else:
                for item in batch:
                    self._run([item])
        except BaseException as error:  # noqa: BLE001 - whoever waits must be told, whatever it was
            self._fail(batch, error)

    def _fail(self, batch: list[_Waiting], error: BaseException) -> None:
        for item in batch:
            item.error = told(error)
            self._wake(item)

    def _call(self, commands: Sequence[Command]) -> list[Result]:
        """Append in one transaction; commands of one case, or of one request, in calls after each other."""
        calls = [_parameters(self.ledger_id, run) for run in _runs(commands)]
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                with self._pool.connection() as conn, conn.transaction() if len(calls) > 1 else nullcontext():
                    rows = [row for params in calls for row in conn.execute(self._append, params, prepare=True)]
                return [Result(Code(code), *rest) for code, *rest in rows]
            except psycopg.Error as error:
                if attempt == _ATTEMPTS or not connection_was_lost(error):
                    raise
        raise AssertionError

    def _rows(self, statement: str, params: Sequence[Any], *, binary: bool = False) -> list[tuple[Any, ...]]:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                with translated(), self._pool.connection() as conn:
                    return conn.cursor(binary=binary).execute(statement, params, prepare=True).fetchall()
            except Exception as error:
                lost = isinstance(error.__cause__, psycopg.Error) and connection_was_lost(error.__cause__)
                if attempt == _ATTEMPTS or not lost:
                    raise
        raise AssertionError


def _runs(commands: Sequence[Command]) -> Iterator[list[Command]]:
    """The commands in their order, cut where one is of the same case or request as an earlier one of its run."""
    run: list[Command] = []
    cases: set[str] = set()
    keys: set[str] = set()
    for command in commands:
        if command.case_id in cases or command.request.key in keys:
            yield run
            run, cases, keys = [], set(), set()
        run.append(command)
        cases.add(command.case_id)
        keys.add(command.request.key)
    yield run


def _parameters(ledger_id: str, commands: Sequence[Command]) -> tuple[str, str, bytes]:
    states = bytearray()
    told = orjson.dumps([_as_json(command, states) for command in commands]).decode()
    return ledger_id, told, bytes(states)


def _as_json(command: Command, states: bytearray) -> dict[str, Any]:
    steps = []
    for event in command.events:
        steps.append({"wire": event.topic, "first": len(states) + 1, "bytes": len(event.state)})
        states += event.state
    found: dict[str, Any] = {
        "request": command.request.key,
        "fingerprint": command.request.fingerprint.hex(),
        "case": command.case_id,
        "expected": command.expected,
        "steps": steps,
    }
    if command.claims:
        found["claims"] = list(command.claims)
    if command.releases:
        found["releases"] = list(command.releases)
    return found


def _event(row: tuple[Any, ...]) -> LedgerEvent:
    case_id, version, wire, state, position, recorded_at = row
    return LedgerEvent(case_id, version, wire, state, position, recorded_at)
