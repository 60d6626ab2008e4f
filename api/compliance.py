"""The board of a jurisdiction's articles (对照检查) at a moment, for the API, the pages and the command line alike."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from api.services import Lists, Services
from domain import policy
from domain.case import CASE_TYPES, STEPS
from domain.moment import Moment, day_of
from domain.office import Jurisdiction
from domain.principal import Principal
from domain.refusal import Refused
from projections import compliance
from projections.compliance import ArticleState, Term
from projections.reading import Filter

_PAGE = 200


@dataclass(frozen=True)
class Board:
    """Every article as it stands for a year, and the rulebook whose articles these are."""

    year: int
    rulebook: str
    articles: Sequence[ArticleState]


def board_of(services: Services, lists: Lists, jurisdiction: Jurisdiction, moment: Moment, year: int | None) -> Board:
    """The board of a year, by default that of the moment; of cases as they were then and as known then."""
    day = day_of(moment.as_of, jurisdiction.time_zone)
    year = day.year if year is None else year
    book = jurisdiction.book_on(day)
    articles = list(book.articles.values())
    ids = _cases(lists, jurisdiction, moment, kinds_of(compliance.wires_of(articles)))
    looked = (
        compliance.look_at(services.docket.case_file(case_id), jurisdiction, moment.known, moment.as_of)
        for case_id in ids
    )
    cases = [one for one in looked if one is not None]
    return Board(
        year, book.ref, compliance.board(articles, cases, jurisdiction, year, day, term_of(jurisdiction, year))
    )


def require_whole(asker: Principal) -> None:
    """Refuse somebody who does not read every case: of a part of them the board would say what is not so."""
    if not policy.reads_all(asker):
        raise Refused("not-all-is-yours")


def kinds_of(wires: Iterable[str]) -> list[str]:
    """The kinds of the cases that have one of the steps."""
    declared = [STEPS[wire].declared for wire in wires if wire in STEPS]
    return sorted(kind for kind, case_type in CASE_TYPES.items() if any(one.of(case_type) for one in declared))


def term_of(jurisdiction: Jurisdiction, year: int) -> Term:
    """The term of the congress that ran at the end of a year; the year itself where no term is entered."""
    term = jurisdiction.term_on(date(year, 12, 31))
    return Term(date(year, 1, 1), date(year, 12, 31)) if term is None else Term(term.since, term.ends_on)


def _cases(lists: Lists, jurisdiction: Jurisdiction, moment: Moment, kinds: Iterable[str]) -> Iterator[str]:
    for kind in kinds:
        wanted = Filter(kind=kind, jurisdiction=jurisdiction.code)
        after: tuple[Any, str] | None = None
        while rows := lists.cases(wanted, moment, after=after, limit=_PAGE):
            yield from (row.case_id for row in rows)
            if len(rows) < _PAGE:
                break
            after = rows[-1].opened_on, rows[-1].case_id
