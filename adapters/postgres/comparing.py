"""Two builds of a projection, compared at the same position of a ledger without stopping whoever writes them."""

from __future__ import annotations

from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from adapters.postgres.build import own_columns

_MOST_NAMED = 5


class Sum(NamedTuple):
    """The rows of a build as they were at a position: how many, and their checksum (校验和)."""

    rows: int
    checksum: str


class DifferentCase(NamedTuple):
    """A case of which two builds have other rows, and how many each."""

    case_id: str
    before: int
    after: int


class Difference(NamedTuple):
    """What two builds of the same version say otherwise at the same position of a ledger."""

    ledger_id: str
    position: int
    before: Sum
    after: Sum
    cases: int
    first: list[DifferentCase]

    def __str__(self) -> str:
        named = ", ".join(f"{case_id} ({before} / {after})" for case_id, before, after in self.first)
        return (
            f"at position {self.position} of ledger {self.ledger_id} the old build has {self.before.rows} rows"
            f" ({self.before.checksum}), the new one {self.after.rows} ({self.after.checksum});"
            f" {self.cases} cases differ, the first by old / new rows: {named}"
        )


def summed(conn: psycopg.Connection[Any], table: sql.Identifier, ledger_id: str, position: int) -> Sum:
    """The rows of a table as they were at a position that its build has reached, and their checksum.

    Rows that became known later are left out, and an end that became known later is taken off: so two builds are
    comparable at any position that both have reached, while both go on. The checksum is the sum of a 64-bit hash of
    every row, over all its columns. It does not depend on the order of the rows, and a row that stands twice counts
    twice; that rows which differ add up alike happens by chance once in 2^64. Nobody has to be kept from forging it:
    whoever can write these rows needs no forged sum, and what stands for the truth is the ledger with its signed log.
    """
    row = conn.execute(
        sql.SQL("SELECT count(*), coalesce(sum(hash), 0) FROM ({}) AS hashed").format(_hashed(conn, table)),
        {"ledger": ledger_id, "position": position},
    ).fetchone()
    rows, total = row or (0, 0)
    return Sum(int(rows), f"{int(total) % 2**64:016x}")


def compared(
    conn: psycopg.Connection[Any], old: sql.Identifier, new: sql.Identifier, ledger_id: str, position: int
) -> Sum | Difference:
    """What two tables say alike of a ledger at a position that both have reached, or what they say otherwise."""
    before, after = (summed(conn, table, ledger_id, position) for table in (old, new))
    if before == after:
        return after
    by_case = [
        sql.SQL("(SELECT case_id, count(*) AS number, sum(hash) AS total FROM ({}) AS hashed GROUP BY case_id)").format(
            _hashed(conn, table)
        )
        for table in (old, new)
    ]
    found = conn.execute(
        sql.SQL(
            "SELECT case_id, coalesce(o.number, 0), coalesce(n.number, 0), count(*) OVER () FROM {} AS o"
            " FULL JOIN {} AS n USING (case_id) WHERE (o.number, o.total) IS DISTINCT FROM (n.number, n.total)"
            " ORDER BY case_id LIMIT %(most)s"
        ).format(*by_case),
        {"ledger": ledger_id, "position": position, "most": _MOST_NAMED},
    ).fetchall()
    first = [DifferentCase(case_id, was, now) for case_id, was, now, _ in found]
    return Difference(ledger_id, position, before, after, found[0][3] if found else 0, first)


def _hashed(conn: psycopg.Connection[Any], table: sql.Identifier) -> sql.Composed:
    """The case and the hash of every row as it was at a position."""
    names = [name for name, _ in own_columns(conn, table)]
    columns = [
        sql.SQL("CASE WHEN known_to > %(position)s THEN 9223372036854775807 ELSE known_to END")
        if name == "known_to"
        else sql.Identifier(name)
        for name in names
    ]
    since = sql.Identifier("known_from" if "known_from" in names else "position")
    return sql.SQL(
        "SELECT case_id, hashtextextended(ROW({})::text, 0) AS hash FROM {}"
        " WHERE ledger_id = %(ledger)s AND {} <= %(position)s"
    ).format(sql.SQL(", ").join(columns), table, since)
