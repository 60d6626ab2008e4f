"""The pages of the import: a list is handed in, checked row by row, and imported when whoever handed it in says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel

from api.exporting import MEDIA_TYPES
from api.problems import ProblemError, status_of
from api.services import Disagreement, ImportReport, services_of
from api.uploading import take_in
from api.web.forms import TOKEN, Form, Nothing, of_session
from api.web.guard import SEE_OTHER, reader_of_registry, refuse_forged
from api.web.listing import Choice
from api.web.pages import PageRoute, query_of, render, say_of
from api.web.viewmodels import Here, link
from api.words import Words
from domain.principal import Principal
from domain.refusal import Refused
from domain.values import Line
from projections.sheet import Format

IMPORT = "/import"
SHOWN = 200
"""Refused rows, and disagreements, that a page names one by one; the error file has all the rows."""

router = APIRouter(route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse)


class SheetQuery(BaseModel):
    """Which sheet of a workbook, if not the first that fits."""

    sheet: Line | None = None


@dataclass(frozen=True)
class RowView:
    """Something about a row of the file."""

    row: int
    column: str
    why: str


@dataclass(frozen=True)
class ReportView:
    """What became, or would become, of a file."""

    done: bool
    lines: list[str]
    steps: list[tuple[str, int]]
    refused: list[RowView]
    more_refused: int
    disagreeing: list[RowView]
    more_disagreeing: int
    something: bool
    """Whether there is something to import."""


@router.get(IMPORT)
def import_page(request: Request) -> Response:
    """The lists that the reader's role may import, their templates, and the form to hand one in."""
    return _page(request, _asker(request))


@router.post(IMPORT)
async def hand_in(request: Request) -> Response:
    """Take in the file of the form, and go to what is found in it."""
    services, asker = services_of(request), _asker(request)
    fields: dict[str, str] = {}
    try:
        id = await take_in(request, services.imports, asker, None, fields)
    except (Refused, ProblemError) as error:
        return await run_in_threadpool(_page, request, asker, error)
    refuse_forged(request, fields.get(TOKEN))
    listed = _list_named(request, asker, fields.get("list", ""))
    return RedirectResponse(link(_path(listed, id), {"sheet": fields.get("sheet", "").strip()}), SEE_OTHER)


@router.get(f"{IMPORT}/template/{{listed}}")
def template(request: Request, listed: str) -> Response:
    """The workbook to fill in for a list."""
    asker, say = _asker(request), say_of(request)
    content = services_of(request).imports.template(_list_named(request, asker, listed), asker, say)
    title = say(dict(services_of(request).imports.lists(asker.role))[listed])
    return _download(content, say("import.template_file", title=title), listed, "xlsx")


@router.get(f"{IMPORT}/{{listed}}/{{id}}")
def checked(request: Request, listed: str, id: str) -> Response:
    """What would be recorded of a file, and what is wrong with it; nothing is recorded."""
    return _report(request, listed, id, dry_run=True)


@router.post(f"{IMPORT}/{{listed}}/{{id}}")
def imported(request: Request, listed: str, id: str, form: Form) -> Response:
    """Import the file; sent again, it adds nothing twice."""
    _list_named(request, _asker(request), listed)
    of_session(request, form, Nothing)
    return _report(request, listed, id, dry_run=False)


@router.get(f"{IMPORT}/{{listed}}/{{id}}/errors")
def refused_rows(request: Request, listed: str, id: str) -> Response:
    """The refused rows as they stood, with the reasons beside; mended, they can be handed in themselves."""
    asker, say = _asker(request), say_of(request)
    content, format = services_of(request).imports.error_file(
        id,
        _list_named(request, asker, listed),
        asker,
        query_of(request, SheetQuery).sheet,
        lambda refusal: say(refusal.message_id, **refusal.params),
    )
    return _download(content, say("import.error_file"), "refused", format)


@router.post(f"{IMPORT}/{{listed}}/{{id}}/discard")
def discard(request: Request, listed: str, id: str, form: Form) -> Response:
    """Let go of a file that waits."""
    asker = _asker(request)
    _list_named(request, asker, listed)
    of_session(request, form, Nothing)
    services_of(request).imports.discard(id, asker)
    return RedirectResponse(IMPORT, SEE_OTHER)


def _asker(request: Request) -> Principal:
    """Who may import something; for anybody else there is no such page."""
    asker = reader_of_registry(request)
    if not services_of(request).imports.lists(asker.role):
        raise ProblemError("not-found")
    return asker


def _list_named(request: Request, asker: Principal, name: str) -> str:
    if name not in dict(services_of(request).imports.lists(asker.role)):
        raise ProblemError("not-found")
    return name


def _path(listed: str, id: str) -> str:
    return f"{IMPORT}/{listed}/{quote(id, safe='')}"


def _page(request: Request, asker: Principal, error: Refused | ProblemError | None = None) -> Response:
    services, say = services_of(request), say_of(request)
    lists = [Choice(name, say(title), chosen=False) for name, title in services.imports.lists(asker.role)]
    if error is not None:
        request.state.problem = error.message_id
    return render(
        request,
        "import.html",
        status=200 if error is None else status_of(error.message_id),
        here=Here(IMPORT, {}),
        lists=lists,
        most=services.imports.most // 1_000_000,
        trouble=None if error is None else say(error.message_id, **error.params),
    )


def _report(request: Request, listed: str, id: str, *, dry_run: bool) -> Response:
    services, asker, say = services_of(request), _asker(request), say_of(request)
    sheet = query_of(request, SheetQuery).sheet
    _list_named(request, asker, listed)
    try:
        report = services.imports.run(id, listed, asker, sheet, dry_run=dry_run)
    except Refused as refused:
        return _page(request, asker, refused)
    path, params = _path(listed, id), {"sheet": sheet}
    return render(
        request,
        "import_report.html",
        here=Here(path, {name: text for name, text in params.items() if text}),
        title=say(dict(services.imports.lists(asker.role))[listed]),
        file=report.file,
        report=_view(say, report, done=not dry_run),
        path=link(path, params),
        errors=link(f"{path}/errors", params),
        discard=f"{path}/discard",
    )


def _view(say: Words, report: ImportReport, *, done: bool) -> ReportView:
    counts = {name: getattr(report, name) for name in ("rows", "cases", "changed", "steps", "already")}
    lines = [say("import.done" if done else "import.would", **counts, refused=len(report.refusals))]
    if report.sheet is not None:
        lines.append(say("import.sheet", sheet=report.sheet, row=report.header_row))
    if report.ignored:
        lines.append(say("import.ignored", columns=list(report.ignored)))

    def rows(found: list[Disagreement], column: Callable[[Disagreement], str]) -> list[RowView]:
        return [RowView(one.row, column(one), say(one.message_id, **one.params)) for one in found[:SHOWN]]

    return ReportView(
        done=done,
        lines=lines,
        steps=[(say.step(wire), count) for wire, count in report.steps_by_wire.items()],
        refused=rows(list(report.refusals), lambda one: getattr(one, "field", None) or ""),
        more_refused=max(0, len(report.refusals) - SHOWN),
        disagreeing=rows(list(report.findings), lambda _: ""),
        more_disagreeing=max(0, len(report.findings) - SHOWN),
        something=bool(report.cases or report.changed),
    )


def _download(content: bytes, name: str, plain: str, format: Format) -> Response:
    headers = {
        "Content-Disposition": f'attachment; filename="{plain}.{format}"; '
        f"filename*=UTF-8''{quote(f'{name}.{format}', safe='')}"
    }
    return Response(content, headers=headers, media_type=MEDIA_TYPES[format])
