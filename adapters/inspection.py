"""What a file is by its content, and what no file may hold: scripts, macros, bombs, paths.

Nothing is rendered and nothing is run; a file is looked at in pieces, so that its size costs no memory.
"""

from __future__ import annotations

import codecs
import re
import stat
import struct
import tempfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import IO, NoReturn
from xml.parsers import expat
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, LargeZipFile, ZipFile, ZipInfo

from domain.attachment import MediaType, extension_of
from domain.refusal import Refused

PIECE = 1 << 18
MOST_MEMBERS = 2_000
MOST_UNPACKED = 500_000_000
MOST_RATIO = 100
RATIO_COUNTS_FROM = 10_000_000
"""Unpacked bytes from which on the ratio to the packed ones counts."""

_MOST_TYPES = 1_000_000
_MOST_DIRECTORY = 2_000_000
_MOST_OBJECTS = 100_000_000
"""Bytes that the object streams of a PDF may unpack to."""
_HEAD = 1_024
_TAIL = 65_536 + 22
_MOST_STREAMS = 200_000
_OVERLAP = 4_096
"""A dictionary of a PDF that is longer is not seen whole."""
_LOCAL = struct.Struct("<4s5H3I2H")
_LOCAL_MAGIC = b"PK\x03\x04"
_END_MAGIC = b"PK\x05\x06"
_END_BYTES = 22
_ENCRYPTED = 0x1
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_ENTRY = 128
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"heif", b"mif1", b"msf1"}
_ARCHIVES = (_LOCAL_MAGIC, b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b\x08", b"BZh", b"\xfd7zXZ\x00", b"MZ")
_EMBEDDED = {"docx", "xlsx"}
_MACROS = re.compile(r"macroenabled|vbaproject|vbadata", re.IGNORECASE)
_MARKUP = re.compile(rb"<\s*(?:!doctype\s+html|html|script|svg|body|iframe)\b", re.IGNORECASE)
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_UNSAFE_PATH = re.compile(r"^[/\\]|^[A-Za-z]:|\\|(?:^|/)\.\.(?:/|$)|[\x00-\x1f]")
_MAIN_PARTS = {
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml": MediaType.DOCX,
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml": MediaType.XLSX,
}


class FileRefused(Refused):
    """A file that is not kept, and why."""


def inspect(path: Path, name: str, expected: MediaType) -> None:
    """Refuse a file whose content is not what its name says, or that holds what no file may hold.

    It does not see: what is encrypted in an old Office file, and its macros of Excel 4.0; what an OLE object that is
    embedded in a document holds, and links to templates elsewhere; of a PDF, scripts inside XFA forms and objects
    that are packed under a dictionary which is longer than 4 KB or written to mislead; anything that a program may
    get wrong in an image.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
        if expected is MediaType.TEXT:
            _inspect_text(file)
            return
        if not _MAGIC[expected](head):
            raise FileRefused("file-content-differs", field="name", name=name, ending=extension_of(name))
        if expected in _PACKED:
            _inspect_archive(file, path.parent, expected)
            return
        _refuse_hidden_archive(file, name)
        if expected is MediaType.PDF:
            _inspect_pdf(file, head, name)
        elif expected in _OLE_STREAMS:
            _inspect_ole(file, name, _OLE_STREAMS[expected])


def _is_heic(head: bytes) -> bool:
    length = int.from_bytes(head[:4], "big")
    brands = head[8:length] if head[4:8] == b"ftyp" else b""
    return any(brands[i : i + 4] in _HEIC_BRANDS for i in range(0, len(brands), 4) if i != len(b"ftyp"))


_MAGIC: dict[MediaType, Callable[[bytes], bool]] = {
    MediaType.PDF: lambda head: head.startswith(b"%PDF-"),
    MediaType.OFD: lambda head: head.startswith(_LOCAL_MAGIC),
    MediaType.DOCX: lambda head: head.startswith(_LOCAL_MAGIC),
    MediaType.XLSX: lambda head: head.startswith(_LOCAL_MAGIC),
    MediaType.DOC: lambda head: head.startswith(_OLE),
    MediaType.XLS: lambda head: head.startswith(_OLE),
    MediaType.WPS: lambda head: head.startswith(_OLE),
    MediaType.JPEG: lambda head: head.startswith(b"\xff\xd8\xff"),
    MediaType.PNG: lambda head: head.startswith(b"\x89PNG\r\n\x1a\n"),
    MediaType.HEIC: _is_heic,
    MediaType.WEBP: lambda head: head.startswith(b"RIFF") and head[8:12] == b"WEBP",
    MediaType.TIFF: lambda head: head.startswith((b"II*\x00", b"MM\x00*")),
}
_PACKED = {MediaType.OFD, MediaType.DOCX, MediaType.XLSX}
_OLE_STREAMS = {
    MediaType.DOC: ("WordDocument",),
    MediaType.WPS: ("WordDocument",),
    MediaType.XLS: ("Workbook", "Book"),
}


def _pieces(file: IO[bytes], overlap: int = 0) -> Iterator[tuple[int, bytes]]:
    """The file from its beginning, each piece with its place; a piece begins with the last bytes of the one before."""
    file.seek(0)
    place, kept = 0, b""
    while piece := file.read(PIECE):
        yield place - len(kept), kept + piece
        place += len(piece)
        kept = (kept + piece)[-overlap:] if overlap else b""


def _inspect_text(file: IO[bytes]) -> None:
    """Refuse what is not UTF-8, or has control characters beside tabs and line ends."""
    decode = codecs.getincrementaldecoder("utf-8")()
    try:
        for _, piece in _pieces(file):
            _refuse_controls(decode.decode(piece))
        decode.decode(b"", final=True)
    except UnicodeDecodeError:
        raise FileRefused("file-text-unreadable", reason="file_not_utf8") from None


def _refuse_controls(text: str) -> None:
    if _CONTROLS.search(text):
        raise FileRefused("file-text-unreadable", reason="file_controls")


def _refuse_hidden_archive(file: IO[bytes], name: str) -> None:
    """Refuse a file that is an archive too: one whose directory ends where the file ends."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _TAIL))
    tail = file.read(_TAIL)
    place = tail.rfind(_END_MAGIC)
    while place >= 0:
        comment = tail[place + _END_BYTES - 2 : place + _END_BYTES]
        if place + _END_BYTES + int.from_bytes(comment, "little") == len(tail):
            raise FileRefused("file-is-two", field="name", name=name)
        place = tail.rfind(_END_MAGIC, 0, place)


# Office documents and OFD: archives


@dataclass
class _Budget:
    """What may still be unpacked of an archive and of what is embedded in it."""

    packed: int
    unpacked: int = 0

    def take(self, count: int) -> None:
        """Refuse more than is reasonable while it is being unpacked, whatever the directory says."""
        self.unpacked += count
        if self.unpacked > MOST_UNPACKED:
            _unsafe("archive_unpacked")
        if self.unpacked > RATIO_COUNTS_FROM and self.unpacked > MOST_RATIO * self.packed:
            _unsafe("archive_ratio")


def _unsafe(reason: str) -> NoReturn:
    raise FileRefused("file-archive-unsafe", reason=reason)


def _inspect_archive(file: IO[bytes], workplace: Path, expected: MediaType) -> None:
    """Refuse an archive that is no document of the expected kind, or is made to harm whoever unpacks it."""
    budget = _Budget(packed=file.seek(0, 2))
    if _opened(file, budget, workplace, depth=0) is not expected:
        raise FileRefused("file-archive-unsafe", reason=f"archive_not_{expected.name.lower()}")


def _opened(file: IO[bytes], budget: _Budget, workplace: Path, depth: int) -> MediaType | None:
    """What kind of document an archive is, when every member was unpacked and looked at."""
    _refuse_long_directory(file)
    try:
        with ZipFile(file) as archive:
            members = archive.infolist()
    except (BadZipFile, LargeZipFile, NotImplementedError, ValueError, OverflowError):
        _unsafe("archive_damaged")
    _refuse_directory(members)
    names = {member.filename.lower() for member in members}
    types = b""
    for member in members:
        kept = _unpacked(file, member, budget, workplace, depth)
        if member.filename == "[Content_Types].xml":
            types = kept
    if types:
        return _kind_of(_content_types(types))
    return MediaType.OFD if "ofd.xml" in names else None


def _refuse_long_directory(file: IO[bytes]) -> None:
    """Refuse an archive that does not end with its directory, or whose directory alone would fill the memory."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _END_BYTES))
    end = file.read(_END_BYTES)
    if len(end) < _END_BYTES or not end.startswith(_END_MAGIC) or end[-2:] != b"\0\0":
        _unsafe("archive_damaged")
    if int.from_bytes(end[12:16], "little") > _MOST_DIRECTORY:
        _unsafe("archive_members")


def _refuse_directory(members: Sequence[ZipInfo]) -> None:
    """Refuse what the directory of an archive alone gives away."""
    if len(members) > MOST_MEMBERS:
        _unsafe("archive_members")
    if sum(member.file_size for member in members) > MOST_UNPACKED:
        _unsafe("archive_unpacked")
    if len({member.filename.lower() for member in members}) < len(members):
        _unsafe("archive_name_twice")
    for member in members:
        _refuse_member(member)
    places = sorted((member.header_offset, member.compress_size) for member in members)
    if not places or places[0][0] != 0:
        _unsafe("archive_damaged")
    for (place, size), (following, _) in pairwise(places):
        if place + _LOCAL.size + size > following:
            _unsafe("archive_overlap")


def _refuse_member(member: ZipInfo) -> None:
    if _UNSAFE_PATH.search(member.orig_filename):
        _unsafe("archive_path")
    if stat.S_ISLNK(member.external_attr >> 16):
        _unsafe("archive_link")
    if member.flag_bits & _ENCRYPTED:
        _unsafe("archive_encrypted")
    if member.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
        _unsafe("archive_packing")
    if _MACROS.search(member.orig_filename):
        raise FileRefused("file-has-macros")


def _unpacked(file: IO[bytes], member: ZipInfo, budget: _Budget, workplace: Path, depth: int) -> bytes:
    """The content of the list of types, of other members nothing; all of it is unpacked, measured and looked at."""
    kept = bytearray()
    wanted = member.filename == "[Content_Types].xml"
    size = crc = 0
    inner: IO[bytes] | None = None
    try:
        for piece in _inflated(file, member):
            if size == 0:
                inner = _embedded(piece[:8], member, workplace, depth)
            size += len(piece)
            budget.take(len(piece))
            if size > member.file_size:
                _unsafe("archive_lies")
            crc = zlib.crc32(piece, crc)
            if inner is not None:
                inner.write(piece)
            if wanted:
                kept += piece
                if len(kept) > _MOST_TYPES:
                    _unsafe("archive_damaged")
        if size != member.file_size or crc != member.CRC:
            _unsafe("archive_lies")
        if inner is not None:
            _opened(inner, budget, workplace, depth + 1)
    finally:
        if inner is not None:
            inner.close()
    return bytes(kept)


def _embedded(head: bytes, member: ZipInfo, workplace: Path, depth: int) -> IO[bytes] | None:
    """Where to unpack a document that is embedded in a document; any other archive or program in it is refused."""
    if not head.startswith(_ARCHIVES):
        return None
    if depth > 0 or not head.startswith(_LOCAL_MAGIC) or extension_of(member.filename) not in _EMBEDDED:
        _unsafe("archive_nested")
    return tempfile.TemporaryFile(dir=workplace)


def _inflated(file: IO[bytes], member: ZipInfo) -> Iterator[bytes]:
    """What a member really unpacks to, at most a piece at a time; its own header must agree with the directory."""
    file.seek(member.header_offset)
    raw = file.read(_LOCAL.size)
    if len(raw) < _LOCAL.size:
        _unsafe("archive_damaged")
    magic, _, flags, method, _, _, _, _, _, name_length, extra_length = _LOCAL.unpack(raw)
    name = file.read(name_length)
    own = member.orig_filename.encode("utf-8" if member.flag_bits & 0x800 else "cp437")
    if magic != _LOCAL_MAGIC or flags & _ENCRYPTED or method != member.compress_type or name != own:
        _unsafe("archive_lies")
    place, left = file.tell() + extra_length, member.compress_size
    packing = zlib.decompressobj(-15) if method == ZIP_DEFLATED else None
    while left > 0:
        file.seek(place)
        piece = file.read(min(PIECE, left))
        if not piece:
            _unsafe("archive_damaged")
        place, left = place + len(piece), left - len(piece)
        if packing is None:
            yield piece
            continue
        yield from _inflate(packing, piece)
    if packing is not None and not packing.eof:
        _unsafe("archive_lies")


def _inflate(packing: zlib._Decompress, piece: bytes) -> Iterator[bytes]:
    while piece:
        try:
            unpacked = packing.decompress(piece, PIECE)
        except zlib.error:
            _unsafe("archive_damaged")
        if unpacked:
            yield unpacked
        if packing.eof and packing.unused_data:
            _unsafe("archive_lies")
        piece = packing.unconsumed_tail
        if packing.eof or not (unpacked or piece):
            return


def _content_types(document: bytes) -> set[str]:
    """The content types that an Office document declares; without entities, which it has no use for."""
    found: set[str] = set()

    def element(_: str, attributes: dict[str, str]) -> None:
        found.add(attributes.get("ContentType", "").strip().lower())

    def doctype(*_: object) -> None:
        _unsafe("archive_damaged")

    parser = expat.ParserCreate()
    parser.StartElementHandler = element
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(document, True)  # noqa: FBT003 - expat's own signature
    except expat.ExpatError:
        _unsafe("archive_damaged")
    return found


def _kind_of(types: set[str]) -> MediaType | None:
    if any(_MACROS.search(declared) for declared in types):
        raise FileRefused("file-has-macros")
    found = {kind for declared, kind in _MAIN_PARTS.items() if declared in types}
    return found.pop() if len(found) == 1 else None


# PDF


def _spelled(name: str) -> str:
    """How a PDF may write a name: each letter as itself or by its number."""
    return "".join(f"(?:{letter}|#{ord(letter):02x}|#{ord(letter):02X})" for letter in name)


def _named(*names: str) -> re.Pattern[bytes]:
    return re.compile(rf"/(?:{'|'.join(map(_spelled, names))})(?=[\s\x00()<>\[\]{{}}/%])".encode())


_ENDS = rb"\s\x00()<>\[\]{}/%"
_ACTIVE = {b"JavaScript", b"Launch", b"EmbeddedFile", b"EmbeddedFiles", b"RichMedia"}
_FATAL = re.compile(rb"/(JavaScript|Launch|EmbeddedFiles?|RichMedia|Encrypt)(?=[" + _ENDS + rb"])")
_ESCAPED = re.compile(
    rb"/(?=[^#" + _ENDS + rb"]{0,12}#)((?:[EJLR]|#4[5AaCc]|#52)[^" + _ENDS + rb"]{1,40})(?=[" + _ENDS + rb"])"
)
"""A name that begins as those above and writes letters by their numbers."""
_MOST_ESCAPED = 500
"""Such names in a piece."""
_NUMBER = re.compile(rb"#([0-9A-Fa-f]{2})")
_OBJECTS = _named("ObjStm")
_FILTER = _named("Filter", "F")
_PLAIN_FLATE = re.compile(rb"/Filter\s*(?:/FlateDecode\s*(?:/|>>)|\[\s*/FlateDecode\s*\])")
_PREDICTOR = _named("Predictor")
_STREAM = re.compile(rb"(?<!end)stream(?:\r\n|\n|\r)")
_LAST_WORD = b"%%EOF"
_LAST_BYTES = 2_048


def _inspect_pdf(file: IO[bytes], head: bytes, name: str) -> None:
    """Refuse scripts, programs to launch, embedded files, a password, and what is also something else."""
    if _MARKUP.search(head):
        raise FileRefused("file-is-two", field="name", name=name)
    size = file.seek(0, 2)
    file.seek(max(0, size - _LAST_BYTES))
    before, word, after = file.read().rpartition(_LAST_WORD)
    del before
    if not word:
        raise FileRefused("file-pdf-unsafe", reason="pdf_cut_off")
    if after.strip(b"\0 \t\r\n\f"):
        raise FileRefused("file-is-two", field="name", name=name)
    left, streams, seen = _MOST_OBJECTS, 0, 0
    for place, piece in _pieces(file, _OVERLAP):
        _refuse_active(piece)
        for found in _STREAM.finditer(piece):
            streams += 1
            if streams > _MOST_STREAMS:
                raise FileRefused("file-pdf-unsafe", reason="pdf_streams")
            if place + found.end() > seen and _OBJECTS.search(said := _dictionary(piece, found.start())):
                seen = place + found.end()
                left -= _inspect_objects(file, seen, said, left)
        file.seek(place + len(piece))


def _dictionary(piece: bytes, stream: int) -> bytes:
    """What stands before a stream, from the beginning of its object on."""
    earliest = max(0, stream - _OVERLAP)
    return piece[max(piece.rfind(b"obj", earliest, stream), earliest) : stream]


def _refuse_active(piece: bytes) -> None:
    for found in _FATAL.finditer(piece):
        _refuse_name(found[1])
    if b"#" in piece:
        for count, found in enumerate(_ESCAPED.finditer(piece)):
            if count == _MOST_ESCAPED:
                raise FileRefused("file-pdf-unsafe", reason="pdf_names")
            _refuse_name(_NUMBER.sub(lambda number: bytes([int(number[1], 16)]), found[1]))


def _refuse_name(name: bytes) -> None:
    if name in _ACTIVE:
        raise FileRefused("file-pdf-unsafe", reason="pdf_active")
    if name == b"Encrypt":
        raise FileRefused("file-pdf-unsafe", reason="pdf_encrypted")


def _inspect_objects(file: IO[bytes], place: int, said: bytes, most: int) -> int:
    """Look at the objects that a stream packs; how many bytes they are."""
    if not _FILTER.search(said):
        return 0
    if not _PLAIN_FLATE.search(said) or _PREDICTOR.search(said):
        raise FileRefused("file-pdf-unsafe", reason="pdf_packing")
    file.seek(place)
    packing, count, kept = zlib.decompressobj(), 0, b""
    while not packing.eof and (piece := packing.unconsumed_tail or file.read(PIECE)):
        try:
            unpacked = packing.decompress(piece, PIECE)
        except zlib.error:
            raise FileRefused("file-pdf-unsafe", reason="pdf_damaged") from None
        count += len(unpacked)
        if count > most:
            raise FileRefused("file-pdf-unsafe", reason="pdf_unpacked")
        _refuse_active(kept + unpacked)
        kept = (kept + unpacked)[-_OVERLAP:]
    _refuse_active(kept + b" ")
    return count


# Old Office documents


def _inspect_ole(file: IO[bytes], name: str, streams: Sequence[str]) -> None:
    """Refuse a compound file without the stream of its kind, or with a project of macros."""
    found = False
    for _, piece in _pieces(file):
        if _has_entry(piece, "_VBA_PROJECT"):
            raise FileRefused("file-has-macros")
        found = found or any(_has_entry(piece, stream) for stream in streams)
    if not found:
        raise FileRefused("file-content-differs", field="name", name=name, ending=extension_of(name))


def _has_entry(piece: bytes, name: str) -> bool:
    """Whether an entry of a directory, which begins at a multiple of 128, has that name."""
    written = name.encode("utf-16-le") + b"\0\0"
    place = piece.find(written)
    while place >= 0 and place % _OLE_ENTRY:
        place = piece.find(written, place + 1)
    return place >= 0
