"""Clocks at a moment of both clocks, from the stretches that the projection `clocks` keeps."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from adapters.postgres.pool import Pool, translated
from adapters.postgres.scoped import reached, readable_of, reading
from domain.moment import Moment
from domain.policy import Scope
from projections.clocks import Clocks
from projections.reading import SOON_DAYS, ClockCounts, ClockFilter, ClockKey, ClockRow, ClockState

STATES: dict[ClockState, LiteralString] = {
    "running": "ended IS NULL",
    "overdue": "ended IS NULL AND overdue_from <= %(as_of)s",
    "soon": "ended IS NULL AND overdue_from > %(as_of)s AND due_on <= %(soon)s",
    "met": "ended = 'met'",
    "missed": "ended = 'missed'",
    "dropped": "ended = 'dropped'",
}
"""In which state a clock is at the moment. Overdue and soon are facts about the moment, and parts of running."""

_NARROWED: dict[str, LiteralString] = {
    "jurisdiction": "jurisdiction = %(jurisdiction)s",
    "clock": "clock = %(clock)s",
    "unit": "unit = %(unit)s",
    "kind": "kind = %(kind)s",
    "due_from": "due_on >= %(due_from)s",
    "due_to": "due_on <= %(due_to)s",
}
_STRETCHES: tuple[LiteralString, ...] = (
    "known_to = 9223372036854775807 AND valid_to > '9999-12-31 00:00:00+00'",
    "known_to = 9223372036854775807 AND valid_to <= '9999-12-31 00:00:00+00'",
    "known_to < 9223372036854775807",
)
"""As they stand, as they stood, as they were once known: each kind of row has an index of its own."""
_AT: LiteralString = (
    "ledger_id = %(ledger)s AND valid_from <= %(as_of)s AND valid_to > %(as_of)s"
    " AND known_from <= %(known)s AND known_to > %(known)s"
)
_KEY: LiteralString = "(due_on, case_id, clock, part, nth)"
_KEY_GIVEN: LiteralString = "(%(due)s, %(case)s, %(of)s, %(in)s, %(number)s)"


class ClockViews:
    """The clocks of the cases of a scope."""

    def __init__(self, pool: Pool, ledger_id: str, scope: Scope) -> None:
        self._pool = pool
        self._ledger_id = ledger_id
        self._scope = scope

    def reached(self) -> int:
        """The position up to which every clock is told."""
        with translated(), self._pool.connection() as conn:
            return reached(conn, self._ledger_id, Clocks)

    def page(
        self,
        wanted: ClockFilter,
        moment: Moment,
        day: date,
        *,
        after: ClockKey | None = None,
        backwards: bool = False,
        limit: int = 50,
    ) -> list[ClockRow]:
        """A page of the clocks at a moment, which lies on a day, by due date; `after` is the key of the row before.

        Read backwards, the order is the opposite.
        """
        params: dict[str, Any] = {"limit": limit}
        page: sql.Composable = sql.SQL("true")
        if after is not None:
            page = sql.SQL("{} {} {}").format(sql.SQL(_KEY), sql.SQL("<" if backwards else ">"), sql.SQL(_KEY_GIVEN))
            params |= dict(zip(("due", "case", "of", "in", "number"), after, strict=True))
        order = sql.SQL("ORDER BY due_on {0}, case_id {0}, clock {0}, part {0}, nth {0}").format(
            sql.SQL("DESC" if backwards else "ASC")
        )
        cut = sql.SQL("{} LIMIT %(limit)s").format(order)
        query = sql.SQL(
            "SELECT case_id, clock, part, nth, page.kind, c.number, c.title, page.unit, started_on, due_on,"
            " page.estimate, CASE WHEN ended IS NOT NULL THEN ended WHEN page.overdue_from <= %(as_of)s THEN 'overdue'"
            " WHEN due_on <= %(soon)s THEN 'soon' ELSE 'running' END AS state"
            " FROM (SELECT * FROM {rows} {cut}) AS page JOIN LATERAL (SELECT number, title FROM case_list c"
            " WHERE c.ledger_id = %(ledger)s AND c.case_id = page.case_id AND c.valid_from <= %(as_of)s"
            " AND c.valid_to > %(as_of)s AND c.known_from <= %(known)s AND c.known_to > %(known)s) c ON true"
            " {order}"
        )
        with reading(self._pool, self._scope, Clocks) as conn, conn.cursor(row_factory=class_row(ClockRow)) as cursor:
            where, given = self._asked(conn, wanted, moment, day)
            rows = self._rows(sql.SQL("{} AND {}").format(where, page), cut)
            return cursor.execute(query.format(rows=rows, cut=cut, order=order), given | params).fetchall()

    def counts(self, wanted: ClockFilter, moment: Moment, day: date) -> ClockCounts:
        """How many clocks there are in each state, and of each kind; each count is the length of the list it names."""
        flags = sql.SQL(", ").join(
            sql.SQL("count(*) FILTER (WHERE {})").format(sql.SQL(condition)) for condition in STATES.values()
        )
        query = sql.SQL("SELECT clock, count(*), {} FROM {} GROUP BY clock ORDER BY clock")
        with reading(self._pool, self._scope, Clocks) as conn:
            where, params = self._asked(conn, wanted, moment, day)
            found = conn.execute(query.format(flags, self._rows(where)), params).fetchall()
        by_state = {state: sum(row[2 + place] for row in found) for place, state in enumerate(STATES)}
        return ClockCounts(sum(row[1] for row in found), **by_state, by_clock={row[0]: row[1] for row in found})

    def _rows(self, where: sql.Composable, cut: sql.Composable | None = None) -> sql.Composed:
        """The rows in force at a moment, each kind of them cut by itself."""
        each = sql.SQL(" UNION ALL ").join(
            sql.SQL("(SELECT * FROM clocks WHERE {} AND {} {})").format(where, sql.SQL(kind), cut or sql.SQL(""))
            for kind in _STRETCHES
        )
        return sql.SQL("({}) AS clocks").format(each)

    def _asked(
        self, conn: psycopg.Connection[Any], wanted: ClockFilter, moment: Moment, day: date
    ) -> tuple[sql.Composed, dict[str, Any]]:
        conditions: list[sql.Composable] = [sql.SQL(_AT)]
        params: dict[str, Any] = {
            "ledger": self._ledger_id,
            "as_of": moment.as_of,
            "known": moment.known,
            "soon": min(day, date.max - timedelta(days=SOON_DAYS)) + timedelta(days=SOON_DAYS),
        }
        for name, condition in _NARROWED.items():
            if (value := getattr(wanted, name)) is not None:
                conditions.append(sql.SQL(condition))
                params[name] = value
        if wanted.state is not None:
            conditions.append(sql.SQL(STATES[wanted.state]))
        if self._scope.jurisdiction is not None:
            conditions.append(sql.SQL("jurisdiction = %(place)s"))
            params["place"] = self._scope.jurisdiction
        readable, given = readable_of(conn, self._ledger_id, self._scope, "clocks", wanted.kind)
        conditions.append(readable)
        params |= given
        return sql.SQL(" AND ").join(conditions), params
