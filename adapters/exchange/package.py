"""Packages: the zip that a workbook is, read within limits that hold whatever its directory says."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from xml.parsers import expat

from adapters.exchange.grid import ImportRefused

MOST_BYTES = 50 * 1024 * 1024
"""The largest workbook that is opened."""
MOST_MEMBERS = 2_000
MOST_UNPACKED = 500 * 1024 * 1024
"""Bytes of all members together, as the directory tells them and as they are inflated."""
MOST_RATIO = 100
_RATIO_FROM = 10 * 1024 * 1024
MOST_ELEMENTS = 30_000_000
_CHUNK = 128 * 1024
_LONGEST_TOKEN = 4 * 1024 * 1024
_DEEPEST = 64
_SMALL = 4 * 1024 * 1024

_UNSAFE = re.compile(r"^[/\\]|^[A-Za-z]:|(?:^|[/\\])\.\.(?:[/\\]|$)|\0")
_ENCRYPTED = 0x1
_PLAIN = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}

BROKEN = (
    expat.ExpatError, zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, LookupError,
    ArithmeticError, NotImplementedError,
)  # fmt: skip
"""What reading a damaged workbook may raise."""

Start = Callable[[str, dict[str, str]], None]
End = Callable[[str], None]
Chars = Callable[[str], None]


class Package:
    """The members of a zip file that keeps within the limits; nothing is unpacked before the directory does."""

    def __init__(self, data: bytes, file: str) -> None:
        self.file = file
        self._zip = zipfile.ZipFile(io.BytesIO(data))
        self._inflated = 0
        self._elements = 0
        members = self._zip.infolist()
        if len(members) > MOST_MEMBERS:
            raise ImportRefused("import-zip-too-many-members", file=file, most=MOST_MEMBERS)
        for member in members:
            self._check(member)
        if sum(member.file_size for member in members) > MOST_UNPACKED:
            raise ImportRefused("import-zip-too-large", file=file, most=MOST_UNPACKED)
        self.names = [member.filename for member in members]
        if len(set(self.names)) < len(self.names):
            raise ImportRefused("import-broken-workbook", file=file)

    def _check(self, member: zipfile.ZipInfo) -> None:
        name = member.orig_filename
        if _UNSAFE.search(name):
            raise ImportRefused("import-zip-unsafe-name", file=self.file, member=name[:100])
        if member.flag_bits & _ENCRYPTED:
            raise ImportRefused("import-encrypted", file=self.file)
        if member.compress_type not in _PLAIN:
            raise ImportRefused("import-broken-workbook", file=self.file)
        if member.file_size > _RATIO_FROM and member.file_size > MOST_RATIO * max(member.compress_size, 1):
            raise ImportRefused("import-zip-ratio", file=self.file, member=name[:100], most=MOST_RATIO)

    def chunks(self, name: str) -> Iterator[bytes]:
        """A member's bytes as they are inflated."""
        with self._zip.open(name) as stream:
            while chunk := stream.read(_CHUNK):
                self._inflated += len(chunk)
                if self._inflated > MOST_UNPACKED:
                    raise ImportRefused("import-zip-too-large", file=self.file, most=MOST_UNPACKED)
                yield chunk

    def read(self, name: str) -> bytes:
        """A small member whole."""
        if self._zip.getinfo(name).file_size > _SMALL:
            raise ImportRefused("import-broken-workbook", file=self.file)
        return b"".join(self.chunks(name))

    def parse(self, name: str, start: Start, end: End, chars: Chars, done: Callable[[], bool] = bool) -> None:
        """Tell the elements of a member, by their local names, until it ends or the reader has had enough.

        No document type, and so no entity, is read; no nesting, token or number of elements is followed without end.
        """
        parser = expat.ParserCreate()
        parser.buffer_text = True
        depth = 0
        elements = self._elements

        def started(tag: str, attributes: dict[str, str]) -> None:
            nonlocal depth, elements
            depth += 1
            elements += 1
            if depth > _DEEPEST or elements > MOST_ELEMENTS:
                raise ImportRefused("import-broken-workbook", file=self.file)
            start(tag.rpartition(":")[2], attributes)

        def ended(tag: str) -> None:
            nonlocal depth
            depth -= 1
            end(tag.rpartition(":")[2])

        def refuse(*_: object) -> None:
            raise ImportRefused("import-broken-workbook", file=self.file)

        parser.StartElementHandler = started
        parser.EndElementHandler = ended
        parser.CharacterDataHandler = chars
        parser.StartDoctypeDeclHandler = refuse
        fed = 0
        for chunk in self.chunks(name):
            parser.Parse(chunk, False)  # noqa: FBT003 - expat's own way to say that more follows
            fed += len(chunk)
            if fed - parser.CurrentByteIndex > _LONGEST_TOKEN:
                refuse()
            if done():
                break
        else:
            parser.Parse(b"", True)  # noqa: FBT003 - the same, that nothing follows
        self._elements = elements


def attribute(attributes: dict[str, str], local: str) -> str | None:
    """An attribute by its local name, whatever prefix it has."""
    if local in attributes:
        return attributes[local]
    return next((value for name, value in attributes.items() if name.rpartition(":")[2] == local), None)
