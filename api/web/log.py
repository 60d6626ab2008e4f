"""The log of the accounts, as administrators and auditors read it: what was done, by whom, and what was refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field, ValidationError

from api.problems import status_of
from api.services import services_of
from api.web.guard import ACCOUNTS, Administrator, Auditor
from api.web.pages import PageRoute, render, say_of
from api.web.viewmodels import Teller, link
from api.words import Words
from domain.account import CONSOLE, Entry, Happening, LogFilter
from domain.moment import start_of_day
from domain.refusal import Refused
from domain.registry import Registry

LOG = "/admin/log"
AUDIT = "/audit/accounts"
PAGE = 100

_OF_NOBODY = {Happening.SIGN_IN_REFUSED, Happening.LOCKED}
"""What happens also to a login that there is not."""

router = APIRouter(route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse)


class LogQuery(BaseModel):
    """Which lines are wanted, and where the page begins."""

    before: int | None = Field(None, ge=1, le=2**62)
    account: str | None = Field(None, max_length=100)
    what: Happening | None = None
    day: date | None = Field(None, ge=date(2000, 1, 1), le=date(9998, 12, 31))

    def wanted(self, account_id: str | None, jurisdiction: str | None, zone: str) -> LogFilter:
        """The filter that it means; a day is one of the zone."""
        since = until = None
        if self.day is not None:
            since, until = start_of_day(self.day, zone), start_of_day(self.day + timedelta(days=1), zone)
        return LogFilter(account_id, self.what, since, until, jurisdiction)


@dataclass(frozen=True)
class Choice:
    """One value that a field of a form may take."""

    value: str
    text: str


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


@router.get(LOG)
def administrators_log(request: Request, administrator: Administrator) -> Response:
    """Everything that was done to any account, the newest first."""
    return _log_page(request, LOG, administrator.account.binding.jurisdiction, of=None)


@router.get(AUDIT)
def auditors_log(request: Request, auditor: Auditor) -> Response:
    """The same for the auditor, of the accounts of his jurisdiction and of those that there are not."""
    place = auditor.account.binding.jurisdiction
    return _log_page(request, AUDIT, place, of=place)


def _log_page(request: Request, path: str, place: str, *, of: str | None) -> Response:
    given = {name: text for name, text in request.query_params.items() if text}
    try:
        query = LogQuery.model_validate(given)
    except ValidationError:
        raise Refused("page.unfinished-address") from None
    services, tell = services_of(request), teller(request, place)
    trouble, entries = None, []
    try:
        account_id = None if query.account is None else _account_id(request, query.account, of)
        wanted = query.wanted(account_id, of, tell.zone)
        entries = list(services.accounts.log(wanted, before=query.before, limit=PAGE + 1))
    except Refused as refusal:
        trouble = refusal
    kept: dict[str, str | int | None] = {name: given[name] for name in ("account", "what", "day") if name in given}
    older = link(path, {**kept, "before": entries[PAGE - 1].number}) if len(entries) > PAGE else None
    return render(
        request,
        "account_log.html",
        status=200 if trouble is None else status_of(trouble.message_id),
        path=path,
        given=given,
        trouble=None if trouble is None else tell.say(trouble.message_id, **trouble.params),
        happenings=[Choice(what, tell.say(f"people.log.{what}")) for what in Happening],
        entries=told_of(tell, services.registry, entries[:PAGE], linked=of is None),
        older=older,
    )


def _account_id(request: Request, login: str, of: str | None) -> str:
    """The account of a login; of another jurisdiction there is none."""
    account = services_of(request).accounts.named(login)
    if of not in {None, account.binding.jurisdiction}:
        raise Refused("account-not-found", account=login)
    return account.id


def teller(request: Request, jurisdiction: str) -> Teller:
    """Tells values of a jurisdiction in the reader's language."""
    return Teller(say_of(request), services_of(request).registry.jurisdiction(jurisdiction))


def told_of(tell: Teller, registry: Registry, entries: Iterable[Entry], *, linked: bool = True) -> list[Told]:
    """The lines in words, each `linked` to its account for those who may open it."""
    return [
        Told(
            number=entry.number,
            at=tell.when(entry.at),
            who=tell.say("people.console") if entry.done_by == CONSOLE else entry.done_by or "—",
            account=entry.login or tell.say("people.nobody" if entry.what in _OF_NOBODY else "people.program"),
            url=f"{ACCOUNTS}/{quote(entry.account_id, safe='')}" if entry.account_id and linked else None,
            what=tell.say(f"people.log.{entry.what}"),
            detail=_detail(tell, registry, entry),
        )
        for entry in entries
    ]


def _detail(tell: Teller, registry: Registry, entry: Entry) -> str:
    """What the log says besides, in words."""
    say, detail = tell.say, entry.detail
    told: list[str] = []
    if entry.what in {Happening.CREATED, Happening.REBOUND} or "office" in detail:
        told.append(_acting(say, registry, detail))
    if "before" in detail:
        told.append(say("people.detail.before", binding=_acting(say, registry, detail["before"])))
    if "problem" in detail:
        told.append(say.label("title", detail["problem"]))
    if "route" in detail:
        told.append(f"{detail['method']} {detail['route']}")
    if "reason" in detail:
        told.append(say(f"people.reason.{detail['reason']}"))
    if "minutes" in detail:
        told.append(say("people.detail.minutes", minutes=detail["minutes"]))
    told += [str(detail[name]) for name in ("address", "agent", "note", "case") if detail.get(name)]
    if "session" in detail:
        told.append(say("people.detail.session", id=detail["session"]))
    told += _of_token(say, detail)
    return say("page.semicolon").join(told)


def _of_token(say: Words, detail: Mapping[str, Any]) -> Iterator[str]:
    """What it says of a token."""
    if scopes := detail.get("scopes"):
        yield say("people.scopes.both" if len(scopes) > 1 else f"people.scopes.{scopes[0]}")
    if "days" in detail:
        yield say("people.detail.days", days=detail["days"])
    if "token" in detail:
        yield say("people.detail.token", id=detail["token"])


def _acting(say: Words, registry: Registry, binding: Mapping[str, Any]) -> str:
    tell = Teller(say, registry.jurisdiction(binding["jurisdiction"]))
    return f"{say.label('role', binding['role'])} · {tell.acting(binding.get('deputy') or binding['office'])}"
