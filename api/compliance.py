"""The board of a jurisdiction's articles (对照检查) at a moment, for the API, the pages and the command line alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from api.looking import looked_at
from api.services import Lists, Services
from domain.moment import Moment, day_of
from domain.office import Jurisdiction
from projections import compliance
from projections.compliance import ArticleState, Term


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
    articles, term = list(book.articles.values()), term_of(jurisdiction, year)
    cases = list(looked_at(services, lists, jurisdiction, moment, compliance.sought(articles, year, term)))
    return Board(year, book.ref, compliance.board(articles, cases, jurisdiction, year, day, term))


def term_of(jurisdiction: Jurisdiction, year: int) -> Term:
    """The term of the congress that ran at the end of a year; the year itself where no term is entered."""
    term = jurisdiction.term_on(date(year, 12, 31))
    return Term(date(year, 1, 1), date(year, 12, 31)) if term is None else Term(term.since, term.ends_on)
