"""Around every request: its id, its log line, the security headers, and an answer even when something breaks."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import structlog
from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import ProblemError, is_denial, respond
from api.services import services_of
from domain.principal import Principal

_STRICT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " font-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_DOCS = _STRICT.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
"""Swagger UI writes style attributes."""

HEADERS = {
    "Content-Security-Policy": _STRICT,
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}\Z")
_FAILED = 500
_SHOWN = 100

_log: structlog.stdlib.BoundLogger = structlog.get_logger("duban.http")


class Surround:
    """ASGI middleware: the outermost of the application's own."""

    def __init__(self, app: ASGIApp, clock: Callable[[], float] = time.perf_counter) -> None:
        self._app = app
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and complete what comes back. HEAD is answered as GET is, without the body."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = self._clock()
        method = scope["method"]
        if method == "HEAD":
            scope = {**scope, "method": "GET"}
        request = Request(scope, receive)
        request.state.head = method == "HEAD"
        asked = request.headers.get("x-request-id", "")
        request.state.request_id = asked if _REQUEST_ID.match(asked) else uuid4().hex
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _complete(MutableHeaders(scope=message), scope["path"], request.state.request_id)
            elif method == "HEAD":
                message = {**message, "body": b""}
            await send(message)

        try:
            await self._app(scope, receive, sending)
        except Exception:  # the border of the service: whatever it was, the caller is told, and the log
            _log.exception("failed", request_id=request.state.request_id)
            if status:
                raise
            await respond(request, ProblemError("internal-error"))(scope, receive, sending)
        finally:
            _log.info("request", **_line(request, method, status, 1000 * (self._clock() - started)))
        await _note_denial(request, method)


def _complete(headers: MutableHeaders, path: str, request_id: str) -> None:
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    if path.rstrip("/") == "/docs":
        headers["Content-Security-Policy"] = _DOCS
    headers.setdefault("Cache-Control", "no-store")
    headers["X-Request-ID"] = request_id


async def _note_denial(request: Request, method: str) -> None:
    """Tell the auditors that somebody who is known asked for what he has no right to; nothing of what was asked for."""
    principal: Principal | None = getattr(request.state, "principal", None)
    problem = getattr(request.state, "problem", None)
    if principal is None or problem is None or not is_denial(problem):
        return
    told = {"problem": str(problem), "method": method, "route": _route(request)}
    if (case_id := request.path_params.get("case_id")) is not None:
        told["case"] = "".join(sign if sign.isprintable() else "�" for sign in case_id[:_SHOWN])
    try:
        await run_in_threadpool(services_of(request).accounts.note_denied, principal, **told)
    except Exception:  # noqa: BLE001 - the answer is given, and the log above has the denial
        _log.exception("denial not noted", request_id=request.state.request_id)


def _route(request: Request) -> str:
    return str(getattr(request.scope.get("route"), "path", "-"))


def _line(request: Request, method: str, status: int, milliseconds: float) -> dict[str, Any]:
    """What is logged of a request: neither its body nor its address, which may name persons."""
    principal: Principal | None = getattr(request.state, "principal", None)
    line = {
        "request_id": request.state.request_id,
        "method": method,
        "route": _route(request),
        "status": status or _FAILED,
        "ms": round(milliseconds, 1),
        "actor": None if principal is None else principal.actor,
        "problem": getattr(request.state, "problem", None),
    }
    return {name: value for name, value in line.items() if value is not None}
