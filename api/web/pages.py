"""The pages: parse the address, ask the docket or the views once, render."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache, partial
from importlib import resources
from typing import Annotated, Any, Literal, TypeVar
from uuid import uuid4

import orjson
import structlog
from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse, StreamingResponse
from fastapi.routing import APIRoute
from jinja2 import Environment, PackageLoader, StrictUndefined
from pydantic import BaseModel, ValidationError

from api.attachments import disposition, hand_out
from api.exporting import (
    LOG_MEDIA_TYPES,
    MEDIA_TYPES,
    Exported,
    export,
    export_counts,
    export_history,
    export_log,
    is_of_log,
    known_at,
)
from api.looking import as_known, rows_of
from api.moment import Asked, MomentQuery
from api.noting import also_refused
from api.problems import STATUS, UNPROCESSABLE, ProblemError, refuse_repeated, status_of
from api.services import Lists, Services, services_of
from api.uploading import take_in
from api.v1.finding import case_file_of, lists_of
from api.web.alike import AlikeView, alike_of, alike_view, may_link
from api.web.bulk import in_bulk
from api.web.doing import (
    ActionView,
    Foreseen,
    Posted,
    Repeated,
    Sent,
    amends_of,
    attach,
    doing,
    opening_form,
    openings,
    read_fields,
    reopened,
    take,
)
from api.web.forms import TOKEN
from api.web.guard import (
    ACCOUNTS,
    SEE_OTHER,
    SIGN_IN,
    admit,
    device_mark,
    known,
    me,
    reader_of,
    reader_of_case,
    reader_of_registry,
    recall,
    refuse_forged,
    session_of,
    units_here,
)
from api.web.listing import FORMATS, CountsExportQuery, ExportQuery, ListQuery, listing, wanted_by
from api.web.naming import CasesOfReader, named
from api.web.previews import adoption_view, preview_of
from api.web.viewmodels import (
    Change,
    Here,
    MomentBar,
    Teller,
    Timeline,
    Turn,
    attachments_of,
    case_page,
    case_path,
    frozen,
    link,
    moment_bar,
    timeline_of,
    why_missing,
)
from api.web.worklist import WorkQuery, work_list
from api.words import LANGUAGES, Language, Words, language, words
from domain import policy, procedure
from domain.case import CASE_TYPES, AttachmentAdded, Case, Opening, Role
from domain.casefile import CaseFile
from domain.cases.suggestion import UNDER_REVIEW, Suggestion
from domain.docket import CaseNotFoundError, Receipt
from domain.draft import FormDraft
from domain.matter import Matter
from domain.moment import Moment, day_of
from domain.principal import Principal
from domain.refusal import Refused
from domain.registry import PREFIX, RegistryOpening
from domain.values import Line
from projections.reading import BeingRebuilt, Filter
from projections.sheet import Format

REGISTRY = "/registry"
BELOW = f"{REGISTRY}#below"
"""Where the jurisdictions below one's own are listed, which only their own people can open."""

_YEAR = 365 * 24 * 3600
_FAILED = 500
_TITLE = "title."

Query = TypeVar("Query", bound=BaseModel)
Fields = Annotated[dict[str, list[str]], Depends(read_fields)]

_log: structlog.stdlib.BoundLogger = structlog.get_logger("duban.pages")


@dataclass(frozen=True)
class Seal:
    """A checkpoint as paper shows it."""

    origin: str
    size: str
    root: str
    signed_at: str


class PageRoute(APIRoute):
    """A route whose every answer is a page, also when something is wrong. It wants somebody who is signed in."""

    everybody = False

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with what it raises told on a page."""
        answer = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                if (elsewhere := await admit(request, everybody=self.everybody)) is not None:
                    return elsewhere
                await refuse_repeated(request)
                return await answer(request)
            except (Refused, ProblemError) as error:
                return failure_page(request, error.message_id, error.params)
            except CaseNotFoundError as error:
                return failure_page(request, "case-not-found", {"case_id": str(error)})
            except Exception as error:  # noqa: BLE001 - the reader gets a page whatever broke, and the log the rest
                message_id = str(getattr(error, "message_id", "internal-error"))
                if message_id == "internal-error":
                    _log.exception("failed", request_id=_request_id(request))
                return failure_page(request, message_id, {})

        return answered


class OpenPageRoute(PageRoute):
    """A page that everybody may read."""

    everybody = True


_NOT_OF_FORM = frozenset({"draft", "lang"})
"""What the address of a form says beside what is filled in."""

router = APIRouter(route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse)
open_router = APIRouter(route_class=OpenPageRoute, include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/")
def front(request: Request) -> Response:
    """The front page is the work list; the case list of those who have none, of an administrator the accounts."""
    return RedirectResponse(_home(request), status_code=307)


@router.get("/work")
def work(request: Request) -> Response:
    """What waits for the reader, at a moment."""
    here, say, services, asker = _here(request), say_of(request), services_of(request), reader_of(request)
    query = _query(WorkQuery, here)
    asked = _asked(here, Teller(say, services.registry.jurisdiction(asker.jurisdiction)))
    moment = asked.of_lists(services)
    tell = Teller(say, as_known(services, asker.jurisdiction, moment), as_of=moment.as_of)
    page = work_list(tell, here, query, lists_of(services, asker), asker, moment)
    bar = _bar(request, asker, tell, asked, moment)
    return render(request, "work.html", page=page, bar=bar)


@router.get("/cases")
def cases(request: Request) -> Response:
    """The case list at a moment."""
    here, say, services = _here(request), say_of(request), services_of(request)
    own = reader_of(request).jurisdiction
    query = _query(ListQuery, here)
    asked = _asked(here, Teller(say, services.registry.jurisdiction(own)))
    moment = asked.of_lists(services)
    tell = Teller(say, as_known(services, own, moment), as_of=moment.as_of)
    page = listing(tell, here, query, lists_of(services, reader_of(request)), moment)
    bar = _bar(request, reader_of(request), tell, asked, moment)
    return render(request, "cases.html", page=page, bar=bar, whole=policy.reads_all(reader_of(request)))


@router.get("/cases/new")
def new_case(request: Request) -> Response:
    """The ways to open a case that the reader's role has."""
    return _new_case_page(request, None)


@router.get("/cases/new/{opening}")
def opening(request: Request, opening: str) -> Response:
    """The form of a step that opens a case, with what the address says filled in."""
    said = {name: request.query_params.getlist(name) for name in request.query_params if name not in _NOT_OF_FORM}
    return _new_case_page(request, opening, Posted(said, {}) if said else None)


@router.post("/cases/new/{opening}")
def open_case(request: Request, opening: str, values: Fields) -> Response:
    """Open the case that the form says, and show it."""
    services, asker = services_of(request), reader_of_registry(request)
    step, tell = _opening_named(asker, opening), teller_now(request, asker)
    taken = take(services, tell, asker, _account(request), step, None, values, Sent(request.url.path))
    if isinstance(taken, Posted):
        return _new_case_page(request, opening, taken)
    if isinstance(taken, FormDraft):
        return RedirectResponse(draft_path(taken), SEE_OTHER)
    if isinstance(taken, Repeated):
        return _alike_first(request, tell, taken)
    assert isinstance(taken, Receipt)  # noqa: S101 - nothing lies before an opening that it could change
    return RedirectResponse(case_path(taken.case_id) if step.under == "jurisdiction" else BELOW, SEE_OTHER)


def _alike_first(request: Request, tell: Teller, taken: Repeated) -> Response:
    """The suggestions that are like one which is about to be opened, with a button that opens it nonetheless."""
    return render(
        request,
        "alike_first.html",
        here=Here("/cases/new", {}),
        heading=getattr(taken.step, "title", ""),
        alike=alike_view(tell, taken.found, {}),
        action=request.url.path,
        hidden=taken.hidden,
        bar=None,
    )


@router.post("/cases/{case_id}/steps/{name}")
def take_step(request: Request, case_id: str, name: str, values: Fields) -> Response:
    """Take the step that the form says, and show the case with it."""
    services, asker = services_of(request), admitted_to(request, case_id)
    case_file = case_file_of(services, asker, case_id)
    if case_file.case is None:
        raise Refused("no-case-then", step=name)
    step, tell = procedure.step_named(type(case_file.case), name), teller_now(request, asker)
    procedure.require_role(step, type(case_file.case), asker.role)
    if policy.is_barred(step, case_file.case, units_here(request)):
        raise ProblemError("device-of-the-unit")
    sent = Sent(request.url.path, device_mark(request) if step.declared.own_word else None)
    taken = take(services, tell, asker, _account(request), step, case_file, values, sent)
    if isinstance(taken, Posted):
        return _case_page(request, case_id, wanted=name, posted=taken)
    if isinstance(taken, FormDraft):
        return RedirectResponse(draft_path(taken), SEE_OTHER)
    if isinstance(taken, Foreseen):
        named = tell.step(step)
        title = named if taken.adoption else tell.say("page.preview.late", step=named)
        here = Here(case_path(case_id), {"step": name})
        return preview_page(request, tell, taken, f"{case_path(case_id)}/steps/{name}", title, here=here)
    assert isinstance(taken, Receipt)  # noqa: S101 - what is opened already is not like others
    return RedirectResponse(f"{case_path(case_id)}#step-{taken.version}", SEE_OTHER)


@router.post("/bulk/{what}")
def take_in_bulk(request: Request, what: str, values: Fields) -> Response:
    """The form for the ticked cases, then what would become of each, then what became of it."""
    services, asker = services_of(request), reader_of(request)
    tell = teller_now(request, asker)
    page = in_bulk(services, tell, asker, what, values)
    also_refused(request, [(row.problem, row.case_id) for row in page.rows if row.problem is not None])
    status = UNPROCESSABLE if page.trouble else 200
    return render(request, "bulk.html", status=status, page=page, bar=None)


@router.get("/cases/export")
def exported_cases(request: Request) -> Response:
    """The whole case list at a moment, as a file."""
    here, services, asker = _here(request), services_of(request), reader_of(request)
    query, tell = _query(ExportQuery, here), teller_now(request, asker)
    asked = _asked(here, tell)
    moment = asked.of_lists(services)
    if is_of_log(query.format):
        taken = export_log(
            tell.say,
            services,
            policy.scope(asker),
            wanted_by(query, tell.jurisdiction),
            moment,
            zone=tell.zone,
            known_at=known_at(services, asked),
            format=query.format,
        )
        pieces = services.event_logs.write(taken.log, query.format)
        headers = {"Content-Disposition": taken.disposition}
        return StreamingResponse(pieces, headers=headers, media_type=LOG_MEDIA_TYPES[query.format])
    found = export(
        tell.say,
        lists_of(services, asker),
        services.registry,
        wanted_by(query, tell.jurisdiction),
        moment,
        sort=query.sort,
        zone=tell.zone,
        known_at=known_at(services, asked),
        format=query.format,
    )
    return handed_out(services, found, query.format)


@router.get("/cases/export/counts")
def exported_counts(request: Request) -> Response:
    """The counts of the list at a moment, as a file."""
    here, services, asker = _here(request), services_of(request), reader_of(request)
    query, tell = _query(CountsExportQuery, here), teller_now(request, asker)
    asked = _asked(here, tell)
    moment, wanted = asked.of_lists(services), wanted_by(query, tell.jurisdiction)
    found = export_counts(
        Teller(tell.say, tell.jurisdiction, as_of=moment.as_of),
        services.registry,
        wanted,
        lists_of(services, asker).counts(wanted, moment),
        moment,
        known_at=known_at(services, asked),
        format=query.format,
    )
    return handed_out(services, found, query.format)


@router.get("/cases/{case_id}/export")
def exported_history(request: Request, case_id: str) -> Response:
    """The steps of a case that its page shows, as a file."""
    services, asker = services_of(request), admitted_to(request, case_id)
    case_file = case_file_of(services, asker, case_id)
    look, query = look_of(request, asker), query_of(request, HistoryQuery)
    case = case_file.at(look.moment.known, look.moment.as_of)
    if case is None:
        raise ProblemError("no-case-at-moment", case_id=case_id)
    timeline = timeline_of(
        look.tell, case_file.history, look.moment, type_name=query.type, newest_first=query.order == "newest"
    )
    found = export_history(
        look.tell, case, timeline, look.moment, known_at=known_at(services, look.asked), format=query.format
    )
    return handed_out(services, found, query.format)


@router.get("/cases/{case_id}/bundle")
def bundle(request: Request, case_id: str) -> Response:
    """All that is recorded of a case and signed, with its proofs, as a file that is checked elsewhere."""
    services, asker = services_of(request), admitted_to(request, case_id)
    case_file_of(services, asker, case_id)
    if not policy.reads_all(asker):
        raise Refused("not-all-is-yours")
    body = orjson.dumps(services.audit.bundle(case_id))
    return Response(body, 200, {"Content-Disposition": disposition(f"{case_id}.json")}, "application/json")


def handed_out(services: Services, found: Exported, format: Format) -> Response:
    """A sheet as the file that was asked for."""
    pieces = services.sheets.write(found.sheet, format)
    return StreamingResponse(pieces, headers={"Content-Disposition": found.disposition}, media_type=MEDIA_TYPES[format])


@router.get("/cases/{case_id}")
def case(request: Request, case_id: str) -> Response:
    """One case at a moment, with every step that was known of it then."""
    return _case_page(request, case_id, wanted=request.query_params.get("step"))


def _place_of(step: type[Opening]) -> tuple[bool, bool]:
    """What deputies bring comes first, then what the standing committee does, then the registry."""
    own = step.declared.case_type
    return own is not None and own.of_registry, own is not None and issubclass(own, Matter)


def _new_case_page(request: Request, wanted: str | None, posted: Posted | None = None) -> Response:
    asker = reader_of_registry(request)
    if asker.suspended:
        raise ProblemError("duty-suspended")
    tell = teller_now(request, asker)
    steps = openings(asker)
    chosen = None if wanted is None else _opening_named(asker, wanted)
    if chosen is not None and posted is None and (draft := _draft(request, None, wanted)) is not None:
        posted = reopened(tell, draft, None)
    shown: dict[str, list[ActionView]] = {}
    for step in sorted(steps, key=_place_of):
        name = procedure.opening_name(step)
        action = ActionView(name, tell.step(step), f"/cases/new/{name}", None, step is chosen)
        shown.setdefault(tell.kind(step.declared.kind or ""), []).append(action)
    form = None if chosen is None else opening_form(tell, asker, chosen, posted)
    status = 422 if posted is not None and posted.trouble else 200
    registry = asker.role is Role.ADMINISTRATOR or (chosen is not None and issubclass(chosen, RegistryOpening))
    return render(
        request,
        "new_case.html",
        status=status,
        kinds=list(shown.items()),
        form=form,
        kind=None if chosen is None else tell.kind(chosen.declared.kind or ""),
        bar=None,
        title=tell.say("registry.new" if registry else "page.new"),
        importing=bool(services_of(request).imports.lists(asker.role)),
        back=_back(request, of_registry=registry),
    )


def _back(request: Request, *, of_registry: bool) -> Turn:
    """Whence somebody came to a case: from the registry, or from the list of cases."""
    say, here = say_of(request), _here(request)
    if of_registry:
        return Turn(say("registry.title"), link(REGISTRY, here.moment))
    return Turn(say("page.cases"), link("/cases", here.moment))


def admitted_to(request: Request, case_id: str) -> Principal:
    """Who may see a case, if its jurisdiction is his: whoever sees the registry one of the registry."""
    return reader_of_registry(request) if case_id.startswith(PREFIX) else reader_of_case(request, case_id)


def _account(request: Request) -> str:
    return session_of(request).account.id


def _draft(request: Request, case_id: str | None, step: str | None) -> FormDraft | None:
    """The draft that the address names, which has to be one of the reader's and of that form."""
    if (id := request.query_params.get("draft")) is None:
        return None
    draft = services_of(request).drafts.find(_account(request), id)
    if (draft.case_id, draft.step) != (case_id, step):
        raise Refused("no-such-draft")
    return draft


def draft_path(draft: FormDraft) -> str:
    """Where a draft is opened again."""
    if draft.case_id is None:
        return f"/cases/new/{draft.step}?draft={draft.id}#do"
    return f"{case_path(draft.case_id)}?step={draft.step}&draft={draft.id}#do"


def _opening_named(asker: Principal, name: str) -> type[Opening]:
    found = next((step for step in openings(asker) if procedure.opening_name(step) == name), None)
    if found is None:
        raise ProblemError("not-found")
    return found


def teller_now(request: Request, asker: Principal) -> Teller:
    """Tells the reader's jurisdiction and cases as they are now."""
    services = services_of(request)
    return Teller(
        say_of(request), services.registry.jurisdiction(asker.jurisdiction), CasesOfReader.now(services, asker)
    )


def _case_page(request: Request, case_id: str, *, wanted: str | None, posted: Posted | None = None) -> Response:
    here, say, services = _here(request), say_of(request), services_of(request)
    asker = admitted_to(request, case_id)
    case_file = case_file_of(services, asker, case_id)
    asked = _asked(here, Teller(say, services.registry.jurisdiction(asker.jurisdiction)))
    moment = asked.of_case(services)
    tell = Teller(
        say,
        as_known(services, asker.jurisdiction, moment),
        CasesOfReader(services, asker, moment),
        moment.as_of,
    )
    bar = _bar(
        request, asker, tell, asked, moment, first=min(day_of(r.occurred_at, tell.zone) for r in case_file.history)
    )
    found = case_file.at(moment.known, moment.as_of)
    order, type_name = here.params.get("order"), here.params.get("type")
    timeline = timeline_of(
        tell,
        case_file.history,
        moment,
        type_name=type_name,
        newest_first=order != "oldest",
        amends=amends_of(tell, asker, case_file) if bar.now else lambda _: [],
    )
    if found is None:
        lines, turns = why_missing(tell, here, case_file.history, moment, bar)
        status, title = STATUS["no-case-at-moment"], say("title.no-case-at-moment")
        return _message(request, status, title, lines, turns, bar, timeline)
    page = case_page(tell, case_file.history, found, moment, past=not bar.now)
    if bar.now and posted is None and (draft := _draft(request, case_id, wanted)) is not None:
        posted = reopened(tell, draft, case_file)
    may = None
    if bar.now and not asker.suspended:
        may = doing(tell, asker, case_file, found, wanted, posted, units_here(request))
    refused = posted is not None and posted.draft is None and bool(posted.trouble)
    status = 200 if not refused else 409 if posted and posted.meanwhile else 422
    attachments = attachments_of(tell, found, here.moment)
    return render(
        request,
        "case.html",
        naming=_naming(tell, lists_of(services, asker), case_id, moment, here),
        alike=_alike(tell, services, asker, case_file, found, here, now=bar.now),
        status=status,
        page=page,
        attachments=attachments,
        bar=bar,
        timeline=timeline,
        doing=may,
        back=_back(request, of_registry=found.of_registry),
        compare=f"{case_path(case_id)}/compare",
        bundle=f"{case_path(case_id)}/bundle" if policy.reads_all(asker) else None,
        history_exports=[
            (
                format,
                link(f"{case_path(case_id)}/export", {**here.params, **frozen(tell, here, moment), "format": format}),
            )
            for format in FORMATS
        ],
    )


def _alike(
    tell: Teller, services: Services, asker: Principal, case_file: CaseFile, case: Case, here: Here, *, now: bool
) -> Alike | None:
    """Where the suggestions are shown that are like one.

    At once to whoever may link them while it is under review: then it is decided whether it was made before.
    """
    if not isinstance(case, Suggestion):
        return None
    url, view = link(f"{case_path(case_file.id)}/similar", here.moment), None
    if now and case.stage in UNDER_REVIEW and may_link(case, asker):
        try:
            view = alike_view(tell, alike_of(services, asker, case), here.moment, case_file)
        except BeingRebuilt:
            return Alike(url, None, being_rebuilt=True)
    return Alike(url, view)


def _naming(tell: Teller, lists: Lists, case_id: str, moment: Moment, here: Here) -> list[Naming] | None:
    """The cases that name this one, as they stood at the moment, among those that the reader may read.

    None while the list of cases is being rebuilt.
    """
    wanted = [Filter(kind=kind, jurisdiction=tell.jurisdiction.code, tied_to=case_id) for kind in (None, "meeting")]
    try:
        found = [row for one in wanted for row in rows_of(lists, one, moment)]
    except BeingRebuilt:
        return None
    return [
        Naming(
            title=named(row),
            kind=tell.kind(row.kind),
            stage=tell.word(CASE_TYPES[row.kind].Stage(row.stage)),
            url=link(case_path(row.case_id), here.moment),
        )
        for row in found
    ]


def preview_page(
    request: Request,
    tell: Teller,
    foreseen: Foreseen,
    action: str,
    title: str,
    changes: Sequence[Change] = (),
    here: Here | None = None,
) -> Response:
    """What a step about the past would change, with a button that records just that."""
    return render(
        request,
        "preview.html",
        here=here,
        title=title,
        action=action,
        case=case_path(foreseen.before.id),
        version=foreseen.before.version,
        hidden=foreseen.hidden,
        changes=changes,
        preview=preview_of(tell, foreseen.before.history, foreseen.after.history, datetime.now(UTC)),
        meanwhile=foreseen.meanwhile,
        adoption=None if foreseen.adoption is None else adoption_view(tell, foreseen.adoption),
        bar=None,
    )


@router.post("/cases/{case_id}/attachments")
async def attach_file(request: Request, case_id: str) -> Response:
    """Keep the file of the form, name it by a step, and show the case with it."""
    services, asker = services_of(request), admitted_to(request, case_id)
    case_file = await run_in_threadpool(case_file_of, services, asker, case_id)
    if case_file.case is not None:
        procedure.require_role(AttachmentAdded, type(case_file.case), asker.role)
    fields: dict[str, str] = {}
    received = await take_in(request, services.files, asker, None, fields)
    refuse_forged(request, fields.get(TOKEN))
    tell = await run_in_threadpool(teller_now, request, asker)
    receipt = await run_in_threadpool(attach, services, tell, asker, case_file, received, fields)
    return RedirectResponse(f"{case_path(case_id)}#step-{receipt.version}", SEE_OTHER)


@router.get("/cases/{case_id}/attachments/{sha256}")
def attachment(request: Request, case_id: str, sha256: str) -> Response:
    """The file that the case has under that hash at the moment, to be saved."""
    here, services = _here(request), services_of(request)
    asker = admitted_to(request, case_id)
    case_file = case_file_of(services, asker, case_id)
    moment = _asked(here, teller_now(request, asker)).of_case(services)
    found = case_file.at(moment.known, moment.as_of)
    if found is None:
        raise ProblemError("no-case-at-moment", case_id=case_id)
    return hand_out(request, services, asker, found, sha256)


@open_router.get("/problems")
def problems(request: Request) -> Response:
    """Every problem that an answer of the API may name as its type."""
    say = say_of(request)
    ids = sorted(name.removeprefix(_TITLE) for name in say.entries if name.startswith(_TITLE))
    return render(request, "problems.html", problems=[(id, status_of(id), say(_TITLE + id)) for id in ids])


@open_router.get("/problems/{id}")
def problem(request: Request, id: str) -> Response:
    """What a problem is; `…` stands for what the answer itself says."""
    say = say_of(request)
    if _TITLE + id not in say:
        raise ProblemError("unknown-problem", id=id)
    page = {
        "status": status_of(id),
        "title": say(_TITLE + id),
        "lines": [say(id), id],
        "turns": [Turn(say("problem.all"), "/problems")],
    }
    return render(request, "message.html", page=page, bar=None)


class HistoryQuery(BaseModel):
    """Which steps of a case, in which order, and as which file."""

    type: Line | None = None
    order: Literal["newest", "oldest"] = "newest"
    format: Format = "xlsx"


@dataclass(frozen=True)
class Naming:
    """A case that names another one, in words."""

    title: str
    kind: str
    stage: str
    url: str


@dataclass(frozen=True)
class Alike:
    """The suggestions that are like one: where they are shown, and what is shown at once."""

    url: str
    view: AlikeView | None
    being_rebuilt: bool = False
    """Whether nothing is shown at once because what is searched is being rebuilt."""


@dataclass(frozen=True)
class Look:
    """From which moment somebody looks at what the ledger itself knows, and how it is told."""

    here: Here
    tell: Teller
    asked: Asked
    moment: Moment
    bar: MomentBar


def look_of(request: Request, asker: Principal, *, of_lists: bool = False) -> Look:
    """The moment that the address names, as the ledger itself knows it, or as the lists have read it."""
    here, say, services = _here(request), say_of(request), services_of(request)
    asked = _asked(here, Teller(say, services.registry.jurisdiction(asker.jurisdiction)))
    moment = asked.of_lists(services) if of_lists else asked.of_case(services)
    known = as_known(services, asker.jurisdiction, moment)
    tell = Teller(say, known, CasesOfReader(services, asker, moment), moment.as_of)
    bar = _bar(request, asker, tell, asked, moment)
    return Look(here, tell, asked, moment, bar)


def query_of(request: Request, model: type[Query]) -> Query:
    """What the address asks for; refused if it cannot be read."""
    return _query(model, _here(request))


def failure_page(request: Request, message_id: str, params: dict[str, object]) -> Response:
    """The page that says in words what is wrong with a request, and what to do next."""
    say, here = say_of(request), _here(request)
    status = status_of(message_id)
    lines = [say(message_id, **{"request_id": _request_id(request), **params})]
    of_accounts = _home(request) == ACCOUNTS
    home = Turn(say("people.to_accounts"), ACCOUNTS) if of_accounts else Turn(say("page.to_cases"), "/cases")
    turns, bar = [home], None
    if message_id in {"moment-unreadable", "moment-excludes", "position-not-reached", "position-ahead"}:
        lines.append(say("page.moment-example"))
        turns.insert(
            0, Turn(say("page.moment.back"), Here(here.path, {**here.params, **dict.fromkeys(here.moment, "")})())
        )
        bar = MomentBar.to_correct(here)
    elif status >= _FAILED:
        turns = [Turn(say("page.again"), here()), *(turn for turn in turns if turn.url != here.path)]
    title = say(f"title.{message_id}") if f"title.{message_id}" in say else say("page.unreadable")
    request.state.problem = message_id
    return _message(request, status, title, lines, turns, bar)


def stray_page(request: Request, message_id: str, params: dict[str, object]) -> Response:
    """The same where no page is, so that nobody looked yet who is signed in."""
    recall(request)
    return failure_page(request, message_id, params)


def _message(
    request: Request,
    status: int,
    title: str,
    lines: list[str],
    turns: list[Turn],
    bar: MomentBar | None,
    timeline: Timeline | None = None,
) -> Response:
    page = {"status": status, "title": title, "lines": lines, "turns": turns}
    return render(request, "message.html", status=status, page=page, bar=bar, timeline=timeline)


def render(
    request: Request, template: str, *, status: int = 200, here: Here | None = None, **context: object
) -> Response:
    """A page; `here` is the address that shows it, if that is not the one that was asked."""
    here, say = here or _here(request), say_of(request)
    text = (
        _templates()
        .get_template(template)
        .render(
            t=say,
            lang=say.language,
            here=here,
            home=link("/cases", here.moment),
            desk=link("/work", here.moment),
            me=me(request),
            sign_in=SIGN_IN,
            static=_static,
            request_id=_request_id(request),
            sample=_shows_sample(request),
            seal=partial(_seal, request, say),
            **{"timeline": None, "history_exports": (), "bundle": None, "compare": None, **context},
        )
    )
    response = HTMLResponse(text, status, {"Content-Language": say.language, "Vary": "Accept-Language, Cookie"})
    if (chosen := request.query_params.get("lang")) in LANGUAGES:
        response.set_cookie("lang", str(chosen), max_age=_YEAR, httponly=True, samesite="lax")
    return response


def _seal(request: Request, say: Words) -> Seal | None:
    """The checkpoint that was signed last, for the foot of the paper; a page is made without one too."""
    with suppress(RuntimeError, Refused):
        services = services_of(request)
        if (newest := services.audit.newest()) is not None:
            origin, size, root = newest.checkpoint.split("\n")[:3]
            tell = Teller(say, services.registry.jurisdiction(services.jurisdiction))
            return Seal(origin, size, root, tell.when(newest.signed_at))
    return None


def _shows_sample(request: Request) -> bool:
    """Whether the reader's jurisdiction, or where nobody is signed in the installation's, is a sample."""
    session, services = known(request), services_of(request)
    code = services.jurisdiction if session is None else session.account.binding.jurisdiction
    with suppress(Exception):  # a page is made whatever is away
        return services.registry.jurisdiction(code).sample
    return False


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("api.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


@cache
def _static(name: str) -> str:
    """Where a static file is; the address changes with the content."""
    content = (resources.files("api.web") / "static" / name).read_bytes()
    return f"/static/{name}?v={hashlib.sha256(content).hexdigest()[:12]}"


def _language(request: Request) -> Language:
    """The language that the address asks for, else the one chosen before, else the browser's."""
    for asked in (request.query_params.get("lang"), request.cookies.get("lang")):
        for one in LANGUAGES:
            if asked == one:
                return one
    return language(request.headers.get("accept-language"))


def say_of(request: Request) -> Words:
    """The words of the reader's language."""
    return words(_language(request))


def _here(request: Request) -> Here:
    return Here(request.scope["path"], dict(request.query_params))


def _home(request: Request) -> str:
    """Where somebody begins who is signed in."""
    session = known(request)
    if session is None:
        return "/cases"
    if session.account.binding.role is Role.ADMINISTRATOR:
        return ACCOUNTS
    return "/work" if policy.desk(session.account.principal).keys else "/cases"


def _asked(here: Here, tell: Teller) -> Asked:
    return Asked(_query(MomentQuery, Here(here.path, here.moment)), tell.zone, tell.say)


def _query(model: type[Query], here: Here) -> Query:
    try:
        return model.model_validate(here.params)
    except ValidationError:
        raise Refused("page.unfinished-address") from None


def _bar(
    request: Request, asker: Principal, tell: Teller, asked: Asked, moment: Moment, first: date | None = None
) -> MomentBar:
    """The bar of a page at a moment; what there is to look at begins with the first case, unless a day is given."""
    return moment_bar(
        tell,
        _here(request),
        moment,
        known_at=asked.known_at,
        recorded_at=_recorded_at(request, asked),
        page_url=_url(request),
        first=first or _first_day(request, asker),
    )


def _first_day(request: Request, asker: Principal) -> date | None:
    """The day on which the first case was opened that the reader may read."""
    services, wanted = services_of(request), Filter(jurisdiction=asker.jurisdiction)
    rows = lists_of(services, asker).cases(wanted, services.views.moment(), sort="opened_on", limit=1)
    return rows[0].opened_on if rows else None


def _recorded_at(request: Request, asked: Asked) -> datetime | None:
    """When the step at the position that the address names was taken in."""
    if not asked.position:
        return None
    steps = services_of(request).views.steps(after=asked.position - 1, until=asked.position, limit=1)
    return steps[0].recorded_at if steps else None


def _url(request: Request) -> str:
    return str(request.base_url).rstrip("/") + _here(request)()


def _request_id(request: Request) -> str:
    """The id of the request that log and page share."""
    if not getattr(request.state, "request_id", ""):
        request.state.request_id = uuid4().hex
    return str(request.state.request_id)
