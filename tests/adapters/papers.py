"""Files as offices hand them in, and as somebody makes them who means harm."""

from __future__ import annotations

import io
import zlib
from collections.abc import Mapping
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64
JPEG = b"\xff\xd8\xff\xe1\0\x20Exif\0\0" + b"GPS 31.2 N 121.5 E" + b"\0" * 64 + b"\xff\xd9"
HEIC = b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic" + b"\0" * 64
WEBP = b"RIFF\x40\0\0\0WEBPVP8 " + b"\0" * 64
TIFF = b"II*\0\x08\0\0\0" + b"\0" * 64


def pdf(*objects: bytes, tail: bytes = b"") -> bytes:
    """A small PDF with further objects."""
    numbered = (b"%d 0 obj\n%s\nendobj\n" % (i, said) for i, said in enumerate(objects, start=2))
    return (
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\n"
        + b"".join(numbered)
        + b"trailer\n<< /Root 1 0 R >>\nstartxref\n0\n%%EOF\n"
        + tail
    )


def packed_objects(said: bytes, entries: bytes = b"/Filter /FlateDecode") -> bytes:
    """An object stream that packs what is said."""
    packed = zlib.compress(said)
    return b"<< /Type /ObjStm /N 1 /First 4 /Length %d %s >>\nstream\n%s\nendstream" % (len(packed), entries, packed)


def content_types(*types: str, encoding: str = "utf-8") -> bytes:
    """The list of types that an Office document carries."""
    listed = "".join(f'<Override PartName="/{i}.xml" ContentType="{type_}"/>' for i, type_ in enumerate(types))
    return f'<?xml version="1.0" encoding="{encoding}"?><Types>{listed}</Types>'.encode(encoding)


def package(members: Mapping[str | ZipInfo, bytes]) -> bytes:
    """An archive."""
    place = io.BytesIO()
    with ZipFile(place, "w", ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return place.getvalue()


def document(more: Mapping[str | ZipInfo, bytes] | None = None, *types: str) -> bytes:
    """A Word document with further members and content types."""
    parts: dict[str | ZipInfo, bytes] = {
        "[Content_Types].xml": content_types(WORD, *types),
        "word/document.xml": "<w:document>答复</w:document>".encode(),
    }
    return package(parts | dict(more or {}))


def workbook() -> bytes:
    """An Excel workbook."""
    return package({"[Content_Types].xml": content_types(EXCEL), "xl/workbook.xml": b"<workbook/>"})


def ofd() -> bytes:
    """An OFD document."""
    return package({"OFD.xml": b"<ofd:OFD/>", "Doc_0/Document.xml": b"<ofd:Document/>"})


def compound(*entries: str) -> bytes:
    """An old Office file with a directory of these entries."""
    directory = b"".join(entry.encode("utf-16-le").ljust(128, b"\0") for entry in ("Root Entry", *entries))
    return (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(512, b"\0") + directory).ljust(2048, b"\0")


GOOD: dict[str, bytes] = {
    "答复函.pdf": pdf(),
    "答复函.ofd": ofd(),
    "答复函.docx": document(),
    "台账.xlsx": workbook(),
    "答复函.doc": compound("WordDocument", "1Table"),
    "台账.xls": compound("Workbook"),
    "旧台账.xls": compound("Book"),
    "答复函.wps": compound("WordDocument"),
    "现场.jpg": JPEG,
    "现场.JPEG": JPEG,
    "现场.png": PNG,
    "现场.heic": HEIC,
    "现场.webp": WEBP,
    "扫描.tif": TIFF,
    "扫描.tiff": b"MM\0*" + TIFF[4:],
    "说明.txt": "一、现状\r\n\t二、建议\n".encode(),
    "带标记.txt": b"\xef\xbb\xbf" + "说明".encode(),
}
