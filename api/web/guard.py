"""Before a page is made: who is signed in, whether the form is one of ours, and who has to go elsewhere first."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import quote, urlsplit

from fastapi import Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse

from api.bulk import may_take
from api.problems import ProblemError
from api.services import services_of
from api.web.viewmodels import link
from domain import policy
from domain.account import Session, Whence
from domain.case import Role
from domain.docket import CaseNotFoundError
from domain.moment import day_of
from domain.principal import Principal
from domain.procedure import opening_steps

SEE_OTHER = 303
SIGN_IN = "/login"
SIGN_OUT = "/logout"
ACCOUNT = "/account"
ACCOUNTS = "/admin/accounts"

_YEAR = 365 * 24 * 3600
_DEVICE = re.compile(r"[A-Za-z0-9_-]{43}\Z")
_SAFE = {"GET", "HEAD", "OPTIONS"}
_OWN_SITE = {"same-origin", "none"}
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_WITH_A_ONE_TIME_PASSWORD = {ACCOUNT, f"{ACCOUNT}/password", SIGN_OUT}
_LOCAL = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]{0,2000}\Z")
"""An address of this service: not `//elsewhere` nor `/\\elsewhere`, which browsers take for another host."""

_SYSTEMS = (("Windows", "Windows"), ("Android", "Android"), ("iPhone", "iOS"), ("iPad", "iOS"), ("Mac OS X", "macOS"),
            ("Linux", "Linux"))  # fmt: skip
_BROWSERS = (("Edg/", "Edge"), ("Firefox/", "Firefox"), ("MicroMessenger/", "WeChat"), ("Chrome/", "Chrome"),
             ("Safari/", "Safari"))  # fmt: skip
_SHOWN = 80
_MARK = 32


@dataclass(frozen=True)
class Me:
    """Who is signed in, as every page shows him."""

    name: str
    role: Role
    administrator: bool
    auditor: bool
    suspended: bool
    opens: bool
    """Whether his role may open a case of some kind."""
    has_desk: bool
    """Whether there may be work for him."""
    whole: bool
    """Whether nothing of his jurisdiction is kept from him."""
    bulk: bool
    """Whether he may take a step of many cases at once."""
    form_token: str


async def admit(request: Request, *, everybody: bool) -> Response | None:
    """Where the reader has to go first; None if he may read on. What comes from another site is refused."""
    request.state.session = None
    try:
        request.state.session = session = await _in_force(request)
    except Exception:
        if not everybody:
            raise
        session = None
    if session is not None and not everybody:
        request.state.principal = session.account.principal
    if request.method not in _SAFE and not _of_our_own(request):
        raise ProblemError("from-another-site")
    if everybody:
        return None
    if session is None:
        return RedirectResponse(link(SIGN_IN, {"next": _here(request)}), SEE_OTHER)
    if request.scope["path"] != SIGN_OUT:
        session.account.standing.refuse()
    if session.account.must_change and request.scope["path"] not in _WITH_A_ONE_TIME_PASSWORD:
        return RedirectResponse(ACCOUNT, SEE_OTHER)
    if request.method not in _SAFE and not _of_ones_own(request):
        _refuse_who_only_reads(session.account.principal)
    return None


def _refuse_who_only_reads(principal: Principal) -> None:
    if principal.role in policy.ONLY_READING:
        raise ProblemError("auditor-only-reads")
    if principal.suspended:
        raise ProblemError("duty-suspended")


def recall(request: Request) -> None:
    """Look who is signed in, where no page did; if that cannot be found out, nobody is."""
    request.state.session = None
    secret = _secret(request)
    with suppress(Exception):
        request.state.session = None if secret is None else services_of(request).sessions.in_force(secret)


def known(request: Request) -> Session | None:
    """Who is signed in, if anybody is."""
    found: Session | None = getattr(request.state, "session", None)
    return found


def session_of(request: Request) -> Session:
    """Who is signed in, on a page that is shown to nobody else."""
    session = known(request)
    if session is None:
        raise TypeError("a page that everybody may read asks who is signed in")
    return session


def administrator(request: Request) -> Session:
    """Who keeps the accounts; anybody else is refused."""
    session = session_of(request)
    if session.account.binding.role is not Role.ADMINISTRATOR:
        raise ProblemError("for-administrators")
    return session


def auditor(request: Request) -> Session:
    """Who looks into what was done to the accounts; anybody else is refused."""
    session = session_of(request)
    if session.account.binding.role is not Role.AUDITOR:
        raise ProblemError("for-auditors")
    return session


Administrator = Annotated[Session, Depends(administrator)]
Auditor = Annotated[Session, Depends(auditor)]


def reader_of(request: Request) -> Principal:
    """Who may see cases: whoever is signed in and is not an administrator."""
    principal = session_of(request).account.principal
    if principal.role is Role.ADMINISTRATOR:
        raise ProblemError("administrator-sees-no-case")
    return principal


def reader_of_case(request: Request, case_id: str) -> Principal:
    """The same for one case, which for an administrator does not exist."""
    try:
        return reader_of(request)
    except ProblemError:
        raise CaseNotFoundError(case_id) from None


def reader_of_registry(request: Request) -> Principal:
    """Who may see the registry of his jurisdiction: whoever is signed in, an administrator too."""
    return session_of(request).account.principal


def me(request: Request) -> Me | None:
    """Who is signed in, as the page shows him."""
    session = known(request)
    if session is None:
        return None
    account = session.account
    principal, role = account.principal, account.binding.role
    return Me(
        name=account.name,
        role=role,
        administrator=role is Role.ADMINISTRATOR,
        auditor=role is Role.AUDITOR,
        suspended=principal.suspended,
        opens=not principal.suspended and any(role in step.declared.by for step in opening_steps()),
        has_desk=bool(policy.desk(principal).keys),
        whole=policy.reads_all(principal),
        bulk=may_take(role),
        form_token=form_token(request),
    )


def form_token(request: Request) -> str:
    """What a form of this session carries, and a form of anybody else cannot."""
    text = b"form\n" + session_of(request).id.encode()
    return hmac.digest(services_of(request).secret, text, "sha256").hex()


def refuse_forged(request: Request, given: str | None) -> None:
    """Refuse a form that does not carry the token of the session."""
    if not hmac.compare_digest(form_token(request).encode(), (given or "").encode()):
        raise ProblemError("form-token-wrong")


def remember(request: Request, response: Response, secret: str) -> Response:
    """Leave the secret of a session with the browser, unreadable for scripts, until it is closed."""
    name, secure = _cookie(request)
    response.set_cookie(name, secret, path="/", secure=secure, httponly=True, samesite="lax")
    return response


def forget(request: Request, response: Response) -> Response:
    """Take the secret back."""
    name, secure = _cookie(request)
    response.delete_cookie(name, path="/", secure=secure, httponly=True, samesite="lax")
    return response


def refuse_readable(request: Request) -> None:
    """Refuse a sign-in that others on the way could read."""
    _cookie(request)


def whence(request: Request, device: str) -> Whence:
    """The address, in a few words the browser, and by which device cookie it is known."""
    address = request.client.host if request.client else ""
    return Whence(address, _agent(request.headers.get("user-agent", "")), hashlib.sha256(device.encode()).digest())


def device_of(request: Request) -> str:
    """What the browser is known by, also after a sign-out; something new if it is not known."""
    device = request.cookies.get(_device_cookie(request), "")
    return device if _DEVICE.match(device) else secrets.token_urlsafe(32)


def recognise(request: Request, response: Response, device: str) -> Response:
    """Know the browser again for a year."""
    _, secure = _cookie(request)
    response.set_cookie(
        _device_cookie(request), device, max_age=_YEAR, path="/", secure=secure, httponly=True, samesite="lax"
    )
    return response


def units_here(request: Request) -> frozenset[str]:
    """The handling units of which somebody was signed in on the reader's device not long ago, if he is a deputy."""
    session = session_of(request)
    if session.account.binding.role is not Role.DEPUTY or session.whence.device is None:
        return frozenset()
    return services_of(request).sessions.units_on(session.whence.device, session.account.binding.jurisdiction)


def device_mark(request: Request) -> str | None:
    """By what a step knows the device again on which a deputy said it himself, in his jurisdiction and this year."""
    session = session_of(request)
    if session.account.binding.role is not Role.DEPUTY or session.whence.device is None:
        return None
    services, place = services_of(request), session.account.binding.jurisdiction
    year = day_of(datetime.now(UTC), services.registry.jurisdiction(place).time_zone).year
    said = f"device\n{place}\n{year}\n".encode() + session.whence.device
    return hmac.digest(services.secret, said, hashlib.sha256).hex()[:_MARK]


def local(address: str | None) -> str:
    """An address of this service that one may be sent on to; the front page for any other."""
    if address is None or not _LOCAL.match(address) or urlsplit(address).path in {SIGN_IN, SIGN_OUT}:
        return "/"
    return address


def _cookie(request: Request) -> tuple[str, bool]:
    """The name of the cookie, and whether it may be sent through https only."""
    if request.url.scheme == "https":
        return "__Host-duban", True
    if request.url.hostname not in _LOOPBACK:
        raise ProblemError("sign-in-needs-https")
    return "duban", False


def _device_cookie(request: Request) -> str:
    return f"{_cookie(request)[0]}-device"


def _secret(request: Request) -> str | None:
    try:
        return request.cookies.get(_cookie(request)[0]) or None
    except ProblemError:
        return None


async def _in_force(request: Request) -> Session | None:
    if (secret := _secret(request)) is None:
        return None
    sessions = services_of(request).sessions
    return sessions.remembered(secret) or await run_in_threadpool(sessions.in_force, secret)


def _of_our_own(request: Request) -> bool:
    """Whether a page of this service sent the form; browsers say so, the older ones by the origin alone."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in _OWN_SITE
    try:
        origin = urlsplit(request.headers.get("origin", "")).netloc
    except ValueError:
        return False
    return bool(origin) and origin.lower() == request.headers.get("host", "").lower()


def _of_ones_own(request: Request) -> bool:
    """Whether it is about the reader's own account and session."""
    path: str = request.scope["path"]
    return path == SIGN_OUT or path.startswith(f"{ACCOUNT}/")


def _here(request: Request) -> str | None:
    """The address that was asked for, if one can come back to it."""
    if request.method not in _SAFE:
        return None
    path, query = quote(request.scope["path"]), request.scope["query_string"].decode("latin-1")
    here = local(f"{path}?{query}" if query else path)
    return None if here == "/" else here


def _agent(header: str) -> str:
    """A browser and its system, such as `Chrome 126 · Windows`; what else calls here, as it calls itself."""
    text = "".join(character for character in header if character.isprintable())
    browser = next((f"{name} {_version(text, sign)}" for sign, name in _BROWSERS if sign in text), text[:_SHOWN])
    system = next((name for sign, name in _SYSTEMS if sign in text), "")
    return f"{browser} · {system}" if browser and system else browser or system


def _version(text: str, sign: str) -> str:
    return text.partition(sign)[2].partition(".")[0].partition(" ")[0][:8]
