"""What every reader of a scope does: how far a projection is, and a transaction that shows one jurisdiction alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Final, LiteralString

import psycopg
from psycopg import sql

from adapters.postgres.pool import Pool, translated
from domain.policy import Scope
from projections.case_list import CaseList
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

    It is refused while the rows of one of the projections are none that this code reads, or those of the case list,
    which tells a deputy's or a unit's own cases. It reads no table from end to end: of a moment there are few rows
    among all that ever were, which PostgreSQL, to which the four ends of a stretch have nothing to do with each
    other, does not see. And each question is planned for its own moment, if it is not `known` that there is little:
    a plan for any goes through all that came since the earliest.
    """
    if scope.of_few:
        projections = (*projections, CaseList)
    with translated(), pool.connection() as conn:
        planned = known is None or known > _FEW
        begun = conn.execute(_begin(scope.jurisdiction or "*", projections, planned=planned))
        while begun.nextset():
            pass
        if begun.fetchall() != [(len({*projections}),)]:
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


OWN_CASES: Final = 5_000
"""Up to so many own cases are looked up one by one, whatever is asked of them."""
_OWN: LiteralString = (
    "SELECT case_id FROM case_audience WHERE ledger_id = %(ledger)s AND keys && %(keys)s"
    " AND (%(kinds)s::text[] IS NULL OR kind = ANY (%(kinds)s)) LIMIT %(most)s + 1"
)


def own_cases(
    conn: psycopg.Connection[Any], ledger_id: str, scope: Scope, kinds: Collection[str] | None = None
) -> list[str] | None:
    """The cases of a scope, of some kinds, that may be read today, where they are a deputy's or a unit's own.

    None where the scope is another, or they are more than 5,000: then each row that is read has to be tried.
    """
    if not scope.of_few:
        return None
    params = {
        "ledger": ledger_id,
        "keys": [f"{scope.jurisdiction}/{key}" for key in sorted(scope.keys or ())],
        "kinds": None if kinds is None else sorted(kinds),
        "most": OWN_CASES,
    }
    found = [case_id for (case_id,) in conn.execute(_OWN, params)]
    return found if len(found) <= OWN_CASES else None
