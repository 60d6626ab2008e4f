"""Adds up what counts at some instants, as known at a position: from the sums, and what they leave open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import add
from typing import Any, LiteralString, NamedTuple

import psycopg
from psycopg import sql

from adapters.postgres.sums import (
    ALONG_POSITIONS,
    BEGINS_AHEAD,
    CUBES,
    ENDS_AHEAD,
    WHEN_ALL_HAS_COME,
    cell_numbers,
    cube_number,
    day_number,
    end_of,
)
from projections.counting import SUBJECTS
from projections.figures import places_of
from projections.reading import Dimension, FigureFilter, Sums

_ENDED: LiteralString = "valid_to <= '9999-12-31 00:00:00+00'"
_STANDS: LiteralString = "known_to = 9223372036854775807 AND valid_to > '9999-12-31 00:00:00+00'"
_STOOD: LiteralString = f"known_to = 9223372036854775807 AND {_ENDED}"
_WAS_KNOWN: LiteralString = "known_to < 9223372036854775807"
_ONCE_VALID: LiteralString = "valid_from <= %(last_at)s AND valid_to > %(first_at)s"
_KNOWN: LiteralString = "known_from <= %(known)s AND known_to > %(known)s"
SOON = timedelta(days=45)
"""Of what lies ahead after a block, most comes within three months: up to half of them, what comes first is read, and
from then on what comes later."""
_BUCKETS: Mapping[str, sql.Composable] = {
    name: sql.SQL("width_bucket({} - interval '1 microsecond', %(instants)s::timestamptz[])").format(
        sql.Identifier(column)
    )
    for name, column in (("since", "valid_from"), ("until", "valid_to"))
}
"""The numbers of the first instant in a stretch, and of the first after it."""
_BUCKETS_OF_ONE: Mapping[str, sql.Composable] = {
    name: sql.SQL("({} > %(first_at)s)::integer").format(sql.Identifier(column))
    for name, column in (("since", "valid_from"), ("until", "valid_to"))
}
"""The same where one instant is asked for, said so that it costs little and leads to no other index."""


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


_MANY = 1_000_000_000
_SUMS_FOR_A_SEARCH = 50
"""How long a series may be, whose part of one cube is read in the time in which one cell's sum is searched for."""


class _Look(NamedTuple):
    """A place in the sums that adds to the total of an instant, in a series of so many sums."""

    number: int
    series: int
    at: int
    sums: int = _MANY


class _Region(NamedTuple):
    """What became known after a position and up to another, for the instants from one number until another."""

    first: int
    end: int
    after: int
    known: int


class _Strip(NamedTuple):
    """What happens after an instant and up to another, if it became known after a position and up to another.

    It is added, or taken away.
    """

    number: int
    since: datetime
    until: datetime
    after: int
    known: int
    way: int = 1


def added_up(
    conn: psycopg.Connection[Any], asked: Asked, measures: Sequence[str], instants: Sequence[datetime], known: int
) -> list[dict[str | None, Sums]]:
    """The sums at each of some instants, which ascend; for those values of which there is anything."""
    adding = _Adding(conn, asked, measures, instants)
    plan = _Plan(conn, asked.ledger_id, instants, known) if asked.cube is not None else None
    if plan is None or not plan.closed:
        adding.stretches(known)
    else:
        adding.sums(plan.looks)
        adding.changes(plan.regions)
        adding.strips(plan.ahead, BEGINS_AHEAD, ENDS_AHEAD, "ahead AND known_to > strip.known")
        adding.strips(plan.within, "valid_from", "valid_to")
    return adding.told()


_PLACED: LiteralString = """
WITH asked AS (
    SELECT number - 1 AS number, at, day
    FROM unnest(%(instants)s::timestamptz[], %(days)s::bigint[]) WITH ORDINALITY AS asked (at, day, number)
), closed AS (
    SELECT max(last) AS closed FROM figure_blocks WHERE ledger_id = %(ledger)s AND size = 0 AND last <= %(known)s
)
SELECT closed, asked.number, base.last, base.at, base.furthest, after.last, ARRAY(
    SELECT ARRAY[block, sums] FROM figure_blocks WHERE ledger_id = %(ledger)s AND first > after.last AND last <= closed
    AND earliest <= asked.day AND (
        within IS NULL OR (first - 1) / within * within < after.last OR (first - 1) / within * within + within > closed
    )
)
FROM closed CROSS JOIN asked
LEFT JOIN LATERAL (
    SELECT last, at, furthest FROM figure_blocks
    WHERE ledger_id = %(ledger)s AND size = 0 AND at <= asked.at AND last <= closed
    ORDER BY at DESC, last DESC LIMIT 1
) AS base ON true
LEFT JOIN LATERAL (
    SELECT last FROM figure_blocks WHERE ledger_id = %(ledger)s AND size = 0 AND at > asked.at AND last <= closed
    ORDER BY at, last LIMIT 1
) AS after ON true
WHERE closed IS NOT NULL ORDER BY asked.number
"""
"""For each instant: the last block that had ended by then, the next, and the largest blocks that reach from there to
the last full one, of those that changed something of days that were over at the instant, with the number of sums."""


class _Plan:
    """Which sums make each instant's total, and which stretches have to be read beside them.

    A total is what counted at the end of the last block that had ended by then, and what came in the time since (or,
    much later, what counts when all has come that lay ahead then, without what comes after the instant); what became
    known with the next block; what all blocks after it changed of days that were over, and, where the instant is not
    the end of a day, of the part of its own; and what became known after the last block.
    """

    def __init__(self, conn: psycopg.Connection[Any], ledger_id: str, instants: Sequence[datetime], known: int) -> None:
        self.closed = 0
        self.looks: list[_Look] = []
        self.regions: list[_Region] = []
        self.ahead: list[_Strip] = []
        self.within: list[_Strip] = []
        tail = 0
        ends = [end_of(day_number(at)) for at in instants]
        days = [day_number(at) - (at < end) for at, end in zip(instants, ends, strict=True)]
        params = {"ledger": ledger_id, "instants": list(instants), "days": days, "known": known}
        for closed, number, base, ended, furthest, after, late in conn.execute(_PLACED, params).fetchall():
            self.closed, at = closed, instants[number]
            if base is not None and at - ended <= SOON:
                self.looks.append(_Look(number, ALONG_POSITIONS, base))
                self.ahead.append(_Strip(number, ended, at, 0, base))
            elif base is not None:
                self.looks.append(_Look(number, WHEN_ALL_HAS_COME, base))
                if furthest is not None and furthest > at:
                    self.ahead.append(_Strip(number, at, furthest, 0, base, -1))
            if after is None or after == closed:
                self._read(number, base or 0, known)
                continue
            self._read(number, base or 0, after)
            self.looks += [_Look(number, block, days[number], sums) for block, sums in late]
            if at < ends[number]:
                self.within.append(_Strip(number, end_of(days[number]), at, after, closed))
            tail = number + 1
        if tail and self.closed < known:
            self.regions.append(_Region(0, tail, self.closed, known))

    def _read(self, number: int, after: int, known: int) -> None:
        if self.regions and self.regions[-1][2:] == (after, known):
            self.regions[-1] = self.regions[-1]._replace(end=number + 1)
        elif after < known:
            self.regions.append(_Region(number, number + 1, after, known))


class _Adding:
    """Totals at instants, to which parts are added."""

    def __init__(
        self, conn: psycopg.Connection[Any], asked: Asked, measures: Sequence[str], instants: Sequence[datetime]
    ) -> None:
        self._conn = conn
        self._asked = asked
        self._instants = instants
        self._known = SUBJECTS[asked.filter.subject].measures
        self._measures = measures
        self._places = {known: place for place, known in enumerate(dict.fromkeys([self._known[0], *measures]))}
        self._patterns: dict[str, list[tuple[int, int]]] = {}
        self._totals: list[dict[str | None, list[int]]] = [{} for _ in instants]

    def told(self) -> list[dict[str | None, Sums]]:
        """The sums for each value of which there is anything."""
        told = [(measure, self._places[measure]) for measure in self._measures]
        return [
            {value: {measure: total[place] for measure, place in told} for value, total in one.items() if total[0]}
            for one in self._totals
        ]

    def sums(self, looks: Sequence[_Look]) -> None:
        """What the sums say at some places: a short series is read in order, a long one searched for each cell."""
        if not looks:
            return
        query = sql.SQL(
            "WITH asked AS MATERIALIZED (SELECT cell, {value} AS value FROM figure_cells WHERE {where}"
            " AND cube = %(cube)s), look AS (SELECT *, sums < %(worth)s * (SELECT count(*) FROM asked) AS short"
            " FROM unnest(%(numbers)s::integer[], %(series)s::integer[], %(ats)s::bigint[], %(sums)s::integer[])"
            " AS look (number, series, at, sums)), found AS ("
            "SELECT number, value, counts FROM look CROSS JOIN asked CROSS JOIN LATERAL (SELECT counts"
            " FROM figure_sums AS one WHERE one.series = look.series AND one.cell = asked.cell AND one.at <= look.at"
            " ORDER BY one.at DESC LIMIT 1) AS sums WHERE NOT short"
            " UNION ALL SELECT number, value, counts FROM look CROSS JOIN LATERAL (SELECT DISTINCT ON (cell) cell,"
            " counts FROM figure_sums AS one WHERE one.series = look.series AND one.at <= look.at"
            " AND cell BETWEEN %(first)s AND %(last)s ORDER BY cell, one.at DESC) AS sums"
            " JOIN asked USING (cell) WHERE short)"
            " SELECT number, value, {sums} FROM found GROUP BY 1, 2"
        ).format(
            value=self._asked.value,
            where=self._asked.where,
            sums=sql.SQL(", ").join(
                sql.SQL("sum(counts[{}])").format(sql.Literal(self._known.index(measure) + 1))
                for measure in self._places
            ),
        )
        cube = self._asked.cube or 0
        first, last = cell_numbers(cube)
        more = {"cube": cube, "first": first, "last": last, "worth": _SUMS_FOR_A_SEARCH}
        for number, value, *counts in self._run(query, looks, "numbers series ats sums", **more):
            totals = self._totals[number]
            totals[value] = list(map(add, totals[value], counts)) if value in totals else counts

    def changes(self, regions: Sequence[_Region]) -> None:
        """What became known, and ceased to be, in some regions."""
        query = sql.SQL(
            "SELECT region.first, region.until, {since}, {until}, {value}, counts, sum(way)::integer"
            " FROM unnest(%(firsts)s::integer[], %(ends)s::integer[], %(afters)s::bigint[], %(knowns)s::bigint[])"
            " AS region (first, until, after, known) CROSS JOIN LATERAL ("
            "SELECT *, 1 AS way FROM figures WHERE {where} AND {since} < {until}"
            " AND known_from > region.after AND known_from <= region.known"
            " UNION ALL SELECT *, -1 FROM figures WHERE {where} AND {since} < {until} AND {superseded}"
            " AND known_to > region.after AND known_to <= region.known) AS figures GROUP BY 1, 2, 3, 4, 5, 6"
        ).format(
            **self._buckets,
            value=self._asked.value,
            where=self._asked.where,
            superseded=sql.SQL(_WAS_KNOWN),
        )
        if regions:
            for first, end, since, until, value, pattern, times in self._run(
                query, regions, "firsts ends afters knowns", **self._once
            ):
                self._add(range(max(first, since), min(end, until)), value, pattern, times)

    def strips(
        self, strips: Sequence[_Strip], begins: LiteralString, ends: LiteralString, which: LiteralString = "true"
    ) -> None:
        """What begins and ends to count in some strips of time, of stretches for which a condition holds."""
        if not strips:
            return
        query = sql.SQL(
            "SELECT strip.number, {value}, counts, sum(way * sign * ("
            "(known_from > strip.after)::integer - (known_to > strip.after AND known_to <= strip.known)::integer"
            "))::integer FROM unnest(%(numbers)s::integer[], %(sinces)s::timestamptz[],"
            " %(untils)s::timestamptz[], %(afters)s::bigint[], %(knowns)s::bigint[], %(ways)s::integer[])"
            " AS strip (number, since, until, after, known, way)"
            " CROSS JOIN LATERAL ("
            "SELECT *, 1 AS sign FROM figures WHERE {where} AND {which} AND known_from <= strip.known"
            " AND {begins} > strip.since AND {begins} <= strip.until"
            " UNION ALL SELECT *, -1 FROM figures WHERE {where} AND {which} AND known_from <= strip.known"
            " AND {ends} > strip.since AND {ends} <= strip.until AND {ended}) AS figures GROUP BY 1, 2, 3"
        ).format(
            value=self._asked.value,
            where=self._asked.where,
            which=sql.SQL(which),
            begins=sql.SQL(begins),
            ends=sql.SQL(ends),
            ended=sql.SQL(_ENDED),
        )
        for number, value, pattern, times in self._run(query, strips, "numbers sinces untils afters knowns ways"):
            self._add(range(number, number + 1), value, pattern, times)

    def stretches(self, known: int) -> None:
        """All that is known at a position."""
        query = sql.SQL("SELECT {since}, {until}, {value}, counts, count(*) FROM {found} GROUP BY 1, 2, 3, 4").format(
            **self._buckets,
            value=self._asked.value,
            found=rows(self._asked.where, sql.SQL(f"{_ONCE_VALID} AND {_KNOWN}")),
        )
        for since, until, value, pattern, times in self._run(query, **self._once, known=known):
            self._add(range(since, until), value, pattern, times)

    @property
    def _buckets(self) -> Mapping[str, sql.Composable]:
        return _BUCKETS if len(self._instants) > 1 else _BUCKETS_OF_ONE

    @property
    def _once(self) -> dict[str, Any]:
        return {"instants": list(self._instants), "first_at": self._instants[0], "last_at": self._instants[-1]}

    def _add(self, numbers: Iterable[int], value: str | None, pattern: str, times: int) -> None:
        counts = self._patterns.get(pattern)
        if counts is None:
            named = ((self._places.get(self._known[place]), count) for place, count in places_of(pattern))
            counts = self._patterns[pattern] = [(place, count) for place, count in named if place is not None]
        for number in numbers:
            total = self._totals[number].get(value)
            if total is None:
                total = self._totals[number][value] = [0] * len(self._places)
            for place, count in counts:
                total[place] += count * times

    def _run(
        self, query: sql.Composed, parts: Sequence[tuple[Any, ...]] = (), names: str = "", **params: object
    ) -> list[tuple[Any, ...]]:
        """The rows of a query; parts are given to it as one array for each of some names."""
        columns = dict(zip(names.split(), map(list, zip(*parts, strict=True)), strict=True))
        return self._conn.execute(query, {**self._asked.params, **params, **columns}).fetchall()
