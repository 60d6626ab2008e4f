"""The rows of the case list that are in force at a moment of both clocks, as a scope reads them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, LiteralString

import psycopg
from psycopg import sql

from adapters.postgres.scoped import OWN, has_few, kinds_of, own_cases, own_params
from domain.moment import Moment
from domain.policy import Scope
from domain.procedure import case_type_named, require_stage
from domain.refusal import Refused
from projections.case_list import FOREVER
from projections.reading import Filter

_WAITING: LiteralString = "handed_over_on IS NOT NULL AND answered_on IS NULL AND NOT over"
STATES: dict[str, LiteralString] = {
    "unassigned": "handed_over_on IS NULL AND answered_on IS NULL AND NOT over",
    "waiting": _WAITING,
    "overdue": f"{_WAITING} AND overdue_from <= %(as_of)s",
    "answered": "answered_on IS NOT NULL",
}
"""In which state a case is, as the office asks for it. Overdue is a fact about the moment, and part of waiting."""

TODAY: LiteralString = (
    "FROM case_list AS today WHERE today.ledger_id = case_list.ledger_id AND today.case_id = case_list.case_id"
    " AND today.known_to = 9223372036854775807 AND today.valid_to > '9999-12-31 00:00:00+00'"
)
"""The row of a case as it stands today, by which it is decided who may read of it, also of earlier days."""

_NARROWED: dict[str, LiteralString] = {
    "kind": "kind = %(kind)s",
    "jurisdiction": "jurisdiction = %(jurisdiction)s",
    "stage": "stage = %(stage)s",
    "session": "session = %(session)s",
    "unit": "%(unit)s = ANY (string_to_array(units, ' '))",
    "deputy": "person = %(deputy)s",
    "tied_to": "tied_to <> '' AND string_to_array(tied_to, ' ') && ARRAY[%(tied_to)s]",
}
"""What a dimension of a filter asks of a row."""
_READABLE: LiteralString = "string_to_array(audience, ' ') && %(keys)s"
_READABLE_TODAY: LiteralString = f"EXISTS (SELECT {TODAY} AND {_READABLE.replace('audience', 'today.audience')})"

_AT_MOMENT: LiteralString = (
    "SELECT * FROM case_list WHERE ledger_id = %(ledger)s AND {of_place} AND valid_from <= %(as_of)s"
    " AND valid_to > %(as_of)s AND known_from <= %(known)s AND known_to > %(known)s AND"
)
STANDING: LiteralString = "known_to = 9223372036854775807 AND valid_to > '9999-12-31 00:00:00+00'"
_STANDS: LiteralString = f"{_AT_MOMENT} {STANDING} AND {{readable}}"
_OPENED_BY: LiteralString = (
    "(least(%(as_of)s, (SELECT l.recorded_at FROM ledger l WHERE l.ledger_id = %(ledger)s AND l.position = %(known)s))"
    " AT TIME ZONE 'UTC')::date + 1"
)
"""By when a case was opened that had been, and was known to have been, at the moment; wherever on earth."""
SORTS: dict[str, LiteralString] = {"opened_on": "date", "due_on": "date", "number": "text", "title": "text"}
NULLS: dict[str, LiteralString] = {"date": "'9999-12-31'::date", "text": "''"}
SORTED: LiteralString = "CASE WHEN {0} IS NULL THEN {1} ELSE {0} END"
"""What a list is sorted by: said by case, since row-level security lets no condition with coalesce reach an index."""
OPENED: LiteralString = f"{SORTED.format('opened_on', NULLS['date'])} <= {_OPENED_BY}"
AS_TODAY: LiteralString = (
    f"({_STANDS} AND NOT dated_ahead AND {OPENED} {{first}}) UNION ALL ({_STANDS} AND dated_ahead {{first}})"
)
"""The rows in force at a moment that are those of today.

Of most cases, where one looks at now. What was opened since is not gone through, but for what is dated ahead.
"""
_BEFORE: LiteralString = f"CASE WHEN {STANDING} THEN false ELSE true END"
"""Said by case, so that each half of it is not looked for in an index of its own, of all the years."""
ENDED: LiteralString = (
    "(SELECT case_list.* FROM unnest(%(digits)s::integer[], %(ended)s::timestamptz[])"  # noqa: S608 - literals only
    f" AS last (digits, ended) CROSS JOIN LATERAL ({_AT_MOMENT} known_to = 9223372036854775807"
    " AND valid_to <= '9999-12-31 00:00:00+00' AND so_long = digits AND valid_to <= ended"
    " AND {readable_today} {first}) AS case_list)"
)
SUPERSEDED: LiteralString = (
    "(SELECT case_list.* FROM unnest(%(digits)s::integer[], %(superseded)s::bigint[])"  # noqa: S608 - literals only
    f" AS last (digits, superseded) CROSS JOIN LATERAL ({_AT_MOMENT} known_to < 9223372036854775807"
    " AND known_so_long = digits AND known_to <= superseded AND {readable_today} {first}) AS case_list)"
)
BEFORE_BY_LENGTH: LiteralString = f"{ENDED} UNION ALL {SUPERSEDED}"
"""The others: as the cases stood before, and as they were once known.

Of those of each length (`so_long`, `known_so_long`) the ones are gone through that came to their end, or ceased to be
known, so soon after the moment that they may have held, or been known, at it.
"""
BEFORE_IN_ORDER: LiteralString = (
    f"({_AT_MOMENT} {_BEFORE} AND NOT dated_ahead AND {OPENED} AND {{readable_today}} {{first}})"
    f" UNION ALL ({_AT_MOMENT} {_BEFORE} AND dated_ahead AND {{readable_today}} {{first}})"
)
"""The same, gone through in the order in which the cases were opened, or those of one deputy."""
_OF_CASES: LiteralString = (
    f"({_AT_MOMENT} case_id = ANY (%(cases)s)"
    f" AND CASE WHEN {STANDING} THEN {{readable}} ELSE {{readable_today}} END) AS case_list"
)
"""The rows in force at a moment of some cases."""
_SHARES: LiteralString = (
    "FROM case_shares WHERE ledger_id = %(ledger)s AND jurisdiction = %(place)s AND unit = %(unit)s AND {following}"
)
_OPENED_THEN: LiteralString = f"NOT dated_ahead AND opened_on <= {_OPENED_BY}"
_SHARE_FURTHER: LiteralString = (
    f"SELECT opened_on {_SHARES} AND {_OPENED_THEN} ORDER BY opened_on {{direction}} OFFSET %(most)s LIMIT 1"
)
"""When that case of a unit was opened that comes after so many others."""
_OF_SHARES: LiteralString = (
    "(SELECT case_list.* FROM ("  # noqa: S608 - literals only
    f"SELECT case_id, opened_on, dated_ahead {_SHARES} AND {{when}} AND {{within}} {{in_order}}"
    f") AS share CROSS JOIN LATERAL ({_AT_MOMENT} case_id = share.case_id"
    f" AND CASE WHEN {STANDING} THEN {{readable}} ELSE {{readable_today}} END AND {{where}} OFFSET 0) AS case_list"
    f" WHERE {SORTED.format('case_list.opened_on', NULLS['date'])} = share.opened_on"
    " AND case_list.dated_ahead = share.dated_ahead {first})"
)
"""The rows in force at a moment of cases that a unit had at some time, each looked up by its id.

The offset keeps these searches apart: else many cases that were opened on one day are gone through for each.
"""
_IN_ORDER: LiteralString = "ORDER BY opened_on {}, case_id {}"
_FIRST_IN_ORDER: LiteralString = "ORDER BY share.opened_on {}, share.case_id {} LIMIT %(limit)s"
UNIT_CASES: Final = 5_000
"""Of a unit so many cases are looked up."""
ALL: Final = sql.SQL("true").format()
_NOTHING: Final = sql.SQL("")
_OF_OWN_CASES: LiteralString = (
    f"(WITH own AS MATERIALIZED (SELECT * FROM case_audience WHERE {OWN})"  # noqa: S608 - literals only
    " SELECT * FROM own WHERE valid_from <= %(as_of)s AND valid_to > %(as_of)s AND known_from <= %(known)s"
    f" UNION ALL SELECT case_list.*, NULL FROM ({_AT_MOMENT} NOT ({STANDING}) AND case_id = ANY (ARRAY("
    "SELECT case_id FROM own WHERE valid_from > %(as_of)s OR known_from > %(known)s))) AS case_list) AS case_list"
)
"""The rows in force at a moment of a reader's own cases: as they stand today, or else each looked up as it was."""
_DIGITS = list(range(8, 23))
"""How many digits to the base 4 the seconds have for which something was so, or the positions for which it was known:
from the least that the columns say, to 500,000 years and 17 million million positions."""

Asked = tuple[sql.Composed, sql.Composed, dict[str, Any]]
"""Rows, the conditions that a filter sets, and the parameters of both."""


@dataclass(frozen=True)
class Order:
    """By what a list is sorted, and after which row of it a page begins."""

    name: str
    descending: bool
    after: tuple[Any, str] | None

    @classmethod
    def of(cls, sort: str, after: tuple[Any, str] | None) -> Order:
        """The order of a name, which a dash turns round; `after` is the sort value and the case id of a row."""
        name = sort.removeprefix("-")
        if name not in SORTS:
            raise Refused("unknown-sort", field="sort", sort=sort, known=sorted(SORTS))
        return cls(name, sort.startswith("-"), after)

    @property
    def key(self) -> sql.Composed:
        """What rows of the list are sorted by; before their ids."""
        return sql.SQL(SORTED).format(sql.Identifier(self.name), sql.SQL(NULLS[SORTS[self.name]]))

    @property
    def direction(self) -> sql.SQL:
        """Up or down."""
        return sql.SQL("DESC" if self.descending else "ASC")

    def following(self, key: sql.Composable) -> sql.Composable:
        """The condition of rows after that with which the page before ended, by their key."""
        if self.after is None:
            return ALL
        kind = SORTS[self.name]
        return sql.SQL("({}, case_id) {} (coalesce(%(after)s::{}, {}), %(after_id)s)").format(
            key, sql.SQL("<" if self.descending else ">"), sql.SQL(kind), sql.SQL(NULLS[kind])
        )

    @property
    def params(self) -> dict[str, Any]:
        """The parameters of that condition."""
        return {} if self.after is None else {"after": self.after[0], "after_id": self.after[1]}


class CaseRows:
    """The rows in force at moments, of the cases of a scope."""

    def __init__(self, ledger_id: str, scope: Scope) -> None:
        self._ledger_id = ledger_id
        self.scope = scope

    def asked(self, conn: psycopg.Connection[Any], wanted: Filter, moment: Moment) -> Asked:
        """Those of a filter: of a reader or a unit whose cases are few, these are looked at, and of any other all."""
        if (asked := self.of_own(conn, wanted, moment) or self.of_unit(conn, wanted, moment)) is not None:
            return asked
        rows, params = self.in_force(moment)
        where, given = narrowed(wanted)
        return rows, where, params | given

    def of_own(self, conn: psycopg.Connection[Any], wanted: Filter, moment: Moment) -> Asked | None:
        """Those of a filter of the reader's own cases, if they are few; None where all are to be tried."""
        where, given = narrowed(wanted)
        own = own_params(self._ledger_id, self.scope, wanted.kind)
        if not has_few(conn, self.scope, own):
            return None
        of_place, _, _, params = self._scoped(moment)
        return sql.SQL(_OF_OWN_CASES).format(of_place=of_place), where, params | own | given

    def of_unit(
        self, conn: psycopg.Connection[Any], wanted: Filter, moment: Moment, order: Order | None = None
    ) -> Asked | None:
        """Those of a filter of one unit, if few cases were its own at any time; None where all are to be tried.

        For a page in the order in which they were opened its first cases are looked up: where there are more, the
        parameter `further` says when the next one was opened.
        """
        if wanted.unit is None or self.scope.jurisdiction is None:
            return None
        of_place, readable, readable_today, params = self._scoped(moment)
        where, given = narrowed(wanted)
        params |= given | {"most": UNIT_CASES, "further": None}
        following: sql.Composable = ALL
        direction = sql.SQL("DESC")
        if order is not None:
            following, direction = order.following(sql.Identifier("opened_on")), order.direction
            params |= order.params
        more = conn.execute(sql.SQL(_SHARE_FURTHER).format(following=following, direction=direction), params).fetchone()
        within: sql.Composable = ALL
        if more is not None:
            if order is None:
                return None
            params["further"] = more[0]
            within = sql.SQL("opened_on {} %(further)s").format(sql.SQL(">=" if order.descending else "<="))
        in_order, first = (
            sql.SQL("" if order is None else one).format(direction, direction) for one in (_IN_ORDER, _FIRST_IN_ORDER)
        )
        kinds = [
            sql.SQL(_OF_SHARES).format(
                following=following,
                when=sql.SQL(when),
                within=within,
                in_order=in_order,
                of_place=of_place,
                readable=readable,
                readable_today=readable_today,
                where=where,
                first=first,
            )
            for when in (_OPENED_THEN, "dated_ahead")
        ]
        return sql.SQL("({} UNION ALL {}) AS case_list").format(*kinds), ALL, params

    def own(self, conn: psycopg.Connection[Any], wanted: Filter) -> list[str] | None:
        """The reader's own cases of the kinds of a filter, if they are few; None where all are to be tried."""
        return own_cases(conn, self._ledger_id, self.scope, wanted.kind)

    def of_cases(self, cases: Collection[str], wanted: Filter, moment: Moment) -> Asked:
        """Those of some cases, as far as the scope reads them."""
        of_place, readable, readable_today, params = self._scoped(moment)
        rows = sql.SQL(_OF_CASES).format(of_place=of_place, readable=readable, readable_today=readable_today)
        where, given = narrowed(wanted)
        return rows, where, params | given | {"cases": list(cases)}

    def in_force(
        self,
        moment: Moment,
        first: sql.Composable = _NOTHING,
        kinds: Sequence[LiteralString] = (AS_TODAY, BEFORE_BY_LENGTH),
    ) -> tuple[sql.Composed, dict[str, Any]]:
        """The rows in force at a moment that the scope may read, and their parameters.

        `first` narrows, orders and limits each kind of rows; `kinds` says how they are gone through.
        """
        of_place, readable, readable_today, params = self._scoped(moment)
        params |= {
            "digits": _DIGITS,
            "ended": [_later(moment.as_of, 4**digits) for digits in _DIGITS],
            "superseded": [moment.known + 4**digits for digits in _DIGITS],
        }
        rows = [
            sql.SQL(kind).format(of_place=of_place, readable=readable, readable_today=readable_today, first=first)
            for kind in kinds
        ]
        return sql.SQL("({}) AS case_list").format(sql.SQL(" UNION ALL ").join(rows)), params

    def _scoped(self, moment: Moment) -> tuple[sql.SQL, sql.SQL, sql.SQL, dict[str, Any]]:
        """What the scope asks of any row, of one that stands today, and of one that does not; and the parameters."""
        params: dict[str, Any] = {"ledger": self._ledger_id, "as_of": moment.as_of, "known": moment.known}
        of_place, readable, readable_today = sql.SQL("true"), sql.SQL("true"), sql.SQL("true")
        if self.scope.jurisdiction is not None:
            of_place, params["place"] = sql.SQL("jurisdiction = %(place)s"), self.scope.jurisdiction
        if self.scope.keys is not None:
            readable, readable_today = sql.SQL(_READABLE), sql.SQL(_READABLE_TODAY)
            params["keys"] = sorted(self.scope.keys)
        return of_place, readable, readable_today, params


def narrowed(wanted: Filter) -> tuple[sql.Composed, dict[str, Any]]:
    """The conditions of a filter, and their parameters."""
    conditions: list[sql.Composable] = []
    params: dict[str, Any] = {}
    if wanted.kind is not None:
        case_type_named(wanted.kind)
    else:
        conditions.append(sql.SQL("kind = ANY (%(kinds)s)"))
        params["kinds"] = kinds_of(None)
    if wanted.stage is not None:
        require_stage(wanted.stage)
    for name, condition in _NARROWED.items():
        if (value := getattr(wanted, name)) is not None:
            conditions.append(sql.SQL(condition))
            params[name] = value
    if wanted.state is not None:
        if wanted.state not in STATES:
            raise Refused("unknown-state", field="state", state=wanted.state, known=sorted(STATES))
        conditions.append(sql.SQL(STATES[wanted.state]))
    if wanted.text:
        conditions.append(sql.SQL("(strpos(lower(title), lower(%(text)s)) > 0 OR strpos(number, %(text)s) > 0)"))
        params["text"] = wanted.text
    return sql.SQL(" AND ").join(conditions), params


def _later(at: datetime, seconds: int) -> datetime:
    """An instant no sooner than so many seconds later; that of the last day, where the calendar has no such day."""
    try:
        return at + timedelta(seconds=seconds + 1)
    except OverflowError:
        return FOREVER
