"""The case list to take along: the filter, the order and the moment of the reader, and all of their rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from api.moment import Asked, written
from api.services import Services, Views
from api.web.viewmodels import Teller
from api.words import Words
from domain.case import CASE_TYPES
from domain.moment import Moment, day_of
from domain.refusal import Refused
from domain.registry import Registry
from projections.reading import CaseRow, Counts, Filter
from projections.sheet import Column, Format, Kind, Line, Sheet, Value

MOST = 200_000
"""Rows of an export."""

MEDIA_TYPES: dict[Format, str] = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}

_PAGE = 2_000
_COLUMNS: tuple[tuple[str, Kind], ...] = (
    ("number", "text"),
    ("title", "text"),
    ("deputy", "text"),
    ("unit", "text"),
    ("units", "text"),
    ("session", "text"),
    ("stage", "text"),
    ("state", "text"),
    ("opened_on", "date"),
    ("handed_over_on", "date"),
    ("due_on", "date"),
    ("estimate", "text"),
    ("extended", "text"),
    ("answered_on", "date"),
    ("rounds", "number"),
    ("grade", "text"),
    ("jurisdiction", "text"),
    ("case_id", "text"),
)
_COUNTED = ("unassigned", "waiting", "overdue", "answered")


@dataclass(frozen=True)
class Exported:
    """A sheet, and what its file is called."""

    sheet: Sheet
    name: str
    plain_name: str
    """The name for programs that know ASCII alone."""

    @property
    def disposition(self) -> str:
        """The header that names the file (RFC 6266, RFC 5987)."""
        return f"attachment; filename=\"{self.plain_name}\"; filename*=UTF-8''{quote(self.name, safe='')}"


def export(  # noqa: PLR0913 - each of them is a part of what the reader sees
    say: Words,
    views: Views,
    registry: Registry,
    wanted: Filter,
    moment: Moment,
    *,
    sort: str,
    zone: str,
    known_at: datetime | None,
    format: Format,
    now: datetime | None = None,
) -> Exported:
    """All rows of the list of a filter at a moment, in their order; more than fit are refused before any is read."""
    counts = views.counts(wanted, moment)
    if counts.total > MOST:
        raise Refused("export-too-many", count=counts.total, most=MOST)
    made_at = written(now or datetime.now(UTC), zone)
    sheet = Sheet(
        title=say("export.sheet"),
        cover=say("export.cover"),
        lines=list(_lines(say, registry, wanted, moment, counts, sort, zone, known_at, made_at)),
        meanings=(say("export.column"), say("export.meaning")),
        columns=[
            Column(say(f"export.column.{name}"), kind, say(f"export.meaning.{name}", zone=zone))
            for name, kind in _COLUMNS
        ],
        rows=_rows(say, views, registry, wanted, moment, sort),
    )
    day = day_of(moment.as_of, zone)
    return Exported(sheet, f"{say('export.file', day=f'{day:%Y%m%d}')}.{format}", f"suggestions_{day:%Y%m%d}.{format}")


def known_at(services: Services, asked: Asked) -> datetime | None:
    """By when what is shown had been recorded: as asked for, or when the step at the position was; None is now."""
    if asked.known_at is not None or not asked.position:
        return asked.known_at
    steps = services.views.steps(after=asked.position - 1, until=asked.position, limit=1)
    return steps[0].recorded_at if steps else None


def _rows(
    say: Words, views: Views, registry: Registry, wanted: Filter, moment: Moment, sort: str
) -> Iterator[tuple[Value, ...]]:
    after: tuple[Any, str] | None = None
    tellers: dict[str, Teller] = {}
    while found := views.cases(wanted, moment, sort=sort, after=after, limit=_PAGE):
        for row in found:
            if row.jurisdiction not in tellers:
                place = registry.jurisdiction(row.jurisdiction)
                tellers[row.jurisdiction] = Teller(say, place, as_of=moment.as_of)
            yield _row(tellers[row.jurisdiction], row)
        if len(found) < _PAGE:
            return
        after = getattr(found[-1], sort.removeprefix("-")), found[-1].case_id


def _row(tell: Teller, row: CaseRow) -> tuple[Value, ...]:
    say = tell.say
    return (
        row.number,
        row.title,
        tell.person(row.person),
        tell.unit(row.unit),
        say("page.comma").join(map(tell.unit, row.units)),
        row.session,
        tell.word(CASE_TYPES[row.kind].Stage(row.stage)),
        say(f"export.state.{_state(row)}"),
        row.opened_on,
        row.handed_over_on,
        row.due_on,
        say("page.yes") if row.estimate else "",
        say("page.yes") if row.extended else "",
        row.answered_on,
        row.rounds,
        say.label("page.grade", row.grade) if row.grade else "",
        str(getattr(tell.jurisdiction, tell.lang)),
        row.case_id,
    )


def _state(row: CaseRow) -> str:
    """The one state of a case; a case that was answered is no longer waiting for anything."""
    if row.answered_on is not None:
        return "answered"
    if row.over:
        return "over"
    if row.handed_over_on is None:
        return "unassigned"
    return "overdue" if row.overdue else "waiting"


def _lines(  # noqa: PLR0913, PLR0917 - each of them is a line of the cover
    say: Words,
    registry: Registry,
    wanted: Filter,
    moment: Moment,
    counts: Counts,
    sort: str,
    zone: str,
    known_at: datetime | None,
    made_at: str,
) -> Iterator[Line]:
    if any(registry.jurisdiction(code).sample for code in _codes(registry, wanted)):
        yield Line(say("export.nature"), say("page.sample"))
    yield Line(say("export.filter"), _told(say, registry, wanted))
    order = say("export.descending" if sort.startswith("-") else "export.ascending")
    yield Line(say("export.sort"), f"{say('export.column.' + sort.removeprefix('-'))} {order}")
    yield Line(say("export.as_of"), written(moment.as_of, zone))
    yield Line(say("export.known_at"), say("export.known_now") if known_at is None else written(known_at, zone))
    yield Line(say("export.position"), moment.known, "number")
    yield Line(say("export.made_at"), made_at)
    yield Line(say("export.rows"), counts.total, "number")
    for state in _COUNTED:
        yield Line(say(f"export.count.{state}"), getattr(counts, state), "number")
    share = counts.answered / counts.total if counts.total else None
    yield Line(say("export.answered_share"), share, "percent")


def _codes(registry: Registry, wanted: Filter) -> list[str]:
    """Of which jurisdictions the cases may be."""
    return [wanted.jurisdiction] if wanted.jurisdiction else registry.codes()


def _told(say: Words, registry: Registry, wanted: Filter) -> str:
    """The filter in words."""
    tellers = [Teller(say, registry.jurisdiction(code)) for code in _codes(registry, wanted)]
    told = []
    for one in fields(wanted):
        if (value := getattr(wanted, one.name)) is None:
            continue
        text = str(value)
        if one.name == "jurisdiction":
            text = str(getattr(tellers[0].jurisdiction, say.language))
        elif one.name == "unit":
            text = next((tell.unit(text) for tell in tellers if tell.jurisdiction.unit(text)), text)
        elif one.name == "deputy":
            text = next((tell.person(text) for tell in tellers if tell.jurisdiction.deputy(text)), text)
        elif one.name == "state":
            text = say(f"page.state.{text}")
        elif one.name in {"stage", "kind"}:
            text = say.told(one.name, text)
        told.append(say("page.pair", label=say(f"export.filter.{one.name}"), value=text))
    return say("page.semicolon").join(told) or say("export.filter.none")
