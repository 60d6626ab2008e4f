"""Ledgers on a real server, commands without the docket's checks, and a proxy that cuts a reply off."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

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


class Proxy:
    """A door before the server: told to cut, it closes a connection when the server has answered an append.

    The door is on the loopback, the server may be on a Unix socket.
    """

    def __init__(self, conninfo: str) -> None:
        self._target = conninfo_to_dict(conninfo)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.2)
        self._cuts = 0
        self._lock = threading.Lock()
        self._closing = False
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.done = 0
        self._start(self._accept)
        address = {"host": "127.0.0.1", "port": str(self._listener.getsockname()[1]), "sslmode": "disable"}
        self.conninfo = make_conninfo(conninfo, **address, gssencmode="disable")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._closing = True
        for sock in self._open:
            _close(sock)
        for thread in self._threads:
            thread.join()
        self._listener.close()

    def cut(self, times: int = 1) -> None:
        """The next answers to appends never arrive."""
        with self._lock:
            self._cuts = times

    def _start(self, target: Any, *args: Any) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._closing:
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            server = self._reach()
            self._open += [client, server]
            appending = threading.Event()
            self._start(self._forward, client, server, appending)
            self._start(self._back, server, client, appending)

    def _reach(self) -> socket.socket:
        host, port = str(self._target["host"]), str(self._target.get("port") or "5432")
        if not host.startswith("/"):
            return socket.create_connection((host, int(port)))
        server = socket.socket(socket.AF_UNIX)
        server.connect(str(Path(host) / f".s.PGSQL.{port}"))
        return server

    def _forward(self, client: socket.socket, server: socket.socket, appending: threading.Event) -> None:
        """To the server, and note whether what is asked is an append: only that names a fingerprint."""
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                (appending.set if b'"fingerprint"' in data else appending.clear)()
                server.sendall(data)
        _close(client)
        _close(server)

    def _back(self, server: socket.socket, client: socket.socket, appending: threading.Event) -> None:
        """From the server. Its answer to an append ends with ReadyForQuery, after the commit."""
        with contextlib.suppress(OSError):
            answer = b""
            while data := server.recv(65536):
                if not appending.is_set() or not self._cuts:
                    client.sendall(data)
                    continue
                answer += data
                if answer.endswith(b"Z\x00\x00\x00\x05I"):
                    with self._lock:
                        self._cuts -= 1
                        self.done += 1
                    break
        _close(client)
        _close(server)


def _close(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
    with contextlib.suppress(OSError):
        sock.close()
