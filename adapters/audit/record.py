"""A stored row as the audit log has it: the entry that its leaf covers, and how files for auditors say it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, LiteralString, NamedTuple, Self
from uuid import UUID

import orjson

from adapters.audit.merkle import HASH_BYTES, leaf_hash

FORMAT = 1
BUNDLE, CONSISTENCY, LOG = "duban-bundle/1", "duban-consistency/1", "duban-log/1"
"""What the files for auditors say they are."""
COLUMNS: LiteralString = (
    "position, case_id, version, wire, recorded_at, request_key, format, prev_leaf, leaf, state,"
    " event_id, occurred_at, occurred_precision, actor, office"
)
"""The row in the order of `Record`."""


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

    def check(self, ledger_id: str) -> dict[str, Any]:
        """What the state says; refused if the leaf does not cover the row, or a column is not what the state says."""
        if self.format != FORMAT:
            raise RecordError(f"format {self.format} is not known")
        if leaf_hash(entry(ledger_id, self[:8], sha256(self.state).hexdigest())) != self.leaf:
            raise RecordError("the leaf does not cover the record")
        try:
            said: dict[str, Any] = orjson.loads(self.state)
            act = said["act"]
            repeated = (
                said["event_id"],
                datetime.fromisoformat(act["occurred_at"]),
                act["precision"],
                act["actor"],
                act["office"],
            )
        except (ValueError, TypeError, KeyError):
            raise RecordError("the state cannot be read") from None
        if repeated != (str(self.event_id), *self[11:]):
            raise RecordError("a column beside the state says something else than the state")
        return said

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

    @classmethod
    def read(cls, said: Mapping[str, Any]) -> Self:
        """From a JSON object; refused if it is no record."""
        try:
            prev_leaf = said["prev_leaf"]
            found = cls(
                _whole(said["position"]),
                _text(said["case_id"]),
                _whole(said["version"]),
                _text(said["wire"]),
                _instant(said["recorded_at"]),
                _text(said["request_key"]),
                _whole(said["format"]),
                None if prev_leaf is None else bytes.fromhex(prev_leaf),
                bytes.fromhex(said["leaf"]),
                base64.b64decode(said["state"], validate=True),
                UUID(said["event_id"]),
                _instant(said["occurred_at"]),
                _text(said["occurred_precision"]),
                _text(said["actor"]),
                _text(said["office"]),
            )
        except (KeyError, TypeError, ValueError, AttributeError, binascii.Error):
            raise RecordError("it is not a record as the format describes one") from None
        if len(found.leaf) != HASH_BYTES or len(found.prev_leaf or found.leaf) != HASH_BYTES:
            raise RecordError("a hash has 32 bytes")
        return found


def entry(
    ledger_id: str,
    covered: tuple[int, str, int, str, datetime, str, int, bytes | None],
    state_digest: str,
) -> bytes:
    """The ten lines that a leaf covers ("The leaf"), of the first eight columns and the digest of the state."""
    position, case_id, version, wire, recorded_at, request_key, format_, prev_leaf = covered
    if any("\n" in line for line in (ledger_id, case_id, wire, request_key)):
        raise RecordError("a line of the entry has a line feed")
    return (
        f"duban-leaf/{format_}\n{ledger_id}\n{position}\n{case_id}\n{version}\n{wire}\n{written(recorded_at)}\n"
        f"{request_key}\n{state_digest}\n{'-' if prev_leaf is None else prev_leaf.hex()}\n"
    ).encode()


def written(instant: datetime) -> str:
    """An instant in UTC with six digits of the second's fraction."""
    return f"{instant.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if written(found) != text:
        raise ValueError(text)
    return found


def _whole(number: object) -> int:
    if type(number) is not int or number < 1:
        raise ValueError(number)
    return number


def _text(text: object) -> str:
    if not isinstance(text, str):
        raise TypeError(text)
    return text
