"""A file under a key of its own: AES-256-GCM in chunks, so that any part of it is read without the rest.

A key belongs to one content alone, so that the number of a chunk is its nonce; the last chunk says that it is the last.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

CHUNK = 64 * 1024
_TAG = 16


class AlteredError(ValueError):
    """The file is not as it was written under that key."""


def length_of(size: int) -> int:
    """How many bytes a content of that size takes."""
    return size + _TAG * _chunks(size)


def write(source: Path, target: BinaryIO, key: bytes) -> None:
    """Write a content under a key."""
    cipher, size = AESGCM(key), source.stat().st_size
    with source.open("rb") as file:
        for number in range(_chunks(size)):
            chunk = file.read(CHUNK)
            target.write(cipher.encrypt(_nonce(number), chunk, _mark(number, size)))


def read(source: Path, key: bytes, size: int, first: int = 0, last: int | None = None) -> Iterator[bytes]:
    """The bytes from the first to the last that is wanted, of a content of that size."""
    last = size - 1 if last is None else last
    cipher = AESGCM(key)
    with source.open("rb") as file:
        file.seek(first // CHUNK * (CHUNK + _TAG))
        for number in range(first // CHUNK, last // CHUNK + 1):
            try:
                clear = cipher.decrypt(_nonce(number), file.read(CHUNK + _TAG), _mark(number, size))
            except InvalidTag:
                raise AlteredError(str(source)) from None
            begin = number * CHUNK
            yield clear[max(0, first - begin) : last + 1 - begin]


def size_of(length: int) -> int:
    """How large the content is of a file of that length."""
    return length - _TAG * -(-length // (CHUNK + _TAG))


def _chunks(size: int) -> int:
    return max(1, -(-size // CHUNK))


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")


def _mark(number: int, size: int) -> bytes:
    return b"last" if number == _chunks(size) - 1 else b""
