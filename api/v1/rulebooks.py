"""Rulebooks: one with its sources, and what changes when a jurisdiction adopts it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.looking import require_whole
from api.principal import Asker
from api.problems import ProblemError
from api.recalculation import Adoption, adoption_of
from api.services import services_of
from api.v1.finding import answer, lists_of
from api.v1.operations import operations
from domain.moment import day_of
from domain.rulebook import Rulebook, RulebookError, load_rulebook
from domain.rulecheck import Difference

router = operations(401, 403, 404, 422, 500, 503, tag="rules")


class RulebookQuery(BaseModel):
    """Which version of a rulebook."""

    model_config = ConfigDict(extra="forbid")

    version: str | None = Field(None, description="By default the newest", examples=["2026-11-29"])


class FieldChange(BaseModel):
    """A field of a rule that says something else."""

    name: str
    old: Any
    new: Any


class RuleChange(BaseModel):
    """A rule that comes, that goes, or that says something else."""

    change: Literal["added", "removed", "changed"]
    table: str = Field(description="In which table of the rulebook it is", examples=["clocks"])
    rule: str
    zh: str
    en: str
    fields: list[FieldChange]


class DeadlineChange(BaseModel):
    """A running deadline that would be otherwise."""

    case_id: str
    number: str | None
    title: str
    clock: str
    part: str | None
    was: date
    now: date
    href: str


class AdoptionAnswer(BaseModel):
    """What changes when a jurisdiction adopts a rulebook."""

    jurisdiction: str
    old: str = Field(description="The rulebook in force today", examples=["cn-999900@2026-11-22"])
    new: str = Field(examples=["cn-999900@2026-11-29"])
    rules: list[RuleChange]
    deadlines: list[DeadlineChange] = Field(
        description="Adopting moves none of them: `duban rulebook recalculate` does, each by a recorded step"
    )


@router.get(
    "/rulebooks/{id}",
    operation_id="show_rulebook",
    summary="规则集 · A rulebook with its sources",
    response_model=Rulebook,
)
def show_rulebook(
    id: str,
    asker: Asker,  # noqa: ARG001 - whoever reads must be known
    query: Annotated[RulebookQuery, Query()],
) -> Response:
    """Clocks, gates, orders, targets and practices with law and article, confidence and validity; inherited included.

    `alternatives` says for a rule what other places have in its stead, `chosen` which of them the book takes.
    """
    return answer(_book(id, query.version), {})


@router.get(
    "/rulebooks/{id}/adoption",
    operation_id="preview_adoption",
    summary="采用预览 · What changes when the jurisdiction adopts a rulebook",
    response_model=AdoptionAnswer,
)
def preview_adoption(request: Request, id: str, asker: Asker, query: Annotated[RulebookQuery, Query()]) -> Response:
    """What would change if the jurisdiction adopted the rulebook today; nothing is recorded.

    For those from whom nothing of the jurisdiction is kept: the congress's organs and offices, and auditors.
    """
    require_whole(asker)
    services = services_of(request)
    place, moment = services.registry.jurisdiction(asker.jurisdiction), services.views.moment()
    since, book = day_of(moment.as_of, place.time_zone), _book(id, query.version)
    adoption = adoption_of(services.docket, lists_of(services, asker), place, book.ref, since, moment)
    return answer(adoption_answer(place.code, adoption), {})


def adoption_answer(jurisdiction: str, adoption: Adoption) -> AdoptionAnswer:
    """What an adoption changes, as the API tells it."""
    return AdoptionAnswer(
        jurisdiction=jurisdiction,
        old=adoption.old.ref,
        new=adoption.new.ref,
        rules=list(_rules(adoption)),
        deadlines=[
            DeadlineChange(
                case_id=one.case_id,
                number=one.number,
                title=one.title,
                clock=one.was.clock,
                part=one.was.part,
                was=one.was.due_on,
                now=one.now.due_on,
                href=f"/api/v1/cases/{one.case_id}",
            )
            for one in adoption.moved or ()
        ],
    )


def _rules(adoption: Adoption) -> Iterator[RuleChange]:
    for one in adoption.rules:
        if (stated := one.new or one.old) is not None:
            yield RuleChange(
                change=_change(one),
                table=one.table,
                rule=one.rule,
                zh=stated.zh,
                en=stated.en,
                fields=[FieldChange(name=name, old=old, new=new) for name, old, new in one.fields],
            )


def _change(one: Difference) -> Literal["added", "removed", "changed"]:
    return "added" if one.old is None else "removed" if one.new is None else "changed"


def _book(id: str, version: str | None) -> Rulebook:
    try:
        return load_rulebook(id, version)
    except RulebookError:
        raise ProblemError("unknown-rulebook", id=id if version is None else f"{id}@{version}") from None
