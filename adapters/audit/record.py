"""A stored row as the audit log has it: the entry that its leaf covers, and how files for auditors say it."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from operator import itemgetter
from typing import Any, Final, LiteralString, NamedTuple
from uuid import UUID

import orjson

from adapters.audit.merkle import leaf_hash

FORMAT = 1
BUNDLE, CONSISTENCY, LOG, SHARD = "duban-bundle/1", "duban-consistency/1", "duban-log/1", "duban-shard/1"
"""What the files for auditors say they are."""
FORK = "duban-fork/1"
CASE_HEADS = "duban-case-heads/1"
"""What a file of the heads of all cases says it is."""
COLUMNS: LiteralString = (
    "position, case_id, version, wire, recorded_at, request_key, format, prev_leaf, leaf, state,"
    " event_id, occurred_at, occurred_precision, actor, office"
)
"""The row in the order of `Record`."""
MOST = 2**62
"""No number is larger."""

_MOST_ENTRY_BYTES: Final = 65_535
_LINES: Final = 10
_DIGEST = re.compile(r"[0-9a-f]{64}")
_RECORDED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)
_HAPPENED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_NONCE = re.compile(r"[0-9a-fA-F]{32}")
_OF_STATE = {"act", "event_id", "nonce", "step"}


class RecordError(Exception):
    """A record that is not what its leaf, or its state, says; the message says what disagrees."""


class Record(NamedTuple):
    """A row of the ledger (docs/audit-format.md, "The record")."""

    position: int
    case_id: str
    version: int
    wire: str
    recorded_at: datetime
    request_key: str
    format: int
    prev_leaf: bytes | None
    leaf: bytes
    state: bytes
    event_id: UUID
    occurred_at: datetime
    occurred_precision: str
    actor: str
    office: str

    def entry(self, ledger_id: str) -> bytes:
        """The entry of the log."""
        return entry(ledger_id, self[:8], sha256(self.state).hexdigest())

    def said(self) -> dict[str, Any]:
        """As a JSON object of the files for auditors."""
        return self._asdict() | {
            "recorded_at": written(self.recorded_at),
            "occurred_at": written(self.occurred_at),
            "prev_leaf": None if self.prev_leaf is None else self.prev_leaf.hex(),
            "leaf": self.leaf.hex(),
            "state": base64.b64encode(self.state).decode(),
            "event_id": str(self.event_id),
        }


class Checked(NamedTuple):
    """What a record of a file says that is what its leaf covers and what its state says; times and hashes as texts."""

    position: int
    case_id: str
    version: int
    wire: str
    recorded_at: str
    prev_leaf: str | None
    leaf: str
    occurred_at: str
    actor: str
    office: str


def checked(said: Mapping[str, Any], ledger_id: str) -> Checked:
    """A record of a file; refused if its leaf does not cover it, or a column is not what the state says."""
    if said.keys() != _MEMBERS:
        raise RecordError("it has not the members of a record")
    position, version, format_, prev_leaf = said["position"], said["version"], said["format"], said["prev_leaf"]
    if not (type(position) is type(version) is type(format_) is int and 0 < position <= MOST and 0 < version <= MOST):
        raise RecordError("position, version and format are numbers from 1 on")
    texts = _of_texts(said)
    if {*map(type, texts)} != {str}:
        raise RecordError("a text is missing")
    case_id, wire, request_key, precision, actor, office, recorded_at, occurred_at, event_id, leaf, stored = texts
    if not (_DIGEST.fullmatch(leaf) and (prev_leaf is None or _is(prev_leaf, _DIGEST))):
        raise RecordError("a hash is 64 lower-case hexadecimal digits")
    if format_ != FORMAT:
        raise RecordError(f"format {format_} is not known")
    if not (_UUID.fullmatch(event_id) and _is_instant(recorded_at, _RECORDED) and _is_instant(occurred_at, _RECORDED)):
        raise RecordError("event_id, recorded_at or occurred_at is not written as it should be")
    state = decoded(stored)
    covered = (position, case_id, version, wire, recorded_at, request_key, format_, prev_leaf)
    if leaf_hash(entry(ledger_id, covered, sha256(state).hexdigest())).hex() != leaf:
        raise RecordError("the leaf does not cover the record")
    if _repeated(state) != (event_id, datetime.fromisoformat(occurred_at), precision, actor, office):
        raise RecordError("a column beside the state says something else than the state")
    return Checked(position, case_id, version, wire, recorded_at, prev_leaf, leaf, occurred_at, actor, office)


_MEMBERS = set(Record._fields)
_of_texts = itemgetter(
    "case_id", "wire", "request_key", "occurred_precision", "actor", "office",
    "recorded_at", "occurred_at", "event_id", "leaf", "state",
)  # fmt: skip


def _repeated(state: bytes) -> tuple[object, ...]:
    """What a state says that columns repeat."""
    try:
        said = orjson.loads(state)
        act = said["act"]
        happened = act["occurred_at"]
        repeated = said["event_id"], datetime.fromisoformat(happened), act["precision"], act["actor"], act["office"]
        good = said.keys() - {"deadlines"} == _OF_STATE and _is(said["nonce"], _NONCE) and _is(happened, _HAPPENED)
        whole = None not in said.values() and None not in act.values()
    except (ValueError, TypeError, KeyError, AttributeError):
        raise RecordError("the state cannot be read") from None
    if not (good and whole):
        raise RecordError("the state is not one of this format")
    return repeated


def entry(
    ledger_id: str,
    covered: tuple[int, str, int, str, datetime | str, str, int, bytes | str | None],
    state_digest: str,
) -> bytes:
    """The ten lines that a leaf covers ("The leaf"), of the first eight columns and the digest of the state."""
    position, case_id, version, wire, recorded_at, request_key, format_, prev_leaf = covered
    if "\n" in ledger_id or "\n" in case_id or "\n" in wire or "\n" in request_key:
        raise RecordError("a line of the entry has a line feed")
    at = recorded_at if isinstance(recorded_at, str) else written(recorded_at)
    before = prev_leaf.hex() if isinstance(prev_leaf, bytes) else prev_leaf or "-"
    lines = (
        f"duban-leaf/{format_}\n{ledger_id}\n{position}\n{case_id}\n{version}\n{wire}\n{at}\n"
        f"{request_key}\n{state_digest}\n{before}\n"
    ).encode()
    if len(lines) > _MOST_ENTRY_BYTES:
        raise RecordError("the entry is too long")
    return lines


def recorded_in(entry: bytes, ledger_id: str, position: int) -> str:
    """When the record was recorded whose entry it is; refused if it is another record's."""
    try:
        first, ledger, place, *_, recorded_at, _, _, _, end = entry.decode().split("\n")
    except ValueError:
        raise RecordError("it is not an entry") from None
    whole = entry.count(b"\n") == _LINES and not end and _is_instant(recorded_at, _RECORDED)
    if not whole or (first, ledger, place) != (f"duban-leaf/{FORMAT}", ledger_id, str(position)):
        raise RecordError(f"it is not the entry of record {position}")
    return recorded_at


def written(instant: datetime) -> str:
    """An instant in UTC with six digits of the second's fraction."""
    return f"{instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def decoded(text: str) -> bytes:
    """The bytes behind base64 with padding and nothing else."""
    try:
        found = binascii.a2b_base64(text, strict_mode=True)
    except (binascii.Error, ValueError):
        raise RecordError("it is not base64") from None
    if text.endswith("=") and base64.b64encode(found[-(len(found) % 3) :]).decode() != text[-4:]:
        raise RecordError("it is not base64")
    return found


def _is(text: object, pattern: re.Pattern[str]) -> bool:
    return isinstance(text, str) and pattern.fullmatch(text) is not None


def _is_instant(text: str, pattern: re.Pattern[str]) -> bool:
    """Whether it is written so, and is a day of the calendar and a time of the day."""
    if not pattern.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
