"""What the routers of the API have in common."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from api.problems import documented, refuse_repeated


def operations(*statuses: int, tag: str | None = None, under: str = "") -> APIRouter:
    """A router of the API's operations, which may answer with problems of these statuses.

    It says all of itself, so that the application takes its routes as they are: FastAPI looks for a route in routers
    that are included by trying each route of each of them twice.
    """
    return APIRouter(
        prefix=f"/api/v1{under}",
        tags=None if tag is None else [tag],
        responses=documented(*statuses),
        dependencies=[Depends(refuse_repeated)],
    )
