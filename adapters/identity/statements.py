"""Statements about people: one at a time and sent again after a lost connection, or several in one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, LiteralString

import psycopg
from psycopg.types.json import Jsonb
from pydantic import TypeAdapter, ValidationError

from adapters.postgres.pool import Pool, connection_was_lost, translated
from domain.account import Happening
from domain.refusal import refused_by

Connection = psycopg.Connection[tuple[Any, ...]]
_ATTEMPTS = 2


def rows(pool: Pool, statement: LiteralString, params: Sequence[Any] | Mapping[str, Any] = ()) -> list[tuple[Any, ...]]:
    """The rows of a statement that may be sent again after a lost connection."""
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with translated(), pool.connection() as conn:
                return conn.execute(statement, params, prepare=True).fetchall()
        except Exception as error:
            lost = isinstance(error.__cause__, psycopg.Error) and connection_was_lost(error.__cause__)
            if attempt == _ATTEMPTS or not lost:
                raise
    raise AssertionError


@contextmanager
def transaction(pool: Pool) -> Iterator[Connection]:
    """A connection whose statements are all kept or none of them is."""
    with translated(), pool.connection() as conn, conn.transaction():
        yield conn


def note(conn: Connection, what: Happening, account_id: str | None, by: str | None, **detail: Any) -> None:
    """Write a line of the log of the accounts."""
    conn.execute(
        "INSERT INTO account_log (done_by, account_id, what, detail) VALUES (%s, %s, %s, %s)",
        (by, account_id, what, Jsonb(detail)),
    )


def checked(kind: TypeAdapter[str], value: str, field: str) -> str:
    """The value as its kind has it; one that cannot be is refused."""
    try:
        return kind.validate_python(value)
    except ValidationError as error:
        raise refused_by(error, within=(field,)) from None
