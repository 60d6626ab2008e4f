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
from projections.reading import BeingRebuilt


def reached(conn: psycopg.Connection[Any], ledger_id: str, projection: type[Projection]) -> int:
    """The position up to which a projection's live build has read; refused while there is none that this code reads."""
    row = conn.execute(
        "SELECT coalesce(max(p.position), 0) FROM projection_build b LEFT JOIN projection_position p"
        " ON p.name = b.name AND p.build = b.build AND p.ledger_id = %s"
        " WHERE b.name = %s AND b.state = 'live' AND b.version = %s GROUP BY b.build",
        (ledger_id, projection.name, projection.version),
    ).fetchone()
    if row is None:
        raise BeingRebuilt
    return int(row[0])


_FEW = 50_000
"""Up to such a position any plan will do, and planning a list takes as long as reading it."""


@contextmanager
def reading(
    pool: Pool, scope: Scope, *projections: type[Projection], known: int | None = None
) -> Iterator[psycopg.Connection[Any]]:
    """A transaction in which the database itself shows the rows of the scope's jurisdiction alone.

    It is refused while the rows of one of the projections are none that this code reads. It reads no table from end to
    end: of a moment there are few rows among all that ever were, which PostgreSQL, to which the four ends of a stretch
    have nothing to do with each other, does not see. And each question is planned for its own moment, if it is not
    `known` that there is little: a plan for any goes through all that came since the earliest.
    """
    with translated(), pool.connection() as conn:
        planned = known is None or known > _FEW
        begun = conn.execute(_begin(scope.jurisdiction or "*", projections, planned=planned))
        while begun.nextset():
            pass
        if begun.fetchall() != [(len(projections),)]:
            raise BeingRebuilt
        yield conn
        conn.execute("COMMIT")


@cache
def _begin(place: str, projections: tuple[type[Projection], ...], *, planned: bool) -> bytes:
    told = sql.SQL(
        "BEGIN READ ONLY; SET LOCAL enable_seqscan TO off; SET LOCAL plan_cache_mode TO {};"
        " SET LOCAL duban.jurisdiction TO {};"
        " SELECT count(*) FROM projection_build WHERE state = 'live' AND (name, version) IN ({})"
    )
    readable = sql.SQL(", ").join(sql.SQL("({}, {})").format(one.name, one.version) for one in projections)
    mode = sql.SQL("force_custom_plan" if planned else "auto")
    return told.format(mode, sql.Literal(place), readable).as_bytes()
