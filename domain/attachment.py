"""What may be attached to a case: kinds of files, their names as data, and content by its hash."""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum, auto
from typing import Annotated, NamedTuple, Protocol

from pydantic import StringConstraints

from domain.refusal import Refused
from domain.values import NEVER_IN_A_NAME

LONGEST_NAME = 200


class AttachmentKind(StrEnum):
    """What an attachment is: the reply letter (答复函), a scan, a photo, evidence, something else."""

    REPLY_LETTER = auto()
    SCAN = auto()
    PHOTO = auto()
    EVIDENCE = auto()
    OTHER = auto()


class MediaType(StrEnum):
    """The kinds of files that are kept. A kind that was ever kept stays in the list: it is stored."""

    PDF = "application/pdf"
    OFD = "application/ofd"
    DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    DOC = "application/msword"
    XLS = "application/vnd.ms-excel"
    WPS = "application/wps-office.wps"
    JPEG = "image/jpeg"
    PNG = "image/png"
    HEIC = "image/heic"
    WEBP = "image/webp"
    TIFF = "image/tiff"
    TEXT = "text/plain"


EXTENSIONS: dict[str, MediaType] = {
    "pdf": MediaType.PDF,
    "ofd": MediaType.OFD,
    "docx": MediaType.DOCX,
    "xlsx": MediaType.XLSX,
    "doc": MediaType.DOC,
    "xls": MediaType.XLS,
    "wps": MediaType.WPS,
    "jpg": MediaType.JPEG,
    "jpeg": MediaType.JPEG,
    "png": MediaType.PNG,
    "heic": MediaType.HEIC,
    "webp": MediaType.WEBP,
    "tif": MediaType.TIFF,
    "tiff": MediaType.TIFF,
    "txt": MediaType.TEXT,
}
"""How a file's name may end, in small letters, and what it must then be."""

Sha256 = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]

FileName = Annotated[
    str,
    StringConstraints(
        min_length=3, max_length=LONGEST_NAME, pattern=rf"^[^{NEVER_IN_A_NAME}]*[^{NEVER_IN_A_NAME}\s]\.[A-Za-z0-9]+$"
    ),
]
"""What a file is called: no path, nothing unseen. It is shown and handed back, and never opened."""

_NEVER = re.compile(rf"[{NEVER_IN_A_NAME}]")
_PATH = re.compile(r"[/\\]")
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|\Z)", re.IGNORECASE)
"""Names that Windows takes for a device, whatever follows the full stop."""


class Content(NamedTuple):
    """A file as the store took it in: what its bytes hash to, what they are, how many there are."""

    sha256: str
    media_type: MediaType
    size: int


class Contents(Protocol):
    """What the docket needs of the store of attached files."""

    most_of_case: int
    """Bytes that the attachments of one case may have together."""

    def received(self, sha256: str, jurisdiction: str, actor: str) -> Content | None:
        """What that person handed in under that hash not long ago; None if he did not, or it is not there."""


class NoContents:
    """A store in which nothing is: no attachment can be recorded."""

    most_of_case = 0

    def received(self, sha256: str, jurisdiction: str, actor: str) -> Content | None:  # noqa: ARG002 - the protocol's
        """Nothing was handed in."""
        return None


def extension_of(name: str) -> str:
    """How a name ends, in small letters; empty if it has no ending."""
    return name.rpartition(".")[2].lower() if "." in name else ""


def media_type_of(name: str, field: str = "name") -> MediaType:
    """What a file of that name must be; a name that ends otherwise is refused."""
    ending = extension_of(name)
    if ending not in EXTENSIONS:
        raise Refused("file-type-not-allowed", field=field, ending=ending or "—", known=list(EXTENSIONS))
    return EXTENSIONS[ending]


def file_name(given: str) -> str:
    """The base name of what somebody calls a file: without folders and unseen characters, at most 200 characters long.

    A name that Windows takes for a device gets a `_` before it. What has no ending of a kind that is kept is refused.
    """
    base = _PATH.split(given.encode("utf-8", "ignore").decode())[-1]
    seen = unicodedata.normalize("NFC", _NEVER.sub("", base)).strip().rstrip(". ")
    media_type_of(seen)
    stem, _, ending = seen.rpartition(".")
    if not stem.strip(". "):
        raise Refused("file-name-unusable", field="name")
    if _DEVICE.match(seen):
        stem = f"_{stem}"
    return f"{stem[: LONGEST_NAME - len(ending) - 1].rstrip()}.{ending}"
