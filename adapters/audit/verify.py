"""The verifier: what a file for auditors proves, from the file and a public key alone. It asks no database and no net.

It shares the record and the tree with the service. `tests/audit/` has one that shares nothing.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from adapters.audit.checkpoint import Checkpoint
from adapters.audit.merkle import Frontier, ProofError, check_consistency, check_inclusion
from adapters.audit.note import NoteError, PublicKey
from adapters.audit.record import BUNDLE, CONSISTENCY, LOG, Record, RecordError, written

_GZIP = b"\x1f\x8b"


class VerifyError(Exception):
    """What was handed over is not what was recorded, or proves nothing; the message says where."""


@dataclass
class Verdict:
    """What a file proves, as message ids with parameters; and what it does not."""

    proves: list[tuple[str, dict[str, object]]] = field(default_factory=list)
    leaves_open: list[str] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    """Of a bundle: the steps of the case."""

    def note(self, message_id: str, **params: object) -> None:
        """One more thing is proved."""
        self.proves.append((message_id, params))


def verify(place: Path, key: PublicKey, held: Sequence[str] = (), witnesses: Sequence[PublicKey] = ()) -> Verdict:
    """Check a file; refused (`VerifyError`) as soon as anything is not as it should be.

    `held` are checkpoints that the auditor has kept: the file's log has to be a continuation of each.
    """
    with _opened(place) as file:
        head = file.readline()
        said = _json(head if head.startswith(b'{"format":"duban-log') else head + file.read(), "the file")
        with _told():
            if said.get("format") == LOG:
                return _verified_log(said, file, key, held, witnesses)
            if said.get("format") == BUNDLE:
                return _verified_bundle(said, key, held, witnesses)
            if said.get("format") == CONSISTENCY:
                return _verified_consistency(said, key, held, witnesses)
    raise VerifyError(f"it is neither {BUNDLE} nor {CONSISTENCY} nor {LOG}")


def _verified_bundle(
    said: Mapping[str, Any], key: PublicKey, held: Sequence[str], witnesses: Sequence[PublicKey]
) -> Verdict:
    verdict = Verdict()
    checkpoint = _checkpoint(said, key, witnesses, verdict)
    _check_held(said, checkpoint, key, held, verdict)
    case_id, ledger_id = str(said["case_id"]), str(said["ledger_id"])
    chain = _Chain(ledger_id)
    for number, one in enumerate(_list(said, "records"), 1):
        with _told(f"step {number}"):
            record = Record.read(one)
            if record.case_id != case_id:
                raise VerifyError("it is of another case")
            chain.take(record)
            check_inclusion(record.position - 1, checkpoint.size, record.leaf, proof_of(one, "proof"), checkpoint.root)
            verdict.records.append(record)
    if not verdict.records:
        raise VerifyError("the bundle has no step")
    verdict.note("audit.bundle-included", case=case_id, count=len(verdict.records), size=checkpoint.size)
    verdict.leaves_open.append("audit.open-later-steps")
    verdict.leaves_open.append("audit.open-occurred")
    return verdict


def _verified_consistency(
    said: Mapping[str, Any], key: PublicKey, held: Sequence[str], witnesses: Sequence[PublicKey]
) -> Verdict:
    verdict = Verdict()
    checkpoint = _checkpoint(said, key, witnesses, verdict)
    _check_held(said, checkpoint, key, held, verdict)
    if "since" not in said:
        raise VerifyError("the file has only one checkpoint")
    verdict.leaves_open.append("audit.open-contents")
    return verdict


def _verified_log(
    said: Mapping[str, Any],
    lines: Iterable[bytes],
    key: PublicKey,
    held: Sequence[str],
    witnesses: Sequence[PublicKey],
) -> Verdict:
    verdict = Verdict()
    checkpoint = _checkpoint(said, key, witnesses, verdict)
    kept = {one.size: one for one in (Checkpoint.opened(note, key) for note in held)}
    if any(size > checkpoint.size for size in kept):
        raise VerifyError(f"a checkpoint that you hold has {max(kept)} records, the file only {checkpoint.size}")
    frontier, chain = Frontier(), _Chain(str(said["ledger_id"]))
    for number, line in enumerate(lines, 1):
        with _told(f"record {number}"):
            record = Record.read(_json(line, "the line"))
            if record.position != number:
                raise VerifyError(f"its position is {record.position}")
            chain.take(record)
            frontier.add(record.leaf)
            if (own := kept.get(number)) is not None and own.root != frontier.root():
                raise VerifyError("the checkpoint that you hold of this size has another root")
    if frontier.size != checkpoint.size:
        raise VerifyError(f"the file has {frontier.size} records, its checkpoint {checkpoint.size}")
    if frontier.root() != checkpoint.root:
        raise VerifyError("the records have another root than the checkpoint")
    verdict.note("audit.log-whole", size=checkpoint.size, cases=len(chain.heads))
    for size in sorted(kept):
        verdict.note("audit.held-continued", size=size)
    verdict.leaves_open.append("audit.open-occurred")
    if not held:
        verdict.leaves_open.append("audit.open-nothing-held")
    return verdict


class _Chain:
    """What holds between records in the order of their positions, or of one case's versions."""

    def __init__(self, ledger_id: str) -> None:
        self._ledger_id = ledger_id
        self.heads: dict[str, tuple[int, bytes]] = {}
        self._last: tuple[int, datetime] | None = None

    def take(self, record: Record) -> None:
        """Refuse a record that is not what its leaf says, or does not follow those before it."""
        record.check(self._ledger_id)
        version, leaf = self.heads.get(record.case_id, (0, None))
        if record.version != version + 1:
            raise VerifyError(f"it is version {record.version} of its case, and follows version {version}")
        if record.prev_leaf != leaf:
            raise VerifyError("it does not follow the step before it: the leaf that it names is another one")
        self.heads[sys.intern(record.case_id)] = (record.version, record.leaf)
        if self._last is not None:
            position, recorded_at = self._last
            if record.position <= position or record.recorded_at <= recorded_at:
                raise VerifyError(
                    f"it was recorded at {written(record.recorded_at)} as {record.position}, not after "
                    f"{written(recorded_at)} and {position}"
                )
        self._last = record.position, record.recorded_at


def _checkpoint(
    said: Mapping[str, Any], key: PublicKey, witnesses: Sequence[PublicKey], verdict: Verdict
) -> Checkpoint:
    checkpoint = Checkpoint.opened(str(said["checkpoint"]), key, *witnesses)
    verdict.note("audit.signed", origin=checkpoint.origin, size=checkpoint.size, root=checkpoint.root.hex())
    for witness in witnesses:
        verdict.note("audit.witnessed", witness=witness.name)
    return checkpoint


def _check_held(
    said: Mapping[str, Any], checkpoint: Checkpoint, key: PublicKey, held: Sequence[str], verdict: Verdict
) -> None:
    """Refuse a file whose log does not continue the checkpoints that the auditor holds."""
    since = None
    if "since" in said:
        since = Checkpoint.opened(str(said["since"]), key)
        proof = proof_of(said, "consistency")
        check_consistency(since.size, checkpoint.size, since.root, checkpoint.root, proof)
        verdict.note("audit.continues", size=since.size, later=checkpoint.size)
    for note in held:
        own = Checkpoint.opened(note, key)
        if own not in (since, checkpoint):
            raise VerifyError(
                f"the file says nothing of the checkpoint of {own.size} records that you hold: ask for one made "
                "since that checkpoint"
                if own.size not in {checkpoint.size, since and since.size}
                else f"the checkpoint of {own.size} records that you hold has another root: there are two logs"
            )
        verdict.note("audit.held-continued", size=own.size)
    if not held:
        verdict.leaves_open.append("audit.open-nothing-held")


@contextmanager
def _opened(place: Path) -> Iterator[BinaryIO]:
    with place.open("rb") as raw:
        packed = raw.read(len(_GZIP)) == _GZIP
        raw.seek(0)
        if not packed:
            yield raw
            return
        with gzip.open(raw) as file:
            try:
                yield file  # type: ignore[misc]  # it reads as any file does
            except (OSError, EOFError) as error:
                raise VerifyError(f"the file cannot be unpacked: {error}") from None


@contextmanager
def _told(where: str = "") -> Iterator[None]:
    """Whatever is found becomes one kind of error that says where."""
    try:
        yield
    except (VerifyError, RecordError, ProofError, NoteError, KeyError, ValueError, TypeError) as error:
        what = f"there is no {error}" if isinstance(error, KeyError) else str(error)
        raise VerifyError(f"{where}: {what}" if where else what) from None


def _json(text: bytes, what: str) -> dict[str, Any]:
    try:
        found = orjson.loads(text)
    except ValueError:
        raise VerifyError(f"{what} is not JSON") from None
    if not isinstance(found, dict):
        raise VerifyError(f"{what} is not a JSON object")
    return found


def _list(said: Mapping[str, Any], name: str) -> list[Any]:
    found = said[name]
    if not isinstance(found, list):
        raise VerifyError(f"{name} is not a list")
    return found


def proof_of(said: Mapping[str, Any], name: str) -> list[bytes]:
    """The hashes of a proof that a file has under a name."""
    try:
        return [base64.b64decode(one, validate=True) for one in _list(said, name)]
    except (TypeError, ValueError, binascii.Error):
        raise VerifyError(f"{name} is not a list of hashes in base64") from None
