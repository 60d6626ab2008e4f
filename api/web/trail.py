"""The pages of an inspection: the trail over all cases, and what is different between two versions of one case."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

from api.exporting import export_trail
from api.services import services_of
from api.trail import TrailExportQuery, TrailQuery
from api.v1.finding import case_file_of, lists_of
from api.web.guard import reader_of
from api.web.log import Choice, teller
from api.web.pages import PageRoute, admitted_to, handed_out, query_of, render
from api.web.viewmodels import Group, Teller, case_path, facts_of, groups_of, link
from domain import fold, policy
from domain.case import STEPS, Case, Recorded
from domain.principal import Principal
from domain.refusal import Refused
from projections.reading import TrailRow

TRAIL = "/audit/steps"
PAGE = 100

_WORDS = re.compile(r"[A-Za-z0-9]+|\s+|.", re.DOTALL)
_LONG = 30
"""Of a text of as many characters or more it is shown word by word what is different."""

router = APIRouter(route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse)


class CompareQuery(BaseModel):
    """Which two versions of a case; 0 is before its first step."""

    first: int = Field(0, alias="from", ge=0, le=2**31)
    second: int | None = Field(None, alias="to", ge=1, le=2**31)


@dataclass(frozen=True)
class Told:
    """A recorded step in words."""

    position: int
    recorded: str
    occurred: str
    late: bool
    who: str
    role: str
    office: str
    on_behalf_of: str | None
    step: str
    part: str | None
    target: int | None
    case: str
    number: str | None
    url: str


@dataclass(frozen=True)
class Piece:
    """A piece of a text: kept, taken away, or new."""

    kind: Literal["same", "del", "ins"]
    text: str


@dataclass(frozen=True)
class Difference:
    """Something that one version of a case says otherwise than another one."""

    label: str
    pieces: tuple[Piece, ...]


@router.get(TRAIL)
def trail(request: Request) -> Response:
    """What was recorded, the newest first, for those from whom nothing of the jurisdiction is kept."""
    asker, services = _inspector(request), services_of(request)
    tell = teller(request, asker.jurisdiction)
    given = {name: text for name, text in request.query_params.items() if text}
    query = query_of(request, TrailQuery)
    rows = lists_of(services, asker).trail(query.wanted(tell.zone), before=query.before, limit=PAGE + 1)
    kept = {name: text for name, text in given.items() if name not in {"before", "lang"}}
    return render(
        request,
        "trail.html",
        rows=list(told_of(tell, rows[:PAGE])),
        given=given,
        units=[Choice(unit.code, getattr(unit, tell.lang)) for unit in tell.jurisdiction.units],
        steps=[Choice(wire, tell.step(step)) for wire, step in STEPS.items()],
        older=link(TRAIL, {**kept, "before": rows[PAGE - 1].position}) if len(rows) > PAGE else None,
        exports=[(format, link(f"{TRAIL}/export", {**kept, "format": format})) for format in ("xlsx", "csv")],
    )


@router.get(f"{TRAIL}/export")
def exported_trail(request: Request) -> Response:
    """All that the page's filter names, as a file."""
    asker, services = _inspector(request), services_of(request)
    tell, query = teller(request, asker.jurisdiction), query_of(request, TrailExportQuery)
    lists, wanted = lists_of(services, asker), query.wanted(tell.zone)
    found = export_trail(tell, lambda before, limit: lists.trail(wanted, before=before, limit=limit), query)
    return handed_out(services, found, query.format)


@router.get("/cases/{case_id}/compare")
def compare(request: Request, case_id: str) -> Response:
    """What is different between a case after one of its steps and after another one, long texts word by word."""
    services, asker = services_of(request), admitted_to(request, case_id)
    case_file = case_file_of(services, asker, case_id)
    tell, query = teller(request, asker.jurisdiction), query_of(request, CompareQuery)
    history = list(case_file.history)
    second = len(history) if query.second is None else query.second
    if not query.first <= second <= len(history):
        raise Refused("page.unfinished-address")
    before, after = (_after(history, version) for version in (query.first, second))
    return render(
        request,
        "compare.html",
        case=case_path(case_id),
        title=(after or before or case_file.case).facts().title,  # type: ignore[union-attr]  # one of them is there
        versions=[Choice(str(record.version), _called(tell, record)) for record in history],
        first=query.first,
        second=second,
        differences=differences(tell, before, after),
    )


def differences(tell: Teller, before: Case | None, after: Case | None) -> list[Difference]:
    """What two versions of a case say otherwise, in the order of the case page."""
    old, new = dict(_told(tell, before)), dict(_told(tell, after))
    order = [*new, *(label for label in old if label not in new)]
    return [
        Difference(label, tuple(pieces(old.get(label, ""), new.get(label, ""))))
        for label in order
        if old.get(label, "") != new.get(label, "")
    ]


def pieces(old: str, new: str) -> Iterator[Piece]:
    """How one text becomes another: whole where they are short, else word by word, Chinese character by character."""
    if min(len(old), len(new)) < _LONG:
        if old:
            yield Piece("del", old)
        if new:
            yield Piece("ins", new)
        return
    a, b = _WORDS.findall(old), _WORDS.findall(new)
    for what, i, j, k, m in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if what == "equal":
            yield Piece("same", "".join(a[i:j]))
            continue
        if i < j:
            yield Piece("del", "".join(a[i:j]))
        if k < m:
            yield Piece("ins", "".join(b[k:m]))


def told_of(tell: Teller, rows: Iterable[TrailRow]) -> Iterator[Told]:
    """The rows in words."""
    for row in rows:
        step = STEPS.get(row.wire)
        yield Told(
            position=row.position,
            recorded=tell.when(row.recorded_at),
            occurred=tell.when(row.occurred_at, row.precision),
            late=row.late,
            who=tell.acting(row.actor),
            role=tell.say.label("role", row.role),
            office=tell.acting(row.office),
            on_behalf_of=row.on_behalf_of,
            step=row.wire if step is None else tell.step(step),
            part=None if row.part is None else tell.unit(row.part),
            target=row.target,
            case=row.title,
            number=row.number,
            url=f"{case_path(row.case_id)}#step-{row.version}",
        )


def _inspector(request: Request) -> Principal:
    """Whoever asks, if nothing of the jurisdiction is kept from him."""
    asker = reader_of(request)
    if not policy.reads_all(asker):
        raise Refused("not-all-is-yours")
    return asker


def _after(history: Sequence[Recorded], version: int) -> Case | None:
    """The case as it was known after one of its steps."""
    return fold.case_at(history, history[version - 1].position) if version else None


def _called(tell: Teller, record: Recorded) -> str:
    return f"{record.version} · {tell.when(record.recorded_at)} · {tell.step(type(record.step))}"


def _told(tell: Teller, case: Case | None) -> Iterator[tuple[str, str]]:
    """All that the page of a case says of it, each with where it stands."""
    if case is None:
        return
    yield tell.label("title"), case.facts().title
    yield tell.say("page.stage"), tell.word(case.stage) if case.stage else "—"
    for fact in facts_of(tell, case):
        yield fact.label, fact.value.text
    yield from _of_groups(groups_of(tell, case, case.kind), "")


def _of_groups(groups: Sequence[Group], within: str) -> Iterator[tuple[str, str]]:
    for group in groups:
        for item in group.items:
            where = f"{within}{group.title} · {item.heading}"
            yield where, item.stage or "✓"
            for fact in item.facts:
                yield f"{where} · {fact.label}", fact.value.text
            yield from _of_groups(item.groups, f"{where} · ")
