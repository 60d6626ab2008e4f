"""Figures at a moment of both clocks, from the stretches that the projection `figures` keeps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any, LiteralString, cast, get_args

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from adapters.postgres.pool import Pool, translated
from domain.moment import Moment
from domain.policy import Scope
from domain.refusal import Refused
from projections.counting import SUBJECTS
from projections.reading import ChangedRow, CountedRow, Dimension, FigureFilter, Sums

_NARROWED: dict[str, LiteralString] = {
    "jurisdiction": "jurisdiction = %(jurisdiction)s",
    "unit": "unit = %(unit)s",
    "person": "person = %(person)s",
    "persons": "person = ANY (%(persons)s)",
    "but_persons": "(person IS NULL OR person <> ALL (%(but_persons)s))",
    "committee": "committee = %(committee)s",
    "kind": "kind = %(kind)s",
    "stage": "stage = %(stage)s",
    "session": "session = %(session)s",
    "year": "year = %(year)s",
}
_AT: LiteralString = "valid_from <= {at} AND valid_to > {at} AND known_from <= {known} AND known_to > {known}"
_STANDS: LiteralString = "known_to = 9223372036854775807 AND valid_to > '9999-12-31 00:00:00+00'"
_STOOD: LiteralString = "known_to = 9223372036854775807 AND valid_to <= '9999-12-31 00:00:00+00'"
_WAS_KNOWN: LiteralString = "known_to < 9223372036854775807"
_READABLE: LiteralString = (
    "EXISTS (SELECT FROM case_list AS today WHERE today.ledger_id = figures.ledger_id"
    " AND today.case_id = figures.case_id AND today.known_to = 9223372036854775807"
    " AND today.valid_to > '9999-12-31 00:00:00+00' AND string_to_array(today.audience, ' ') && %(keys)s)"
)
"""A reader of a part of the cases is told of those that he may read today."""


class FigureViews:
    """Figures of the cases of a scope."""

    def __init__(self, pool: Pool, ledger_id: str, scope: Scope) -> None:
        self._pool = pool
        self._ledger_id = ledger_id
        self._scope = scope

    def reached(self) -> int:
        """The position up to which everything is counted."""
        with translated(), self._pool.connection() as conn:
            row = conn.execute(
                "SELECT p.position FROM projection_position p JOIN projection_build b USING (name, build)"
                " WHERE p.ledger_id = %s AND name = 'figures' AND b.state = 'live'",
                [self._ledger_id],
            ).fetchone()
        return int(row[0]) if row else 0

    def sums(
        self, wanted: FigureFilter, measures: Sequence[str], moment: Moment, by: Dimension | None = None
    ) -> dict[str | None, Sums]:
        """The sums of measures at a moment, for each value of a dimension; under None where there is none."""
        return {value: counts for _, value, counts in self._summed(wanted, measures, [moment.as_of], moment.known, by)}

    def series(
        self,
        wanted: FigureFilter,
        measures: Sequence[str],
        instants: Sequence[datetime],
        known: int,
        by: Dimension | None = None,
    ) -> list[tuple[datetime, str | None, Sums]]:
        """The sums of measures at each of some instants, as known at one position; in the order of the instants."""
        return self._summed(wanted, measures, instants, known, by)

    def counted(
        self,
        wanted: FigureFilter,
        measures: Sequence[str],
        moment: Moment,
        *,
        after: tuple[str, str] | None = None,
        limit: int = 50,
    ) -> list[CountedRow]:
        """A page of what adds to a measure at a moment; `after` is the last case and part of the page before."""
        where, params = self._asked(wanted)
        chosen = sql.SQL(" OR ").join(sql.SQL("{} <> 0").format(one) for one in self._columns(wanted, measures))
        rows = self._rows(sql.SQL(_AT).format(at=sql.SQL("%(as_of)s"), known=sql.SQL("%(known)s")), where)
        page = sql.SQL("true" if after is None else "(case_id, part) > (%(after_case)s, %(after_part)s)")
        query = sql.SQL(
            "WITH page AS (SELECT case_id, part, kind, stage, unit, person, {counts} AS counts FROM {rows}"
            " WHERE ({chosen}) AND {page} ORDER BY case_id, part LIMIT %(limit)s)"
            " SELECT page.case_id, part, page.kind, c.number, c.title, page.stage, page.unit, page.person, counts"
            " FROM page JOIN LATERAL (SELECT number, title FROM case_list c WHERE c.ledger_id = %(ledger)s"
            " AND c.case_id = page.case_id AND c.valid_from <= %(as_of)s AND c.valid_to > %(as_of)s"
            " AND c.known_from <= %(known)s AND c.known_to > %(known)s) c ON true ORDER BY page.case_id, part"
        ).format(counts=self._array(wanted, measures), rows=rows, chosen=chosen, page=page)
        params |= {"as_of": moment.as_of, "known": moment.known, "limit": limit}
        params |= {"after_case": after[0], "after_part": after[1]} if after else {}
        with self._reading() as conn, conn.cursor(row_factory=class_row(CountedRow)) as cursor:
            found = cursor.execute(query, params).fetchall()
        return [replace(row, counts=dict(zip(measures, cast("list[int]", row.counts), strict=True))) for row in found]

    def changed(
        self, wanted: FigureFilter, measures: Sequence[str], before: Moment, after: Moment, limit: int = 1_000
    ) -> list[ChangedRow]:
        """What adds otherwise to the measures at one moment than at another."""
        where, params = self._asked(wanted)
        sides = [
            sql.SQL("(SELECT case_id, part, {counts} AS counts FROM {rows} WHERE {chosen})").format(
                counts=self._array(wanted, measures),
                rows=self._rows(sql.SQL(_AT).format(at=sql.Placeholder(at), known=sql.Placeholder(known)), where),
                chosen=sql.SQL(" OR ").join(sql.SQL("{} <> 0").format(one) for one in self._columns(wanted, measures)),
            )
            for at, known in (("at_1", "known_1"), ("at_2", "known_2"))
        ]
        query = sql.SQL(
            "SELECT case_id, part, b.counts, a.counts FROM {} AS b FULL JOIN {} AS a USING (case_id, part)"
            " WHERE b.counts IS DISTINCT FROM a.counts ORDER BY case_id, part LIMIT %(limit)s"
        ).format(*sides)
        params |= {"at_1": before.as_of, "known_1": before.known, "at_2": after.as_of, "known_2": after.known}
        with self._reading() as conn:
            found = conn.execute(query, params | {"limit": limit}).fetchall()
        return [
            ChangedRow(
                case_id, part, *(None if side is None else dict(zip(measures, side, strict=True)) for side in (b, a))
            )
            for case_id, part, b, a in found
        ]

    def _summed(
        self,
        wanted: FigureFilter,
        measures: Sequence[str],
        instants: Sequence[datetime],
        known: int,
        by: Dimension | None,
    ) -> list[tuple[datetime, str | None, Sums]]:
        where, params = self._asked(wanted)
        value = sql.SQL("NULL" if by is None else f"{by}::text") if by in {None, *get_args(Dimension)} else None
        if value is None:
            raise Refused("unknown-dimension", field="by", by=by, known=sorted(get_args(Dimension)))
        totals = sql.SQL(", ").join(
            sql.SQL("coalesce(sum({}), 0)").format(column) for column in self._columns(wanted, measures)
        )
        query = sql.SQL(
            "SELECT at, value, totals FROM unnest(%(instants)s::timestamptz[]) WITH ORDINALITY AS t (at, nth),"
            " LATERAL (SELECT {value} AS value, ARRAY[{totals}] AS totals FROM {rows} GROUP BY 1) AS figure"
            " ORDER BY nth, value"
        ).format(
            value=value,
            totals=totals,
            rows=self._rows(sql.SQL(_AT).format(at=sql.SQL("t.at"), known=sql.SQL("%(known)s")), where),
        )
        with self._reading() as conn:
            found = conn.execute(query, params | {"instants": list(instants), "known": known}).fetchall()
        return [(at, value, dict(zip(measures, map(int, totals), strict=True))) for at, value, totals in found]

    @staticmethod
    def _columns(wanted: FigureFilter, measures: Sequence[str]) -> list[sql.Composed]:
        places = SUBJECTS[wanted.subject].measures
        return [sql.SQL("counts[{}]").format(sql.Literal(places.index(measure) + 1)) for measure in measures]

    def _array(self, wanted: FigureFilter, measures: Sequence[str]) -> sql.Composed:
        return sql.SQL("ARRAY[{}]").format(sql.SQL(", ").join(self._columns(wanted, measures)))

    def _rows(self, at: sql.Composable, where: sql.Composable) -> sql.Composed:
        """What counts at a moment: as it stands, as it stood, as it was once known; each has an index of its own."""
        each = sql.SQL(" UNION ALL ").join(
            sql.SQL("SELECT * FROM figures WHERE {} AND {} AND {}").format(where, at, sql.SQL(which))
            for which in (_STANDS, _STOOD, _WAS_KNOWN)
        )
        return sql.SQL("({}) AS figures").format(each)

    def _asked(self, wanted: FigureFilter) -> tuple[sql.Composed, dict[str, Any]]:
        conditions: list[sql.Composable] = [sql.SQL("ledger_id = %(ledger)s"), sql.SQL("subject = %(subject)s")]
        params: dict[str, Any] = {"ledger": self._ledger_id, "subject": wanted.subject}
        for name, condition in _NARROWED.items():
            if (value := getattr(wanted, name)) is not None:
                conditions.append(sql.SQL(condition))
                params[name] = sorted(value) if isinstance(value, frozenset) else value
        if wanted.without is not None:
            conditions.append(sql.SQL("{} IS NULL").format(sql.Identifier(wanted.without)))
        if self._scope.jurisdiction is not None:
            conditions.append(sql.SQL("jurisdiction = %(place)s"))
            params["place"] = self._scope.jurisdiction
        if self._scope.keys is not None:
            conditions.append(sql.SQL(_READABLE))
            params["keys"] = sorted(self._scope.keys)
        return sql.SQL(" AND ").join(conditions), params

    @contextmanager
    def _reading(self) -> Iterator[psycopg.Connection[Any]]:
        place = sql.Literal(self._scope.jurisdiction or "*")
        with translated(), self._pool.connection() as conn:
            conn.execute(sql.SQL("BEGIN READ ONLY; SET LOCAL duban.jurisdiction TO {}").format(place))
            yield conn
            conn.execute("COMMIT")
