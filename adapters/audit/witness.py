"""A witness: a key and a memory. It signs a checkpoint only if the log continues the last one that it signed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from adapters.audit.checkpoint import Checkpoint
from adapters.audit.merkle import ProofError, check_consistency
from adapters.audit.note import COSIGNATURE, NoteError, PublicKey, Signer, split
from adapters.audit.verify import VerifyError, proof_of

_FORMAT = "duban-witness/1"


class Witness:
    """Signs for one log, and remembers in a file what it signed."""

    def __init__(self, memory: Path, log_key: PublicKey, name: str | None = None) -> None:
        """A new memory needs the name of the witness; an old one keeps its own, and the key of its log."""
        self._memory = memory
        if memory.exists():
            said = orjson.loads(memory.read_bytes())
            if said.get("format") != _FORMAT:
                raise VerifyError(f"{memory} is not the memory of a witness")
            self._signer = Signer.parse(said["private_key"])
            self._last: str | None = said["checkpoint"]
            if said["log_key"] != str(log_key) or name not in {None, self._signer.name}:
                raise VerifyError(f"{memory} belongs to {self._signer.name}, a witness of {said['log_key']}")
        elif name is None:
            raise VerifyError("a new witness needs a name")
        else:
            self._signer, self._last = Signer.fresh(name, COSIGNATURE), None
        self._log_key = log_key

    @property
    def key(self) -> PublicKey:
        """By which others check its signatures."""
        return self._signer.public

    def sign(self, said: Mapping[str, Any], now: int) -> str:
        """The checkpoint of a consistency file with the witness's line under it; `now` in seconds since 1970.

        Refused (`VerifyError`) if the log does not continue what it signed last.
        """
        try:
            note = str(said["checkpoint"])
            newest = Checkpoint.opened(note, self._log_key)
            if self._last is not None:
                last = Checkpoint.opened(self._last, self._log_key)
                if newest.size < last.size:
                    raise VerifyError(f"the log has {newest.size} records, and had {last.size} when it was signed last")
                same = newest.size == last.size
                proof = [] if same else proof_of(said, "consistency")
                if not same and Checkpoint.opened(str(said["since"]), self._log_key) != last:
                    raise VerifyError(f"the proof does not begin at the last checkpoint, of {last.size} records")
                check_consistency(last.size, newest.size, last.root, newest.root, proof)
        except KeyError:
            raise VerifyError(f"a proof since the checkpoint of {last.size} records is needed") from None
        except (NoteError, ProofError) as error:
            raise VerifyError(f"this is not the log that was signed before: {error}") from None
        self._last = note
        self._remember()
        return note + self._signer.line(split(note)[0], now)

    def _remember(self) -> None:
        """What it signs is on the disk before anybody gets it."""
        said = {
            "format": _FORMAT,
            "log_key": str(self._log_key),
            "private_key": self._signer.secret(),
            "checkpoint": self._last,
        }
        new = self._memory.with_name(f".{self._memory.name}.{os.getpid()}")
        new.touch(mode=0o600)
        with new.open("wb") as file:
            file.write(orjson.dumps(said, option=orjson.OPT_INDENT_2))
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._memory)
