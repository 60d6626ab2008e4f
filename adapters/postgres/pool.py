"""One pool of connections per process. A connection gives up the rights that its login has and it does not need."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import errors, sql
from psycopg_pool import ConnectionPool, PoolTimeout

from adapters.postgres.migrate import read_schema

Pool = ConnectionPool[psycopg.Connection[tuple[Any, ...]]]


class LedgerUnavailableError(RuntimeError):
    """The database does not answer, is busy, or is full; the same request may be made again under its key."""

    def __init__(self, message_id: str, why: str) -> None:
        super().__init__(f"{message_id}: {why}")
        self.message_id = message_id


def open_pool(conninfo: str, *, schema: str, role: str, size: int, name: str) -> Pool:
    """An open pool whose connections act in `role`, wait at most 3 s for a lock, and notice a dead server."""

    def configure(conn: psycopg.Connection[Any]) -> None:
        conn.autocommit = True
        path = sql.SQL(", ").join(sql.Identifier(s) for s in (schema, read_schema(schema)))
        conn.execute(
            sql.SQL(
                "SET ROLE {role}; SET search_path TO {path}; SET lock_timeout TO '3s'; SET timezone TO 'UTC';"
                " SET idle_in_transaction_session_timeout TO '60s'; SET statement_timeout TO '60s'"
            ).format(role=sql.Identifier(role), path=path)
        )

    return ConnectionPool(
        conninfo,
        min_size=1,
        max_size=size,
        timeout=5.0,
        open=True,
        name=name,
        configure=configure,
        check=None,
        reconnect_timeout=30.0,
        kwargs={
            "application_name": name,
            "connect_timeout": 5,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 10_000,
        },
    )


def connection_was_lost(error: psycopg.Error) -> bool:
    """Whether the error is of the connection and not of the statement, so that its outcome is unknown."""
    state = error.sqlstate
    return isinstance(error, psycopg.InterfaceError) or (
        isinstance(error, psycopg.OperationalError)
        and (state is None or state.startswith("08") or state in ("57P01", "57P02", "57P03", "25P03"))
    )


def told(error: BaseException) -> BaseException:
    """A driver's error as the caller is told it: `LedgerUnavailableError`, or itself if the statement is at fault."""
    message_id = None
    if isinstance(error, PoolTimeout):
        message_id = "database-unavailable"
    elif isinstance(error, errors.LockNotAvailable):
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
