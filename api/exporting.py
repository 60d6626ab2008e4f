"""Lists to take along: the filter, the order and the moment of the reader, and all of their rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from typing_extensions import TypeIs

from api.access import AccessExportQuery, why
from api.entries import EntriesQuery, EntryList, told_of, value_of
from api.figures import Figures, Told
from api.moment import Asked, written
from api.services import Lists, Services
from api.trail import TrailExportQuery
from api.web.viewmodels import StepView, Teller, Timeline, narrowed_to, value_name
from api.what_if import Beside, Simulation, ToldBeside, words_of
from api.words import Words
from domain import policy
from domain.access import AccessRow
from domain.case import CASE_TYPES, STEPS, Case
from domain.moment import Moment, day_of
from domain.policy import Scope
from domain.refusal import Refused
from domain.registry import Registry, RegistryCase
from projections.asked import Asked as WantedFigures
from projections.asked import By
from projections.metrics import Figure
from projections.ocel import CaseLog, Entered, EventLog, LogFormat, log_of
from projections.reading import CaseRow, Counts, Filter, TrailRow
from projections.sheet import Column, Format, Kind, Line, Sheet, Value

MOST = 200_000
"""Rows of an export."""
MOST_HISTORIES = 20_000
"""Cases of an event log that somebody waits for, each with its whole history."""

MEDIA_TYPES: dict[Format, str] = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}

LOG_MEDIA_TYPES: dict[LogFormat, str] = {"ocel-json": "application/json", "ocel-sqlite": "application/vnd.sqlite3"}

_PAGE = 2_000
_NOT_IN_A_NAME = str.maketrans(dict.fromkeys('/\\:*?"<>|', "_"))
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
_PERSON = {"deputy": "person"}
"""What a column is called of which the words of a kind speak by the name of the fact."""
_COUNTED = ("unassigned", "waiting", "overdue", "answered")
_COUNTS: tuple[tuple[str, Kind], ...] = (
    ("dimension", "text"),
    ("value", "text"),
    ("code", "text"),
    ("count", "number"),
)
_FIGURES: tuple[tuple[str, Kind], ...] = (
    ("metric", "text"),
    ("of", "text"),
    ("figure", "number"),
    ("rate", "percent"),
    ("numerator", "number"),
    ("denominator", "number"),
    ("coverage", "percent"),
    ("floor", "percent"),
    ("ceiling", "percent"),
    ("goal", "percent"),
    ("formula", "text"),
    ("caution", "text"),
    ("source", "text"),
    ("definition", "text"),
)
_WHAT_IF: tuple[tuple[str, Kind], ...] = (
    ("nature", "text"),
    ("metric", "text"),
    ("of", "text"),
    ("figure", "number"),
    ("simulated_figure", "number"),
    ("rate", "percent"),
    ("simulated_rate", "percent"),
    ("numerator", "number"),
    ("denominator", "number"),
    ("simulated_numerator", "number"),
    ("simulated_denominator", "number"),
    ("goal", "percent"),
    ("simulated_goal", "percent"),
    ("definition", "text"),
)
_STEPS: tuple[tuple[str, Kind], ...] = (
    ("step_number", "number"),
    ("occurred", "text"),
    ("late", "text"),
    ("step", "text"),
    ("part", "text"),
    ("content", "text"),
    ("role", "text"),
    ("office", "text"),
    ("actor", "text"),
    ("on_behalf_of", "text"),
    ("document", "text"),
    ("corrected_by", "text"),
    ("voided_by", "number"),
    ("recorded", "text"),
)
_TRAIL: tuple[tuple[str, Kind], ...] = (
    ("position", "number"),
    ("recorded", "text"),
    ("occurred", "text"),
    ("late", "text"),
    ("step", "text"),
    ("part", "text"),
    ("target", "number"),
    ("number", "text"),
    ("title", "text"),
    ("step_number", "number"),
    ("role", "text"),
    ("office", "text"),
    ("actor", "text"),
    ("on_behalf_of", "text"),
    ("document", "text"),
    ("case_id", "text"),
)
_ACCESS: tuple[tuple[str, Kind], ...] = (
    ("line", "number"),
    ("at", "text"),
    ("access", "text"),
    ("role", "text"),
    ("office", "text"),
    ("actor", "text"),
    ("asked", "text"),
    ("why", "text"),
    ("left_out", "number"),
    ("person", "text"),
    ("purposes", "text"),
    ("occasion", "text"),
    ("case_id", "text"),
)


@dataclass(frozen=True)
class Taken:
    """What a file is called that is taken along."""

    name: str
    plain_name: str
    """The name for programs that know ASCII alone."""

    @property
    def disposition(self) -> str:
        """The header that names the file (RFC 6266, RFC 5987)."""
        return f"attachment; filename=\"{self.plain_name}\"; filename*=UTF-8''{quote(self.name, safe='')}"


@dataclass(frozen=True)
class Exported(Taken):
    """A sheet, and what its file is called."""

    sheet: Sheet


@dataclass(frozen=True)
class ExportedLog(Taken):
    """An event log, and what its file is called."""

    log: EventLog


def export(  # noqa: PLR0913 - each of them is a part of what the reader sees
    say: Words,
    lists: Lists,
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
    counts = lists.counts(wanted, moment)
    if counts.total > MOST:
        raise Refused("export-too-many", count=counts.total, most=MOST)
    by, order = sort.removeprefix("-"), say("export.descending" if sort.startswith("-") else "export.ascending")
    lines = [
        *_nature(say, sample=any(registry.jurisdiction(code).sample for code in _codes(registry, wanted))),
        Line(say("export.filter"), _told(say, registry, wanted)),
        Line(say("export.sort"), f"{say.of_kind(wanted.kind, 'column', by, f'export.column.{by}')} {order}"),
        *_when(say, moment, zone, known_at, now),
        *_totals(say, counts),
    ]
    sheet = _sheet(say, say("export.sheet"), lines, _columns_of_cases(say, wanted.kind, zone),
                   _rows(say, lists, registry, wanted, moment, sort))  # fmt: skip
    return _named(sheet, say("export.sheet"), "cases", moment, zone, format, say)


def is_of_log(format: Format | LogFormat) -> TypeIs[LogFormat]:
    """Whether it is a format of event logs, and not of sheets."""
    return format in LOG_MEDIA_TYPES


def export_log(  # noqa: PLR0913 - each of them is a part of what the reader sees
    say: Words,
    services: Services,
    scope: Scope,
    wanted: Filter,
    moment: Moment,
    *,
    zone: str,
    known_at: datetime | None,
    format: LogFormat,
    most: int | None = None,
) -> ExportedLog:
    """The histories of the cases of a filter at a moment, as far as somebody of that scope may know them."""
    lists, now = services.views.within(scope), datetime.now(UTC)
    counts = lists.counts(wanted, moment)
    most = MOST_HISTORIES if most is None else most
    if counts.total > most:
        raise Refused("export-too-many", count=counts.total, most=most)
    registry = services.registry
    entered = Entered(lambda code: registry.entries(code, moment.known, moment.as_of))
    told = {one.name: getattr(wanted, one.name) for one in fields(wanted)}
    about: dict[str, Any] = {f"only_{name}": value for name, value in told.items() if value is not None}
    if any(registry.jurisdiction(code).sample for code in _codes(registry, wanted)):
        about["nature"] = say("page.sample")
    about |= {"as_of": moment.as_of, "position": moment.known, "made_at": now}
    if known_at is not None:
        about["known_at"] = known_at
    books = {registry.jurisdiction(code).book_on(day_of(moment.as_of, zone)).ref for code in
             _codes(registry, wanted)}  # fmt: skip
    about["rulebooks_in_force"] = ", ".join(sorted(books))
    cases = _histories(services, lists, scope, wanted, moment, entered, now)
    name, plain_name = _file_names(say, say("export.log"), "ocel", moment, zone)
    ending = format.removeprefix("ocel-")
    return ExportedLog(f"{name}.{ending}", f"{plain_name}.{ending}", EventLog(cases, entered, about))


def _histories(
    services: Services, lists: Lists, scope: Scope, wanted: Filter, moment: Moment, entered: Entered, now: datetime
) -> Iterator[CaseLog]:
    found = (row.case_id for row in _rows_of(lists, wanted, moment, "opened_on"))
    for case_file in services.docket.case_files(found, services.docket.head()):
        if scope.covers(case_file):
            shown = policy.as_shown(case_file, scope, now, services.keys)
            if (told := log_of(shown.history, moment, entered)) is not None:
                yield told


def export_counts(
    tell: Teller,
    registry: Registry,
    wanted: Filter,
    counts: Counts,
    moment: Moment,
    *,
    known_at: datetime | None,
    format: Format,
) -> Exported:
    """The counts of a filter at a moment: by state, by stage, and by unit that takes part."""
    say, title = tell.say, tell.say("export.counts")
    lines = [
        *_nature(say, sample=tell.jurisdiction.sample),
        Line(say("export.filter"), _told(say, registry, wanted)),
        *_when(say, moment, tell.zone, known_at),
        *_totals(say, counts),
    ]
    sheet = _sheet(say, title, lines, _columns(say, _COUNTS, tell.zone), _counted(tell, counts))
    return _named(sheet, title, "counts", moment, tell.zone, format, say)


def exported_figures(
    tell: Teller,
    figures: Figures,
    asked: WantedFigures,
    ids: Sequence[str],
    by: By | None,
    known_at: datetime | None,
    format: Format,
) -> Exported:
    """Metrics at a moment, in whole and by a dimension, each with how it is counted."""
    moment, told = figures.moment, figures.told(asked, ids, by)
    say, title = tell.say, tell.say("figures.title")
    lines = [*_nature(say, sample=tell.jurisdiction.sample), *_of_figures(tell, asked, moment, known_at)]
    rows = (
        _figure(tell, one, name, figure)
        for one in told
        for name, figure in [("", one.figure), *((value_name(tell, by, key), part) for key, part in one.parts)]
    )
    sheet = _sheet(say, title, lines, _columns(say, _FIGURES, tell.zone), rows)
    return _named(sheet, title, "figures", moment, tell.zone, format, say)


def exported_what_if(
    tell: Teller,
    found: Simulation,
    asked: WantedFigures,
    by: By | None,
    known_at: datetime | None,
    format: Format,
) -> Exported:
    """Figures as they are beside what they would be; each row says that it is a simulation, as the cover does."""
    say, title = tell.say, tell.say("what_if.title")
    lines = [
        Line(say("export.nature"), say("what_if.simulation")),
        *(Line(say("what_if.supposed", what=what), how) for what, how in words_of(tell, found.supposition)),
        *_nature(say, sample=tell.jurisdiction.sample),
        *_of_figures(tell, asked, found.moment, known_at),
        Line(say("what_if.cases"), found.cases, "number"),
    ]
    rows = (
        _beside(tell, one, name, figure)
        for one in found.told
        for name, figure in [("", one.figure), *((value_name(tell, by, key), part) for key, part in one.parts)]
    )
    sheet = _sheet(say, title, lines, _columns(say, _WHAT_IF, tell.zone), rows)
    return _named(sheet, title, "what-if", found.moment, tell.zone, format, say)


def _of_figures(tell: Teller, asked: WantedFigures, moment: Moment, known_at: datetime | None) -> Iterator[Line]:
    """Of what figures are, what they stand on, and from which moment one looks."""
    say = tell.say
    yield Line(say("export.filter"), narrowed_to(tell, asked.named) or say("page.filter.any"))
    yield Line(say("export.column.jurisdiction"), str(getattr(tell.jurisdiction, tell.lang)))
    yield Line(say("export.rulebook"), tell.jurisdiction.book_on(day_of(moment.as_of, tell.zone)).ref)
    yield Line(say("export.calendar"), tell.jurisdiction.working_calendar.ref)
    yield from _when(say, moment, tell.zone, known_at)


def _beside(tell: Teller, told: ToldBeside, name: str, figure: Beside) -> Sequence[Value]:
    metric, rate, real, simulated = told.metric, told.metric.is_rate, figure.real, figure.simulated
    return (
        tell.say("what_if.mark"),
        getattr(metric, tell.lang),
        name,
        None if rate else real.numerator,
        None if rate else simulated.numerator,
        real.value if rate else None,
        simulated.value if rate else None,
        real.numerator,
        real.denominator,
        simulated.numerator,
        simulated.denominator,
        told.target,
        told.simulated_target,
        f"{metric.id} v{metric.version}",
    )


def _figure(tell: Teller, told: Told, name: str, figure: Figure) -> Sequence[Value]:
    metric, rate = told.metric, told.metric.is_rate
    return (
        getattr(metric, tell.lang),
        name,
        None if rate else figure.numerator,
        figure.value if rate else None,
        figure.numerator,
        figure.denominator,
        figure.coverage,
        figure.floor,
        figure.ceiling,
        None if told.target is None else told.target.value,
        getattr(metric.formula, tell.lang),
        getattr(metric.caution, tell.lang) if metric.caution else None,
        metric.source,
        f"{metric.id} v{metric.version}",
    )


def export_history(
    tell: Teller, case: Case, timeline: Timeline, moment: Moment, *, known_at: datetime | None, format: Format
) -> Exported:
    """The steps of a case that had happened and were known at a moment, with what became of each."""
    say, facts = tell.say, case.facts()
    called = facts.number or case.id
    lines = [
        *_nature(say, sample=tell.jurisdiction.sample),
        Line(say("export.case"), f"{facts.number or ''} {facts.title}".strip()),
        Line(say("export.column.stage"), tell.word(case.stage) if case.stage else ""),
        Line(say("export.column.case_id"), case.id),
        *(Line(say("export.column.step"), words) for name, words, _ in timeline.types if name == timeline.type),
        *_when(say, moment, tell.zone, known_at),
        Line(say("export.steps"), len(timeline.steps), "number"),
    ]
    rows = (_step(tell, step) for step in timeline.steps)
    sheet = _sheet(say, say("page.timeline"), lines, _columns(say, _STEPS, tell.zone), rows)
    return _named(sheet, f"{say('page.timeline')}_{called}", "history", moment, tell.zone, format, say)


def export_entries(
    tell: Teller,
    listed: EntryList,
    query: EntriesQuery,
    entries: Sequence[RegistryCase],
    moment: Moment,
    *,
    known_at: datetime | None,
    format: Format,
) -> Exported:
    """The entries of a list of the registry at a moment."""
    say, title = tell.say, tell.say(f"registry.{listed.name}")
    lines = [
        *_nature(say, sample=tell.jurisdiction.sample),
        Line(say("export.filter"), _narrowed(tell, listed, query, entries)),
        Line(say("export.column.jurisdiction"), str(getattr(tell.jurisdiction, tell.lang))),
        *_when(say, moment, tell.zone, known_at),
        Line(say("export.entries"), len(entries), "number"),
    ]
    columns = [
        Column(column_name(tell, listed, name), kind, say(f"registry.meaning.{name}"))
        for name, kind in (*listed.columns, ("id", "text"))
    ]
    names = [name for name, _ in listed.columns]
    rows = ((*(value_of(tell, entry, name) for name in names), entry.id) for entry in entries)
    return _named(_sheet(say, title, lines, columns, rows), title, listed.name, moment, tell.zone, format, say)


def export_trail(
    tell: Teller, page: Callable[[int | None, int], Sequence[TrailRow]], query: TrailExportQuery
) -> Exported:
    """The recorded steps that a filter names, the newest first; `page` reads those before a position."""
    return _inspected(tell, "trail", _TRAIL, _trail(tell, page), query)


def export_access(
    tell: Teller, page: Callable[[int | None, int], Sequence[AccessRow]], query: AccessExportQuery
) -> Exported:
    """The lines of the access log that a filter names, the newest first; `page` reads those before a number."""
    return _inspected(tell, "access", _ACCESS, _access(tell, page), query)


def _inspected(
    tell: Teller,
    name: str,
    columns: Iterable[tuple[str, Kind]],
    rows: Iterator[Sequence[Value]],
    query: TrailExportQuery | AccessExportQuery,
) -> Exported:
    """What an inspection takes along of its jurisdiction, as it is now."""
    say, title = tell.say, tell.say(f"{name}.title")
    narrowed = query.model_dump(exclude={"before", "format"}, exclude_defaults=True, mode="json")
    told = [say("page.pair", label=say(f"{name}.{key}"), value=str(value)) for key, value in narrowed.items()]
    lines = [
        *_nature(say, sample=tell.jurisdiction.sample),
        Line(say("export.filter"), say("page.semicolon").join(told)),
        Line(say("export.column.jurisdiction"), str(getattr(tell.jurisdiction, tell.lang))),
    ]
    now = Moment(datetime.now(UTC), 0)
    sheet = _sheet(say, title, lines, _columns(say, columns, tell.zone), rows)
    return _named(sheet, title, name, now, tell.zone, query.format, say)


def _trail(tell: Teller, page: Callable[[int | None, int], Sequence[TrailRow]]) -> Iterator[tuple[Value, ...]]:
    before, left = None, MOST
    while left and (rows := page(before, min(_PAGE, left))):
        before, left = rows[-1].position, left - len(rows)
        for row in rows:
            step = STEPS.get(row.wire)
            yield (
                row.position,
                tell.when(row.recorded_at),
                tell.when(row.occurred_at, row.precision),
                tell.say("page.yes") if row.late else "",
                row.wire if step is None else tell.step(step),
                None if row.part is None else tell.unit(row.part),
                row.target,
                row.number,
                row.title,
                row.version,
                tell.say.label("role", row.role),
                tell.acting(row.office),
                tell.acting(row.actor),
                row.on_behalf_of,
                row.document,
                row.case_id,
            )


def _access(tell: Teller, page: Callable[[int | None, int], Sequence[AccessRow]]) -> Iterator[tuple[Value, ...]]:
    say, before, left = tell.say, None, MOST
    while left and (rows := page(before, min(_PAGE, left))):
        before, left = rows[-1].number, left - len(rows)
        for row in rows:
            yield (
                row.number,
                tell.when(row.at),
                say(f"access.kind.{row.kind}"),
                say.label("role", row.role),
                tell.acting(row.office),
                tell.acting(row.actor),
                row.what,
                why(say, row.code),
                row.left_out,
                row.person,
                None if row.purposes is None else say("page.comma").join(row.purposes),
                row.occasion,
                row.case_id,
            )


def column_name(tell: Teller, listed: EntryList, name: str) -> str:
    """What a column of a list of the registry is called."""
    if name == "id":
        return tell.say("export.column.case_id")
    return tell.say("page.stage") if name == "stage" else tell.label(name, listed.case_type.kind)


def _sheet(
    say: Words, title: str, lines: Sequence[Line], columns: Sequence[Column], rows: Iterator[Sequence[Value]]
) -> Sheet:
    return Sheet(
        title=title,
        cover=say("export.cover"),
        lines=lines,
        meanings=(say("export.column"), say("export.meaning")),
        columns=columns,
        rows=rows,
    )


def _columns(say: Words, columns: Iterable[tuple[str, Kind]], zone: str) -> list[Column]:
    return [
        Column(say(f"export.column.{name}"), kind, say(f"export.meaning.{name}", zone=zone)) for name, kind in columns
    ]


def _columns_of_cases(say: Words, kind: str | None, zone: str) -> list[Column]:
    """The columns of the case list as cases of that kind call them."""
    names = [say.of_kind(kind, "column", _PERSON.get(name, name), f"export.column.{name}") for name, _ in _COLUMNS]
    return [replace(column, name=name) for column, name in zip(_columns(say, _COLUMNS, zone), names, strict=True)]


def _named(sheet: Sheet, title: str, plain: str, moment: Moment, zone: str, format: Format, say: Words) -> Exported:
    name, plain_name = _file_names(say, title, plain, moment, zone)
    return Exported(f"{name}.{format}", f"{plain_name}.{format}", sheet)


def _file_names(say: Words, title: str, plain: str, moment: Moment, zone: str) -> tuple[str, str]:
    """What a file is called, and what it is called in ASCII; both without what it ends in."""
    day = f"{day_of(moment.as_of, zone):%Y%m%d}"
    return say("export.file", title=title.translate(_NOT_IN_A_NAME), day=day), f"{plain}_{day}"


def known_at(services: Services, asked: Asked) -> datetime | None:
    """By when what is shown had been recorded: as asked for, or when the step at the position was; None is now."""
    if asked.known_at is not None or not asked.position:
        return asked.known_at
    steps = services.views.steps(after=asked.position - 1, until=asked.position, limit=1)
    return steps[0].recorded_at if steps else None


def _rows(
    say: Words, lists: Lists, registry: Registry, wanted: Filter, moment: Moment, sort: str
) -> Iterator[tuple[Value, ...]]:
    tellers: dict[str, Teller] = {}
    for row in _rows_of(lists, wanted, moment, sort):
        if row.jurisdiction not in tellers:
            place = registry.jurisdiction(row.jurisdiction)
            tellers[row.jurisdiction] = Teller(say, place, as_of=moment.as_of)
        yield _row(tellers[row.jurisdiction], row)


def _rows_of(lists: Lists, wanted: Filter, moment: Moment, sort: str) -> Iterator[CaseRow]:
    """All rows of a list in their order, read page by page."""
    after: tuple[Any, str] | None = None
    while found := lists.cases(wanted, moment, sort=sort, after=after, limit=_PAGE):
        yield from found
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
        say.of_kind(row.kind, "state", _state(row), f"export.state.{_state(row)}"),
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


def _nature(say: Words, *, sample: bool) -> Iterator[Line]:
    """That it is of a city that does not exist, if so."""
    if sample:
        yield Line(say("export.nature"), say("page.sample"))


def _when(
    say: Words, moment: Moment, zone: str, known_at: datetime | None, now: datetime | None = None
) -> Iterator[Line]:
    """From which moment one looks, and when the file was made."""
    yield Line(say("export.as_of"), written(moment.as_of, zone))
    yield Line(say("export.known_at"), say("export.known_now") if known_at is None else written(known_at, zone))
    yield Line(say("export.position"), moment.known, "number")
    yield Line(say("export.made_at"), written(now or datetime.now(UTC), zone))


def _totals(say: Words, counts: Counts) -> Iterator[Line]:
    yield Line(say("export.rows"), counts.total, "number")
    for state in _COUNTED:
        yield Line(say(f"export.count.{state}"), getattr(counts, state), "number")
    share = counts.answered / counts.total if counts.total else None
    yield Line(say("export.answered_share"), share, "percent")


def _counted(tell: Teller, counts: Counts) -> Iterator[tuple[Value, ...]]:
    say = tell.say
    state, stage, unit = (say(f"export.dimension.{name}") for name in ("state", "stage", "unit"))
    yield state, say("page.state.all"), "total", counts.total
    for name in _COUNTED:
        yield state, say(f"page.state.{name}"), name, getattr(counts, name)
    for name, number in counts.by_stage.items():
        yield stage, say.told("stage", name), name, number
    for code, number in counts.by_unit.items():
        yield unit, tell.unit(code), code, number


def _step(tell: Teller, step: StepView) -> tuple[Value, ...]:
    say = tell.say
    told = [say("page.pair", label=fact.label, value=fact.value.text) for fact in step.facts]
    told += [
        say("export.changed", label=change.label, was=change.was.text or "—", now=change.now.text or "—")
        for change in step.changes
    ]
    return (
        step.version,
        step.occurred,
        say("page.yes") if step.late else "",
        step.name,
        step.part,
        say("page.semicolon").join(told),
        step.role,
        step.office,
        step.actor,
        step.on_behalf_of,
        step.document,
        say("page.comma").join(map(str, step.corrected_by)),
        step.voided_by,
        step.recorded,
    )


def _narrowed(tell: Teller, listed: EntryList, query: EntriesQuery, entries: Sequence[RegistryCase]) -> str:
    """The filter of a list of the registry in words."""
    say, told = tell.say, []
    for name in listed.filters:
        if (value := getattr(query, name)) is not None:
            text = told_of(tell, entries[0], name).text if entries else value
            told.append(say("page.pair", label=column_name(tell, listed, name), value=text))
    if query.text is not None:
        told.append(say("page.pair", label=say("registry.text"), value=query.text))
    if query.ended:
        told.append(say("registry.ended"))
    return say("page.semicolon").join(told) or say("registry.in_being")


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
