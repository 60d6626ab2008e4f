"""The web application: the API, the pages, and what surrounds every request."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files

from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

from adapters.batch import started
from adapters.logs import configure
from adapters.postgres.pool import PATIENCE_OF_PEOPLE, LedgerUnavailableError
from adapters.settings import load_settings
from adapters.wiring import Services, build, conninfo_of
from api import problems, service, v1
from api.crowd import Crowd
from api.headers import Surround
from api.openapi import TITLE, VERSION, describe
from api.services import Services as Needed
from api.web import (
    access,
    amending,
    auditlog,
    cards,
    chronicle,
    clocks,
    compliance,
    drafting,
    figures,
    importing,
    integrity,
    log,
    pages,
    people,
    persons,
    procedures,
    published,
    registry,
    regulations,
    search,
    trail,
    what_if,
)

MOST_AT_WORK = 20
"""Requests for each connection to the database: about two seconds' work."""


def create_app(services: Services) -> FastAPI:
    """The application on these services, which it closes when it ends."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        del app
        current_default_thread_limiter().total_tokens = services.settings.pool_size
        services.sweep()
        yield
        services.close()

    app = FastAPI(
        title=TITLE, version=VERSION, docs_url=None, redoc_url=None, redirect_slashes=False, lifespan=lifespan
    )
    needed: Needed = services
    app.state.services = needed
    app.add_middleware(Crowd, most=MOST_AT_WORK * services.settings.pool_size)
    app.add_middleware(Surround)
    own = (
        access.router,
        amending.router,
        auditlog.router,
        auditlog.readers_router,
        cards.router,
        chronicle.router,
        clocks.router,
        compliance.router,
        what_if.router,
        figures.router,
        published.router,
        integrity.router,
        drafting.router,
        log.router,
        persons.router,
        procedures.router,
        registry.router,
        regulations.router,
        importing.router,
        search.router,
        trail.router,
    )
    of_pages = (pages.router, pages.open_router, people.router, people.open_router, *own)
    problems.install(app, LedgerUnavailableError, pages.stray_page)
    app.router.routes += [route for router in (service.router, *v1.ROUTERS, *of_pages) for route in router.routes]
    app.mount("/docs/assets", service.docs_files)
    app.mount("/static", StaticFiles(directory=str(files("api.web") / "static")))

    def openapi() -> dict[str, object]:
        app.openapi_schema = app.openapi_schema or describe(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way
    return app


def create_app_from_environment() -> FastAPI:
    """The application of this process's settings, for `uvicorn --factory`."""
    settings = load_settings()
    configure(settings.log_format, settings.log_level)
    app = create_app(build(settings, conninfo_of(settings), name="duban-web", patience=PATIENCE_OF_PEOPLE))
    started()
    return app
