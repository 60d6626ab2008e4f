"""Search at a moment of both clocks, in what the projection `search` keeps of the texts of cases.

The index finds rows by their lexemes; that a row says them in a row is seen from its words, in which they stand as the
text says them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from adapters.postgres.scoped import reached
from domain.moment import Moment
from projections.reading import Filter, FoundRow, SaidRow, SearchKey, SimilarRow
from projections.search import Search
from projections.wording import Term

_LEXEMES: LiteralString = "array_to_tsvector(string_to_array(words, ' '))"
_AT_MOMENT: LiteralString = (
    "ledger_id = %(ledger)s AND valid_from <= %(as_of)s AND known_from <= %(known)s AND known_to > %(known)s"
)
_COLUMNS: LiteralString = "case_id, kind, number, title, stage, session, person, unit, opened_on, answered_on"
_TITLE: LiteralString = "lower(normalize(concat_ws(' ', title, number), NFKC))"
"""As `projections.wording` folds it, nearly: it only ranks."""
_KEY: LiteralString = "titled, coalesce(opened_on, '0001-01-01'), case_id"
_KEY_GIVEN: LiteralString = "%(titled)s, coalesce(%(opened)s::date, '0001-01-01'), %(case)s"

_COMMON = 2_000
"""A lexeme that more texts say tells nothing: it has no weight, and is not counted further."""
_SIMILAR: LiteralString = (
    "WITH sought AS (SELECT lexeme, counts FROM unnest(%(lexemes)s::text[], %(counts)s::int[]) AS s (lexeme, counts)),"
    " readable AS MATERIALIZED (SELECT case_id FROM {rows} WHERE {where}),"
    " said AS MATERIALIZED (SELECT lexeme, one.case_id FROM sought CROSS JOIN LATERAL (SELECT case_id FROM search"
    " WHERE {at_moment} AND wire = ANY (%(steps)s) AND {lexemes} @@ quote_literal(lexeme)::tsquery"
    " LIMIT %(common)s + 1) AS one),"
    " rare AS (SELECT lexeme FROM said GROUP BY lexeme HAVING count(*) <= %(common)s),"
    " hits AS MATERIALIZED (SELECT DISTINCT lexeme, case_id FROM said JOIN rare USING (lexeme)"
    " JOIN readable USING (case_id) WHERE case_id IS DISTINCT FROM %(but)s),"
    " weighed AS (SELECT lexeme,"
    " CASE WHEN lexeme IN (SELECT lexeme FROM said) AND lexeme NOT IN (SELECT lexeme FROM rare)"
    " THEN 0 ELSE counts * ln(((SELECT count(*) FROM readable) + 1) / (count(hits.case_id) + 0.5)) END::float8"
    " AS weight FROM sought LEFT JOIN hits USING (lexeme) GROUP BY lexeme, counts),"
    " whole AS (SELECT sum(weight) AS weight FROM weighed)"
    " SELECT case_id, round((sum(said.weight) / whole.weight)::numeric, 3)::float8 AS score,"
    " array_agg(lexeme ORDER BY lexeme), array_agg(said.weight ORDER BY lexeme)"
    " FROM (SELECT lexeme, case_id, weight FROM hits JOIN weighed USING (lexeme)) AS said,"
    " whole GROUP BY case_id, whole.weight HAVING sum(said.weight) >= %(least)s * whole.weight"
    " ORDER BY score DESC, case_id LIMIT %(limit)s"
)
"""Of each lexeme the texts that say it, among those that the reader may read; the rarer it is, the more it weighs."""


class SearchViews:
    """What the cases of a scope say; `asked` and `reading` are those of the scope's lists."""

    def __init__(
        self,
        ledger_id: str,
        asked: Callable[[Filter, Moment], tuple[sql.Composed, sql.Composed, dict[str, Any]]],
        reading: Callable[[], AbstractContextManager[psycopg.Connection[Any]]],
    ) -> None:
        self._ledger_id = ledger_id
        self._asked = asked
        self._reading = reading

    def reached(self) -> int:
        """The position up to which everything that was said can be found."""
        with self._reading() as conn:
            return reached(conn, self._ledger_id, Search)

    def found(
        self, terms: Sequence[Term], wanted: Filter, moment: Moment, *, after: SearchKey | None = None, limit: int = 20
    ) -> tuple[list[FoundRow], int]:
        """A page of the cases that say every term, in whatever step, and how many there are in all.

        Those whose title says most of them come first, of these the newest; `after` is the key of the last row of the
        page before.
        """
        rows, where, params = self._asked(wanted, moment)
        conditions = [_says(term, number, params) for number, term in enumerate(terms)]
        named = sql.SQL(" INTERSECT ").join(
            sql.SQL("SELECT case_id FROM search WHERE {} AND {}").format(sql.SQL(_AT_MOMENT), one) for one in conditions
        )
        titled = sql.SQL(" + ").join(
            sql.SQL("(strpos({}, {}) > 0)::int").format(sql.SQL(_TITLE), sql.Placeholder(f"title_{number}"))
            for number in range(len(terms))
        )
        params |= {f"title_{number}": term.text for number, term in enumerate(terms)} | {"limit": limit}
        page: sql.Composable = sql.SQL("true")
        if after is not None:
            page = sql.SQL("({}) < ({})").format(sql.SQL(_KEY), sql.SQL(_KEY_GIVEN))
            params |= dict(zip(("titled", "opened", "case"), after, strict=True))
        query = sql.SQL(
            "WITH hits AS MATERIALIZED (SELECT {columns}, {titled} AS titled FROM {rows}"
            " WHERE case_id = ANY (%(named)s) AND {where})"
            " SELECT {columns}, titled, (SELECT count(*) FROM hits) FROM hits WHERE {page}"
            " ORDER BY titled DESC, coalesce(opened_on, '0001-01-01') DESC, case_id DESC LIMIT %(limit)s"
        ).format(columns=sql.SQL(_COLUMNS), titled=titled, rows=rows, where=where, page=page)
        with self._reading() as conn:
            # Apart, and planned each time, so that the database knows how many they are when it looks them up.
            ids = [case_id for (case_id,) in conn.execute(named, params, prepare=False)]
            params["named"] = list(dict.fromkeys(ids))
            found = conn.execute(query, params, prepare=False).fetchall() if ids else []
        return [FoundRow(*row[:-1]) for row in found], found[0][-1] if found else 0

    def said(self, terms: Sequence[Term], cases: Sequence[str], moment: Moment) -> list[SaidRow]:
        """What cases say of the terms, by case and step; they are cases that were found."""
        params = {"ledger": self._ledger_id, "as_of": moment.as_of, "known": moment.known, "cases": list(cases)}
        conditions = sql.SQL(" OR ").join(_says(term, number, params) for number, term in enumerate(terms))
        query = sql.SQL(
            "SELECT case_id, step, wire, text FROM search WHERE {} AND case_id = ANY (%(cases)s) AND ({})"
            " ORDER BY case_id, step, place"
        ).format(sql.SQL(_AT_MOMENT), conditions)
        with self._reading() as conn, conn.cursor(row_factory=class_row(SaidRow)) as cursor:
            return cursor.execute(query, params).fetchall()

    def similar(
        self,
        subject: Mapping[str, int],
        wanted: Filter,
        moment: Moment,
        *,
        steps: Sequence[str],
        but: str | None = None,
        least: float,
        limit: int,
    ) -> list[SimilarRow]:
        """The cases whose steps of some stored names say most of a subject's lexemes, the most similar first.

        A lexeme weighs the more the fewer of the cases say it: ln((n + 1) / (k + ½)) where k of n do, times how often
        it counts. `but` is a case that is not meant, and `least` the score below which none is.
        """
        rows, where, params = self._asked(wanted, moment)
        params |= {
            "lexemes": list(subject),
            "counts": list(subject.values()),
            "steps": list(steps),
            "but": but,
            "least": least,
            "limit": limit,
            "common": _COMMON,
        }
        query = sql.SQL(_SIMILAR).format(
            rows=rows, where=where, at_moment=sql.SQL(_AT_MOMENT), lexemes=sql.SQL(_LEXEMES)
        )
        with self._reading() as conn:
            found = conn.execute(query, params, prepare=False).fetchall()
        return [
            SimilarRow(case_id, score, dict(zip(lexemes, weights, strict=True)))
            for case_id, score, lexemes, weights in found
        ]


def _says(term: Term, number: int, params: dict[str, Any]) -> sql.Composable:
    """Whether a row says a term; lexemes are letters and digits alone, so that none has to be escaped."""
    lexemes = [f"'{lexeme}'" for lexeme in dict.fromkeys(term.lexemes)]
    if term.begins:
        lexemes = [*(f"'{lexeme}'" for lexeme in dict.fromkeys(term.lexemes[:-1])), f"'{term.lexemes[-1]}':*"]
    params[f"query_{number}"] = " & ".join(lexemes)
    condition = sql.SQL("{} @@ {}::tsquery").format(sql.SQL(_LEXEMES), sql.Placeholder(f"query_{number}"))
    if len(term.lexemes) == 1:
        return condition
    params[f"row_{number}"] = f" {' '.join(term.lexemes)}{'' if term.begins else ' '}"
    row = sql.SQL("strpos(' ' || words || ' ', {}) > 0").format(sql.Placeholder(f"row_{number}"))
    return sql.SQL("{} AND {}").format(condition, row)
