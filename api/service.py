"""How the service is, and the page of its API's description; all without a token."""

from __future__ import annotations

from importlib.resources import files
from typing import Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import BaseModel
from starlette.staticfiles import StaticFiles

from api.problems import documented, words_for
from api.services import services_of

router = APIRouter(responses=documented(500))
docs_files = StaticFiles(directory=str(files("api") / "static_docs"))

_UNAVAILABLE = 503


class Health(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


class ProjectionHealth(BaseModel):
    """How far a projection is."""

    name: str
    state: str
    position: int
    head: int
    lag: int
    lag_seconds: float


class Readiness(BaseModel):
    """Whether requests can be answered: the database, its migrations, and the projections."""

    status: Literal["ready", "not ready"]
    database: bool
    projections: list[ProjectionHealth]


@router.get("/healthz", tags=["service"], operation_id="health", summary="存活 · Alive", response_model=Health)
async def health() -> Response:
    """Answers as long as the process lives, however many wait."""
    return JSONResponse({"status": "ok"})


@router.get(
    "/readyz",
    tags=["service"],
    operation_id="readiness",
    summary="就绪 · Ready",
    response_model=Readiness,
    responses={503: {"model": Readiness, "description": "The database is away, or a projection has stopped"}},
)
def readiness(request: Request) -> Response:
    """Ready when the database answers with the tables of this version and no projection has stopped."""
    try:
        projections = services_of(request).views.status()
    except Exception:  # noqa: BLE001 - whatever it is, the service is not ready
        return JSONResponse(Readiness(status="not ready", database=False, projections=[]).model_dump(), _UNAVAILABLE)
    stopped = not projections or any(projection.state == "stopped" for projection in projections)
    shown = [
        ProjectionHealth(
            name=projection.name,
            state=projection.state,
            position=projection.position,
            head=projection.head,
            lag=projection.lag,
            lag_seconds=projection.lag_seconds,
        )
        for projection in projections
    ]
    body = Readiness(status="not ready" if stopped else "ready", database=True, projections=shown)
    return JSONResponse(body.model_dump(), _UNAVAILABLE if stopped else 200)


@router.get("/docs", include_in_schema=False)
def show_operations(request: Request) -> HTMLResponse:
    """The API's operations, to read and to try, without the network."""
    tongue = words_for(request).language
    return HTMLResponse(
        f'<!doctype html><html lang="{tongue}"><head><meta charset="utf-8"><title>督办 Duban API</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        '<link rel="stylesheet" href="/docs/assets/swagger-ui.css"></head>'
        '<body><h1>督办 Duban API</h1><div id="operations"></div>'
        '<script src="/docs/assets/swagger-ui-bundle.js"></script>'
        '<script src="/docs/assets/start.js"></script></body></html>',
        headers={"Content-Language": tongue, "Vary": "Accept-Language"},
    )
