"""One pool of connections per process. A connection gives up the rights that its login has and it does not need."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from psycopg import errors, sql
from psycopg.abc import PQGen
from psycopg.conninfo import make_conninfo
from psycopg_pool import ConnectionPool, PoolTimeout

from adapters.postgres.migrate import read_schema

Pool = ConnectionPool[psycopg.Connection[tuple[Any, ...]]]

PATIENCE_OF_PEOPLE = 8.0
"""Seconds that somebody at a page waits for a statement; whoever asks hears within ten that the database is away."""

PATIENCE_OF_PROGRAMS = 60.0
_ANSWER_UNDER_WAY_SECONDS = 1.0
_WAIT_FOR_CONNECTION_SECONDS = 4.0
_RECONNECT_SECONDS = 3.0
"""After that the pool begins anew when it is asked, so that its pauses stay short while the server is away."""

_SOCKET = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
_T = TypeVar("_T")


class NoAnswerError(psycopg.OperationalError):
    """The server said nothing for too long: what became of the statement is unknown."""


class Connection(psycopg.Connection[tuple[Any, ...]]):
    """A connection that is given up when the server says nothing for too long, whatever the network pretends."""

    patience: float | None = None
    """Seconds."""

    def wait(self, gen: PQGen[_T], interval: float = 0.1, timeout: float | None = None) -> _T:
        """Wait as psycopg does, but not for ever."""
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, self.patience)
        except errors._WaitTimeout:  # noqa: SLF001 - `wait` says that it raises this
            self.pgconn.finish()
            raise NoAnswerError(f"the server said nothing for {self.patience} s") from None


def connect(conninfo: str, *, name: str, patience: float | None = None) -> Connection:
    """A connection outside the pool that notices a dead server; it waits for a statement as long as `patience` says."""
    conn = Connection.connect(make_conninfo(conninfo, application_name=name, **_SOCKET), autocommit=True)
    conn.patience = patience
    return conn


class LedgerUnavailableError(RuntimeError):
    """The database does not answer, is busy, or is full; the same request may be made again under its key."""

    def __init__(self, message_id: str, why: str) -> None:
        super().__init__(f"{message_id}: {why}")
        self.message_id = message_id


def open_pool(
    conninfo: str, *, schema: str, role: str, size: int, name: str, patience: float = PATIENCE_OF_PROGRAMS
) -> Pool:
    """An open pool whose connections act in `role`, wait at most 3 s for a lock, and notice a dead server.

    A statement may take as long as `patience` says, in seconds.
    """

    class Patient(Connection):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            self.patience = patience

        def wait(self, gen: PQGen[_T], interval: float = 0.1, timeout: float | None = None) -> _T:
            """Wait; where one gets no answer the others would get none either, and are made anew."""
            try:
                return super().wait(gen, interval, timeout)
            except NoAnswerError:
                pool.drain()
                raise

    def configure(conn: psycopg.Connection[Any]) -> None:
        conn.autocommit = True
        path = sql.SQL(", ").join(sql.Identifier(s) for s in (schema, read_schema(schema)))
        conn.execute(
            sql.SQL(
                "SET ROLE {role}; SET search_path TO {path}; SET lock_timeout TO '3s'; SET timezone TO 'UTC';"
                " SET idle_in_transaction_session_timeout TO '5s'; SET statement_timeout TO {limit}"
            ).format(
                role=sql.Identifier(role),
                path=path,
                limit=sql.Literal(round(1000 * (patience - _ANSWER_UNDER_WAY_SECONDS))),
            )
        )

    pool: Pool = ConnectionPool(
        conninfo,
        connection_class=Patient,
        min_size=1,
        max_size=size,
        timeout=_WAIT_FOR_CONNECTION_SECONDS,
        open=False,
        name=name,
        configure=configure,
        check=None,
        reconnect_timeout=_RECONNECT_SECONDS,
        kwargs={"application_name": name, **_SOCKET},
    )
    pool.open()
    return pool


def connection_was_lost(error: psycopg.Error) -> bool:
    """Whether the connection broke, so that the outcome is unknown and another connection may tell it."""
    state = error.sqlstate
    if isinstance(error, NoAnswerError):
        return False
    return isinstance(error, psycopg.InterfaceError) or (
        isinstance(error, psycopg.OperationalError)
        and (state is None or state.startswith("08") or state in ("57P01", "57P02", "57P03", "25P03"))
    )


def told(error: BaseException) -> BaseException:
    """A driver's error as the caller is told it: `LedgerUnavailableError`, or itself if the statement is at fault."""
    message_id = None
    if isinstance(error, (PoolTimeout, NoAnswerError)):
        message_id = "database-unavailable"
    elif isinstance(error, (errors.LockNotAvailable, errors.QueryCanceled)):
        message_id = "ledger-busy"
    elif isinstance(error, (errors.DiskFull, errors.OutOfMemory, errors.TooManyConnections)):
        message_id = "database-full"
    elif isinstance(error, psycopg.Error) and connection_was_lost(error):
        message_id = "database-unavailable"
    return error if message_id is None else LedgerUnavailableError(message_id, str(error).strip())


@contextmanager
def translated() -> Iterator[None]:
    """Driver errors become `LedgerUnavailableError` once, here at the border."""
    try:
        yield
    except (PoolTimeout, psycopg.Error) as error:
        if (meant := told(error)) is error:
            raise
        raise meant from error
