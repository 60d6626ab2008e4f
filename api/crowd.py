"""As many requests are at work as can be answered soon; who comes beyond that is told at once to come again."""

from __future__ import annotations

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import ProblemError, respond

HEALTH = "/healthz"
"""Waits for nobody, and is answered in any crowd."""


class Crowd:
    """ASGI middleware. Who sends or reads slowly is not at work meanwhile, and so takes nobody's place."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app = app
        self._most = most
        self._at_work = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, unless too many are at work."""
        if scope["type"] != "http" or scope["path"] == HEALTH:
            await self._app(scope, receive, send)
            return
        if self._at_work >= self._most:
            await respond(Request(scope), ProblemError("service-busy"))(scope, receive, send)
            return
        mine = 0

        def at_work(now: int) -> None:
            nonlocal mine
            self._at_work += now - mine
            mine = now

        async def receiving() -> Message:
            at_work(0)
            try:
                return await receive()
            finally:
                at_work(1)

        async def sending(message: Message) -> None:
            at_work(0)
            await send(message)

        at_work(1)
        try:
            await self._app(scope, receiving, sending)
        finally:
            at_work(0)
