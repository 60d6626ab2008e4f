"""Search at a moment of both clocks, in what the projection `search` keeps of the texts of cases.

The index finds rows by their lexemes; that a row says them in a row is seen from its words, in which they stand as the
text says them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import count
from math import log
from typing import Any, LiteralString, NamedTuple

import psycopg
from psycopg import sql
from psycopg.rows import class_row, dict_row

from adapters.postgres.case_rows import CaseRows
from adapters.postgres.scoped import reached
from domain.moment import Moment
from projections.reading import Filter, Found, FoundRow, SaidRow, SearchKey, SimilarRow
from projections.search import Search
from projections.wording import Term

_LEXEMES: LiteralString = "array_to_tsvector(string_to_array(words, ' '))"
_OF_TITLE: LiteralString = f"CASE WHEN place = 0 THEN {_LEXEMES} END"
_AT_MOMENT: LiteralString = (
    "ledger_id = %(ledger)s AND (valid_from <= %(as_of)s) IS TRUE AND known_from <= %(known)s AND known_to > %(known)s"
)
"""Said so that no index goes through all that had been said by then."""
_COLUMNS: LiteralString = "case_id, kind, number, title, stage, session, person, unit, opened_on, answered_on"

_MOST = 5_000
"""Rows that say what is sought: up to so many all cases are looked up and counted."""
_LONG = 20_000
"""In a ledger of more records some words are so frequent that it is worth asking."""
_MET = 1_000
"""So many cases are looked up at least, and rows met, where not all are counted."""
_DENSE = 100
"""If the reader seeks among so many of those, a page is soon full; else it is looked among which cases he does."""
_NARROW = 20_000
"""So many cases are then gone through one by one."""
_LAST: LiteralString = (
    "valid_from <= least(%(as_of)s, (SELECT l.recorded_at FROM ledger l WHERE l.ledger_id = %(ledger)s"
    " AND l.position = %(known)s) + interval '2 days')"
)
"""What was known by then had been said by then: no step is dated ahead, wherever on earth."""
_TITLED: LiteralString = (
    "WITH found AS MATERIALIZED (SELECT valid_from AS at, case_id FROM search WHERE {moment} AND {says})"
    " SELECT at, case_id FROM found WHERE {page} ORDER BY at DESC, case_id DESC LIMIT %(limit)s"
)
"""When titles said it, the last first. All are found before they are put in order: it never is their order that is gone
through."""
_SAYING: LiteralString = (
    "WITH found AS MATERIALIZED ({found}), last AS (SELECT max(at) FILTER (WHERE said = 1) AS at, case_id FROM found"
    " GROUP BY case_id HAVING bit_or(said) = %(all)s)"
    " SELECT at, case_id FROM last WHERE {page} ORDER BY at DESC, case_id DESC LIMIT %(limit)s"
)
_SAYING_ONE: LiteralString = "SELECT valid_from AS at, case_id, {bit} AS said FROM search WHERE {moment} AND {says}"
"""Cases that say some terms, and when they last said the first of these."""
_MET_LAST: LiteralString = (
    "SELECT at, case_id FROM (SELECT valid_from AS at, case_id, words FROM search WHERE {moment} AND {last} AND {which}"
    " AND {page} ORDER BY valid_from DESC, case_id DESC LIMIT %(gone_through)s) AS search WHERE {stands}"
    " ORDER BY at DESC, case_id DESC LIMIT %(limit)s"
)
"""The rows that say it, as they are met among what was said last; so many of these are gone through."""
_EARLIER = 4
"""So many times more rows are gone through for those that are wanted than if all that say it had come evenly."""
_ROOM: LiteralString = "SET LOCAL work_mem TO '64MB'"
"""Enough to remember a million rows one by one, and not whole pages of which every row is read again."""
_FINDS = sql.SQL(f"{_LEXEMES} @@ %(query)s::tsquery")

_COMMON = 2_000
"""A lexeme that more texts say tells nothing: it has no weight, and is not counted further."""
_RARE: LiteralString = (
    "SELECT lexeme, array_agg(said.case_id) FROM unnest(%(lexemes)s::text[]) AS sought (lexeme)"  # noqa: S608 - literals only
    f" LEFT JOIN LATERAL (SELECT case_id FROM search WHERE {_AT_MOMENT} AND wire = ANY (%(steps)s)"
    f" AND {_LEXEMES} @@ quote_literal(lexeme)::tsquery LIMIT %(common)s + 1) AS said ON true"
    " GROUP BY lexeme HAVING count(*) <= %(common)s"
)
"""Each lexeme that is not common, and the cases that say it in one of the steps."""
_NUMBER: LiteralString = "SELECT count(*) FROM (SELECT FROM {rows} WHERE {where} LIMIT %(common)s) AS readable"


class SearchViews:
    """What the cases of a scope say; `case_rows` and `reading` are those of the scope's lists."""

    def __init__(
        self,
        ledger_id: str,
        case_rows: CaseRows,
        reading: Callable[[], AbstractContextManager[psycopg.Connection[Any]]],
    ) -> None:
        self._ledger_id = ledger_id
        self._case_rows = case_rows
        self._reading = reading

    def reached(self) -> int:
        """The position up to which everything that was said can be found."""
        with self._reading() as conn:
            return reached(conn, self._ledger_id, Search)

    def found(
        self, terms: Sequence[Term], wanted: Filter, moment: Moment, *, after: SearchKey | None = None, limit: int = 20
    ) -> Found:
        """A page of the cases that say every term, in whatever step, and how many there are.

        Those come first of which a title or number says them all, and of these, as of the others, the ones that said it
        last; `after` is the key of the last row of the page before. What more than 5,000 rows say is not counted: there
        are as many at least as are on the first page.
        """
        with self._reading() as conn:
            conn.execute(_ROOM)
            ranking = _Ranking(conn, self._ledger_id, terms, moment)
            own = self._case_rows.own(conn, wanted)
            first = list[SearchKey]()

            def read(places: Sequence[SearchKey]) -> list[SearchKey]:
                cases = {case_id for _, _, case_id in places}
                cases = self._readable(conn, wanted, moment, cases if own is None else cases.intersection(own))
                return [place for place in places if place[2] in cases]

            if (places := self._all_that_say_it(ranking, own)) is None:
                looked_up, batches = 0, ranking.batches()
                while looked_up < _MET and (batch := next(batches, None)) is not None:
                    first += read(batch)
                    looked_up += len(batch)
                if len(first) < _DENSE and (cases := self._narrow(conn, wanted, moment)) is not None:
                    places = ranking.among(cases)
            if places is not None:
                page = found = read(places)
                if after is not None:
                    page = [place for place in found if place < after]
            else:
                while len(first) < limit and (batch := next(batches, None)) is not None:
                    first += read(batch)
                page = found = first
                if after is not None:
                    page, batches = [], ranking.batches(after)
                    while len(page) < limit and (batch := next(batches, None)) is not None:
                        page += read(batch)
            rows = self._rows(conn, wanted, moment, page[:limit])
        return Found(rows, len(found), exact=places is not None)

    @staticmethod
    def _all_that_say_it(ranking: _Ranking, own: Collection[str] | None) -> list[SearchKey] | None:
        """All that say it, perhaps more than are the reader's own if his are few; None if they are too many."""
        if own is not None and (len(own) <= _MET or ranking.expects_too_many):
            return ranking.among(own)
        if (places := ranking.all()) is None and own is not None:
            return ranking.among(own)
        return places

    def _narrow(self, conn: psycopg.Connection[Any], wanted: Filter, moment: Moment) -> list[str] | None:
        """The cases of a filter that the scope reads, whatever they say; None if they are too many."""
        rows, where, params = self._case_rows.asked(conn, wanted, moment)
        query = sql.SQL("SELECT case_id FROM {} WHERE {} LIMIT %(limit)s").format(rows, where)
        cases = [case_id for (case_id,) in conn.execute(query, params | {"limit": _NARROW + 1}, prepare=False)]
        return cases if len(cases) <= _NARROW else None

    def _readable(
        self, conn: psycopg.Connection[Any], wanted: Filter, moment: Moment, cases: Collection[str]
    ) -> set[str]:
        """The cases of a filter among some, as far as the scope reads them."""
        rows, where, params = self._case_rows.of_cases(cases, wanted, moment)
        query = sql.SQL("SELECT case_id FROM {} WHERE {}").format(rows, where)
        # Planned each time, so that the database knows how many they are when it looks them up.
        return {case_id for (case_id,) in conn.execute(query, params, prepare=False)}

    def _rows(
        self, conn: psycopg.Connection[Any], wanted: Filter, moment: Moment, places: Sequence[SearchKey]
    ) -> list[FoundRow]:
        """The cases of a page, but for one that the reader may no longer read since it was put on it."""
        rows, where, params = self._case_rows.of_cases([case_id for _, _, case_id in places], wanted, moment)
        query = sql.SQL("SELECT {} FROM {} WHERE {}").format(sql.SQL(_COLUMNS), rows, where)
        cursor = conn.cursor(row_factory=dict_row)
        found = {row["case_id"]: row for row in cursor.execute(query, params, prepare=False)}
        return [
            FoundRow(**found[case_id], titled=titled, said_at=said_at)
            for titled, said_at, case_id in places
            if case_id in found
        ]

    def said(self, terms: Sequence[Term], cases: Sequence[str], moment: Moment) -> list[SaidRow]:
        """What cases say of the terms, by case and step; they are cases that were found."""
        params = {"ledger": self._ledger_id, "as_of": moment.as_of, "known": moment.known, "cases": list(cases)}
        sought = list(map(_Sought, count(), terms))
        params |= _params(sought)
        conditions = sql.SQL(" OR ").join(one.says for one in sought)
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

        A lexeme weighs the more the fewer of the cases say it: ln((n + 1) / (k + ½)) where k of n do, n being 2,000 at
        most, times how often it counts. Only cases that the scope reads are counted. `but` is a case that is not meant,
        and `least` the score below which none is.
        """
        with self._reading() as conn:
            said = self._rare(conn, list(subject), moment, steps)
            readable = self._readable(conn, wanted, moment, set[str]().union(*said.values()) - {but or ""})
            rows, where, params = self._case_rows.asked(conn, wanted, moment)
            query = sql.SQL(_NUMBER).format(rows=rows, where=where)
            [(number,)] = conn.execute(query, params | {"common": _COMMON}, prepare=False).fetchall()
        weights, shared = dict[str, float](), defaultdict[str, dict[str, float]](dict)
        for lexeme, cases in said.items():
            weights[lexeme] = subject[lexeme] * log((number + 1) / (len(cases & readable) + 0.5))
            for case_id in cases & readable:
                shared[case_id][lexeme] = weights[lexeme]
        whole = sum(weights.values())
        similar = [SimilarRow(case_id, round(sum(of.values()) / whole, 3), of) for case_id, of in shared.items()]
        similar = [row for row in similar if row.score >= least]
        return sorted(similar, key=lambda row: (-row.score, row.case_id))[:limit]

    def _rare(
        self, conn: psycopg.Connection[Any], lexemes: Sequence[str], moment: Moment, steps: Sequence[str]
    ) -> dict[str, set[str]]:
        """The lexemes that are not common, each with the cases that say it, whoever may read them."""
        if moment.known > _LONG:
            lexemes = [one for one in lexemes if _expected(conn, _FINDS, {"query": f"'{one}'"}) <= 10 * _COMMON]
        params = {"ledger": self._ledger_id, "as_of": moment.as_of, "known": moment.known}
        params |= {"steps": list(steps), "lexemes": lexemes, "common": _COMMON}
        return {lexeme: {*cases} - {None} for lexeme, cases in conn.execute(_RARE, params, prepare=False)}


_Place = tuple[datetime, str]
"""When a row was said, and of which case it is."""


class _Rows(NamedTuple):
    """Rows that say what is sought, the last first."""

    rows: Sequence[_Place]
    complete: bool


@dataclass(frozen=True)
class _Sought:
    """A term by its number, and the conditions of a row that says it."""

    number: int
    term: Term

    @property
    def params(self) -> dict[str, Any]:
        """Those of its conditions. Lexemes are letters and digits alone, so that none has to be escaped."""
        *others, last = (f"'{lexeme}'" for lexeme in self.term.lexemes)
        query = " & ".join(dict.fromkeys([*others, f"{last}:*" if self.term.begins else last]))
        row = f" {' '.join(self.term.lexemes)}{'' if self.term.begins else ' '}"
        return {f"query_{self.number}": query, f"row_{self.number}": row}

    @property
    def found(self) -> sql.Composable:
        """By the index of all texts."""
        return sql.SQL(f"{_LEXEMES} @@ {{}}::tsquery").format(sql.Placeholder(f"query_{self.number}"))

    @property
    def found_in_title(self) -> sql.Composable:
        """By that of titles."""
        return sql.SQL(f"{_OF_TITLE} @@ {{}}::tsquery").format(sql.Placeholder(f"query_{self.number}"))

    @property
    def stands(self) -> sql.Composable:
        """As one reads it: its lexemes stand there in a row."""
        return sql.SQL("strpos(' ' || words || ' ', {}) > 0").format(sql.Placeholder(f"row_{self.number}"))

    @property
    def says(self) -> sql.Composable:
        """A row that is found, and says it."""
        return self.found if len(self.term.lexemes) == 1 else _all(self.found, self.stands)

    @property
    def says_in_title(self) -> sql.Composable:
        """A title that is found, and says it."""
        return self.found_in_title if len(self.term.lexemes) == 1 else _all(self.found_in_title, self.stands)


class _Ranking:
    """The cases that say every term at a moment, in the order in which they are told, whoever may read them."""

    def __init__(self, conn: psycopg.Connection[Any], ledger_id: str, terms: Sequence[Term], moment: Moment) -> None:
        self._conn = conn
        self._terms = list(map(_Sought, count(), terms))
        self._params = {"ledger": ledger_id, "as_of": moment.as_of, "known": moment.known} | _params(self._terms)
        expected, frequent = dict.fromkeys(self._terms, 0), list[_Sought]()
        self._one_in: dict[bool, float] = {}
        if moment.known > _LONG:
            ask = partial(_expected, conn, params=self._params)
            expected, rows = {one: ask(one.found) for one in self._terms}, ask(_all())
            frequent = [one for one in self._terms if _frequent(expected[one], rows, _MET)]
            in_titles, titles = ask(_all(*(one.found_in_title for one in self._terms))), ask(sql.SQL("place = 0"))
            if _frequent(in_titles, titles, _MET * _EARLIER**2):
                self._one_in[True] = titles / in_titles
        self._rarest = min(self._terms, key=expected.__getitem__)
        self.expects_too_many = expected[self._rarest] > _MOST
        if self._rarest in frequent and _frequent(expected[self._rarest], rows, _MET * _EARLIER**2):
            self._one_in[False] = rows / expected[self._rarest]
        others = [one for one in self._terms if one is not self._rarest]
        self._joined = [one for one in others if one not in frequent]
        self._checked = [one for one in others if one in frequent]
        self._stand_in_title = _all(sql.SQL("place = 0"), *(one.stands for one in self._terms))
        self._had: dict[bool, _Rows] = {}

    def all(self) -> list[SearchKey] | None:
        """All of them, in their order; None if they are too many."""
        self._had[True] = said = titled = self._rows(titled=True)
        if titled.complete:
            self._had[False] = said = self._rows(titled=False)
        if not said.complete:
            return None
        titles, others = (dict(_turned(rows)) for rows in (titled.rows, said.rows))
        if len(self._terms) > 1:
            return self.among({**titles, **others})
        return _ranked(titles, others)

    def among(self, cases: Collection[str]) -> list[SearchKey]:
        """Those of some cases that say every term, in their order."""
        terms = [self._stand_in_title, *(one.stands for one in self._terms)]
        last = sql.SQL(", ").join(sql.SQL("max(valid_from) FILTER (WHERE {})").format(one) for one in terms)
        query = sql.SQL(
            "SELECT case_id, {} FROM search WHERE {} AND case_id = ANY (%(cases)s) GROUP BY case_id"
        ).format(last, sql.SQL(_AT_MOMENT))
        titles, others = dict[str, datetime](), dict[str, datetime]()
        for case_id, titled, *said in self._conn.execute(query, self._params | {"cases": list(cases)}, prepare=False):
            if titled is not None:
                titles[case_id] = titled
            elif None not in said:
                others[case_id] = max(said)
        return _ranked(titles, others)

    def batches(self, after: SearchKey | None = None) -> Iterator[list[SearchKey]]:
        """Those after one, in their order, some at a time and then ever more."""
        for titled in (True, False):
            if after is not None and titled > after[0]:
                continue
            place = None if after is None or titled != after[0] else after[1:]
            limit, complete = _MET, False
            while not complete:
                had = self._had.get(titled) if place is None else None
                had = had or self._rows(titled=titled, after=place, limit=limit)
                rows, complete = had.rows[:limit], had.complete and len(had.rows) <= limit
                if rows:
                    yield self._first_met(rows, titled=titled)
                    place, limit = rows[-1], limit * 4

    def _first_met(self, rows: Sequence[_Place], *, titled: bool) -> list[SearchKey]:
        """The cases of rows that are met there first: they did not say it later too, nor in a title."""
        cases = {case_id for _, case_id in rows}
        last = titles = self._last(cases, self._stand_in_title)
        if not titled:
            last = self._last(self._saying(cases - titles.keys()), self._rarest.stands)
        return [(titled, at, case_id) for at, case_id in dict.fromkeys(rows) if last.get(case_id) == at]

    def _saying(self, cases: Collection[str]) -> Collection[str]:
        """Those of some cases that say the terms too which are too frequent to look for."""
        for one in self._checked:
            cases = self._last(cases, one.stands).keys()
        return cases

    def _rows(self, *, titled: bool, after: _Place | None = None, limit: int | None = None) -> _Rows:
        """Titles that say every term; or rows that say the rarest, of cases that say the others that are rare."""
        if titled in self._one_in:
            met = self._met_last(titled=titled, after=after, limit=(wanted := limit or _MET))
            if len(met) == wanted:
                return _Rows(met, complete=False)
        limit = limit or _MOST
        params, page = self._after(after, "at")
        moment = sql.SQL(_AT_MOMENT)
        if titled:
            says = _all(*(one.says_in_title for one in self._terms))
            query = sql.SQL(_TITLED).format(moment=moment, says=says, page=page)
        else:
            joined = [self._rarest, *self._joined]
            found = sql.SQL(" UNION ALL ").join(
                sql.SQL(_SAYING_ONE).format(bit=sql.Literal(1 << place), moment=moment, says=one.says)
                for place, one in enumerate(joined)
            )
            query = sql.SQL(_SAYING).format(found=found, page=page)
            params["all"] = (1 << len(joined)) - 1
        rows = self._conn.execute(query, params | {"limit": limit}, prepare=False).fetchall()
        return _Rows(rows, complete=len(rows) < limit)

    def _met_last(self, *, titled: bool, after: _Place | None, limit: int) -> list[_Place]:
        """The same as they are met among what was said last; fewer where they are not soon met there."""
        params, page = self._after(after, "valid_from")
        which = sql.SQL("place = 0" if titled else "true")
        stands = _all(*(one.stands for one in self._terms)) if titled else self._rarest.stands
        query = sql.SQL(_MET_LAST).format(
            moment=sql.SQL(_AT_MOMENT), last=sql.SQL(_LAST), which=which, page=page, stands=stands
        )
        gone_through = int(_EARLIER * limit * self._one_in[titled]) + 1
        return self._conn.execute(
            query, params | {"limit": limit, "gone_through": gone_through}, prepare=False
        ).fetchall()

    def _after(self, place: _Place | None, at: LiteralString) -> tuple[dict[str, Any], sql.Composable]:
        """The parameters, and the condition that a row comes after a place."""
        if place is None:
            return {**self._params}, _all()
        condition = sql.SQL("({}, case_id) < (%(after_at)s, %(after_case)s)").format(sql.SQL(at))
        return self._params | {"after_at": place[0], "after_case": place[1]}, condition

    def _last(self, cases: Collection[str], condition: sql.Composable) -> dict[str, datetime]:
        """When each of some cases last had a row of a condition; without those that had none."""
        query = sql.SQL(
            "SELECT case_id, max(valid_from) FROM search WHERE {} AND case_id = ANY (%(cases)s) AND ({})"
            " GROUP BY case_id"
        ).format(sql.SQL(_AT_MOMENT), condition)
        return dict(self._conn.execute(query, self._params | {"cases": list(cases)}, prepare=False))


def _frequent(expected: int, rows: int, wanted: int) -> bool:
    """Whether as many as are wanted are sooner met among all rows, than all that the index tells of are read."""
    return expected * expected > wanted * rows


def _turned(rows: Sequence[_Place]) -> Iterator[tuple[str, datetime]]:
    """By case; of several rows of one case the last counts."""
    return ((case_id, at) for at, case_id in reversed(rows))


def _ranked(titles: Mapping[str, datetime], others: Mapping[str, datetime]) -> list[SearchKey]:
    """Cases in their order: those of titles, by when these said it, then the others."""
    return [
        *sorted(((True, at, case_id) for case_id, at in titles.items()), reverse=True),
        *sorted(((False, at, case_id) for case_id, at in others.items() if case_id not in titles), reverse=True),
    ]


def _all(*conditions: sql.Composable) -> sql.Composable:
    return sql.SQL(" AND ").join(conditions or [sql.SQL("true")])


def _params(sought: Sequence[_Sought]) -> dict[str, Any]:
    return {name: value for one in sought for name, value in one.params.items()}


def _expected(conn: psycopg.Connection[Any], condition: sql.Composable, params: Mapping[str, Any]) -> int:
    """How many rows PostgreSQL expects there to be, whenever."""
    query = sql.SQL("EXPLAIN (FORMAT JSON) SELECT FROM search WHERE {}").format(condition)
    [(told,)] = conn.execute(query, params, prepare=False).fetchall()
    return int(told[0]["Plan"]["Plan Rows"])
