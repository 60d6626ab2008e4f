"""The pages of the registry: a jurisdiction with what is entered under it, as it was on any day and as known then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import Field

from api.entries import LISTS, EntriesQuery, EntryList, entries_of, told_of, wanted_of
from api.exporting import column_name, export_entries, known_at
from api.problems import ProblemError
from api.services import services_of
from api.web.doing import openings
from api.web.guard import reader_of_registry
from api.web.listing import FORMATS, Choice
from api.web.pages import REGISTRY, Look, PageRoute, handed_out, look_of, query_of, render
from api.web.regulations import REGULATIONS
from api.web.viewmodels import Fact, Shown, Teller, Turn, case_path, frozen, groups_of, link
from domain import procedure
from domain.case import Step
from domain.cases.registry.jurisdiction import Region
from domain.registry import RegistryCase, RegistryOpening
from projections.sheet import Format

PAGE_SIZE = 200

_FACTS = ("zh_name", "en_name", "code", "level", "division", "parent", "congress", "opened_on", "ended_on")
_ADOPTED = ("rulebooks", "calendars")

router = APIRouter(route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse)


class PageQuery(EntriesQuery):
    """Which entries of a list, and which page of them."""

    page: int = Field(1, ge=1, le=10_000)


class ExportQuery(EntriesQuery):
    """Which entries, in which format."""

    format: Format = "xlsx"


@dataclass(frozen=True)
class Heading:
    """A column of a list."""

    text: str
    number: bool


@dataclass(frozen=True)
class EntryView:
    """An entry in its list."""

    url: str
    values: list[Shown]
    ended: bool


@dataclass(frozen=True)
class FilterView:
    """What a list can be narrowed by, with the values that it has."""

    name: str
    text: str
    choices: list[Choice]


@dataclass(frozen=True)
class EntriesPage:
    """A list of the registry at a moment."""

    title: str
    called: int
    """Which column leads to the entry."""
    columns: list[Heading]
    """Those under which something stands."""
    rows: list[EntryView]
    filters: list[FilterView]
    filtered: bool
    shown: str
    previous: str | None
    next: str | None
    exports: list[tuple[Format, str]]
    new: Turn | None


@dataclass(frozen=True)
class Below:
    """A jurisdiction right below."""

    code: str
    name: str
    level: str
    congress: str
    stage: str
    since: str


@router.get(REGISTRY)
def registry_page(request: Request) -> Response:
    """The reader's jurisdiction with its rules, terms and subordinate jurisdictions, and the way to every list."""
    services, asker = services_of(request), reader_of_registry(request)
    look = look_of(request, asker)
    tell, moment, path = look.tell, look.moment, look.here.moment
    entries = services.registry.entries(asker.jurisdiction, moment.known, moment.as_of)
    own = next((entry for entry in entries if isinstance(entry, Region)), None)
    below = services.registry.below(asker.jurisdiction, moment.known, moment.as_of)
    return render(
        request,
        "registry.html",
        bar=look.bar,
        name=getattr(tell.jurisdiction, tell.lang),
        own=own and link(case_path(own.id), path),
        facts=[] if own is None else list(_facts(look, own)),
        terms=() if own is None else groups_of(tell, own),
        adopted=[] if own is None else [(tell.label(name), getattr(own, name)) for name in _ADOPTED],
        lists=[
            (tell.say(f"registry.{name}"), len(_in_being(entries, listed)), link(f"{REGISTRY}/{name}", path))
            for name, listed in LISTS.items()
        ],
        regulations=link(REGULATIONS, path),
        below=[_below(tell, one) for one in sorted(below, key=lambda one: one.code) if isinstance(one, Region)],
        new=[
            Turn(tell.step(step), _form_of(step))
            for step in openings(asker)
            if look.bar.now and issubclass(step, RegistryOpening)
        ],
        importing=bool(services.imports.lists(asker.role)),
        foot=tell.say("registry.foot", position=moment.known, zone=tell.zone),
    )


@router.get(f"{REGISTRY}/{{name}}")
def entries_page(request: Request, name: str) -> Response:
    """One list of the registry."""
    services, asker, listed = services_of(request), reader_of_registry(request), _list_named(name)
    look, query = look_of(request, asker), query_of(request, PageQuery)
    tell, here, opening = look.tell, look.here, listed.opening
    entries = entries_of(services, listed, tell.jurisdiction, look.moment)
    wanted = wanted_of(listed, query, entries)
    first = PAGE_SIZE * (query.page - 1)
    shown = wanted[first : first + PAGE_SIZE]
    columns = [
        (column, kind)
        for column, kind in listed.columns
        if column == listed.called or any(not told_of(tell, entry, column).empty for entry in shown)
    ]
    fixed = {**here.params, "page": None, **frozen(tell, here, look.moment)}
    page = EntriesPage(
        title=tell.say(f"registry.{name}"),
        called=[column for column, _ in columns].index(listed.called),
        columns=[Heading(column_name(tell, listed, column), kind == "number") for column, kind in columns],
        rows=[_row(look, [column for column, _ in columns], entry) for entry in shown],
        filters=[_filter(tell, listed, column, query, entries) for column in listed.filters],
        filtered=bool(query.model_fields_set - {"page"}),
        shown=tell.say("registry.shown", total=len(wanted), count=len(shown)),
        previous=here(page=query.page - 1) if query.page > 1 else None,
        next=here(page=query.page + 1) if first + PAGE_SIZE < len(wanted) else None,
        exports=[(format, link(f"{REGISTRY}/{name}/export", {**fixed, "format": format})) for format in FORMATS],
        new=Turn(tell.step(opening), _form_of(opening)) if look.bar.now and opening in openings(asker) else None,
    )
    return render(
        request,
        "entries.html",
        page=page,
        query=query,
        bar=look.bar,
        back=link(REGISTRY, here.moment),
        path=f"{REGISTRY}/{name}",
        clear=link(f"{REGISTRY}/{name}", here.moment),
        kept=list(here.moment.items()),
        foot=tell.say("registry.foot", position=look.moment.known, zone=tell.zone),
    )


@router.get(f"{REGISTRY}/{{name}}/export")
def exported_entries(request: Request, name: str) -> Response:
    """A whole list of the registry as a file: the entries that the page of the same address shows."""
    services, asker, listed = services_of(request), reader_of_registry(request), _list_named(name)
    look, query = look_of(request, asker), query_of(request, ExportQuery)
    entries = wanted_of(listed, query, entries_of(services, listed, look.tell.jurisdiction, look.moment))
    found = export_entries(
        look.tell, listed, query, entries, look.moment, known_at=known_at(services, look.asked), format=query.format
    )
    return handed_out(services, found, query.format)


def _list_named(name: str) -> EntryList:
    if name not in LISTS:
        raise ProblemError("not-found")
    return LISTS[name]


def _form_of(opening: type[Step]) -> str:
    return f"/cases/new/{procedure.opening_name(opening)}"


def _in_being(entries: Sequence[RegistryCase], listed: EntryList) -> list[RegistryCase]:
    return wanted_of(listed, EntriesQuery(), [entry for entry in entries if isinstance(entry, listed.case_type)])


def _facts(look: Look, own: Region) -> Iterator[Fact]:
    """What the jurisdiction is, and under which rules it stood on the day."""
    tell, place = look.tell, look.tell.jurisdiction
    for name in _FACTS:
        if not (shown := tell.value(name, getattr(own, name))).empty:
            yield Fact(tell.label(name), shown)
    yield Fact(tell.say("registry.rulebook"), Shown(place.book_on(tell.day).ref))
    yield Fact(tell.say("registry.calendar"), Shown(place.working_calendar.ref))


def _below(tell: Teller, one: Region) -> Below:
    return Below(
        code=one.jurisdiction,
        name=str(getattr(one, f"{tell.lang}_name")),
        level=tell.word(one.level),
        congress=tell.say("page.yes" if one.congress else "page.no"),
        stage=tell.word(one.stage) if one.stage else "—",
        since=one.opened_on.isoformat() if one.opened_on else "—",
    )


def _row(look: Look, columns: Sequence[str], entry: RegistryCase) -> EntryView:
    return EntryView(
        url=link(case_path(entry.id), look.here.moment),
        values=[told_of(look.tell, entry, name) for name in columns],
        ended=entry.ended_on is not None,
    )


def _filter(
    tell: Teller, listed: EntryList, name: str, query: EntriesQuery, entries: Sequence[RegistryCase]
) -> FilterView:
    chosen = getattr(query, name)
    known = {
        str(getattr(one, name)): told_of(tell, one, name).text for one in entries if getattr(one, name) is not None
    }
    choices = [Choice(value, known[value], value == chosen) for value in sorted(known)]
    return FilterView(name, column_name(tell, listed, name), choices)
