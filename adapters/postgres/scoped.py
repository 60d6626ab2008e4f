"""What every reader of a scope does: how far a projection is, and a transaction that shows one jurisdiction alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Final, LiteralString

import psycopg
from psycopg import sql

from adapters.postgres.pool import Pool, translated
from domain.case import CASE_TYPES
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
"""Of a reader who has no more than so many own cases, these are looked up, whatever is asked of them."""
OWN: LiteralString = "ledger_id = %(ledger)s AND keys && %(own_keys)s"
"""A deputy's or a unit's own cases of some kinds, in `case_audience`."""


def kinds_of(kind: str | None) -> list[str]:
    """What a list shows: cases of one kind, or all but those of the registry."""
    return [kind for kind, one in CASE_TYPES.items() if not one.of_registry] if kind is None else [kind]


def own_params(ledger_id: str, scope: Scope, kind: str | None) -> dict[str, Any]:
    """The parameters of `OWN`."""
    keys = [f"{scope.jurisdiction}/{one}/{key}" for one in kinds_of(kind) for key in sorted(scope.keys or ())]
    return {"ledger": ledger_id, "own_keys": keys}


def has_few(conn: psycopg.Connection[Any], scope: Scope, params: dict[str, Any]) -> bool:
    """Whether a scope reads own cases, and no more than are looked up; otherwise each row that is read is tried."""
    if not scope.of_few:
        return False
    query = f"SELECT count(*) FROM (SELECT FROM case_audience WHERE {OWN} LIMIT %(most)s) AS own"  # noqa: S608 - literals only
    row = conn.execute(query, params | {"most": OWN_CASES + 1}).fetchone()
    return row is not None and row[0] <= OWN_CASES


def own_cases(conn: psycopg.Connection[Any], ledger_id: str, scope: Scope, kind: str | None) -> list[str] | None:
    """The own cases of a scope, of a kind if one is named, that may be read today; None where they are not few."""
    params = own_params(ledger_id, scope, kind)
    if not has_few(conn, scope, params):
        return None
    query = f"SELECT case_id FROM case_audience WHERE {OWN}"  # noqa: S608 - literals only
    return [case_id for (case_id,) in conn.execute(query, params)]


_READABLE: LiteralString = (
    "EXISTS (SELECT FROM case_list AS today WHERE today.ledger_id = {0}.ledger_id AND today.case_id = {0}.case_id"
    " AND today.known_to = 9223372036854775807 AND today.valid_to > '9999-12-31 00:00:00+00'"
    " AND string_to_array(today.audience, ' ') && %(keys)s)"
)


def readable_of(
    conn: psycopg.Connection[Any], ledger_id: str, scope: Scope, table: str, kind: str | None
) -> tuple[sql.Composable, dict[str, Any]]:
    """What a scope asks of a row of another projection's table, and its parameters.

    A reader of a part of the cases is told of those that he may read today.
    """
    if scope.keys is None:
        return sql.SQL("true"), {}
    if (own := own_cases(conn, ledger_id, scope, kind)) is not None:
        return sql.SQL("case_id = ANY (%(own_cases)s)"), {"own_cases": own}
    return sql.SQL(_READABLE).format(sql.Identifier(table)), {"keys": sorted(scope.keys)}
