"""Sums laid over the stretches of figures (叠加和): what blocks of positions changed, by day, for declared cubes.

A figure at `(as_of, known)` is what all blocks up to `known` changed up to the day of `as_of`, and, from the stretches
themselves, what the rest of the last block and the rest of that day change. A block is summed up once it is full, and
never touched again; eight blocks are laid together as one.

A block counts an end of a stretch once it is known **and** its time has come by the end of the block: a due date ahead
that is met in time never counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, LiteralString

import psycopg
from psycopg import sql

from projections.counting import SUBJECTS
from projections.reading import Dimension

BLOCK: Final = 4_096
"""Positions of the smallest block: at most so many steps are read from the stretches."""
WORTH: Final = 256 * BLOCK
"""Up to which position nothing is summed up: a short ledger's stretches alone are read faster."""
_TOGETHER: Final = 8
_SIZES: Final = 4
_CELLS: Final = 500

COMPANIONS: Final = ("figure_blocks", "figure_cells", "figure_sums")
"""The tables beside the stretches: which positions, whose sums, and the sums."""

_DIMENSIONS: Final[tuple[Dimension, ...]] = ("unit", "stage", "kind", "year", "session", "committee", "person")
CUBES: Final[tuple[frozenset[Dimension], ...]] = tuple(
    frozenset(cube)
    for cube in (
        ("stage",),
        ("kind",),
        ("year",),
        ("session",),
        ("committee",),
        ("unit",),
        ("person",),
        ("unit", "stage"),
        ("unit", "year"),
        ("unit", "session"),
    )
)
"""By which dimensions sums are kept, beside the jurisdiction; other questions are answered from the stretches."""

BEIJING: Final = timedelta(hours=8)
"""Days of sums end by this clock. Where they end elsewhere, more is read from the stretches."""

_PLACES: Final = range(1, max(len(subject.measures) for subject in SUBJECTS.values()) + 1)


def cube_number(cube: frozenset[Dimension]) -> int:
    """The number of a cube, as `GROUPING` says it: a bit for each dimension that it does not tell apart."""
    return sum(1 << place for place, one in enumerate(reversed(_DIMENSIONS)) if one not in cube)


class Blocks:
    """The blocks of one build over one ledger, written through the connection of whoever leads it."""

    def __init__(
        self,
        conn: psycopg.Connection[Any],
        tables: Mapping[str, sql.Identifier],
        ledger_id: str,
        block: int = BLOCK,
        worth: int = WORTH,
    ) -> None:
        self._conn = conn
        self._names = {**tables, **_PARTS}
        self._ledger_id = ledger_id
        self._block = block
        self._worth = worth
        self._closed: tuple[int, datetime | None] | None = None

    def close_next(self, position: int) -> bool:
        """Sum up the next block; False if it is not full at a position up to which the stretches are stored.

        Nor is it done while the ledger is so short that its stretches alone are read faster.
        """
        last, at = self._closed or self._found()
        until = last + self._block
        if position < max(until, self._worth):
            return False
        with self._conn.transaction():
            block, time = self._begun(until, 0)
            self._run(_SUMMED_UP, block=block, first=last + 1, last=until, since=at, until=time)
            size = 1
            while size < _SIZES and until % (self._block * _TOGETHER**size) == 0:
                self._lay_together(self._begun(until, size)[0])
                size += 1
        self._closed = until, time
        return True

    def _lay_together(self, block: int) -> None:
        """The sums of a block from those of its parts; some cells at a time, so that no statement takes long."""
        row = self._run("SELECT coalesce(max(cell), 0) FROM {figure_cells}").fetchone()
        for first in range(0, int(row[0]) + 1 if row else 0, _CELLS):
            self._run(_LAID_TOGETHER, block=block, first=first, last=first + _CELLS - 1)

    def _found(self) -> tuple[int, datetime | None]:
        """The end of the last block, and when it was recorded."""
        row = self._run("SELECT last, at FROM {figure_blocks} WHERE ledger_id = %(ledger)s ORDER BY last DESC LIMIT 1")
        return row.fetchone() or (0, None)

    def _begun(self, last: int, size: int) -> tuple[int, datetime]:
        length = self._block * _TOGETHER**size
        within = None if size == _SIZES - 1 else length * _TOGETHER
        row = self._run(_BEGUN, first=last - length + 1, last=last, within=within).fetchone()
        if row is None:
            raise LookupError(f"the ledger has no position {last}")
        block, at = row
        return int(block), at

    def _run(self, statement: LiteralString, **params: object) -> psycopg.Cursor[Any]:
        return self._conn.execute(sql.SQL(statement).format(**self._names), {"ledger": self._ledger_id, **params})


def _each(form: LiteralString, between: LiteralString = ", ") -> sql.Composed:
    """Something for each place of the counts."""
    return sql.SQL(between).join(
        sql.SQL(form).format(place=sql.Literal(place), sum=sql.Identifier(f"sum_{place}")) for place in _PLACES
    )


def _listed(form: LiteralString, names: Iterable[str] = _DIMENSIONS) -> sql.Composed:
    return sql.SQL(", ").join(sql.SQL(form).format(sql.Identifier(name)) for name in names)


_PARTS: Final[Mapping[str, sql.Composable]] = {
    "dimensions": _listed("{}"),
    "key": _listed("coalesce({}::text, E'\\x1e')"),
    "cubes": sql.SQL(", ").join(
        sql.SQL("({}, day)").format(_listed("{}", ["subject", "jurisdiction", *sorted(cube)])) for cube in CUBES
    ),
    "day": sql.SQL("floor((extract(epoch FROM at) + {}) / 86400)::integer").format(sql.Literal(BEIJING.seconds)),
    "places": sql.Literal(len(_PLACES)),
    "sums": _each("sum(number * vector[{place}]) AS {sum}"),
    "nets": _each("sum(counts[{place}] - coalesce(before[{place}], 0)) AS {sum}"),
    "through": _each("(sum({sum}) OVER through)::integer"),
    "something": _each("{sum} <> 0", " OR "),
}

_BEGUN: Final[LiteralString] = """
INSERT INTO {figure_blocks} (ledger_id, first, last, within, at)
SELECT ledger_id, %(first)s, position, %(within)s, recorded_at
FROM ledger WHERE ledger_id = %(ledger)s AND position = %(last)s RETURNING block, at
"""

_SUMMED_UP: Final[LiteralString] = """
WITH changed AS (
    SELECT *, 1 AS number FROM {table}
    WHERE ledger_id = %(ledger)s AND known_from BETWEEN %(first)s AND %(last)s
    UNION ALL
    SELECT *, -1 FROM {table} WHERE ledger_id = %(ledger)s AND known_to BETWEEN %(first)s AND %(last)s
), ends AS (
    SELECT subject, jurisdiction, {dimensions}, counts, valid_from AS at, number FROM changed
    WHERE valid_from <= %(until)s
    UNION ALL
    SELECT subject, jurisdiction, {dimensions}, counts, valid_to, -number FROM changed WHERE valid_to <= %(until)s
    UNION ALL
    SELECT subject, jurisdiction, {dimensions}, counts, valid_from, 1 FROM {table}
    WHERE ledger_id = %(ledger)s AND known_from < %(first)s AND known_to >= %(first)s
    AND valid_from > coalesce(%(since)s::timestamptz, '-infinity') AND valid_from <= %(until)s
    UNION ALL
    SELECT subject, jurisdiction, {dimensions}, counts, valid_to, -1 FROM {table}
    WHERE ledger_id = %(ledger)s AND known_from < %(first)s AND known_to >= %(first)s
    AND valid_to > coalesce(%(since)s::timestamptz, '-infinity') AND valid_to <= %(until)s
), alike AS (
    SELECT subject, jurisdiction, {dimensions}, counts, {day} AS day, sum(number)::integer AS number FROM ends
    GROUP BY subject, jurisdiction, {dimensions}, counts, day HAVING sum(number) <> 0
), patterns AS MATERIALIZED (
    SELECT counts, ARRAY(
        SELECT coalesce(max(nullif(split_part(told, '*', 2), '')::integer), count(told)::integer)
        FROM generate_series(0, {places} - 1) AS place
        LEFT JOIN unnest(string_to_array(counts, ' ')) AS told ON split_part(told, '*', 1)::integer = place
        GROUP BY place ORDER BY place
    ) AS vector FROM (SELECT DISTINCT counts FROM alike WHERE counts <> '') AS known
), net AS MATERIALIZED (
    SELECT concat_ws(E'\\x1f', cube, subject, jurisdiction, {key}) AS key, *
    FROM (
        SELECT GROUPING({dimensions}) AS cube, subject, jurisdiction, {dimensions}, day, {sums}
        FROM alike JOIN patterns USING (counts) GROUP BY GROUPING SETS ({cubes})
    ) AS grouped WHERE {something}
), added AS (
    INSERT INTO {figure_cells} (ledger_id, key, cube, subject, jurisdiction, {dimensions})
    SELECT DISTINCT ON (key) %(ledger)s, key, cube, subject, jurisdiction, {dimensions} FROM net
    WHERE NOT EXISTS (SELECT FROM {figure_cells} AS one WHERE one.ledger_id = %(ledger)s AND one.key = net.key)
    RETURNING key, cell
), cells AS (
    SELECT key, cell FROM added
    UNION ALL
    SELECT key, cell FROM {figure_cells} WHERE ledger_id = %(ledger)s AND key IN (SELECT key FROM net)
)
INSERT INTO {figure_sums} (block, cell, day, counts)
SELECT %(block)s, cell, day, ARRAY[{through}] FROM net JOIN cells USING (key)
WINDOW through AS (PARTITION BY cell ORDER BY day)
"""
"""What a block changed by the end of it: of what it began to know and ceased to know, and of what was known before
and whose time came meanwhile."""

_LAID_TOGETHER: Final[LiteralString] = """
WITH parts AS (
    SELECT cell, day, counts, lag(counts) OVER (PARTITION BY block, cell ORDER BY day) AS before
    FROM {figure_sums} WHERE block IN (
        SELECT part.block FROM {figure_blocks} AS whole JOIN {figure_blocks} AS part
        ON part.ledger_id = whole.ledger_id AND part.first >= whole.first AND part.last <= whole.last
        AND part.within = whole.last - whole.first + 1 WHERE whole.block = %(block)s
    ) AND cell BETWEEN %(first)s AND %(last)s
), net AS (SELECT cell, day, {nets} FROM parts GROUP BY cell, day)
INSERT INTO {figure_sums} (block, cell, day, counts)
SELECT %(block)s, cell, day, ARRAY[{through}] FROM net WHERE {something}
WINDOW through AS (PARTITION BY cell ORDER BY day)
"""
