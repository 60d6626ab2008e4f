"""The HTTP API, version 1."""

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
