"""Search in what cases say, and suggestions that are alike, at a moment of both clocks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from functools import partial
from typing import Annotated

from fastapi import Query, Request, Response
from pydantic import BaseModel, Field

from api.looking import as_known
from api.moment import Asked, Meta, MomentQuery, written
from api.principal import Asker
from api.problems import ProblemError, documented, words_for
from api.search import Hit, Search, Similar
from api.services import Services, services_of
from api.v1 import cursor
from api.v1.finding import answer, case_file_of, lists_of, zone_of
from api.v1.operations import operations
from api.v1.reading import MOMENT_HEADERS, FilterQuery, refuse_beside_cursor
from domain.cases.suggestion import Suggestion
from domain.moment import Moment, day_of
from domain.principal import Principal
from domain.values import Line
from projections.wording import MOST_CHARACTERS, Piece, terms_of

router = operations(401, 403, 500, 503, tag="search")

_ANSWERED = documented(422) | {200: {"headers": MOMENT_HEADERS}}
_NAMED = documented(404, 422) | {200: {"headers": MOMENT_HEADERS}}


class SearchQuery(FilterQuery):
    """What is sought, in which cases, at which moment; with a cursor, all but the page's size is frozen in it."""

    q: str | None = Field(
        None, max_length=MOST_CHARACTERS, examples=["电梯 老旧小区"],
        description="Terms with blanks between them, of which a case has to say every one, in whatever step; what "
        "stands in quotation marks is one term. A single Chinese character will do; a word of letters is found whole",
    )  # fmt: skip
    limit: int = Field(20, ge=1, le=100)
    cursor: str | None = Field(None, max_length=8_000, description="Where the page before ended; excludes all else")


class SimilarQuery(MomentQuery):
    """A title and a text, to which the suggestions are compared."""

    title: Line = Field(description="Of a suggestion", examples=["关于老旧小区加装电梯的建议"])
    text: str = Field("", max_length=4_000, description="What it says")


class PieceAnswer(BaseModel):
    """A piece of a text."""

    text: str
    sought: bool = Field(description="Whether it is what was sought")


class HitAnswer(BaseModel):
    """A case that was found, as it was at the moment."""

    case_id: str
    kind: str
    number: str | None
    title: str
    stage: str
    session: str | None
    person: str | None
    unit: str | None
    opened_on: date | None
    answered_on: date | None
    titled: bool = Field(description="Whether a title or number of it says every term; these cases come first")
    said_at: datetime = Field(description="When that was said; else when it last said one of the terms")
    marked: list[PieceAnswer] = Field(description="The title, with what was sought marked")
    excerpt: list[PieceAnswer] = Field(description="What a step says; empty where title and number say everything")
    step: int | None = Field(description="Number of the step whose words the excerpt is")
    type: str | None = Field(description="Stored name of that step")
    href: str


class SearchAnswer(BaseModel):
    """A page of what was found, and the versions of what is in force at the moment."""

    meta: Meta
    rulebook: str
    calendar: str
    terms: list[str] = Field(description="What was sought, without differences of case and width")
    total: int = Field(description="How many there are; at least so many, if that is not exact")
    exact: bool = Field(description="Whether all were counted: not where more than 5,000 texts say it")
    found: list[HitAnswer]
    next: str | None


class SimilarAnswer(BaseModel):
    """A suggestion that is alike, and what had become of it at the moment."""

    case_id: str
    score: float = Field(description="How much of what is compared it says too, weighted by rarity: a share of 1")
    words: list[str] = Field(description="What both say")
    number: str | None
    title: str
    session: str | None
    stage: str
    submitted_on: date | None
    unit: str | None = Field(description="Who replied last, or leads it")
    replied_on: date | None
    outcome: str | None = Field(description="Letter of the last reply, as it holds")
    resolved: bool | None = Field(description="Whether that means resolved; null where nobody said")
    grade: str | None
    linked: str | None = Field(description="As what it is linked to the case that it is compared with")
    href: str


class SimilarListAnswer(BaseModel):
    """The suggestions that are most alike, the most similar first."""

    meta: Meta
    rulebook: str
    calendar: str
    similar: list[SimilarAnswer]


@router.get(
    "/search",
    operation_id="search",
    summary="检索 · What cases say",
    response_model=SearchAnswer,
    responses=documented(422)
    | {200: {"headers": MOMENT_HEADERS | {"Link": {"description": "Next page", "schema": {"type": "string"}}}}},
)
def search(request: Request, asker: Asker, query: Annotated[SearchQuery, Query()]) -> Response:
    """The cases whose title, number or steps say every term, among those that the token's role may read.

    Those come first of which a title or number says them all; of these, as of the others, the ones that said it last.
    What is sealed or a person's own is never searched.
    """
    services, tell = services_of(request), words_for(request)
    if query.cursor is None:
        asked = Asked(query, zone_of(services, asker), tell)
        moment = asked.of_lists(services)
        q, wanted, after, meta = query.q or "", query.wanted(asker), None, asked.meta(moment)
    else:
        refuse_beside_cursor(query, tell)
        page = cursor.search_page(query.cursor, services.secret, tell, asker.jurisdiction)
        q, wanted, moment, after = page.q, page.wanted, page.moment, page.after
        meta = Meta(as_of=written(moment.as_of, zone_of(services, asker)), known_at=None, position=moment.known)
    terms = terms_of(q)
    found = Search(lists_of(services, asker), moment).hits(terms, wanted, after=after, limit=query.limit + 1)
    hits, headers, following = found.page[: query.limit], meta.headers, None
    if len(found.page) > query.limit:
        following = cursor.SearchPage(q, wanted, moment, hits[-1].row.key).sealed(services.secret)
        headers["Link"] = f'</api/v1/search?cursor={following}&limit={query.limit}>; rel="next"'
    rulebook, calendar = _in_force(services, asker, moment)
    body = SearchAnswer(
        meta=meta,
        rulebook=rulebook,
        calendar=calendar,
        terms=[term.text for term in terms],
        total=found.total,
        exact=found.exact,
        found=list(map(hit_answer, hits)),
        next=following,
    )
    return answer(body, headers)


@router.get(
    "/search/similar",
    operation_id="find_similar",
    summary="相似建议 · Suggestions like a text",
    response_model=SimilarListAnswer,
    responses=_ANSWERED,
)
def find_similar(request: Request, asker: Asker, query: Annotated[SimilarQuery, Query()]) -> Response:
    """The suggestions that say most of what a title and a text say, with what had become of them; ten at most."""
    services = services_of(request)
    asked = Asked(query, zone_of(services, asker), words_for(request))
    moment = asked.of_lists(services)
    found = Search(lists_of(services, asker), moment).similar_to(
        query.title, query.text, asker.jurisdiction, partial(case_file_of, services, asker)
    )
    return _similar(services, asker, asked, moment, found)


@router.get(
    "/cases/{case_id}/similar",
    operation_id="list_similar",
    summary="相似建议 · Suggestions like this one",
    response_model=SimilarListAnswer,
    responses=_NAMED,
)
def list_similar(case_id: str, request: Request, asker: Asker, query: Annotated[MomentQuery, Query()]) -> Response:
    """The suggestions that say most of what this one says; none of a case that is no suggestion."""
    services = services_of(request)
    asked = Asked(query, zone_of(services, asker), words_for(request))
    case_file, moment = case_file_of(services, asker, case_id), asked.of_lists(services)
    case = case_file.at(moment.known, moment.as_of)
    if case is None:
        raise ProblemError("no-case-at-moment", case_id=case_id)
    found: list[Similar] = []
    if isinstance(case, Suggestion):
        found = Search(lists_of(services, asker), moment).like(case, partial(case_file_of, services, asker))
    return _similar(services, asker, asked, moment, found)


def _similar(services: Services, asker: Principal, asked: Asked, moment: Moment, found: list[Similar]) -> Response:
    rulebook, calendar = _in_force(services, asker, moment)
    meta = asked.meta(moment)
    rows = [similar_answer(one) for one in found]
    return answer(SimilarListAnswer(meta=meta, rulebook=rulebook, calendar=calendar, similar=rows), meta.headers)


def _in_force(services: Services, asker: Principal, moment: Moment) -> tuple[str, str]:
    jurisdiction = as_known(services, asker.jurisdiction, moment)
    book = jurisdiction.book_on(day_of(moment.as_of, jurisdiction.time_zone))
    return book.ref, jurisdiction.working_calendar.ref


def hit_answer(hit: Hit) -> HitAnswer:
    """A case that was found as the API tells of it."""
    return HitAnswer(
        **vars(hit.row),
        marked=_pieces(hit.title),
        excerpt=_pieces(hit.excerpt),
        step=hit.step,
        type=hit.wire,
        href=f"/api/v1/cases/{hit.row.case_id}",
    )


def _pieces(pieces: Sequence[Piece]) -> list[PieceAnswer]:
    return [PieceAnswer(text=text, sought=sought) for text, sought in pieces]


def similar_answer(one: Similar) -> SimilarAnswer:
    """A suggestion that is alike as the API tells of it."""
    told = {name: value for name, value in vars(one).items() if name != "normalised"}
    return SimilarAnswer(**told, resolved=one.resolved, href=f"/api/v1/cases/{one.case_id}")
