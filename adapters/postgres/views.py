"""What readers ask of the projections: lists, counts and steps at a moment of both clocks."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from adapters.postgres.case_pages import CasePage
from adapters.postgres.case_rows import STATES, CaseRows, Order
from adapters.postgres.clocks import ClockViews
from adapters.postgres.figures import FigureViews
from adapters.postgres.ledger import PostgresLedger
from adapters.postgres.pool import Pool, translated
from adapters.postgres.scoped import reading
from adapters.postgres.search import SearchViews
from domain.case import Corrected
from domain.docket import LedgerEvent
from domain.moment import Moment, start_of_day
from domain.policy import EVERYTHING, Scope, matters
from domain.procedure import kinds_having
from domain.refusal import Refused
from projections.case_list import CaseList
from projections.history import History
from projections.projection import Projection
from projections.reading import (
    SOON_DAYS,
    CaseRow,
    Counts,
    Filter,
    ProjectionStatus,
    Sought,
    Tally,
    TrailFilter,
    TrailRow,
    Work,
    WorkCounts,
    WorkKey,
    WorkRow,
)
from projections.search import Search

_LIGHTS: dict[str, LiteralString] = {
    "overdue": "due_on < %(day)s",
    "soon": "due_on BETWEEN %(day)s AND %(soon)s",
    "later": "due_on > %(soon)s",
    "undated": "due_on IS NULL",
}

_TASKS: LiteralString = (
    "SELECT case_id, kind, number, title, stage, session, person, unit, valid_from, place, words[1] AS who,"
    " words[2] AS step, nullif(words[3], '-')::date AS due_on, nullif(words[4], '-')::date AS from_on,"
    " nullif(words[5], '-') AS part"
    " FROM {rows}, unnest(string_to_array(awaited, E'\\n')) WITH ORDINALITY AS line (text, place),"
    " LATERAL string_to_array(line.text, ' ') AS words"
    " WHERE {where} AND awaited <> '' AND ("
    "words[1] = ANY (%(desk)s) AND (%(steps)s::text[] IS NULL"
    " OR kind = ANY (%(matters)s) AND words[2] = ANY (%(steps)s))"
    " OR %(urges)s AND kind = ANY (%(matters)s) AND starts_with(words[1], 'handling_unit:')"
    " AND nullif(words[3], '-')::date < %(day)s)"
    " AND (words[4] = '-' OR words[4]::date <= %(day)s)"
)
"""What lies on a desk of all that the cases of a filter wait for, a row each (`Desk.has`, `projections.case_list`)."""

_SINCE: LiteralString = (
    "(SELECT coalesce(max(valid_to) FILTER (WHERE NOT awaits), min(valid_from), page.valid_from)"
    " FROM (SELECT valid_from, valid_to, EXISTS (SELECT FROM unnest(string_to_array(awaited, E'\\n')) AS line (text),"
    " LATERAL string_to_array(line.text, ' ') AS words WHERE words[1] = page.who AND words[2] = page.step"
    " AND nullif(words[5], '-') IS NOT DISTINCT FROM page.part) AS awaits"
    " FROM case_list WHERE ledger_id = %(ledger)s AND case_list.case_id = page.case_id"
    " AND valid_from < page.valid_from AND known_from <= %(known)s AND known_to > %(known)s) AS earlier)"
)
"""Since when it is awaited without a break: the end of the last stretch in which it was not."""

_KEY: LiteralString = "coalesce(due_on, '9999-12-31'), coalesce(number, ''), case_id, place"
_KEY_GIVEN: LiteralString = "coalesce(%(due)s::date, '9999-12-31'), coalesce(%(number)s::text, ''), %(case)s, %(nth)s"

_TRAIL: LiteralString = (
    "SELECT h.position, h.case_id, h.version, h.wire, h.recorded_at, h.occurred_at, h.precision, h.late, h.actor,"
    " h.role, h.office, h.on_behalf_of, h.document, h.part, h.target, c.kind, c.number, c.title"
    " FROM history h JOIN LATERAL (SELECT kind, number, title FROM case_list c"
    " WHERE c.ledger_id = h.ledger_id AND c.case_id = h.case_id"
    " ORDER BY known_to DESC, valid_to DESC LIMIT 1) c ON true WHERE {} ORDER BY h.position DESC LIMIT %(limit)s"
)
"""The recorded steps with the case that each is of; only cases of the scope's jurisdiction are there to be joined."""

_OF_TRAIL: dict[str, LiteralString] = {
    "actor": "h.actor = %(actor)s",
    "step": "h.wire = %(step)s",
    "case": "(h.case_id = %(case)s OR c.number = %(case)s)",
    "unit": "(h.part = %(unit)s OR h.office = %(unit)s)",
    "since": "h.recorded_at >= %(since)s",
    "until": "h.recorded_at < %(until)s",
    "late": "h.late",
}

_HAVING: LiteralString = (
    "SELECT found.case_id, (SELECT l.version FROM ledger l WHERE l.ledger_id = %(ledger)s"
    " AND l.case_id = found.case_id AND l.position <= %(known)s ORDER BY l.version DESC LIMIT 1)"
    " FROM (SELECT case_id FROM history WHERE ledger_id = %(ledger)s AND position <= %(known)s"
    " AND ({found} OR wire = %(corrected)s)"
    " UNION SELECT l.case_id FROM ledger l WHERE l.ledger_id = %(ledger)s AND l.position <= %(known)s"
    " AND l.position > (SELECT p.position FROM projection_position p JOIN projection_build b USING (name, build)"
    " WHERE p.ledger_id = %(ledger)s AND name = %(history)s AND b.state = 'live')) AS found"
    " WHERE EXISTS (SELECT FROM case_list c WHERE c.ledger_id = %(ledger)s AND c.case_id = found.case_id"
    " AND c.jurisdiction = %(place)s AND c.kind = ANY (%(kinds)s)) ORDER BY found.case_id"
)
"""Cases with one of the steps on one of the days; a correction may have put a step on any other day.

What the history has not reached yet is looked for in the ledger.
"""

_REACHED = (
    "SELECT p.position FROM projection_position p JOIN projection_build b USING (name, build)"
    " WHERE p.ledger_id = %s AND name = %s AND b.state = 'live'"
)
_WAIT_STEP = 0.001
_SOON = timedelta(days=SOON_DAYS)


class Views:
    """Reads over one ledger. A moment's second clock is a position, so that pages and figures of one moment agree."""

    def __init__(self, pool: Pool, ledger: PostgresLedger, scope: Scope = EVERYTHING) -> None:
        self._pool = pool
        self._ledger = ledger
        self._ledger_id = ledger.ledger_id
        self._scope = scope
        self._rows = CaseRows(self._ledger_id, scope)

    def within(self, scope: Scope) -> Views:
        """The same reads, of the cases of a scope alone."""
        return Views(self._pool, self._ledger, scope)

    @property
    def figures(self) -> FigureViews:
        """Figures of the cases of the same scope."""
        return FigureViews(self._pool, self._ledger_id, self._scope)

    @property
    def search(self) -> SearchViews:
        """What the same cases say."""
        return SearchViews(self._ledger_id, self._rows, partial(self._reading, Search))

    @property
    def clocks(self) -> ClockViews:
        """Clocks of the cases of the same scope."""
        return ClockViews(self._pool, self._ledger_id, self._scope)

    def position(self) -> int:
        """The position that the case list has reached: what is known now."""
        with translated(), self._pool.connection() as conn:
            row = conn.execute(_REACHED, (self._ledger_id, CaseList.name), prepare=True).fetchone()
        return int(row[0]) if row else 0

    def moment(
        self,
        as_of: datetime | None = None,
        known_at: datetime | None = None,
        position: int | None = None,
        reached: int | None = None,
    ) -> Moment:
        """A moment; what is left open is now. A position that has not been reached, as far as is known, is refused."""
        if reached is None:
            reached = self.position()
        if position is not None:
            if not 0 <= position <= reached:
                raise Refused("position-not-reached", field="position", position=position, reached=reached)
        elif known_at is not None:
            position = min(self._ledger.position_at(known_at), reached)
        return Moment(as_of or datetime.now(UTC), reached if position is None else position)

    def cases(
        self,
        wanted: Filter,
        moment: Moment,
        *,
        sort: str = "-opened_on",
        after: tuple[Any, str] | None = None,
        limit: int = 50,
    ) -> list[CaseRow]:
        """A page of the list: `after` is the sort value and the case id of the last row of the page before."""
        order = Order.of(sort, after)
        with self._reading(known=moment.known) as conn:
            return CasePage(conn, self._rows, wanted, moment, order, limit).read()

    def counts(self, wanted: Filter, moment: Moment) -> Counts:
        """Counts over the whole list of a filter at a moment; each is the length of the list that it names."""
        by_stage, by_unit = Counter[str](), Counter[str]()
        states = dict.fromkeys(STATES, 0)
        for stage, units, number, *in_states in self._counted(wanted, moment, "stage, units"):
            by_stage[stage] += number
            by_unit.update(dict.fromkeys(units.split(), number))
            for state, count in zip(STATES, in_states, strict=True):
                states[state] += count
        return Counts(total=by_stage.total(), **states, by_stage=dict(by_stage), by_unit=dict(sorted(by_unit.items())))

    def tallies(self, wanted: Filter, moment: Moment) -> dict[str, Tally]:
        """How many cases of a filter there are at a moment in each stage."""
        return {stage: Tally(*numbers) for stage, *numbers in self._counted(wanted, moment, "stage")}

    def _counted(self, wanted: Filter, moment: Moment, by: LiteralString) -> list[tuple[Any, ...]]:
        """Together with what the cases have in common: how many there are, and in each of the states."""
        flags = sql.SQL(", ").join(
            sql.SQL("count(*) FILTER (WHERE {})").format(sql.SQL(condition)) for condition in STATES.values()
        )
        query = sql.SQL("SELECT {0}, count(*), {1} FROM {2} WHERE {3} GROUP BY {0} ORDER BY {0}")
        with self._reading() as conn:
            rows, where, params = self._rows.asked(conn, wanted, moment)
            return conn.execute(query.format(sql.SQL(by), flags, rows, where), params).fetchall()

    def work(
        self,
        work: Work,
        wanted: Filter,
        moment: Moment,
        *,
        after: WorkKey | None = None,
        backwards: bool = False,
        limit: int = 50,
    ) -> list[WorkRow]:
        """A page of what is awaited of somebody, by due date; `after` is the key of the last row of the page before.

        Read backwards, the order is the opposite.
        """
        chosen, params = self._chosen(work)
        params["limit"] = limit
        if after is not None:
            chosen = sql.SQL("{} AND ({}) {} ({})").format(
                chosen, sql.SQL(_KEY), sql.SQL("<" if backwards else ">"), sql.SQL(_KEY_GIVEN)
            )
            params |= dict(zip(("due", "number", "case", "nth"), after, strict=True))
        order = sql.SQL("({}) {}").format(sql.SQL(_KEY), sql.SQL("DESC" if backwards else "ASC"))
        with self._reading(known=moment.known) as conn, conn.cursor(row_factory=class_row(WorkRow)) as cursor:
            rows, where, given = self._rows.asked(conn, wanted, moment)
            query = sql.SQL(
                "WITH tasks AS ({tasks}), page AS (SELECT * FROM tasks WHERE {chosen} ORDER BY {order} LIMIT %(limit)s)"
                " SELECT case_id, kind, number, title, stage, session, person, unit, place, who, step, part, due_on,"
                " from_on, {since} AS since FROM page ORDER BY {order}"
            ).format(
                tasks=sql.SQL(_TASKS).format(rows=rows, where=where), chosen=chosen, order=order, since=sql.SQL(_SINCE)
            )
            return cursor.execute(query, given | params).fetchall()

    def work_counts(self, work: Work, wanted: Filter, moment: Moment) -> WorkCounts:
        """How much is awaited of somebody; each count is the length of the list that it names."""
        chosen, params = self._chosen(work)
        lights = sql.SQL(", ").join(
            sql.SQL("count(*) FILTER (WHERE {})").format(sql.SQL(condition)) for condition in _LIGHTS.values()
        )
        query = sql.SQL("WITH tasks AS ({}) SELECT step, {} FROM tasks WHERE {} GROUP BY step ORDER BY step")
        with self._reading() as conn:
            rows, where, given = self._rows.asked(conn, wanted, moment)
            tasks = sql.SQL(_TASKS).format(rows=rows, where=where)
            found = conn.execute(query.format(tasks, lights, chosen), given | params).fetchall()
        lengths = {name: sum(row[1 + i] for row in found) for i, name in enumerate(_LIGHTS)}
        return WorkCounts(total=sum(lengths.values()), **lengths, by_step={row[0]: sum(row[1:]) for row in found})

    def trail(self, wanted: TrailFilter, *, before: int | None = None, limit: int = 100) -> list[TrailRow]:
        """The recorded steps that a filter names, the newest first, those before a position."""
        if self._scope.keys is not None:
            raise Refused("not-all-is-yours")
        conditions: list[LiteralString] = ["h.ledger_id = %(ledger)s"]
        params: dict[str, Any] = {"ledger": self._ledger_id, "before": before, "limit": limit}
        for name, condition in _OF_TRAIL.items():
            if value := getattr(wanted, name):
                conditions.append(condition)
                params[name] = value
        if before is not None:
            conditions.append("h.position < %(before)s")
        query = sql.SQL(_TRAIL).format(sql.SQL(" AND ").join(map(sql.SQL, conditions)))
        with self._reading(History) as conn, conn.cursor(row_factory=class_row(TrailRow)) as cursor:
            return cursor.execute(query, params).fetchall()

    def having(self, sought: Sequence[Sought], jurisdiction: str, known: int) -> list[tuple[str, int]]:
        """The cases of a jurisdiction that may have one of the steps on one of the days, each with its last version.

        As known at a position.
        """
        if self._scope.keys is not None:
            raise Refused("not-all-is-yours")
        wires = frozenset[str]().union(*(one.wires for one in sought))
        params = {
            "known": known,
            "place": jurisdiction,
            "kinds": kinds_having(wires),
            "corrected": Corrected.declared.wire,
            "history": History.name,
            "ledger": self._ledger_id,
        }
        found = sql.SQL(" OR ").join(
            sql.SQL("wire = ANY ({}) AND occurred_at BETWEEN {} AND {}").format(sorted(one.wires), *_around(one))
            for one in sought
        )
        with self._reading(History) as conn:
            return conn.execute(sql.SQL(_HAVING).format(found=found), params).fetchall()

    def steps(self, *, after: int = 0, until: int, limit: int = 500) -> list[LedgerEvent]:
        """Stored steps in ledger order."""
        return self._ledger.tail(after, limit, until)

    def status(self) -> list[ProjectionStatus]:
        """Every build of every projection; the lag is measured against the ledger's head, not against what was read."""
        rows = self._all(
            "SELECT name, build, b.version, p.position, h.position, h.position - p.position,"
            " CASE WHEN h.position > p.position"
            " THEN extract(epoch FROM clock_timestamp() - l.recorded_at)::float8 ELSE 0 END,"
            " CASE WHEN p.error IS NOT NULL THEN 'stopped' WHEN b.state = 'building' THEN 'rebuilding' ELSE 'live' END,"
            " p.error, p.heartbeat"
            " FROM projection_build b JOIN projection_position p USING (name, build)"
            " JOIN ledger_head h ON h.ledger_id = p.ledger_id"
            " LEFT JOIN ledger l ON l.ledger_id = p.ledger_id AND l.position = p.position + 1"
            " WHERE p.ledger_id = %(ledger)s AND b.state <> 'retired' ORDER BY name, build",
            {},
        )
        return [ProjectionStatus(*row) for row in rows]

    def wait_for(self, position: int, timeout: float = 2.0) -> int:
        """The position that the case list has reached: at least this one, unless that takes longer than the timeout."""
        until = time.monotonic() + timeout
        while (reached := self.position()) < position and time.monotonic() < until:
            time.sleep(_WAIT_STEP)
        return reached

    @staticmethod
    def _chosen(work: Work) -> tuple[sql.Composable, dict[str, Any]]:
        """What a work list shows of all that is awaited, as a condition and its parameters."""
        soon = min(work.day, date.max - _SOON) + _SOON
        conditions = [sql.SQL("true" if work.light is None else _LIGHTS[work.light])]
        if work.step is not None:
            conditions.append(sql.SQL("step = %(step)s"))
        desk = work.desk
        params = {
            "desk": sorted(desk.keys),
            "steps": None if desk.steps is None else sorted(desk.steps),
            "urges": desk.urges,
            "matters": sorted(matters()),
            "day": work.day,
            "soon": soon,
            "step": work.step,
        }
        return sql.SQL(" AND ").join(conditions), params

    def _reading(
        self, *beside: type[Projection], known: int | None = None
    ) -> AbstractContextManager[psycopg.Connection[Any]]:
        return reading(self._pool, self._scope, CaseList, *beside, known=known)

    def _all(self, query: LiteralString | sql.Composed, params: dict[str, Any]) -> Sequence[tuple[Any, ...]]:
        with translated(), self._pool.connection() as conn:
            return conn.execute(query, {"ledger": self._ledger_id} | params).fetchall()


def _around(sought: Sought) -> tuple[datetime, datetime]:
    """Instants between which the days lie in every zone."""
    first = date.fromordinal(max(sought.first.toordinal() - 1, date.min.toordinal()))
    last = date.fromordinal(min(sought.last.toordinal() + 2, date.max.toordinal()))
    return start_of_day(first, "UTC"), start_of_day(last, "UTC")
