"""Adds up what counts at some instants, as known at a position: what blocks changed, then what they leave open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, LiteralString

import psycopg
from psycopg import sql

from adapters.postgres.sums import BEIJING, CUBES, cube_number
from projections.counting import SUBJECTS
from projections.figures import sums_of
from projections.reading import Dimension, FigureFilter

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY: Final = timedelta(days=1)
_INSTANT: Final = timedelta(microseconds=1)

_STANDS: LiteralString = "known_to = 9223372036854775807 AND valid_to > '9999-12-31 00:00:00+00'"
_STOOD: LiteralString = "known_to = 9223372036854775807 AND valid_to <= '9999-12-31 00:00:00+00'"
_WAS_KNOWN: LiteralString = "known_to < 9223372036854775807"
_KNOWN: LiteralString = "known_from <= %(known)s AND known_to > %(known)s"
_ONCE_VALID: LiteralString = "valid_from <= %(last_at)s AND valid_to > %(first_at)s"

Totals = dict[str | None, Counter[str]]
"""The sums of measures for each value of a dimension."""


def valid_at(as_of: str, known: str) -> sql.Composed:
    """The condition of what counts at a moment, whose parameters have these names."""
    return sql.SQL("valid_from <= {at} AND valid_to > {at} AND known_from <= {known} AND known_to > {known}").format(
        at=sql.Placeholder(as_of), known=sql.Placeholder(known)
    )


def rows(where: sql.Composable, when: sql.Composable) -> sql.Composed:
    """What counts at some time: as it stands, as it stood, as it was once known; each has an index of its own."""
    each = sql.SQL(" UNION ALL ").join(
        sql.SQL("SELECT * FROM figures WHERE {} AND {} AND {}").format(where, when, sql.SQL(which))
        for which in (_STANDS, _STOOD, _WAS_KNOWN)
    )
    return sql.SQL("({}) AS figures").format(each)


@dataclass(frozen=True)
class Asked:
    """What is to be added up: its rows by a condition, its dimensions, and by which of them it is told apart."""

    ledger_id: str
    filter: FigureFilter
    where: sql.Composable
    """For stretches; cells of sums have the same columns."""
    params: Mapping[str, Any]
    value: sql.Composable
    by: Dimension | None
    whole: bool
    """Whether all that the condition holds may be read, so that sums may be."""

    @property
    def cube(self) -> int | None:
        """The cube of sums that answers it, if one does."""
        named = {
            "person" if name in {"persons", "but_persons"} else name
            for name, value in vars(self.filter).items()
            if value is not None and name not in {"subject", "without"}
        }
        named |= {one for one in (self.by, self.filter.without) if one is not None}
        wanted = named - {"jurisdiction"}
        cube = next((cube for cube in CUBES if wanted <= cube), None)
        return None if cube is None or not self.whole else cube_number(cube)


@dataclass(frozen=True)
class _Laid:
    """The blocks that together reach from the first position to `last`, which was recorded at `at`."""

    blocks: Sequence[int]
    last: int
    at: datetime


def added_up(
    conn: psycopg.Connection[Any], asked: Asked, measures: Sequence[str], instants: Sequence[datetime], known: int
) -> list[Totals]:
    """The sums at each of some instants, which ascend; for those values of which there is anything."""
    adding = _Adding(conn, asked, instants)
    laid = _laid(conn, asked, known) if asked.cube is not None else None
    if laid is not None:
        adding.blocks(laid, measures)
        adding.strips(laid)
    adding.stretches(laid.last if laid else 0, known)
    first = SUBJECTS[asked.filter.subject].measures[0]
    return [{value: total for value, total in one.items() if total[first]} for one in adding.totals]


def _laid(conn: psycopg.Connection[Any], asked: Asked, known: int) -> _Laid | None:
    found = conn.execute(
        "WITH closed AS (SELECT max(last) AS closed FROM figure_blocks"
        " WHERE ledger_id = %(ledger)s AND last <= %(known)s)"
        " SELECT block, last, at FROM figure_blocks, closed WHERE ledger_id = %(ledger)s AND last <= closed"
        " AND (within IS NULL OR first > closed / within * within) ORDER BY last",
        {"ledger": asked.ledger_id, "known": known},
    ).fetchall()
    return _Laid([block for block, _, _ in found], *found[-1][1:]) if found else None


class _Adding:
    """Totals at instants, to which parts are added."""

    def __init__(self, conn: psycopg.Connection[Any], asked: Asked, instants: Sequence[datetime]) -> None:
        self._conn = conn
        self._asked = asked
        self._instants = instants
        self.totals: list[Totals] = [{} for _ in instants]

    def blocks(self, laid: _Laid, measures: Sequence[str]) -> None:
        """What the blocks changed up to the day of each instant."""
        known = SUBJECTS[self._asked.filter.subject].measures
        wanted = list(dict.fromkeys([known[0], *measures]))
        sums = sql.SQL(", ").join(
            sql.SQL("sum(counts[{}])").format(sql.Literal(known.index(measure) + 1)) for measure in wanted
        )
        query = sql.SQL(
            "SELECT at.number, {value}, {sums} FROM figure_cells"
            " CROSS JOIN unnest(%(days)s::integer[]) WITH ORDINALITY AS at (day, number)"
            " CROSS JOIN unnest(%(blocks)s::integer[]) AS laid (block)"
            " CROSS JOIN LATERAL (SELECT counts FROM figure_sums AS one WHERE one.block = laid.block"
            " AND one.cell = figure_cells.cell AND one.day <= at.day ORDER BY one.day DESC LIMIT 1) AS sums"
            " WHERE {where} AND cube = %(cube)s GROUP BY 1, 2"
        ).format(value=self._asked.value, sums=sums, where=self._asked.where)
        params = {"days": [_day(at) for at in self._instants], "blocks": laid.blocks, "cube": self._asked.cube}
        for number, value, *counts in self._run(query, **params):
            self.totals[number - 1].setdefault(value, Counter()).update(dict(zip(wanted, counts, strict=True)))

    def strips(self, laid: _Laid) -> None:
        """What changes between each instant and the time up to which the blocks count for it."""
        counted = [min(_end(at), laid.at) for at in self._instants]
        strips = [
            (number, min(at, until), max(at, until), 1 if at > until else -1)
            for number, (at, until) in enumerate(zip(self._instants, counted, strict=True))
            if at != until
        ]
        if not strips:
            return
        query = sql.SQL(
            "SELECT strip.number, {value}, counts, sum(strip.sign * way)::integer"
            " FROM unnest(%(numbers)s::integer[], %(since)s::timestamptz[], %(until)s::timestamptz[],"
            " %(signs)s::integer[]) AS strip (number, since, until, sign) CROSS JOIN LATERAL ("
            "SELECT *, 1 AS way FROM figures WHERE {where} AND {known}"
            " AND valid_from > strip.since AND valid_from <= strip.until"
            " UNION ALL SELECT *, -1 FROM figures WHERE {where} AND {known}"
            " AND valid_to > strip.since AND valid_to <= strip.until) AS figures GROUP BY 1, 2, 3"
        ).format(value=self._asked.value, where=self._asked.where, known=sql.SQL(_KNOWN))
        columns = [list(column) for column in zip(*strips, strict=True)]
        params = dict(zip(("numbers", "since", "until", "signs"), columns, strict=True))
        for number, value, pattern, times in self._run(query, **params, known=laid.last):
            self._add(self.totals[number], value, pattern, times)

    def stretches(self, after: int, known: int) -> None:
        """What became known, and ceased to be, after a position; all that is known, if it is 0."""
        if after == 0:
            found = rows(self._asked.where, sql.SQL(f"{_ONCE_VALID} AND {_KNOWN}"))
            number = sql.SQL("count(*)")
        else:
            found = sql.SQL(
                "(SELECT *, 1 AS way FROM figures WHERE {where} AND {valid}"
                " AND known_from > %(after)s AND known_from <= %(known)s"
                " UNION ALL SELECT *, -1 FROM figures WHERE {where} AND {valid}"
                " AND known_to > %(after)s AND known_to <= %(known)s) AS figures"
            ).format(where=self._asked.where, valid=sql.SQL(_ONCE_VALID))
            number = sql.SQL("sum(way)::integer")
        query = sql.SQL(
            "SELECT width_bucket(valid_from - interval '1 microsecond', %(instants)s::timestamptz[]),"
            " width_bucket(valid_to - interval '1 microsecond', %(instants)s::timestamptz[]),"
            " {value}, counts, {number} FROM {found} GROUP BY 1, 2, 3, 4"
        ).format(value=self._asked.value, number=number, found=found)
        params = {"instants": list(self._instants), "first_at": self._instants[0], "last_at": self._instants[-1]}
        for first, until, value, pattern, times in self._run(query, **params, after=after, known=known):
            for total in self.totals[first:until]:
                self._add(total, value, pattern, times)

    def _add(self, totals: Totals, value: str | None, pattern: str, times: int) -> None:
        total = totals.setdefault(value, Counter())
        for measure, count in _sums_of(pattern, self._asked.filter.subject).items():
            total[measure] += count * times

    def _run(self, query: sql.Composed, **params: object) -> Iterator[tuple[Any, ...]]:
        yield from self._conn.execute(query, {**self._asked.params, **params})


_sums_of = lru_cache(4_096)(sums_of)


def _day(at: datetime) -> int:
    return (at - _EPOCH + BEIJING) // _DAY


def _end(at: datetime) -> datetime:
    """The last instant of its day."""
    return _EPOCH + (_day(at) + 1) * _DAY - BEIJING - _INSTANT
