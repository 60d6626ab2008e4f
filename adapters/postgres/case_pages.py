"""Pages of the case list at a moment of both clocks: for each kind of list the way that goes through few rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from adapters.postgres.case_rows import (
    ALL,
    AS_TODAY,
    BEFORE_BY_LENGTH,
    BEFORE_IN_ORDER,
    ENDED,
    NULLS,
    OPENED,
    STANDING,
    STATES,
    SUPERSEDED,
    TODAY,
    CaseRows,
    Order,
    narrowed,
)
from adapters.postgres.scoped import reached
from domain.moment import Moment
from projections.case_list import CaseList
from projections.reading import CaseRow, Filter

_RECENT = timedelta(days=1)
"""So long ago, a moment is now."""
_MANY = 5_000
"""If by length so many rows are gone through, it is tried in their order first."""
_SOME = 8_000
"""So many cases are then gone through."""
_DUE_ON_ONE_DAY = 2_000
"""Of so many that are due around the day with which the page before ended the page is found."""
_GONE_THROUGH: LiteralString = (
    "SELECT count(*) FROM (SELECT FROM"
    " unnest(%(digits)s::integer[], %(ended)s::timestamptz[], %(superseded)s::bigint[])"
    " AS last (digits, ended, superseded) CROSS JOIN LATERAL ("
    "(SELECT FROM case_list WHERE ledger_id = %(ledger)s AND jurisdiction = %(place)s AND so_long = digits"
    " AND known_to = 9223372036854775807 AND valid_to <= '9999-12-31 00:00:00+00'"
    " AND valid_to > %(as_of)s AND valid_to <= ended LIMIT %(many)s)"
    " UNION ALL (SELECT FROM case_list WHERE ledger_id = %(ledger)s AND jurisdiction = %(place)s"
    " AND known_so_long = digits AND known_to < 9223372036854775807"
    " AND known_to > %(known)s AND known_to <= superseded LIMIT %(many)s)) AS one LIMIT %(many)s) AS gone_through"
)
"""How many rows would be gone through by length; no more than `many` are counted."""
_FURTHER: LiteralString = (
    f"SELECT {{key}} FROM case_list WHERE ledger_id = %(ledger)s AND jurisdiction = %(place)s AND {STANDING}"  # noqa: S608 - literals only
    f" AND NOT dated_ahead AND {OPENED} AND {{ahead}} ORDER BY 1 {{direction}} OFFSET %(some)s LIMIT 1"
)
"""When the case was opened that stands `some` cases further on in the list."""
_LONG_KNOWN: LiteralString = (
    "SELECT recorded_at < %(as_of)s - %(long)s FROM ledger WHERE ledger_id = %(ledger)s AND position = %(known)s"
)
"""Whether what is known was known so long before the day: then most of what waited is overdue on it."""
_LONG = timedelta(days=60)
_GRADE_UNLESS_SEALED: LiteralString = (
    f"CASE WHEN EXISTS (SELECT {TODAY} AND (today.sealed_until > clock_timestamp()"
    " OR today.rounds = case_list.rounds AND case_list.sealed_until > clock_timestamp())) THEN 'sealed' ELSE grade END"
)
"""A grade is sealed as it is today, and also where the evaluation was voided since and its window is open."""
_PAGE: LiteralString = (
    "SELECT case_id, kind, jurisdiction, number, title, stage, session, person, unit,"  # noqa: S608 - literals only
    " string_to_array(units, ' ') AS units, opened_on, handed_over_on, due_on, answered_on, extended, over,"
    " next_clock, next_due_on, estimate, rounds, {grade} AS grade,"
    f" coalesce({STATES['overdue']}, false) AS overdue FROM {{rows}} WHERE {{where}} {{order}}"
)


class CasePage:
    """A page of a list, read through a connection that shows the jurisdiction of a scope."""

    def __init__(
        self,
        conn: psycopg.Connection[Any],
        rows: CaseRows,
        wanted: Filter,
        moment: Moment,
        order: Order,
        limit: int,
    ) -> None:
        self._conn = conn
        self._cursor = conn.cursor(row_factory=class_row(CaseRow))
        self._rows = rows
        self._wanted = wanted
        self._moment = moment
        self._order = order
        self._limit = limit
        where, params = narrowed(wanted)
        self._where = sql.SQL("{} AND {}").format(where, order.following(order.key))
        self._params = params | order.params | {"limit": limit}
        self._first = sql.SQL("ORDER BY {} {}, case_id {} LIMIT %(limit)s").format(
            order.key, order.direction, order.direction
        )

    def read(self) -> list[CaseRow]:
        """By the first way that leads to all rows of the page."""
        return next(found for found in self._ways() if found is not None)

    def _ways(self) -> Iterator[list[CaseRow] | None]:
        yield self._of_few()
        yield self._of_unit()
        self._params |= self._rows.in_force(self._moment)[1]
        yield self._due_first()
        yield self._opened_last()
        yield self._selected_of_all(self._where, BEFORE_BY_LENGTH if self._wanted.deputy is None else BEFORE_IN_ORDER)

    def _of_few(self) -> list[CaseRow] | None:
        """Where a reader's own cases are few, or a unit's that are sorted otherwise: all of them are looked at."""
        asked = self._rows.of_own(self._conn, self._wanted, self._moment)
        if asked is None and self._order.name != "opened_on":
            asked = self._rows.of_unit(self._conn, self._wanted, self._moment)
        return None if asked is None else self._selected(asked[0], self._where, asked[2])

    def _of_unit(self) -> list[CaseRow] | None:
        """Those of a unit, among the first of its cases, if they fill the page or there are no more."""
        if self._order.name != "opened_on":
            return None
        asked = self._rows.of_unit(self._conn, self._wanted, self._moment, self._order)
        if asked is None:
            return None
        found = self._selected(*asked)
        return found if asked[2]["further"] is None or len(found) == self._limit else None

    def _due_first(self) -> list[CaseRow] | None:
        """Those that are waited for, by due date: how far the page goes is read in the indexes, without the rows."""
        order, awaited = self._order, self._wanted.state in {"waiting", "overdue"}
        if not (order.name == "due_on" and not order.descending and awaited and self._goes_through_many()):
            return None
        dated = "overdue_from IS NOT NULL"
        if order.after is not None:
            dated = "overdue_from >= (%(after)s::date - 1)::timestamptz"
        first = sql.SQL(f"AND {dated} ORDER BY overdue_from LIMIT %(nth)s + 1")
        query = sql.SQL("SELECT overdue_from + interval '2 days' FROM {} ORDER BY overdue_from OFFSET %(nth)s LIMIT 1")
        nth = self._limit - 1 + (0 if order.after is None else _DUE_ON_ONE_DAY)
        last = None
        for kinds in ((ENDED,), (ENDED, SUPERSEDED)):
            rows, _ = self._rows.in_force(self._moment, first, kinds)
            if last := self._conn.execute(query.format(rows), self._params | {"nth": nth}).fetchone():
                break
        within = dated if last is None else f"{dated} AND overdue_from <= %(last)s"
        where = sql.SQL("{} AND {}").format(self._where, sql.SQL(within))
        found = self._selected_of_all(where, BEFORE_BY_LENGTH, last=last and last[0])
        return found if len(found) == self._limit else None

    def _opened_last(self) -> list[CaseRow] | None:
        """Those among the cases opened last, or first, if they fill the page."""
        if not (self._order.name == "opened_on" and self._are_new() and self._goes_through_many()):
            return None
        last = self._some_further()
        within = "true" if last is None else "{} >= %(last)s" if self._order.descending else "{} <= %(last)s"
        where = sql.SQL("{} AND {}").format(self._where, sql.SQL(within).format(self._order.key))
        found = self._selected_of_all(where, BEFORE_IN_ORDER, last=last)
        return found if last is None or len(found) == self._limit else None

    def _goes_through_many(self) -> bool:
        """Whether many rows would be gone through by length."""
        if self._rows.scope.jurisdiction is None or self._is_now():
            return False
        row = self._conn.execute(_GONE_THROUGH, self._params | {"many": _MANY}).fetchone()
        return row is not None and row[0] >= _MANY

    def _is_now(self) -> bool:
        """Whether little has come to its end, or was superseded, since the moment."""
        recent = self._moment.as_of >= datetime.now(UTC) - _RECENT
        return recent and self._moment.known >= reached(self._conn, self._params["ledger"], CaseList)

    def _are_new(self) -> bool:
        """Whether there are likely to be many that the filter leaves among the cases that were opened last."""
        wanted = self._wanted
        if wanted.unit or wanted.deputy or wanted.tied_to or wanted.text:
            return False
        if wanted.state != "overdue":
            return wanted.state in {None, "unassigned", "waiting"}
        row = self._conn.execute(_LONG_KNOWN, self._params | {"long": _LONG}).fetchone()
        return row is not None and row[0]

    def _some_further(self) -> date | None:
        """When the case was opened that stands `some` cases further on; None if there are not so many."""
        ahead: LiteralString = "true"
        if self._order.after is not None:
            ahead = (
                "{} <= coalesce(%(after)s::date, {})"
                if self._order.descending
                else "{} >= coalesce(%(after)s::date, {})"
            )
        query = sql.SQL(_FURTHER).format(
            key=self._order.key,
            ahead=sql.SQL(ahead).format(self._order.key, sql.SQL(NULLS["date"])),
            direction=self._order.direction,
        )
        row = self._conn.execute(query, self._params | {"some": _SOME}).fetchone()
        return None if row is None else row[0]

    def _selected_of_all(self, where: sql.Composable, before: LiteralString, **params: object) -> list[CaseRow]:
        first = sql.SQL("AND {} {}").format(where, self._first)
        rows, _ = self._rows.in_force(self._moment, first, (AS_TODAY, before))
        return self._selected(rows, ALL, params)

    def _selected(self, rows: sql.Composable, where: sql.Composable, params: dict[str, Any]) -> list[CaseRow]:
        grade = sql.SQL(_GRADE_UNLESS_SEALED if self._rows.scope.sealed else "grade")
        query = sql.SQL(_PAGE).format(grade=grade, rows=rows, where=where, order=self._first)
        return self._cursor.execute(query, params | self._params).fetchall()
