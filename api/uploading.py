"""Files as they come in: the body itself or the one file of a form, in pieces, never whole in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from email.message import Message
from functools import partial
from typing import NoReturn, TypeVar

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from starlette.requests import ClientDisconnect

from api.problems import ProblemError
from api.services import Intake, Upload
from domain.principal import Principal
from domain.refusal import Refused

PIECE = 256 * 1024
"""Bytes that are handed to the disk at once."""

AROUND = 65_536
"""Bytes that a form may have beside its file."""

_FORM = "multipart/form-data"
_CLOSING = {"Connection": "close"}

_Done = TypeVar("_Done")
_Kept = TypeVar("_Kept")


async def take_in(
    request: Request, files: Intake[_Kept], asker: Principal, name: str | None, fields: dict[str, str] | None = None
) -> _Kept:
    """Keep the file that the request carries, or leave nothing of it; `name` goes before what a form calls it.

    What a form says beside its file is put into `fields`.
    """
    form = _Form(request, {} if fields is None else fields) if _is_form(request) else None
    declared = _declared(request, files.most, 0 if form is None else AROUND)
    upload: Upload[_Kept] | None = None
    held = bytearray()
    try:
        async for piece in request.stream() if form is None else form.pieces():
            if upload is None:
                called = name or ("" if form is None else form.name)
                length = declared if form is None else None
                upload = await _done(partial(files.begin, called, asker.jurisdiction, asker.actor, length))
            held += piece
            if len(held) >= PIECE:
                await _done(partial(upload.write, bytes(held)))
                held.clear()
        if upload is None:
            raise Refused("file-empty")
        await _done(partial(upload.write, bytes(held)))
        return await _done(upload.finish)
    except ClientDisconnect:
        raise ProblemError("upload-incomplete") from None
    finally:
        if upload is not None:
            upload.close()


async def _done(call: Callable[[], _Done]) -> _Done:
    """Wait for what the disk does; a file that is too large ends the connection, since the rest of it would follow."""
    try:
        return await run_in_threadpool(call)
    except Refused as refusal:
        if refusal.message_id == "file-too-large":
            _too_large(refusal.params["most"])
        raise


def _is_form(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == _FORM


def _declared(request: Request, most: int, around: int) -> int | None:
    """The length that the request declares, if it does; one that is too large is refused before anything is read."""
    given = request.headers.get("content-length", "")
    if not (given.isascii() and given.isdigit()):
        return None
    if len(given) > len(str(most + around)) or int(given) > most + around:
        _too_large(most)
    return int(given)


def _too_large(most: object) -> NoReturn:
    raise ProblemError("file-too-large", most=most, headers=_CLOSING)


class _Form:
    """A form with one file, as a browser sends it, and with small fields beside it."""

    def __init__(self, request: Request, fields: dict[str, str]) -> None:
        self.name = ""
        self._fields = fields
        self._beside: str | None = None
        self._text = bytearray()
        self._request = request
        self._files = 0
        self._around = 0
        self._field, self._value = bytearray(), bytearray()
        self._inside = self._ended = False
        self._found = bytearray()
        kind = Message()
        kind["content-type"] = request.headers["content-type"]
        boundary = kind.get_param("boundary")
        try:
            self._parser = MultipartParser(
                str(boundary or "").encode("latin-1"),
                {
                    "on_part_begin": self._part,
                    "on_header_field": lambda data, start, end: self._field.extend(data[start:end]),
                    "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
                    "on_header_end": self._header,
                    "on_part_data": self._data,
                    "on_part_end": self._part_end,
                    "on_end": self._end,
                },
            )
        except (FormParserError, UnicodeEncodeError):
            raise ProblemError("upload-unreadable") from None
        if not boundary:
            raise ProblemError("upload-unreadable")

    async def pieces(self) -> AsyncIterator[bytes]:
        """The content of the file, and nothing else of the form."""
        async for chunk in self._request.stream():
            self._around += len(chunk)
            try:
                self._parser.write(chunk)
            except FormParserError:
                raise ProblemError("upload-unreadable") from None
            self._around -= len(self._found)
            if self._around > AROUND:
                raise ProblemError("upload-unreadable", headers=_CLOSING)
            if self._found:
                yield bytes(self._found)
                self._found.clear()
        if not self._ended:
            raise ProblemError("upload-incomplete")

    def _part(self) -> None:
        self._inside = False
        self._beside = None
        self._text.clear()

    def _part_end(self) -> None:
        if self._beside is not None:
            self._fields[self._beside] = self._text.decode("utf-8", "replace")

    def _header(self) -> None:
        name, value = bytes(self._field).lower(), bytes(self._value)
        self._field.clear()
        self._value.clear()
        if name != b"content-disposition":
            return
        said = Message()
        said["content-disposition"] = value.decode("utf-8", "replace")
        if (filename := said.get_filename()) is None:
            self._beside = str(said.get_param("name", "", "content-disposition"))
            return
        self._files += 1
        if self._files > 1:
            raise ProblemError("upload-unreadable", headers=_CLOSING)
        self._inside, self.name = True, filename

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._inside:
            self._found += data[start:end]
        elif self._beside is not None:
            self._text += data[start:end]

    def _end(self) -> None:
        self._ended = True
