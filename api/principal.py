"""Who asks: the principal of a bearer token."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.problems import ProblemError
from api.services import services_of
from domain.policy import ONLY_READING
from domain.principal import Principal, Scope, scopes_of

_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="duban"'}
_REFUSED = {"WWW-Authenticate": 'Bearer realm="duban", error="invalid_token"'}
_READING = {"GET", "HEAD", "OPTIONS"}
_QUESTIONS = {"/api/v1/figures/what-if", "/api/v1/figures/what-if/export"}
"""What is asked with a body, and records nothing."""
_bearer = HTTPBearer(auto_error=False, scheme_name="token", description="`duban token create` makes one")


async def principal_of(
    request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Principal:
    """The principal whose token the request carries; without one in force it is not answered."""
    if given is None:
        raise ProblemError("token-missing", headers=_CHALLENGE)
    tokens = services_of(request).tokens
    principal = tokens.remembered(given.credentials) or await run_in_threadpool(tokens.principal, given.credentials)
    if principal is None:
        raise ProblemError("token-invalid", headers=_REFUSED)
    request.state.principal = principal
    principal.standing.refuse()
    if principal.account is not None and not principal.scopes <= scopes_of(principal.role):
        raise ProblemError("token-beyond-account")
    reads = request.method in _READING or request.url.path in _QUESTIONS
    scope = Scope.READ if reads else Scope.RECORD
    if scope not in principal.scopes:
        raise ProblemError("token-may-only-read" if scope is Scope.RECORD else "token-may-only-record")
    if scope is Scope.RECORD and principal.suspended:
        raise ProblemError("duty-suspended")
    if scope is Scope.RECORD and principal.role in ONLY_READING:
        raise ProblemError("auditor-only-reads")
    return principal


Asker = Annotated[Principal, Depends(principal_of)]
