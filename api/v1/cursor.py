"""Cursors: the moment, the filter, the order and the last row of a page, signed so that nobody else makes one."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

import orjson

from api.problems import ProblemError, ProblemItem
from api.words import Words
from domain.moment import Moment
from projections.reading import Filter

_MAC = 16
_LONGEST = 8_000


@dataclass(frozen=True)
class Page:
    """Where a list goes on: all that made the page before, and its last row."""

    wanted: Filter
    moment: Moment
    sort: str
    after: tuple[Any, str]

    def sealed(self, secret: bytes) -> str:
        """The page as a cursor."""
        value, case_id = self.after
        kind = "date" if isinstance(value, date) else "text"
        payload = orjson.dumps(
            [asdict(self.wanted), self.moment.as_of, self.moment.known, self.sort, kind, value, case_id]
        )
        return base64.urlsafe_b64encode(_mac(secret, payload) + payload).rstrip(b"=").decode()


def unsealed(cursor: str, secret: bytes, tell: Words) -> Page:
    """The page of a cursor that this service made."""
    try:
        raw = base64.urlsafe_b64decode(cursor[:_LONGEST].encode() + b"==")
    except (binascii.Error, ValueError):
        raw = b""
    payload = raw[_MAC:]
    if not hmac.compare_digest(raw[:_MAC], _mac(secret, payload)):
        item = ProblemItem(pointer=None, parameter="cursor", code="cursor-not-ours", detail=tell("cursor-not-ours"))
        raise ProblemError("cursor-not-ours", errors=[item])
    wanted, as_of, known, sort, kind, value, case_id = orjson.loads(payload)
    if kind == "date":
        value = date.fromisoformat(value)
    return Page(Filter(**wanted), Moment(datetime.fromisoformat(as_of), known), sort, (value, case_id))


def _mac(secret: bytes, payload: bytes) -> bytes:
    return hmac.digest(secret, b"cursor\n" + payload, hashlib.sha256)[:_MAC]
