"""Anchors: once a day the newest checkpoint is laid down with the heads of all cases, and with a time-stamp.

A time-stamp is a token of RFC 3161 over the checkpoint, by an authority that knows nothing of what it stamps.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import orjson
import psycopg
from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from adapters.audit.checkpoint import Checkpoint
from adapters.audit.note import NoteError, PublicKey, Signer, opened
from adapters.audit.record import CASE_HEADS
from adapters.audit.tiles import Tiles

HEADS = "case-heads.gz"

_TIMEOUT_SECONDS = 20.0
_MOST_TOKEN_BYTES = 1_000_000
_ASKED = {"Content-Type": "application/timestamp-query"}

Stamp = Callable[[bytes], bytes]
"""Gets a time-stamp response over some bytes; raises AnchorError."""


class AnchorError(Exception):
    """A time-stamp that cannot be had, or does not stand for what it should; the message says why."""


def folder_of(day: date) -> Path:
    """Where the anchor of a day is within the folder of the log."""
    return Path("anchors") / day.isoformat()


def heads_text(checkpoint: Checkpoint, digest: str) -> str:
    """What is signed of the heads of all cases."""
    root = checkpoint.text().splitlines()[2]
    return f"{checkpoint.origin}\n{CASE_HEADS}\n{checkpoint.size}\n{root}\n{digest}\n"


def anchor(
    conn: psycopg.Connection[Any], ledger_id: str, tiles: Tiles, signer: Signer, stamp: Stamp | None, day: date
) -> int | None:
    """Lay down the newest checkpoint of the day, if the log has grown since the last time; the size that it has."""
    newest = conn.execute(
        "SELECT note FROM checkpoint WHERE ledger_id = %s AND origin = %s ORDER BY size DESC LIMIT 1",
        (ledger_id, signer.name),
    ).fetchone()
    last = conn.execute(
        "SELECT size, day FROM anchor WHERE ledger_id = %s AND origin = %s ORDER BY size DESC LIMIT 1",
        (ledger_id, signer.name),
    ).fetchone()
    if newest is None:
        return None
    checkpoint = Checkpoint.opened(newest[0], signer.public)
    if last is not None and (checkpoint.size <= last[0] or day <= last[1]):
        return None
    folder = folder_of(day)
    tiles.write(folder / HEADS, _heads(conn, ledger_id, checkpoint, newest[0], signer))
    tiles.write(folder / "checkpoint", newest[0].encode())
    token = None
    if stamp is not None:
        token = stamp(newest[0].encode())
        tiles.write(folder / "checkpoint.tsr", token)
    conn.execute(
        "INSERT INTO anchor (ledger_id, origin, size, day, token) VALUES (%s, %s, %s, %s, %s)",
        (ledger_id, signer.name, checkpoint.size, day, token),
    )
    return checkpoint.size


def _heads(conn: psycopg.Connection[Any], ledger_id: str, checkpoint: Checkpoint, note: str, signer: Signer) -> bytes:
    """The file of the heads: a line with what is signed of them, then case, version and leaf of each last step."""
    rows = conn.execute(
        "SELECT DISTINCT ON (case_id) case_id, version, leaf FROM ledger"
        " WHERE ledger_id = %s AND position <= %s ORDER BY case_id, version DESC",
        (ledger_id, checkpoint.size),
    )
    lines = sorted(f"{case_id} {version} {leaf.hex()}\n".encode() for case_id, version, leaf in rows)
    digest = sha256(b"".join(lines)).hexdigest()
    said = {"format": CASE_HEADS, "checkpoint": note, "heads": signer.sign(heads_text(checkpoint, digest))}
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as file:
        file.write(orjson.dumps(said) + b"\n")
        file.writelines(lines)
    return packed.getvalue()


def read_heads(file: Iterator[bytes], key: PublicKey) -> tuple[Checkpoint, dict[str, tuple[int, str]]]:
    """The checkpoint of a file of heads, and each case's version and leaf at it; refused if they were not signed."""
    try:
        said = orjson.loads(next(file, b""))
        checkpoint = Checkpoint.opened(said["checkpoint"], key)
        lines = list(file)
        digest = sha256(b"".join(lines)).hexdigest()
        if said["format"] != CASE_HEADS or opened(said["heads"], key) != heads_text(checkpoint, digest):
            raise NoteError("the heads are not those that were signed")
        found = {}
        for line in lines:
            case_id, version, leaf = line.decode().split()
            found[case_id] = int(version), leaf
    except (KeyError, ValueError, TypeError):
        raise NoteError("it is not a file of case heads") from None
    return checkpoint, found


def stamped_by(url: str) -> Stamp:
    """Time-stamps of an authority."""

    def stamp(data: bytes) -> bytes:
        asked = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256).build()
        request = Request(url, asked.as_bytes(), _ASKED)  # noqa: S310 - https or http, as the settings say
        try:
            with urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310 - as above
                token = bytes(answer.read(_MOST_TOKEN_BYTES))
            answered = decode_timestamp_response(token)
        except (URLError, OSError, ValueError) as error:
            raise AnchorError(f"{url} gives no time-stamp: {error}") from None
        if answered.status != 0 or answered.tst_info.message_imprint.message != sha256(data).digest():
            raise AnchorError(f"{url} gives no time-stamp of what was asked (status {answered.status})")
        return token

    return stamp


def stamped_at(token: bytes, data: bytes, roots: bytes) -> datetime:
    """When an authority saw the data; `roots` are the certificates, in PEM, that one trusts for that."""
    try:
        certificates = x509.load_pem_x509_certificates(roots)
        answered = decode_timestamp_response(token)
        verifier = VerifierBuilder()
        for certificate in certificates:
            verifier = verifier.add_root_certificate(certificate)
        verifier.build().verify_message(answered, data)
        return answered.tst_info.gen_time.astimezone(UTC)
    except (ValueError, VerificationError) as error:
        raise AnchorError(f"the time-stamp does not stand for it: {error}") from None
