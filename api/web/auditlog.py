"""The page of the audit log, which everybody may read: what was signed last, and how it is checked elsewhere."""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO

import segno
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import BaseModel, Field

from api.attachments import disposition
from api.logyears import hand_out_year, takes_years, year_zone
from api.services import services_of
from api.web.guard import known, reader_of
from api.web.log import teller
from api.web.pages import OpenPageRoute, PageRoute, query_of, render
from domain.refusal import Refused

PAGE = "/log"
DAYS = 31
"""Of as many days a checkpoint is listed."""

_DRAWN = 16
"""QR codes that are kept; to draw one takes longer than to make a page."""
_SVG = "image/svg+xml"
_PLAIN = "text/plain; charset=utf-8"
_STAMP = "application/timestamp-reply"

router = APIRouter(route_class=OpenPageRoute, include_in_schema=False, default_response_class=HTMLResponse)
readers_router = APIRouter(route_class=PageRoute, include_in_schema=False)


class CheckpointQuery(BaseModel):
    """Which checkpoint is wanted."""

    size: int | None = Field(None, ge=1, le=2**62)


@router.get(PAGE)
def log(request: Request) -> Response:
    """How far the log is signed, the newest checkpoint as text and QR code, those of earlier days, and the key."""
    services, session = services_of(request), known(request)
    status = services.audit.status()
    note = status.checkpoint
    return render(
        request,
        "audit_log.html",
        status_of_log=status,
        tell=teller(request, services.jurisdiction),
        note=note,
        lines=[] if note is None else note.split("\n")[:3],
        key=None if note is None else services.audit.key(),
        daily=services.audit.daily(DAYS),
        forks=services.audit.forks(),
        years=services.audit.years(year_zone(services))[::-1],
        takes_years=session is not None and takes_years(services, session.account.principal),
    )


@router.get(f"{PAGE}/checkpoint")
def checkpoint(request: Request) -> Response:
    """The newest checkpoint as it was signed, or the one of a size."""
    return _saved(services_of(request).audit.checkpoint(query_of(request, CheckpointQuery).size), "checkpoint")


@router.get(f"{PAGE}/checkpoint.svg")
def checkpoint_code(request: Request) -> Response:
    """The same as a QR code, for paper."""
    note = services_of(request).audit.checkpoint(query_of(request, CheckpointQuery).size)
    return Response(_drawn(note), media_type=_SVG, headers={"Cache-Control": "max-age=3600"})


@router.get(f"{PAGE}/fork")
def fork(request: Request) -> Response:
    """What the log has in common with the one in whose place it was begun."""
    headers = {"Content-Disposition": disposition("fork.json")}
    return JSONResponse(services_of(request).audit.fork(), headers=headers)


@router.get(f"{PAGE}/timestamp")
def timestamp(request: Request) -> Response:
    """The time-stamp that an authority gave for the checkpoint of a size."""
    size = query_of(request, CheckpointQuery).size
    if size is None:
        raise Refused("page.unfinished-address")
    headers = {"Content-Disposition": disposition("checkpoint.tsr")}
    return Response(services_of(request).audit.time_stamp(size), media_type=_STAMP, headers=headers)


@router.get(f"{PAGE}/key")
def key(request: Request) -> Response:
    """The public key of the log."""
    return _saved(f"{services_of(request).audit.key()}\n", "log.key")


@readers_router.get(f"{PAGE}/years/{{year:int}}")
def year(request: Request, year: int) -> Response:
    """What was recorded in a year, as a file that is checked by itself, for those from whom nothing is kept."""
    return hand_out_year(services_of(request), reader_of(request), year)


@lru_cache(_DRAWN)
def _drawn(note: str) -> bytes:
    drawn = BytesIO()
    segno.make_qr(note, error="m").save(drawn, kind="svg", border=3, xmldecl=False, omitsize=True)
    return drawn.getvalue()


def _saved(text: str, name: str) -> Response:
    return Response(text, media_type=_PLAIN, headers={"Content-Disposition": disposition(name)})
