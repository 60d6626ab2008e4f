"""A fork: the ledger does not continue what was signed of it, and a log is begun anew that says so.

The first checkpoint of the new log names the old one, why it ended and who approved it; both logs' keys sign it.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from adapters.audit.checkpoint import Checkpoint
from adapters.audit.merkle import consistency_proof, root_of
from adapters.audit.note import NoteError, Signer, split
from adapters.audit.record import FORK, written
from adapters.audit.tiles import CHECKPOINT, TileError, Tiles
from projections.reading import LogFork

_TOLD = re.compile(
    r"(?P<origin>[^\n]+)\n(?P<size>\d+)\n[^\n]+\n"
    r"fork (?P<ended>\S+) (?P<ended_size>\d+) (?P<ended_root>\S+)\n"
    r"common (?P<common>0|[1-9]\d*)\n"
    r"begun (?P<begun>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)\n"
    r"reason (?P<reason>[^\n]+)\n"
    r"(?P<approved>(?:approved [^\n]+\n){2,})",
    re.ASCII,
)
BEFORE = "before"
"""Where the folders of logs that ended are, within that of the log that was begun after them."""


@dataclass(frozen=True)
class Fork:
    """A log that cannot go on, and what the ledger has now."""

    signed: Checkpoint
    """What was signed last."""
    head: int
    common: int
    """How many of the first records are those of the log, as far as its tiles show."""


@dataclass(frozen=True)
class Beginning:
    """Why a log is begun in place of another one."""

    fork: Fork
    ended: Signer
    """The key of the log that ended."""
    reason: str
    approved_by: Sequence[str]
    at: datetime

    def sign(self, text: str, signer: Signer) -> str:
        """The first checkpoint of the new log, signed by both."""
        old = self.fork.signed
        lines = [
            f"fork {old.origin} {old.size} {base64.b64encode(old.root).decode()}",
            f"common {self.fork.common}",
            f"begun {written(self.at)}",
            f"reason {self.reason}",
            *(f"approved {name}" for name in self.approved_by),
        ]
        text += "".join(f"{line}\n" for line in lines)
        return signer.sign(text) + self.ended.line(text)


def told_of(note: str) -> LogFork | None:
    """The fork of which a checkpoint tells; none of the other checkpoints does."""
    text, _ = split(note)
    if (found := _TOLD.fullmatch(text)) is None:
        return None
    ended = Checkpoint.parse(f"{found['ended']}\n{found['ended_size']}\n{found['ended_root']}\n")
    return LogFork(
        origin=found["origin"],
        size=int(found["size"]),
        ended=ended.origin,
        ended_size=ended.size,
        ended_root=found["ended_root"],
        common=int(found["common"]),
        begun_at=datetime.fromisoformat(found["begun"]),
        reason=found["reason"],
        approved_by=tuple(line.removeprefix("approved ") for line in found["approved"].splitlines()),
    )


def common_of(old: Checkpoint, tiles: Tiles, leaves: Sequence[bytes]) -> int:
    """How many leaves are the first ones of a log, which its tiles have to prove; 0 if they cannot."""
    same = 0
    with suppress(TileError):
        hash_at = tiles.reader()
        while same < min(old.size, len(leaves)) and hash_at(0, same) == leaves[same]:
            same += 1
        return same if root_of(old.size, hash_at) == old.root else 0
    return 0


def put_in_place(old: Tiles, new: Tiles) -> int:
    """Put the folder of the new log in the place of the old one's, which goes into it; under which number."""
    kept = old.folder / BEFORE
    number = next(number for number in count(1) if not (kept / str(number)).exists())
    if kept.exists():
        kept.rename(new.folder / BEFORE)
    (new.folder / BEFORE).mkdir(exist_ok=True)
    if old.folder.exists():
        old.folder.rename(new.folder / BEFORE / str(number))
    new.folder.rename(old.folder)
    return number


def as_file(tiles: Tiles, first: str) -> dict[str, Any]:
    """What an auditor is handed of a fork (`duban-fork/1`): both checkpoints, and that their common records are so."""
    told = told_of(first)
    if told is None:
        raise NoteError("it tells of no fork")
    old, note = _ended(tiles, told)
    found: dict[str, Any] = {"format": FORK, "checkpoint": first, "ended": note}
    if told.common:
        hash_at, old_hash_at = tiles.reader(), old.reader()
        found["common"] = {
            "root": _base64(root_of(told.common, hash_at)),
            "proof": [_base64(one) for one in consistency_proof(told.common, told.size, hash_at)],
            "ended_proof": [_base64(one) for one in consistency_proof(told.common, told.ended_size, old_hash_at)],
        }
    return found


def _ended(tiles: Tiles, told: LogFork) -> tuple[Tiles, str]:
    for place in sorted((tiles.folder / BEFORE).glob("*")):
        with suppress(FileNotFoundError, NoteError):
            note = (place / CHECKPOINT).read_text(encoding="utf-8")
            found = Checkpoint.unchecked(note)
            if (found.origin, found.size, _base64(found.root)) == (told.ended, told.ended_size, told.ended_root):
                return Tiles(place), note
    raise TileError(f"{Path(BEFORE)} has no log {told.ended} of {told.ended_size} records")


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
