"""Signed notes (c2sp.org/signed-note): a text, and under it lines that each say who signed it."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519: Final = 0x01
"""The signature is over the text."""
COSIGNATURE: Final = 0x04
"""A witness's signature with its time (c2sp.org/tlog-cosignature)."""
MOST_BYTES = 1_000_000

_MOST_SIGNATURES = 100
_KEY_ID_BYTES = 4
_NAME = re.compile(r"[^\s+]+")
_SIGNATURE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/=]+)\n")
_TIME_BYTES = 8


class NoteError(Exception):
    """A note or a key that cannot be read, or that nobody signed whom one trusts; the message says what is wrong."""


@dataclass(frozen=True)
class PublicKey:
    """Whose signature it is: a name, a kind of signature, and an Ed25519 key."""

    name: str
    raw: bytes
    kind: int = ED25519

    @property
    def id(self) -> bytes:
        """Four bytes by which a signature names its key."""
        return sha256(self.name.encode() + b"\n" + self._kind_and_key).digest()[:_KEY_ID_BYTES]

    @property
    def _kind_and_key(self) -> bytes:
        return bytes([self.kind]) + self.raw

    def __str__(self) -> str:
        """As it is published: `name+id+key`."""
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(self._kind_and_key).decode()}"

    @classmethod
    def parse(cls, text: str) -> PublicKey:
        """A key as it is published."""
        name, id, raw = _parts(text.strip().split("+", 2), "a key is like name+1234abcd+…")
        key = cls(name, raw[1:], raw[0])
        if key.id.hex() != id or len(key.raw) != len(sha256().digest()):
            raise NoteError("the key does not fit its own id")
        return key

    def time_of(self, text: str, signature: bytes) -> int | None:
        """Refuse what this key did not sign; when a witness signed it, in seconds since 1970."""
        signed, time = text.encode(), None
        if self.kind == COSIGNATURE:
            time, signature = int.from_bytes(signature[:_TIME_BYTES], "big"), signature[_TIME_BYTES:]
            signed = b"cosignature/v1\ntime %d\n" % time + signed
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, signed)
        except InvalidSignature:
            raise NoteError(f"the signature of {self.name} does not fit the text") from None
        return time


@dataclass(frozen=True)
class Signer:
    """A private key with its name."""

    name: str
    private: Ed25519PrivateKey
    kind: int = ED25519

    @classmethod
    def fresh(cls, name: str, kind: int = ED25519) -> Signer:
        """A new key."""
        if not _NAME.fullmatch(name):
            raise NoteError("the name of a key has neither blanks nor a plus sign")
        return cls(name, Ed25519PrivateKey.generate(), kind)

    @classmethod
    def parse(cls, text: str) -> Signer:
        """A private key as it is kept."""
        wrong = "a private key is like PRIVATE+KEY+name+1234abcd+…"
        private, _, rest = text.strip().partition("+KEY+")
        name, id, raw = _parts(rest.split("+", 2) if private == "PRIVATE" else [], wrong)
        try:
            found = cls(name, Ed25519PrivateKey.from_private_bytes(raw[1:]), raw[0])
        except ValueError:
            raise NoteError(wrong) from None
        if found.public.id.hex() != id:
            raise NoteError("the private key does not fit its own id")
        return found

    def secret(self) -> str:
        """As it is kept: to be told to nobody."""
        raw = base64.b64encode(bytes([self.kind]) + self.private.private_bytes_raw()).decode()
        return f"PRIVATE+KEY+{self.name}+{self.public.id.hex()}+{raw}"

    @property
    def public(self) -> PublicKey:
        """The key by which others check."""
        return PublicKey(self.name, self.private.public_key().public_bytes_raw(), self.kind)

    def line(self, text: str, time: int = 0) -> str:
        """The signature of a text as the line of a note; a witness says when it signs, in seconds since 1970."""
        if self.kind == COSIGNATURE:
            said = time.to_bytes(_TIME_BYTES, "big")
            said += self.private.sign(b"cosignature/v1\ntime %d\n" % time + text.encode())
        else:
            said = self.private.sign(text.encode())
        return f"— {self.name} {base64.b64encode(self.public.id + said).decode()}\n"

    def sign(self, text: str) -> str:
        """A note of the text, signed by this key."""
        return f"{text}\n{self.line(text)}"


def opened(note: str, *keys: PublicKey) -> str:
    """The text of a note that every one of these keys signed; signatures of others are passed over."""
    text, signatures = split(note)
    for key in keys:
        mine = [said for name, id, said in signatures if (name, id) == (key.name, key.id)]
        if not mine:
            raise NoteError(f"{key.name} ({key.id.hex()}) did not sign it")
        for said in mine:
            key.time_of(text, said)
    return text


def split(note: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """A note's text, and of each signature the name, the key's id and the signature, none of them checked."""
    text, gap, lines = note.rpartition("\n\n")
    signed = [_SIGNATURE.fullmatch(line) for line in lines.splitlines(keepends=True)]
    if not gap or not text or len(note) > MOST_BYTES or not 0 < len(signed) <= _MOST_SIGNATURES or not all(signed):
        raise NoteError("it is not a signed note")
    found = []
    for match in filter(None, signed):
        said = _decoded(match[2])
        if len(said) <= _KEY_ID_BYTES:
            raise NoteError("it is not a signed note")
        found.append((match[1], said[:_KEY_ID_BYTES], said[_KEY_ID_BYTES:]))
    return f"{text}\n", found


def _parts(parts: Sequence[str], wrong: str) -> tuple[str, str, bytes]:
    if len(parts) != 3 or not _NAME.fullmatch(parts[0]):  # noqa: PLR2004 - name, id and key
        raise NoteError(wrong)
    raw = _decoded(parts[2])
    if not raw or raw[0] not in {ED25519, COSIGNATURE}:
        raise NoteError("only Ed25519 keys are known")
    return parts[0], parts[1], raw


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise NoteError("it is not base64") from None
