"""Figures at a moment of both clocks, from the stretches that the projection `figures` keeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString, get_args

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from adapters.postgres.adding import Asked, added_up, rows, valid_at
from adapters.postgres.pool import Pool, translated
from adapters.postgres.scoped import reached, readable_of, reading
from domain.moment import Moment
from domain.policy import Scope
from domain.procedure import case_type_named, require_stage
from domain.refusal import Refused
from projections.counting import SUBJECTS
from projections.figures import Figures, sums_of
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


_TIMES = "\\*\\d+"
"""How often something counts, in a pattern."""


def _told(pattern: str, subject: str, measures: Sequence[str]) -> dict[str, int]:
    """The counts of a pattern that some measures ask for."""
    sums = sums_of(pattern, subject)
    return {measure: sums.get(measure, 0) for measure in measures}


def _places(subject: str, measures: Sequence[str]) -> list[str]:
    known = SUBJECTS[subject].measures
    return [str(known.index(measure)) for measure in measures]


@dataclass(frozen=True)
class _Row:
    """A counted thing as it is stored."""

    case_id: str
    part: str
    kind: str
    number: str | None
    title: str
    stage: str
    unit: str | None
    person: str | None
    counts: str


class FigureViews:
    """Figures of the cases of a scope."""

    def __init__(self, pool: Pool, ledger_id: str, scope: Scope) -> None:
        self._pool = pool
        self._ledger_id = ledger_id
        self._scope = scope

    def reached(self) -> int:
        """The position up to which everything is counted."""
        with translated(), self._pool.connection() as conn:
            return reached(conn, self._ledger_id, Figures)

    def sums(
        self, wanted: FigureFilter, measures: Sequence[str], moment: Moment, by: Dimension | None = None
    ) -> dict[str | None, Sums]:
        """The sums of measures at a moment, for each value of a dimension; under None where there is none."""
        with reading(self._pool, self._scope, Figures) as conn:
            found = added_up(conn, self._told(conn, wanted, by), measures, [moment.as_of], moment.known)[0]
        return found if by else {None: found.get(None, dict.fromkeys(measures, 0))}

    def series(
        self, wanted: FigureFilter, measures: Sequence[str], instants: Sequence[datetime], known: int
    ) -> list[tuple[datetime, Sums]]:
        """The sums of measures at each of some instants, which ascend, as known at one position."""
        with reading(self._pool, self._scope, Figures) as conn:
            found = added_up(conn, self._told(conn, wanted, None), measures, instants, known)
        nothing = dict.fromkeys(measures, 0)
        return [(at, one.get(None, nothing)) for at, one in zip(instants, found, strict=True)]

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
        page = sql.SQL("true" if after is None else "(case_id, part) > (%(after_case)s, %(after_part)s)")
        query = sql.SQL(
            "WITH page AS (SELECT case_id, part, kind, stage, unit, person, counts FROM {rows}"
            " WHERE string_to_array(regexp_replace(counts, {times}, '', 'g'), ' ') && %(places)s AND {page}"
            " ORDER BY case_id, part LIMIT %(limit)s)"
            " SELECT page.case_id, part, page.kind, c.number, c.title, page.stage, page.unit, page.person, counts"
            " FROM page JOIN LATERAL (SELECT number, title FROM case_list c WHERE c.ledger_id = %(ledger)s"
            " AND c.case_id = page.case_id AND c.valid_from <= %(as_of)s AND c.valid_to > %(as_of)s"
            " AND c.known_from <= %(known)s AND c.known_to > %(known)s) c ON true ORDER BY page.case_id, part"
        )
        params: dict[str, Any] = {"as_of": moment.as_of, "known": moment.known, "limit": limit}
        params |= {"places": _places(wanted.subject, measures)}
        params |= {"after_case": after[0], "after_part": after[1]} if after else {}
        with reading(self._pool, self._scope, Figures) as conn, conn.cursor(row_factory=class_row(_Row)) as cursor:
            where, given = self._asked(conn, wanted)
            found_at = rows(where, valid_at("as_of", "known"))
            asked = query.format(rows=found_at, page=page, times=sql.Literal(_TIMES))
            found = cursor.execute(asked, given | params).fetchall()
        return [CountedRow(**{**vars(row), "counts": _told(row.counts, wanted.subject, measures)}) for row in found]

    def changed(
        self, wanted: FigureFilter, measures: Sequence[str], before: Moment, after: Moment, limit: int = 1_000
    ) -> list[ChangedRow]:
        """What adds otherwise to the measures at one moment than at another."""
        query = sql.SQL(
            "SELECT case_id, part, b.counts, a.counts FROM {} AS b FULL JOIN {} AS a USING (case_id, part)"
            " WHERE b.counts IS DISTINCT FROM a.counts ORDER BY case_id, part"
        )
        found: list[ChangedRow] = []
        with reading(self._pool, self._scope, Figures) as conn:
            where, params = self._asked(conn, wanted)
            moments = [
                sql.SQL("(SELECT case_id, part, counts FROM {})").format(rows(where, valid_at(at, known)))
                for at, known in (("at_1", "known_1"), ("at_2", "known_2"))
            ]
            params |= {"at_1": before.as_of, "known_1": before.known, "at_2": after.as_of, "known_2": after.known}
            for case_id, part, *patterns in conn.execute(query.format(*moments), params):
                earlier, later = (_told(one or "", wanted.subject, measures) for one in patterns)
                if earlier != later:
                    sides = [side if any(side.values()) else None for side in (earlier, later)]
                    found.append(ChangedRow(case_id, part, *sides))
                if len(found) == limit:
                    break
        return found

    @staticmethod
    def _value(by: Dimension | None) -> sql.Composable:
        if by is None:
            return sql.SQL("NULL")
        if by not in get_args(Dimension):
            raise Refused("unknown-dimension", field="by", by=by, known=sorted(get_args(Dimension)))
        return sql.SQL("{}::text").format(sql.Identifier(by))

    def _told(self, conn: psycopg.Connection[Any], wanted: FigureFilter, by: Dimension | None) -> Asked:
        where, params = self._asked(conn, wanted)
        return Asked(self._ledger_id, wanted, where, params, self._value(by), by, self._scope.keys is None)

    def _asked(self, conn: psycopg.Connection[Any], wanted: FigureFilter) -> tuple[sql.Composed, dict[str, Any]]:
        if wanted.kind is not None:
            case_type_named(wanted.kind)
        if wanted.stage is not None:
            require_stage(wanted.stage)
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
        readable, given = readable_of(conn, self._ledger_id, self._scope, "figures", wanted.kind)
        conditions.append(readable)
        params |= given
        return sql.SQL(" AND ").join(conditions), params
