"""Sums laid over the stretches of figures (叠加和): of declared cubes, a block of positions at a time.

Whenever a block of positions is full, it is summed up once and never touched again:

- what counts at its end, as known at its end: a row for each cell that changed since the block before;
- what will count when all has come that lies ahead then, as known at its end: likewise;
- what it changed of days that were over when it began (late entries, corrections, voids), by day. Eight blocks are laid
  together as one, and eight of those, so that what a long time changed of the past is a few dozen looks.

`adapters/postgres/adding.py` makes figures of them, at any moment of both clocks.

The end of a stretch counts once it is known **and** its time has come: a due date ahead that is met never counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby, pairwise
from operator import add, itemgetter, sub
from typing import Any, Final, LiteralString, TypeVar

import psycopg
from psycopg import sql

from projections.counting import SUBJECTS
from projections.figures import places_of
from projections.reading import Dimension

BLOCK: Final = 4_096
"""Positions of the smallest block."""
WORTH: Final = 32 * BLOCK
"""Up to which position nothing is summed up: a short ledger's stretches alone are read faster."""
_TOGETHER: Final = 8
_SIZES: Final = 4
_CELLS: Final = 500
_CUBE_BITS: Final = 24
_AFTER_ALL: Final = 2**31 - 1
"""No cell has so high a number."""

COMPANIONS: Final = ("figure_blocks", "figure_cells", "figure_sums")
"""The tables beside the stretches: which positions, whose sums, and the sums."""

ALONG_POSITIONS: Final = 0
"""The series of what counts at the end of each block. A block's own series runs along days, and has its number."""
WHEN_ALL_HAS_COME: Final = -1
"""The series of what will count, as known at the end of each block, when no end of a stretch lies ahead any more."""

DIMENSIONS: Final[tuple[Dimension, ...]] = ("unit", "stage", "kind", "year", "session", "committee", "person")
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

BEGINS_AHEAD: Final[LiteralString] = "CASE WHEN ahead THEN valid_from END"
ENDS_AHEAD: Final[LiteralString] = "CASE WHEN ahead THEN valid_to END"
"""When what lay ahead comes, said as its indexes say it: PostgreSQL would take those of all stretches, for years."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC) - timedelta(hours=8)
"""Days of sums end by the clock of Beijing. Where they end elsewhere, more is read from the stretches."""
_DAY: Final = timedelta(days=1)

_Key = TypeVar("_Key")
_Cell = tuple[Any, ...]
"""The number of a cube, a subject, a jurisdiction, and the values of the dimensions that the cube tells apart."""
_Days = dict[int, list[int]]
_Sum = tuple[int, int, int, list[int]]
"""A series, a cell, how far, and the sums up to there."""


def cube_number(cube: Iterable[Dimension]) -> int:
    """The number of a cube: a bit for each dimension that it tells apart."""
    return sum(1 << DIMENSIONS.index(one) for one in cube)


def cell_numbers(cube: int) -> tuple[int, int]:
    """The first and the last number that a cell of a cube may have: its sums lie beside each other in a series."""
    return cube << _CUBE_BITS, (cube + 1 << _CUBE_BITS) - 1


def day_number(at: datetime) -> int:
    """The day of an instant, counted from 1970."""
    return (at - _EPOCH) // _DAY


def end_of(day: int) -> datetime:
    """The last instant of a day."""
    return _EPOCH + (day + 1) * _DAY - timedelta(microseconds=1)


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
        self._names = {
            **tables,
            "dimensions": sql.SQL(", ").join(map(sql.Identifier, DIMENSIONS)),
            "begins_ahead": sql.SQL(BEGINS_AHEAD),
            "ends_ahead": sql.SQL(ENDS_AHEAD),
        }
        self._ledger_id = ledger_id
        self._block = block
        self._worth = worth
        self._closed: int | None = None

    def close_next(self, position: int) -> bool:
        """Sum up the next block; False if it is not full at a position up to which the stretches are stored.

        Nor is it done while the ledger is so short that its stretches alone are read faster.
        """
        if self._closed is None:
            self._closed = self._found()
        until = self._closed + self._block
        if position < max(until, self._worth):
            return False
        with self._conn.transaction():
            self._sum_up(until)
            size = 1
            while size < _SIZES and until % (self._block * _TOGETHER**size) == 0:
                self._lay_together(until, size)
                size += 1
        self._closed = until
        return True

    def _found(self) -> int:
        row = self._run("SELECT max(last) FROM {figure_blocks} WHERE ledger_id = %(ledger)s").fetchone()
        return 0 if row is None or row[0] is None else int(row[0])

    def _sum_up(self, last: int) -> None:
        block, since, at = self._begun(last, 0)
        over = None if since is None else day_number(since)
        totals: dict[_Cell, list[int]] = {}
        finals: dict[_Cell, list[int]] = {}
        late: defaultdict[_Cell, _Days] = defaultdict(dict)
        changed = self._run(_CHANGED, first=last - self._block + 1, last=last, since=since, until=at, over=over)
        for *values, pattern, at_last, day, number in changed.fetchall():
            added = [(place, count * number) for place, count in places_of(pattern)]
            size = len(SUBJECTS[values[0]].measures)
            for cube, told_apart in _TOLD_APART.items():
                cell = (cube, *told_apart(values))
                _add(finals if at_last else totals, cell, size, added)
                if day is not None:
                    _add(late[cell], day, size, added)
        numbers = self._numbered(list(totals | finals))
        rows: list[_Sum] = []
        for place, (series, changes) in enumerate(((ALONG_POSITIONS, totals), (WHEN_ALL_HAS_COME, finals))):
            for cell, change in changes.items():
                if any(change):
                    number, *before = numbers[cell]
                    so_far = before[place]
                    rows.append((series, number, last, list(map(add, so_far, change)) if so_far else change))
        rows += [(block, numbers[cell][0], *through) for cell, days in late.items() for through in _running(days)]
        self._store(rows)
        self._run(_DATED, block=block)
        self._run(_FURTHEST, block=block)

    def _lay_together(self, last: int, size: int) -> None:
        """What a block changed of the past, from what its parts did."""
        block, since, _ = self._begun(last, size)
        over = None if since is None else day_number(since)
        for first, until in pairwise([*(cell for (cell,) in self._run(_EVERY, every=_CELLS)), _AFTER_ALL]):
            parts = self._run(_PARTS, block=block, over=over, first=first, until=until).fetchall()
            days = {cell: _changes(rows) for cell, rows in groupby(parts, itemgetter(0))}
            self._store([(block, cell, *through) for cell, changes in days.items() for through in _running(changes)])
        self._run(_DATED, block=block)

    def _begun(self, last: int, size: int) -> tuple[int, datetime | None, datetime]:
        """The number of a new block, when the one before it ended, and when it does."""
        length = self._block * _TOGETHER**size
        within = None if size == _SIZES - 1 else length * _TOGETHER
        row = self._run(_BEGUN, size=size, first=last - length + 1, last=last, within=within).fetchone()
        if row is None:
            raise LookupError(f"the ledger has no position {last}")
        block, since, at = row
        return int(block), since, at

    def _numbered(self, cells: Sequence[_Cell]) -> dict[_Cell, tuple[int, list[int] | None, list[int] | None]]:
        """The numbers of cells, which get one if they have none; what counts in each so far, and what will."""
        keys = {cell: "\x1f".join(map(repr, cell)) for cell in cells}
        found = {key: so_far for key, *so_far in self._run(_SO_FAR, keys=list(keys.values()))}
        new = [(key, *_columns(cell)) for cell, key in keys.items() if key not in found]
        if new:
            columns = map(list, zip(*new, strict=True))
            added = self._run(_ADDED, bits=_CUBE_BITS, **dict(zip(("key", *_COLUMNS), columns, strict=True)))
            found |= {key: [number, None, None] for key, number in added}
        return {cell: tuple(found[key]) for cell, key in keys.items()}

    def _store(self, rows: Iterable[_Sum]) -> None:
        lines = [f"{series}\t{cell}\t{at}\t{{{','.join(map(str, counts))}}}\n" for series, cell, at, counts in rows]
        with self._conn.cursor().copy(sql.SQL("COPY {figure_sums} FROM STDIN").format(**self._names)) as copy:
            copy.write("".join(lines))

    def _run(self, statement: LiteralString, **params: object) -> psycopg.Cursor[Any]:
        return self._conn.execute(sql.SQL(statement).format(**self._names), {"ledger": self._ledger_id, **params})


_COLUMNS: Final = ("cube", "subject", "jurisdiction", *DIMENSIONS)
_PLACES: Final = {
    cube_number(cube): [2 + place for place, one in enumerate(DIMENSIONS) if one in cube] for cube in CUBES
}
_TOLD_APART: Final = {cube: itemgetter(0, 1, *places) for cube, places in _PLACES.items()}
"""For each cube, what it tells apart of values that begin with a subject and a jurisdiction: the rest of a cell."""


def _columns(cell: _Cell) -> Iterator[Any]:
    """A cell's columns in their order; None for what its cube does not tell apart."""
    cube, subject, jurisdiction, *values = cell
    told = dict(zip(_PLACES[cube], values, strict=True))
    yield from (cube, subject, jurisdiction, *(told.get(2 + place) for place in range(len(DIMENSIONS))))


def _add(sums: dict[_Key, list[int]], key: _Key, size: int, added: Iterable[tuple[int, int]]) -> None:
    """Add counts, each at its place, to the sums of a key, which begin with nothing."""
    total = sums.get(key)
    if total is None:
        total = sums[key] = [0] * size
    for place, count in added:
        total[place] += count


def _changes(rows: Iterable[tuple[int, int, int, list[int]]]) -> _Days:
    """What the parts of a block change in a cell on each day, from their sums up to it."""
    days: _Days = {}
    for _, part in groupby(rows, itemgetter(1)):
        before: list[int] | None = None
        for _, _, day, through in part:
            change = through if before is None else list(map(sub, through, before))
            days[day] = list(map(add, days[day], change)) if day in days else change
            before = through
    return days


def _running(days: _Days) -> Iterator[tuple[int, list[int]]]:
    """The sums up to each day on which they change."""
    through: list[int] | None = None
    for day in sorted(days):
        if any(days[day]):
            through = days[day] if through is None else list(map(add, through, days[day]))
            yield day, through


_BEGUN: Final[LiteralString] = """
INSERT INTO {figure_blocks} (ledger_id, size, first, last, within, since, at)
SELECT ledger_id, %(size)s, %(first)s, position, %(within)s,
(SELECT at FROM {figure_blocks} WHERE ledger_id = %(ledger)s AND size = 0 AND last = %(first)s - 1), recorded_at
FROM ledger WHERE ledger_id = %(ledger)s AND position = %(last)s RETURNING block, since, at
"""
_DATED: Final[LiteralString] = """
UPDATE {figure_blocks} SET (earliest, sums) = (SELECT min(at), count(*) FROM {figure_sums} WHERE series = block)
WHERE block = %(block)s
"""
"""The first day that a block changed, and how many its sums are."""
_FURTHEST: Final[LiteralString] = """
UPDATE {figure_blocks} AS block SET furthest = greatest((
    SELECT furthest FROM {figure_blocks} AS before
    WHERE before.ledger_id = block.ledger_id AND before.size = 0 AND before.last = block.first - 1
), (
    SELECT max(greatest(valid_from, CASE WHEN valid_to <= '9999-12-31 00:00:00+00' THEN valid_to END)) FROM {table}
    WHERE ledger_id = block.ledger_id AND known_from BETWEEN block.first AND block.last
)) WHERE block = %(block)s
"""
"""The last of all instants at which anything was to come of what was known at the end of a block."""

_CHANGED: Final[LiteralString] = """
WITH changed AS (
    SELECT *, 1 AS number FROM {table}
    WHERE ledger_id = %(ledger)s AND known_from BETWEEN %(first)s AND %(last)s
    UNION ALL
    SELECT *, -1 FROM {table} WHERE ledger_id = %(ledger)s AND known_to BETWEEN %(first)s AND %(last)s
    AND known_to < 9223372036854775807
), ends AS (
    SELECT subject, jurisdiction, {dimensions}, counts, false AS at_last, valid_from AS at, number FROM changed
    WHERE valid_from <= %(until)s
    UNION ALL
    SELECT subject, jurisdiction, {dimensions}, counts, false, valid_to, -number FROM changed
    WHERE valid_to <= %(until)s
    UNION ALL
    SELECT subject, jurisdiction, {dimensions}, counts, true, NULL, number FROM changed
    WHERE valid_to > '9999-12-31 00:00:00+00'
    UNION ALL
    SELECT subject, jurisdiction, {dimensions}, counts, false, valid_from, 1 FROM {table}
    WHERE ledger_id = %(ledger)s AND known_from < %(first)s AND known_to >= %(first)s
    AND ahead AND {begins_ahead} > %(since)s AND {begins_ahead} <= %(until)s
    UNION ALL
    SELECT subject, jurisdiction, {dimensions}, counts, false, valid_to, -1 FROM {table}
    WHERE ledger_id = %(ledger)s AND known_from < %(first)s AND known_to >= %(first)s
    AND ahead AND {ends_ahead} > %(since)s AND {ends_ahead} <= %(until)s AND valid_to <= '9999-12-31 00:00:00+00'
), dated AS (
    SELECT *, floor((extract(epoch FROM at) + 28800) / 86400)::integer AS day FROM ends
)
SELECT subject, jurisdiction, {dimensions}, counts, at_last, CASE WHEN day < %(over)s THEN day END,
sum(number)::integer
FROM dated WHERE counts <> ''
GROUP BY subject, jurisdiction, {dimensions}, counts, at_last, CASE WHEN day < %(over)s THEN day END
HAVING sum(number) <> 0
"""
"""What a block changed by the end of it: of what it began to know and ceased to know, and of what was known before
and whose time came meanwhile. Days are told of what was over when it began. And what it changed of what counts at last,
when all has come."""

_ADDED: Final[LiteralString] = """
INSERT INTO {figure_cells} (cell, ledger_id, key, cube, subject, jurisdiction, {dimensions})
SELECT row_number() OVER (PARTITION BY cube) + greatest(cube << %(bits)s, (
    SELECT max(cell) FROM {figure_cells} WHERE cell BETWEEN new.cube << %(bits)s AND (new.cube + 1 << %(bits)s) - 1
)), %(ledger)s, * FROM unnest(%(key)s::text[], %(cube)s::integer[], %(subject)s::text[], %(jurisdiction)s::text[],
%(unit)s::text[], %(stage)s::text[], %(kind)s::text[], %(year)s::integer[], %(session)s::text[], %(committee)s::text[],
%(person)s::text[]) AS new (key, cube, subject, jurisdiction, {dimensions}) RETURNING key, cell
"""
_SO_FAR: Final[LiteralString] = """
SELECT key, cell, (
    SELECT counts FROM {figure_sums} AS one WHERE one.series = 0 AND one.cell = known.cell ORDER BY at DESC LIMIT 1
), (
    SELECT counts FROM {figure_sums} AS one WHERE one.series = -1 AND one.cell = known.cell ORDER BY at DESC LIMIT 1
) FROM {figure_cells} AS known WHERE ledger_id = %(ledger)s AND key = ANY (%(keys)s)
"""
_EVERY: Final[LiteralString] = """
SELECT cell FROM (SELECT cell, row_number() OVER (ORDER BY cell) AS place FROM {figure_cells}) AS cells
WHERE place %% %(every)s = 1 ORDER BY cell
"""
_PARTS: Final[LiteralString] = """
SELECT cell, series, sums.at, counts FROM {figure_blocks} AS whole
JOIN {figure_blocks} AS part ON part.ledger_id = whole.ledger_id AND part.size = whole.size - 1
AND part.first >= whole.first AND part.last <= whole.last
JOIN {figure_sums} AS sums ON series = part.block
WHERE whole.block = %(block)s AND sums.at < %(over)s AND cell >= %(first)s AND cell < %(until)s
ORDER BY cell, series, sums.at
"""
"""What was over when the whole block began."""
