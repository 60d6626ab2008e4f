"""The pages about people: signing in and out, one's own account with its tokens, and the administrator's accounts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from urllib.parse import quote

from anyio import CapacityLimiter
from anyio.lowlevel import RunVar
from anyio.to_thread import run_sync
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import Field

from api.problems import ProblemError, status_of
from api.services import services_of
from api.web.forms import Form, Nothing, Posted, checked, field_of, of_session
from api.web.guard import (
    ACCOUNT,
    ACCOUNTS,
    SEE_OTHER,
    SIGN_IN,
    Administrator,
    device_of,
    forget,
    known,
    local,
    reader_of,
    recognise,
    refuse_readable,
    remember,
    session_of,
    whence,
)
from api.web.log import LOG, PAGE, Choice, teller, told_of
from api.web.pages import OpenPageRoute, PageRoute, render, say_of
from api.web.viewmodels import Here, Teller, link
from api.words import Words
from domain.account import LONGEST_TOKEN, Account, Asked, LogFilter, Session, Token
from domain.case import Role
from domain.office import Deputy, Unit
from domain.principal import EVERYTHING, Scope, Standing, scopes_of
from domain.refusal import Refused
from domain.registry import Registry
from domain.values import Code, Line

WAITING = 50
"""Sign-ins that wait for their turn; who comes after them is asked to try again."""

_THREADS = 4
"""For passwords to be checked: a flood of sign-ins leaves the other pages their threads."""

_ID = re.compile(r"[0-9a-f-]{1,36}\Z")
_DONE = {"signed_out", "password_changed", "session_ended", "token_revoked", "disabled", "enabled", "rebound",
         "unchanged"}  # fmt: skip
_MAY = {"read": {Scope.READ}, "record": {Scope.RECORD}, "both": EVERYTHING}
"""What a token may be for, as the form calls it."""

_ENDED = 20
"""Tokens that are in force no more and still shown."""

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


class NewToken(Posted):
    """A token to be made, and the password of who makes it."""

    note: Line
    days: int
    scopes: Literal["read", "record", "both"]
    password: str = Field(max_length=1_000)


class GivenBinding(Posted):
    """As what an account shall act."""

    role: Code
    jurisdiction: Code
    office: Code | None = None
    deputy: Code | None = None

    @property
    def asked(self) -> Asked:
        """The binding that is asked for."""
        return Asked(role=self.role, jurisdiction=self.jurisdiction, office=self.office, deputy=self.deputy)


class NewBinding(GivenBinding):
    """As what an account shall act from now on, and as what it acted when the form was opened."""

    seen: str | None = Field(None, max_length=1_000)


class NewAccount(GivenBinding):
    """An account to be made."""

    login: Line
    name: Line


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
class Shown:
    """An account as the administrator sees it."""

    account: Account
    url: str
    acts_as: str
    role: str
    state: str
    locked_until: str
    notes: list[str]
    """What there is to do about it: an end of office, a password that was never changed."""


@dataclass(frozen=True)
class OwnToken:
    """A token of an account as its list shows it."""

    id: str
    note: str
    may: str
    state: str
    since: str
    until: str
    used: str
    in_force: bool


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
    device = device_of(request)
    begun = accounts.sign_in(given.login, given.password, whence(request, device))
    if (before := known(request)) is not None:
        accounts.sign_out(before)
    return recognise(request, remember(request, RedirectResponse(onward, SEE_OTHER), begun.secret), device)


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


@router.post(f"{ACCOUNT}/tokens")
def create_token(request: Request, form: Form) -> Response:
    """A new token of one's own, shown this once."""
    reader_of(request)
    services, session = services_of(request), session_of(request)
    try:
        given = of_session(request, form, NewToken)
        services.accounts.confirm(session, given.password, "password")
        by = session.account.login
        token = services.tokens.create_own(session.account, given.note, given.days, _MAY[given.scopes], by=by)
    except Refused as refusal:
        return _account_page(request, refusal, form)
    return render(request, "new_token.html", here=Here(ACCOUNT, {}), token=token, path=ACCOUNT)


@router.post(f"{ACCOUNT}/tokens/{{id}}/revoke")
def revoke_own_token(request: Request, id: str, form: Form) -> Response:
    """End one of one's own tokens."""
    of_session(request, form, Nothing)
    _revoke_token(request, session_of(request).account, id)
    return RedirectResponse(link(ACCOUNT, {"done": "token_revoked"}), SEE_OTHER)


def _typed_twice(given: NewPassword) -> NewPassword:
    if given.new_password != given.repeated:
        raise Refused("passwords-differ", field="repeated")
    return given


def _account_page(request: Request, refusal: Refused | None = None, given: Mapping[str, str] | None = None) -> Response:
    session, services = session_of(request), services_of(request)
    may = scopes_of(session.account.binding.role)
    tell = teller(request, session.account.binding.jurisdiction)
    return render(
        request,
        "account.html",
        status=200 if refusal is None else status_of(refusal.message_id),
        here=Here(ACCOUNT, {}),
        shown=_shown(request, tell, session.account),
        places=_places(tell, services.accounts.sessions(session.account.id), session),
        may=[Choice(name, tell.say(f"people.scopes.{name}")) for name, scopes in _MAY.items() if scopes <= may],
        tokens=_tokens(tell, services.tokens.list(session.account.id)),
        most_days=LONGEST_TOKEN,
        given=given or {},
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
        changed = services_of(request).accounts.rebind(
            account.id, given.asked, by=administrator.account.login, seen=given.seen
        )
    except Refused as refusal:
        return _one_account_page(request, _account(request, id), form, refusal)
    return _back(id, "rebound" if changed else "unchanged")


@router.post(f"{ACCOUNTS}/{{id}}/sessions/{{session_id}}/end")
def end_session(request: Request, id: str, session_id: str, administrator: Administrator, form: Form) -> Response:
    """End a session of anybody's."""
    del administrator
    of_session(request, form, Nothing)
    _end_session(request, _account(request, id), session_id)
    return _back(id, "session_ended")


@router.post(f"{ACCOUNTS}/{{id}}/tokens/{{token_id}}/revoke")
def revoke_token(request: Request, id: str, token_id: str, administrator: Administrator, form: Form) -> Response:
    """End a token of anybody's."""
    del administrator
    of_session(request, form, Nothing)
    _revoke_token(request, _account(request, id), token_id)
    return _back(id, "token_revoked")


def _accounts_page(request: Request, given: Mapping[str, str], refusal: Refused | None = None) -> Response:
    services = services_of(request)
    return render(
        request,
        "accounts.html",
        status=200 if refusal is None else status_of(refusal.message_id),
        accounts=[
            _shown(request, teller(request, account.binding.jurisdiction), account)
            for account in services.accounts.list()
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
    tell = teller(request, account.binding.jurisdiction)
    path = f"{ACCOUNTS}/{quote(account.id, safe='')}"
    return render(
        request,
        "one_account.html",
        status=200 if refusal is None else status_of(refusal.message_id),
        here=Here(path, {}),
        path=path,
        accounts_url=ACCOUNTS,
        own=account.id == session_of(request).account.id,
        shown=_shown(request, tell, account),
        seen=account.binding.written,
        places=_places(tell, accounts.sessions(account.id), session_of(request)),
        tokens=_tokens(tell, services_of(request).tokens.list(account.id)),
        entries=told_of(tell, registry, accounts.log(LogFilter(account.id), limit=PAGE)),
        given=account.binding.told if given is None else given,
        trouble=_trouble(request, refusal),
        done=_done(request),
        **_choices(tell.say, registry),
    )


def _one_time_page(request: Request, account: Account, password: str) -> Response:
    path = f"{ACCOUNTS}/{quote(account.id, safe='')}"
    hours = services_of(request).accounts.one_time // timedelta(hours=1)
    return render(
        request, "one_time.html", here=Here(path, {}), account=account, password=password, path=path, hours=hours
    )


def _account(request: Request, id: str) -> Account:
    if not _ID.match(id):
        raise ProblemError("account-not-found", account=id)
    return services_of(request).accounts.find(id)


def _end_session(request: Request, account: Account, id: str) -> None:
    by = session_of(request).account.login
    if not _ID.match(id) or not services_of(request).accounts.revoke_session(account.id, id, by=by):
        raise ProblemError("session-not-found")


def _revoke_token(request: Request, account: Account, id: str) -> None:
    by = session_of(request).account.login
    if not _ID.match(id) or not services_of(request).tokens.revoke(id, by=by, account_id=account.id):
        raise ProblemError("token-not-found", token=id)


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


def _shown(request: Request, tell: Teller, account: Account) -> Shown:
    bound = account.binding
    barred = not account.standing.may_sign_in
    state = (
        "disabled" if account.disabled_at else "barred" if barred else "locked" if account.locked_until else "active"
    )
    return Shown(
        account=account,
        url=f"{ACCOUNTS}/{quote(account.id, safe='')}",
        acts_as=tell.acting(bound.deputy or bound.office),
        role=tell.word(bound.role),
        state=tell.say(f"people.state.{state}"),
        locked_until=tell.when(account.locked_until) if account.locked_until else "",
        notes=list(_notes(tell, account, services_of(request).accounts.one_time)),
    )


def _notes(tell: Teller, account: Account, lasting: timedelta) -> Iterator[str]:
    if account.standing is not Standing.IN_OFFICE:
        yield tell.say(f"people.standing.{account.standing}")
    if (until := account.one_time_until(lasting)) is not None:
        over = until <= datetime.now(UTC)
        yield tell.say(f"people.one_time.{'expired' if over else 'unchanged'}", until=tell.when(until))


def _tokens(tell: Teller, tokens: Sequence[Token]) -> list[OwnToken]:
    """Those in force, then the last ones that are not."""
    now = datetime.now(UTC)
    found = [_own_token(tell, token, now) for token in tokens]
    ended = [token for token in found if not token.in_force]
    return [token for token in found if token.in_force] + ended[:_ENDED]


def _own_token(tell: Teller, token: Token, now: datetime) -> OwnToken:
    state = "revoked" if token.revoked_at else "expired" if token.expires_at <= now else "in_force"
    may = next(name for name, scopes in _MAY.items() if scopes == set(token.scopes))
    return OwnToken(
        id=token.id,
        note=token.note,
        may=tell.say(f"people.scopes.{may}"),
        state=tell.say(f"people.token.state.{state}"),
        since=tell.when(token.created_at),
        until=tell.when(token.expires_at),
        used=tell.when(token.last_used_at) if token.last_used_at else "—",
        in_force=state == "in_force",
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
