"""The HTTP API, version 1."""

from collections.abc import Iterable, Iterator

from starlette.routing import BaseRoute

from api.v1 import (
    attachments,
    audit,
    bulk,
    cards,
    chronicle,
    clocks,
    compliance,
    figures,
    integrity,
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

ROUTERS = tuple(
    module.router
    for module in (
        reading,
        rulebooks,
        work,
        recording,
        bulk,
        attachments,
        persons,
        registry,
        regulations,
        audit,
        compliance,
        chronicle,
        clocks,
        figures,
        search,
        published,
        what_if,
        cards,
        integrity,
    )
)


def each(routes: Iterable[BaseRoute]) -> Iterator[BaseRoute]:
    """The routes, and instead of that of all steps each of their operations."""
    for route in routes:
        yield from route.routes if isinstance(route, recording.StepOperations) else (route,)
