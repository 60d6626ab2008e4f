"""The HTTP API, version 1."""

from fastapi import APIRouter, Depends

from api.problems import refuse_repeated
from api.v1 import (
    attachments,
    audit,
    bulk,
    chronicle,
    clocks,
    compliance,
    figures,
    persons,
    published,
    reading,
    recording,
    registry,
    regulations,
    rulebooks,
    search,
    what_if,
    work,
)

router = APIRouter(dependencies=[Depends(refuse_repeated)])
router.include_router(reading.router)
router.include_router(rulebooks.router)
router.include_router(work.router)
router.include_router(recording.router)
router.include_router(bulk.router)
router.include_router(attachments.router)
router.include_router(persons.router)
router.include_router(registry.router)
router.include_router(regulations.router)
router.include_router(audit.router)
router.include_router(compliance.router)
router.include_router(chronicle.router)
router.include_router(clocks.router)
router.include_router(figures.router)
router.include_router(search.router)
router.include_router(published.router)
router.include_router(what_if.router)

routes = [
    *reading.router.routes,
    *rulebooks.router.routes,
    *work.router.routes,
    *recording.router.routes,
    *bulk.router.routes,
    *attachments.router.routes,
    *persons.router.routes,
    *registry.router.routes,
    *regulations.router.routes,
    *audit.router.routes,
    *compliance.router.routes,
    *chronicle.router.routes,
    *clocks.router.routes,
    *figures.router.routes,
    *search.router.routes,
    *published.router.routes,
    *what_if.router.routes,
]
"""Every route, which the router that includes them does not tell."""
