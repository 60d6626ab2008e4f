"""Suggestions that are alike (相似建议), as pages show them: before one is recorded, on its case page, on a page."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial

from api.search import Search, Similar
from api.services import Services
from api.v1.finding import case_file_of, lists_of
from api.web.listing import Choice
from api.web.viewmodels import Teller, case_path, link
from domain import procedure
from domain.case import Case
from domain.casefile import CaseFile
from domain.cases.suggestion import MotionConverted, Relation, SimilarLinked, Suggestion, SuggestionSubmitted
from domain.moment import Moment, day_of
from domain.principal import Principal
from projections.reading import BeingRebuilt


@dataclass(frozen=True)
class SimilarView:
    """A suggestion that is alike, in words."""

    case_id: str
    title: str
    url: str
    number: str
    score: str
    words: str
    facts: list[tuple[str, str]]
    light: str
    """Which light shows what had become of it."""
    fate: str
    linked: str | None


@dataclass(frozen=True)
class Linking:
    """How a suggestion is linked to one that is alike, with one click."""

    action: str
    version: int
    key: str
    day: str
    relations: list[Choice]


@dataclass(frozen=True)
class AlikeView:
    """The suggestions that are like one, and how they are linked to it, if the reader may."""

    rows: list[SimilarView]
    linking: Linking | None


def alike_to(services: Services, asker: Principal, step: object) -> list[Similar]:
    """The suggestions that are like one which is about to be opened, as far as the search has read.

    While it is being rebuilt, there are none that one could be told of; the step does not wait for it.
    """
    if not isinstance(step, SuggestionSubmitted | MotionConverted):
        return []
    read = partial(case_file_of, services, asker)
    with suppress(BeingRebuilt):
        return _now(services, asker).similar_to(step.title, step.body or "", asker.jurisdiction, read)
    return []


def alike_of(services: Services, asker: Principal, case: Suggestion, moment: Moment | None = None) -> list[Similar]:
    """The suggestions that are like one, at a moment; now as far as the search has read."""
    search = _now(services, asker) if moment is None else Search(lists_of(services, asker), moment)
    return search.like(case, partial(case_file_of, services, asker))


def _now(services: Services, asker: Principal) -> Search:
    lists = lists_of(services, asker)
    moment = services.views.moment()
    return Search(lists, Moment(moment.as_of, min(moment.known, lists.search.reached())))


def may_link(case: Case, asker: Principal) -> bool:
    """Whether the asker may link the case to one that is alike, as it stands."""
    return not asker.suspended and any(
        found.step is SimilarLinked and found.why is None for found in procedure.open_steps(case, asker.role)
    )


def alike_view(
    tell: Teller, found: Sequence[Similar], moment: Mapping[str, str], linking: CaseFile | None = None
) -> AlikeView:
    """What is shown of them; `linking` is the case to which the reader may link them."""
    return AlikeView([_row(tell, one, moment) for one in found], None if linking is None else _linking(tell, linking))


def _linking(tell: Teller, case_file: CaseFile) -> Linking:
    return Linking(
        action=f"{case_path(case_file.id)}/steps/{SimilarLinked.declared.name}",
        version=case_file.version,
        key=secrets.token_hex(16),
        day=day_of(datetime.now(UTC), tell.zone).isoformat(),
        relations=[Choice(one.value, tell.word(one), one is Relation.REPEAT) for one in Relation],
    )


def _row(tell: Teller, one: Similar, moment: Mapping[str, str]) -> SimilarView:
    resolved = "none" if one.resolved is None else "yes" if one.resolved else "no"
    fate = "waiting" if one.replied_on is None else {"none": "replied", "yes": "resolved", "no": "unresolved"}[resolved]
    facts = [
        (tell.label("submitted_on"), _day(one.submitted_on)),
        (tell.label("session"), one.session or ""),
        (tell.say("page.stage"), tell.word(Suggestion.Stage(one.stage))),
        (tell.say("page.unit"), tell.unit(one.unit)),
        (tell.label("replied_on"), _day(one.replied_on)),
        (tell.label("outcome"), tell.value("outcome", one.outcome).text if one.outcome else ""),
        (tell.say("page.row.grade"), tell.say.label("page.grade", one.grade) if one.grade else ""),
    ]
    return SimilarView(
        case_id=one.case_id,
        title=one.title,
        url=link(case_path(one.case_id), dict(moment)),
        number=one.number or "",
        score=f"{one.score:.0%}",
        words=tell.say("page.comma").join(one.words),
        facts=[(label, text) for label, text in facts if text],
        light={"resolved": "done", "unresolved": "late", "replied": "done", "waiting": "running"}[fate],
        fate=tell.say(f"search.fate.{fate}"),
        linked=None if one.linked is None else tell.word(one.linked),
    )


def _day(day: date | None) -> str:
    return "" if day is None else day.isoformat()
