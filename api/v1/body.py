"""Bodies as they come: at most 1 MB of UTF-8 JSON, read once and strictly."""

from __future__ import annotations

import json
import math
from typing import Annotated, Any, NoReturn

from fastapi import Depends, Request

from api.problems import ProblemError

MOST = 1_000_000
"""Bytes of a body."""

_SHOWN = 100
_UTF_8 = {"", "utf-8", "utf8"}


async def read_body(request: Request) -> bytes:
    """The bytes of a JSON body; reading stops at the limit."""
    given = request.headers.get("content-type", "")
    kind, _, rest = given.partition(";")
    charset = rest.strip().lower().removeprefix("charset=").strip("\"'")
    if kind.strip().lower() != "application/json" or charset not in _UTF_8:
        raise ProblemError("content-type-not-json", given=given[:_SHOWN] or "—", headers={"Accept": "application/json"})
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and (len(declared) > len(str(MOST)) or int(declared) > MOST):
        _too_large()
    read = bytearray()
    async for chunk in request.stream():
        read += chunk
        if len(read) > MOST:
            _too_large()
    return bytes(read)


Body = Annotated[bytes, Depends(read_body)]


def parse(body: bytes) -> dict[str, Any]:
    """A JSON object that means one thing only: no name twice, no NaN, nothing that UTF-8 cannot write."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ProblemError("body-not-utf8", reason="utf_8_byte", byte=error.start + 1) from None
    if text.startswith("\ufeff"):
        raise ProblemError("body-not-utf8", reason="utf_8_mark")
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_constant=_no_number, parse_float=_float)
    except RecursionError:
        raise ProblemError("body-not-json", reason="json_depth") from None
    except json.JSONDecodeError as error:
        raise ProblemError("body-not-json", reason="json_syntax", line=error.lineno, column=error.colno) from None
    except ValueError:
        raise ProblemError("body-not-json", reason="json_number_too_large") from None
    if not isinstance(value, dict):
        raise ProblemError("body-not-json", reason="json_not_an_object")
    return value


def canonical(value: dict[str, Any]) -> bytes:
    """The bytes that are the same for every way to write the same body."""
    try:
        return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        raise ProblemError("body-not-utf8", reason="utf_8_surrogate") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ProblemError("body-not-json", reason="json_name_twice")
    return found


def _no_number(name: str) -> NoReturn:
    del name
    raise ProblemError("body-not-json", reason="json_not_a_number")


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ProblemError("body-not-json", reason="json_number_too_large")
    return number


def _too_large() -> NoReturn:
    raise ProblemError("body-too-large", most=MOST, headers={"Connection": "close"})
