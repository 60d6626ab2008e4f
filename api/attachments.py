"""Attachments of a case at a moment, as they are handed out: never shown by the browser, never kept by it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from api.persons import note
from api.problems import ProblemError
from api.services import Services
from domain.attachment import MediaType
from domain.case import Attachment, Case
from domain.person import Occasion, readable
from domain.personal import Purpose
from domain.principal import Principal

HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, no-store",
    "Accept-Ranges": "bytes",
}
PARTIAL = 206
NOT_MODIFIED = 304

_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})\Z")


def hand_out(request: Request, services: Services, asker: Principal, case: Case, sha256: str) -> Response:
    """The content that the case has under that hash, whole or the one range that is asked for.

    One with a person's data is handed out to whoever may read them, for an occasion, and that is logged.
    """
    attached = case.attachment(sha256)
    if attached is None:
        raise ProblemError("no-such-attachment", sha256=sha256[:64])
    if attached.person is not None:
        _note(request, services, asker, case, attached.person)
    tag = f'"{attached.sha256}"'
    headers = HEADERS | {"ETag": tag, "Content-Disposition": disposition(attached.name)}
    if tag in re.split(r"\s*,\s*(?:W/)?", request.headers.get("if-none-match", "").removeprefix("W/")):
        return Response(status_code=NOT_MODIFIED, headers=headers)
    first, last, status = 0, attached.size - 1, 200
    if (asked := _range(request, attached.size, tag)) is not None:
        (first, last), status = asked, PARTIAL
        headers["Content-Range"] = f"bytes {first}-{last}/{attached.size}"
    headers["Content-Length"] = str(last - first + 1)
    pieces, kind = services.files.read(attached.sha256, attached.size, first, last), media_type(attached)
    if getattr(request.state, "head", False):
        return Response(None, status, headers, kind)
    return StreamingResponse(pieces, status, headers, kind)


def _note(request: Request, services: Services, asker: Principal, case: Case, person: str) -> None:
    standing = services.docket.case_file(case.id).case
    if standing is None:
        raise ProblemError("no-case-at-moment", case_id=case.id)
    if Purpose.FILES in readable(standing, person, [Purpose.FILES], asker, datetime.now(UTC)).restricted:
        raise ProblemError("personal-data-restricted")
    occasion = request.query_params.get("occasion", "")
    if occasion not in set(Occasion):
        raise ProblemError("occasion-missing", known=list(Occasion))
    note(services, asker, case.id, person, [Purpose.FILES], Occasion(occasion), request)


def disposition(name: str) -> str:
    """To be saved under that name (RFC 6266)."""
    return f"attachment; filename*=UTF-8''{quote(name, safe='')}"


def media_type(attached: Attachment) -> str:
    """What the file is, as a header says it."""
    return "text/plain; charset=utf-8" if attached.media_type is MediaType.TEXT else attached.media_type.value


def _range(request: Request, size: int, tag: str) -> tuple[int, int] | None:
    """The first and the last byte that are asked for; None is the whole, as for several ranges at once."""
    asked = _RANGE.match(request.headers.get("range", "").replace(" ", ""))
    if asked is None or request.headers.get("if-range", tag) != tag or asked[0] == "bytes=-":
        return None
    if not asked[1]:
        first, last = max(0, size - int(asked[2])), size - 1
    else:
        first, last = int(asked[1]), min(int(asked[2] or size), size - 1)
    if asked[1] and asked[2] and int(asked[2]) < first:
        return None
    if first > last:
        raise ProblemError("range-not-there", size=size, headers={"Content-Range": f"bytes */{size}"})
    return first, last
