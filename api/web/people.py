"""The pages about people: signing in and out, one's own account, and the administrator's accounts with their log."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from anyio import CapacityLimiter
from anyio.lowlevel import RunVar
from anyio.to_thread import run_sync
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, Field, ValidationError

from api.problems import ProblemError, status_of
from api.services import services_of
from api.web.forms import Form, Nothing, Posted, checked, field_of, of_session
from api.web.guard import (
    ACCOUNT,
    ACCOUNTS,
    SEE_OTHER,
    SIGN_IN,
    Administrator,
    forget,
    known,
    local,
    refuse_readable,
    remember,
    session_of,
    whence,
)
from api.web.pages import OpenPageRoute, PageRoute, render, say_of
from api.web.viewmodels import Here, Teller, link
from api.words import Words
from domain.account import CONSOLE, Account, Asked, Entry, Happening, Session
from domain.case import Role
from domain.office import Deputy, Unit
from domain.refusal import Refused
from domain.registry import Registry
from domain.values import Code, Line

LOG = "/admin/log"
PAGE = 100
WAITING = 50
"""Sign-ins that wait for their turn; who comes after them is asked to try again."""

_THREADS = 4
"""For passwords to be checked: a flood of sign-ins leaves the other pages their threads."""

_ID = re.compile(r"[0-9a-f-]{1,36}\Z")
_DONE = {"signed_out", "password_changed", "session_ended", "disabled", "enabled", "rebound", "unchanged"}

_signing_in: RunVar[CapacityLimiter] = RunVar("signing_in")

open_router = APIRouter(route_class=OpenPageRoute, include_in_schema=False, default_response_class=HTMLResponse)
router = APIRouter(route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse)


class SignIn(Posted):
    """Who wants to sign in."""

    login: Line
    password: str = Field(max_length=1_000)
    next: str = Field("", max_length=2_001)


class NewPassword(Posted):
    """A password and its successor, typed twice."""

    old_password: str = Field(max_length=1_000)
    new_password: str = Field(max_length=1_000)
    repeated: str = Field(max_length=1_000)


class NewBinding(Posted):
    """As what an account shall act."""

    role: Code
    jurisdiction: Code
    office: Code | None = None
    deputy: Code | None = None

    @property
    def asked(self) -> Asked:
        """The binding that is asked for."""
        return Asked(role=self.role, jurisdiction=self.jurisdiction, office=self.office, deputy=self.deputy)


class NewAccount(NewBinding):
    """An account to be made."""

    login: Line
    name: Line


class LogQuery(BaseModel):
    """Where a page of the log begins."""

    before: int | None = Field(None, ge=1, le=2**62)


@dataclass(frozen=True)
class Trouble:
    """Why a form was not taken, and at which field."""

    text: str
    field: str


@dataclass(frozen=True)
class Place:
    """A session as its list shows it."""

    id: str
    address: str
    agent: str
    since: str
    seen: str
    this: bool


@dataclass(frozen=True)
class Told:
    """A line of the log in words."""

    number: int
    at: str
    who: str
    account: str
    url: str | None
    what: str
    detail: str


@dataclass(frozen=True)
class Shown:
    """An account as the administrator sees it."""

    account: Account
    url: str
    acts_as: str
    role: str
    state: str
    locked_until: str


@dataclass(frozen=True)
class Choice:
    """One value that a field of the form may take."""

    value: str
    text: str


# Signing in and out


@open_router.get(SIGN_IN)
def sign_in_page(request: Request) -> Response:
    """The form to sign in; whoever is signed in already is sent on."""
    onward = local(request.query_params.get("next"))
    if known(request) is not None:
        return RedirectResponse(onward, SEE_OTHER)
    return _sign_in_page(request, onward, login="")


@open_router.post(SIGN_IN)
async def sign_in(request: Request, form: Form) -> Response:
    """Begin a session, under a new secret, and go on to the page that was asked for."""
    refuse_readable(request)
    onward, threads = local(form.get("next")), _threads()
    if threads.statistics().tasks_waiting >= WAITING:
        raise ProblemError("sign-in-busy")
    try:
        given = checked(form, SignIn)
        return await run_sync(_signed_in, request, given, onward, limiter=threads)
    except Refused as refusal:
        return _sign_in_page(request, onward, login=form.get("login", ""), refusal=refusal)


def _signed_in(request: Request, given: SignIn, onward: str) -> Response:
    accounts = services_of(request).accounts
    begun = accounts.sign_in(given.login, given.password, whence(request))
    if (before := known(request)) is not None:
        accounts.sign_out(before)
    return remember(request, RedirectResponse(onward, SEE_OTHER), begun.secret)


def _sign_in_page(request: Request, onward: str, *, login: str, refusal: Refused | None = None) -> Response:
    services = services_of(request)
    if services.jurisdiction not in services.registry.codes():
        raise ProblemError("no-jurisdiction-yet")
    status = 200 if refusal is None else status_of(refusal.message_id)
    response = render(
        request,
        "login.html",
        status=status,
        here=Here(SIGN_IN, {"next": "" if onward == "/" else onward}),
        onward=onward,
        login=login,
        trouble=_trouble(request, refusal),
        done=_done(request),
        sample_accounts=services.sample_accounts,
    )
    if refusal is not None and "seconds" in refusal.params:
        response.headers["Retry-After"] = str(refusal.params["seconds"])
    return response


@router.post("/logout")
def sign_out(request: Request, form: Form) -> Response:
    """End the session, here and in the database."""
    of_session(request, form, Nothing)
    services_of(request).accounts.sign_out(session_of(request))
    return forget(request, RedirectResponse(link(SIGN_IN, {"done": "signed_out"}), SEE_OTHER))


# One's own account


@router.get(ACCOUNT)
def account_page(request: Request) -> Response:
    """Where one is signed in, and the form for another password."""
    return _account_page(request)


@router.post(f"{ACCOUNT}/password")
def change_password(request: Request, form: Form) -> Response:
    """Another password: every other session ends, and this one goes on under a new secret."""
    try:
        given = _typed_twice(of_session(request, form, NewPassword))
        begun = services_of(request).accounts.change_password(
            session_of(request), given.old_password, given.new_password
        )
    except Refused as refusal:
        return _account_page(request, refusal)
    after = RedirectResponse(link(ACCOUNT, {"done": "password_changed"}), SEE_OTHER)
    return remember(request, after, begun.secret)


@router.post(f"{ACCOUNT}/sessions/{{id}}/end")
def end_own_session(request: Request, id: str, form: Form) -> Response:
    """End one of one's own sessions."""
    of_session(request, form, Nothing)
    _end_session(request, session_of(request).account, id)
    return RedirectResponse(link(ACCOUNT, {"done": "session_ended"}), SEE_OTHER)


def _typed_twice(given: NewPassword) -> NewPassword:
    if given.new_password != given.repeated:
        raise Refused("passwords-differ", field="repeated")
    return given


def _account_page(request: Request, refusal: Refused | None = None) -> Response:
    session = session_of(request)
    tell = _teller(request, session.account.binding.jurisdiction)
    return render(
        request,
        "account.html",
        status=200 if refusal is None else status_of(refusal.message_id),
        here=Here(ACCOUNT, {}),
        shown=_shown(tell, session.account),
        places=_places(tell, services_of(request).accounts.sessions(session.account.id), session),
        trouble=_trouble(request, refusal),
        done=_done(request),
    )


# The administrator's pages


@router.get(ACCOUNTS)
def accounts_page(request: Request, administrator: Administrator) -> Response:
    """Every account, and the form for another one."""
    del administrator
    return _accounts_page(request, {})


@router.post(ACCOUNTS)
def create_account(request: Request, administrator: Administrator, form: Form) -> Response:
    """A new account, whose one-time password is shown this once."""
    try:
        given = of_session(request, form, NewAccount)
        account, password = services_of(request).accounts.create(
            given.login, given.name, given.asked, by=administrator.account.login
        )
    except Refused as refusal:
        return _accounts_page(request, form, refusal)
    return _one_time_page(request, account, password)


@router.get(f"{ACCOUNTS}/{{id}}")
def one_account_page(request: Request, id: str, administrator: Administrator) -> Response:
    """One account with its sessions and its log, and what can be done to it."""
    del administrator
    return _one_account_page(request, _account(request, id))


@router.post(f"{ACCOUNTS}/{{id}}/disable")
def disable_account(request: Request, id: str, administrator: Administrator, form: Form) -> Response:
    """Nobody can sign in with it any more, and its sessions end."""
    of_session(request, form, Nothing)
    changed = services_of(request).accounts.disable(_account(request, id).id, by=administrator.account.login)
    return _back(id, "disabled" if changed else "unchanged")


@router.post(f"{ACCOUNTS}/{{id}}/enable")
def enable_account(request: Request, id: str, administrator: Administrator, form: Form) -> Response:
    """It can be used again, also if it was locked."""
    of_session(request, form, Nothing)
    changed = services_of(request).accounts.enable(_account(request, id).id, by=administrator.account.login)
    return _back(id, "enabled" if changed else "unchanged")


@router.post(f"{ACCOUNTS}/{{id}}/reset-password")
def reset_password(request: Request, id: str, administrator: Administrator, form: Form) -> Response:
    """A new one-time password, shown this once."""
    of_session(request, form, Nothing)
    account = _account(request, id)
    password = services_of(request).accounts.reset_password(account.id, by=administrator.account.login)
    return _one_time_page(request, account, password)


@router.post(f"{ACCOUNTS}/{{id}}/rebind")
def rebind_account(request: Request, id: str, administrator: Administrator, form: Form) -> Response:
    """It acts as something else from now on, and its sessions end."""
    account = _account(request, id)
    try:
        given = of_session(request, form, NewBinding)
        changed = services_of(request).accounts.rebind(account.id, given.asked, by=administrator.account.login)
    except Refused as refusal:
        return _one_account_page(request, account, form, refusal)
    return _back(id, "rebound" if changed else "unchanged")


@router.post(f"{ACCOUNTS}/{{id}}/sessions/{{session_id}}/end")
def end_session(request: Request, id: str, session_id: str, administrator: Administrator, form: Form) -> Response:
    """End a session of anybody's."""
    del administrator
    of_session(request, form, Nothing)
    _end_session(request, _account(request, id), session_id)
    return _back(id, "session_ended")


@router.get(LOG)
def log_page(request: Request, administrator: Administrator) -> Response:
    """Everything that was done to any account, the newest first."""
    try:
        before = LogQuery.model_validate(dict(request.query_params)).before
    except ValidationError:
        raise Refused("page.unfinished-address") from None
    entries = services_of(request).accounts.log(before=before, limit=PAGE + 1)
    tell = _teller(request, administrator.account.binding.jurisdiction)
    older = link(LOG, {"before": entries[PAGE - 1].number}) if len(entries) > PAGE else None
    return render(
        request, "account_log.html", entries=_told(tell, services_of(request).registry, entries[:PAGE]), older=older
    )


def _accounts_page(request: Request, given: Mapping[str, str], refusal: Refused | None = None) -> Response:
    services = services_of(request)
    return render(
        request,
        "accounts.html",
        status=200 if refusal is None else status_of(refusal.message_id),
        accounts=[
            _shown(_teller(request, account.binding.jurisdiction), account) for account in services.accounts.list()
        ],
        given={"jurisdiction": services.jurisdiction, **given},
        trouble=_trouble(request, refusal),
        log=LOG,
        **_choices(say_of(request), services.registry),
    )


def _one_account_page(
    request: Request, account: Account, given: Mapping[str, str] | None = None, refusal: Refused | None = None
) -> Response:
    accounts, registry = services_of(request).accounts, services_of(request).registry
    tell = _teller(request, account.binding.jurisdiction)
    path = f"{ACCOUNTS}/{quote(account.id, safe='')}"
    return render(
        request,
        "one_account.html",
        status=200 if refusal is None else status_of(refusal.message_id),
        here=Here(path, {}),
        path=path,
        accounts_url=ACCOUNTS,
        own=account.id == session_of(request).account.id,
        shown=_shown(tell, account),
        places=_places(tell, accounts.sessions(account.id), session_of(request)),
        entries=_told(tell, registry, accounts.log(account.id, limit=PAGE)),
        given=account.binding.told if given is None else given,
        trouble=_trouble(request, refusal),
        done=_done(request),
        **_choices(tell.say, registry),
    )


def _one_time_page(request: Request, account: Account, password: str) -> Response:
    path = f"{ACCOUNTS}/{quote(account.id, safe='')}"
    return render(request, "one_time.html", here=Here(path, {}), account=account, password=password, path=path)


def _account(request: Request, id: str) -> Account:
    if not _ID.match(id):
        raise ProblemError("account-not-found", account=id)
    return services_of(request).accounts.find(id)


def _end_session(request: Request, account: Account, id: str) -> None:
    by = session_of(request).account.login
    if not _ID.match(id) or not services_of(request).accounts.revoke_session(account.id, id, by=by):
        raise ProblemError("session-not-found")


def _back(id: str, done: str) -> Response:
    return RedirectResponse(link(f"{ACCOUNTS}/{quote(id, safe='')}", {"done": done}), SEE_OTHER)


def _threads() -> CapacityLimiter:
    """The threads for signing in of this event loop."""
    try:
        return _signing_in.get()
    except LookupError:
        limiter = CapacityLimiter(_THREADS)
        _signing_in.set(limiter)
        return limiter


# Words


def _teller(request: Request, jurisdiction: str) -> Teller:
    return Teller(say_of(request), services_of(request).registry.jurisdiction(jurisdiction))


def _trouble(request: Request, refusal: Refused | None) -> Trouble | None:
    if refusal is None:
        return None
    say, field = say_of(request), field_of(refusal)
    request.state.problem = refusal.message_id
    text = say(refusal.message_id, **refusal.params)
    if field:
        text = say("page.pair", label=say.label("people.field", field), value=text)
    return Trouble(text, field)


def _done(request: Request) -> str | None:
    done = request.query_params.get("done", "")
    return say_of(request)(f"people.done.{done}") if done in _DONE else None


def _shown(tell: Teller, account: Account) -> Shown:
    bound = account.binding
    state = "disabled" if account.disabled_at else "locked" if account.locked_until else "active"
    return Shown(
        account=account,
        url=f"{ACCOUNTS}/{quote(account.id, safe='')}",
        acts_as=tell.acting(bound.deputy or bound.office),
        role=tell.word(bound.role),
        state=tell.say(f"people.state.{state}"),
        locked_until=tell.when(account.locked_until) if account.locked_until else "",
    )


def _places(tell: Teller, sessions: Iterable[Session], own: Session) -> list[Place]:
    return [
        Place(
            id=session.id,
            address=session.whence.address,
            agent=session.whence.agent,
            since=tell.when(session.created_at),
            seen=tell.when(session.last_seen_at),
            this=session.id == own.id,
        )
        for session in sessions
    ]


def _told(tell: Teller, registry: Registry, entries: Iterable[Entry]) -> list[Told]:
    return [
        Told(
            number=entry.number,
            at=tell.when(entry.at),
            who=tell.say("people.console") if entry.done_by == CONSOLE else entry.done_by or "—",
            account=entry.login or tell.say("people.nobody"),
            url=f"{ACCOUNTS}/{quote(entry.account_id, safe='')}" if entry.account_id else None,
            what=tell.say(f"people.log.{entry.what}"),
            detail=_detail(tell, registry, entry),
        )
        for entry in entries
    ]


def _detail(tell: Teller, registry: Registry, entry: Entry) -> str:
    """What the log says besides, in words."""
    say, detail = tell.say, entry.detail
    told: list[str] = []
    if entry.what in {Happening.CREATED, Happening.REBOUND}:
        told.append(_acting(say, registry, detail))
    if "before" in detail:
        told.append(say("people.detail.before", binding=_acting(say, registry, detail["before"])))
    if "reason" in detail:
        told.append(say(f"people.reason.{detail['reason']}"))
    if "minutes" in detail:
        told.append(say("people.detail.minutes", minutes=detail["minutes"]))
    told += [str(detail[name]) for name in ("address", "agent") if detail.get(name)]
    if "session" in detail:
        told.append(say("people.detail.session", id=detail["session"]))
    return say("page.semicolon").join(told)


def _acting(say: Words, registry: Registry, binding: Mapping[str, Any]) -> str:
    tell = Teller(say, registry.jurisdiction(binding["jurisdiction"]))
    return f"{say.label('role', binding['role'])} · {tell.acting(binding.get('deputy') or binding['office'])}"


def _choices(say: Words, registry: Registry) -> dict[str, Any]:
    """What the fields of a binding may be."""
    places = [registry.jurisdiction(code) for code in registry.codes()]
    return {
        "roles": [Choice(role, say.label("role", role)) for role in Role],
        "jurisdictions": [Choice(place.code, getattr(place, say.language)) for place in places],
        "offices": [_unit(say, unit) for place in places for unit in place.all_units()],
        "deputies": [_deputy(deputy) for place in places for deputy in place.all_deputies()],
    }


def _unit(say: Words, unit: Unit) -> Choice:
    return Choice(unit.code, getattr(unit, say.language))


def _deputy(deputy: Deputy) -> Choice:
    return Choice(deputy.id, deputy.name)
