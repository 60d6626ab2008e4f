"""Checkpoints (c2sp.org/tlog-checkpoint): the size and the root of a log, as its operator signs them."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from adapters.audit.merkle import HASH_BYTES
from adapters.audit.note import NoteError, PublicKey, opened, split


@dataclass(frozen=True)
class Checkpoint:
    """What a log was when it had a size."""

    origin: str
    """The name of the log, and of the key that signs for it."""
    size: int
    root: bytes

    def text(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{self.told_root}\n"

    @property
    def told_root(self) -> str:
        """The root in base64."""
        return base64.b64encode(self.root).decode()

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """From the text of a note; further lines are passed over."""
        lines = text.split("\n")
        try:
            origin, size, root = lines[0], lines[1], base64.b64decode(lines[2], validate=True)
        except (IndexError, binascii.Error):
            raise NoteError("it is not a checkpoint") from None
        digits = size.isascii() and size.isdigit() and str(int(size)) == size
        if not origin or not digits or len(root) != HASH_BYTES:
            raise NoteError("it is not a checkpoint")
        return cls(origin, int(size), root)

    @classmethod
    def opened(cls, note: str, log_key: PublicKey, *witnesses: PublicKey) -> Checkpoint:
        """From a note that the log's own key and each of the witnesses' signed."""
        found = cls.parse(opened(note, log_key, *witnesses))
        if found.origin != log_key.name:
            raise NoteError(f"it is a checkpoint of {found.origin}, not of {log_key.name}")
        return found

    @classmethod
    def unchecked(cls, note: str) -> Checkpoint:
        """From a note whose signatures are of no matter here."""
        return cls.parse(split(note)[0])
