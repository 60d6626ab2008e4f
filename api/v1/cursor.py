"""Cursors: the moment, the filter, the order and the last row of a page, signed so that nobody else makes one."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

import orjson

from api.problems import ProblemError, ProblemItem
from api.words import Words
from domain.moment import Moment
from projections.reading import ClockFilter, ClockKey, Filter, Light, SearchKey, WorkKey

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
        said = [asdict(self.wanted), self.moment.as_of, self.moment.known, self.sort, kind, value, case_id]
        return _sealed("cases", said, secret)


@dataclass(frozen=True)
class WorkPage:
    """Where a work list goes on."""

    wanted: Filter
    moment: Moment
    step: str | None
    light: Light | None
    after: WorkKey

    def sealed(self, secret: bytes) -> str:
        """The page as a cursor."""
        said = [asdict(self.wanted), self.moment.as_of, self.moment.known, self.step, self.light, self.after]
        return _sealed("work", said, secret)


@dataclass(frozen=True)
class CountedPage:
    """Where the list behind a figure goes on."""

    jurisdiction: str
    metric: str
    wanted: Mapping[str, Any]
    moment: Moment
    after: tuple[str, str]

    def sealed(self, secret: bytes) -> str:
        """The page as a cursor."""
        said = [self.jurisdiction, self.metric, dict(self.wanted), self.moment.as_of, self.moment.known, self.after]
        return _sealed("counted", said, secret)


@dataclass(frozen=True)
class SearchPage:
    """Where a list of what was found goes on."""

    q: str
    wanted: Filter
    moment: Moment
    after: SearchKey

    def sealed(self, secret: bytes) -> str:
        """The page as a cursor."""
        said = [self.q, asdict(self.wanted), self.moment.as_of, self.moment.known, self.after]
        return _sealed("found", said, secret)


@dataclass(frozen=True)
class ClocksPage:
    """Where a list of clocks goes on."""

    wanted: ClockFilter
    moment: Moment
    after: ClockKey

    def sealed(self, secret: bytes) -> str:
        """The page as a cursor."""
        return _sealed("clocks", [asdict(self.wanted), self.moment.as_of, self.moment.known, self.after], secret)


def unsealed(cursor: str, secret: bytes, tell: Words) -> Page:
    """The page of a cursor that this service made."""
    wanted, as_of, known, sort, kind, value, case_id = _said("cases", cursor, secret, tell)
    if kind == "date":
        value = date.fromisoformat(value)
    return Page(Filter(**wanted), Moment(datetime.fromisoformat(as_of), known), sort, (value, case_id))


def work_page(cursor: str, secret: bytes, tell: Words, jurisdiction: str) -> WorkPage:
    """The page of a work list's cursor that this service made for that jurisdiction."""
    wanted, as_of, known, step, light, (due_on, *others) = _said("work", cursor, secret, tell)
    if wanted["jurisdiction"] != jurisdiction:
        raise ProblemError("cursor-not-ours")
    after = (due_on and date.fromisoformat(due_on), *others)
    return WorkPage(Filter(**wanted), Moment(datetime.fromisoformat(as_of), known), step, light, after)


def counted_page(cursor: str, secret: bytes, tell: Words, jurisdiction: str) -> CountedPage:
    """The page of a figure's list that this service made for that jurisdiction."""
    place, metric, wanted, as_of, known, (case_id, part) = _said("counted", cursor, secret, tell)
    if place != jurisdiction:
        raise ProblemError("cursor-not-ours")
    return CountedPage(place, metric, wanted, Moment(datetime.fromisoformat(as_of), known), (case_id, part))


def search_page(cursor: str, secret: bytes, tell: Words, jurisdiction: str) -> SearchPage:
    """The page of a cursor of what was found that this service made for that jurisdiction."""
    q, wanted, as_of, known, (titled, said_at, case_id) = _said("found", cursor, secret, tell)
    if wanted["jurisdiction"] != jurisdiction:
        raise ProblemError("cursor-not-ours")
    after = titled, datetime.fromisoformat(said_at), case_id
    return SearchPage(q, Filter(**wanted), Moment(datetime.fromisoformat(as_of), known), after)


def clocks_page(cursor: str, secret: bytes, tell: Words, jurisdiction: str) -> ClocksPage:
    """The page of a list of clocks' cursor that this service made for that jurisdiction."""
    wanted, as_of, known, (due_on, *others) = _said("clocks", cursor, secret, tell)
    if wanted["jurisdiction"] != jurisdiction:
        raise ProblemError("cursor-not-ours")
    days = {name: day and date.fromisoformat(day) for name, day in wanted.items() if name in {"due_from", "due_to"}}
    after = (date.fromisoformat(due_on), *others)
    return ClocksPage(ClockFilter(**wanted | days), Moment(datetime.fromisoformat(as_of), known), after)


def _sealed(what: str, said: list[Any], secret: bytes) -> str:
    payload = orjson.dumps([what, *said])
    return base64.urlsafe_b64encode(_mac(secret, payload) + payload).rstrip(b"=").decode()


def _said(what: str, cursor: str, secret: bytes, tell: Words) -> list[Any]:
    """What a cursor of that list says; one that we did not make for it is refused."""
    try:
        raw = base64.urlsafe_b64decode(cursor[:_LONGEST].encode() + b"==")
    except (binascii.Error, ValueError):
        raw = b""
    payload = raw[_MAC:]
    ours = hmac.compare_digest(raw[:_MAC], _mac(secret, payload))
    named, *said = orjson.loads(payload) if ours else [None]
    if named != what:
        item = ProblemItem(pointer=None, parameter="cursor", code="cursor-not-ours", detail=tell("cursor-not-ours"))
        raise ProblemError("cursor-not-ours", errors=[item])
    return list(said)


def _mac(secret: bytes, payload: bytes) -> bytes:
    return hmac.digest(secret, b"cursor\n" + payload, hashlib.sha256)[:_MAC]
