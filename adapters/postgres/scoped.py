"""What every reader of a scope does: how far a projection is, and a transaction that shows one jurisdiction alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import psycopg
from psycopg import sql

from adapters.postgres.pool import Pool, translated
from domain.policy import Scope
from projections.projection import Projection


def reached(conn: psycopg.Connection[Any], ledger_id: str, projection: type[Projection]) -> int | None:
    """The position up to which a projection's live build has read; None while there is none that this code can read.

    After an upgrade that changes a projection, that is until its rows have been built anew.
    """
    row = conn.execute(
        "SELECT p.position FROM projection_position p JOIN projection_build b USING (name, build)"
        " WHERE p.ledger_id = %s AND name = %s AND b.state = 'live' AND b.version = %s",
        (ledger_id, projection.name, projection.version),
    ).fetchone()
    return int(row[0]) if row else None


@contextmanager
def reading(pool: Pool, scope: Scope) -> Iterator[psycopg.Connection[Any]]:
    """A transaction in which the database itself shows the rows of the scope's jurisdiction alone.

    It reads no table from end to end: of a moment there are few rows among all that ever were, which PostgreSQL, to
    which the four ends of a stretch have nothing to do with each other, does not see.
    """
    with translated(), pool.connection() as conn:
        conn.execute(_begin(scope.jurisdiction or "*"))
        yield conn
        conn.execute("COMMIT")


@cache
def _begin(place: str) -> bytes:
    told = sql.SQL("BEGIN READ ONLY; SET LOCAL enable_seqscan TO off; SET LOCAL duban.jurisdiction TO {}")
    return told.format(sql.Literal(place)).as_bytes()
