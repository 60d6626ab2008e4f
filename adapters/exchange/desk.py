"""The desk for lists: a file waits there for whoever handed it in, is checked as often as he likes, then imported."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from io import FileIO
from pathlib import Path
from threading import Lock

from adapters.exchange.importer import Refusal, Report, Requests, run_import
from adapters.exchange.profiles import OFFICE_LISTS, profile_named
from adapters.exchange.template import Tell, write_template
from adapters.files import make_folder, room
from domain.case import Role
from domain.docket import Docket
from domain.moment import day_of
from domain.principal import Principal
from domain.refusal import Refused
from domain.values import NEVER_IN_A_NAME
from projections.sheet import Format

WAITING_HOURS = 24
"""How long a file waits."""
MOST_WAITING = 5
"""Files that wait for the same person; the oldest makes room for a newer one."""

_ID = re.compile(r"[0-9a-f]{32}\Z")
_LONGEST_NAME = 50
_NEVER = re.compile(rf"[{NEVER_IN_A_NAME}]")
_PATH = re.compile(r"[/\\]")


class ImportDesk:
    """Files in a folder. Any number of processes may use it; each imports one file at a time."""

    def __init__(
        self,
        place: Path,
        docket: Docket,
        ledger: Requests,
        *,
        most: int,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Bytes at most of a file. Making one touches nothing."""
        self.place = place
        self.most = most
        self._docket = docket
        self._ledger = ledger
        self._now = now
        self._busy = Lock()

    def lists(self, role: Role) -> Sequence[tuple[str, str]]:
        """The lists that somebody in that role may import: each with the message id of what it is called."""
        return [(name, listed.title) for name, listed in OFFICE_LISTS.items() if role in listed.by]

    def template(self, listed: str, asker: Principal, tell: Tell) -> bytes:
        """The workbook to fill in for a list of the asker's jurisdiction."""
        place = self._docket.registry.jurisdiction(asker.jurisdiction)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "template.xlsx")
            write_template(path, OFFICE_LISTS[listed](place, {}), day_of(self._now(), place.time_zone), tell)
            return path.read_bytes()

    # Taking in

    def begin(self, name: str, jurisdiction: str, actor: str, declared: int | None = None) -> Upload:
        """Begin to take in a file; one that is too large is refused at once."""
        if declared is not None and declared > self.most:
            raise Refused("file-too-large", most=self.most)
        with room():
            folder = self._of(jurisdiction, actor) / secrets.token_hex(16)
            make_folder(folder)
            return Upload(self, folder, _called(name))

    def keep(self, folder: Path) -> str:
        """A whole file waits from now on; returns what it is known by."""
        waiting = sorted(folder.parent.iterdir(), key=lambda one: one.stat().st_mtime)
        for one in [one for one in waiting if one != folder][: max(0, len(waiting) - MOST_WAITING)]:
            shutil.rmtree(one, ignore_errors=True)
        return folder.name

    # What waits

    def run(self, id: str, listed: str, asker: Principal, sheet: str | None = None, *, dry_run: bool) -> Report:
        """Import a file that waits, in the asker's own role, or only check it."""
        path = self._path(id, asker)
        place = self._docket.registry.jurisdiction(asker.jurisdiction)
        profile = profile_named(listed, place, {}, self._docket.registry.entries(place.code))
        if not self._busy.acquire(blocking=False):
            raise Refused("import-busy")
        try:
            return run_import(
                self._docket,
                self._ledger,
                profile,
                path,
                actor=asker.actor,
                role=asker.role,
                office=asker.office,
                sheet=sheet,
                dry_run=dry_run,
            )
        finally:
            self._busy.release()

    def error_file(
        self, id: str, listed: str, asker: Principal, sheet: str | None, words: Callable[[Refusal], str]
    ) -> tuple[bytes, Format]:
        """The rows of a file that waits which are refused, with the reasons, and in which format."""
        report = self.run(id, listed, asker, sheet, dry_run=True)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "refused")
            report.write_error_file(path, words)
            return path.read_bytes(), "xlsx" if report.workbook else "csv"

    def discard(self, id: str, asker: Principal) -> None:
        """The file does not wait any more."""
        shutil.rmtree(self._path(id, asker).parent, ignore_errors=True)

    def sweep(self) -> int:
        """Remove what has waited long enough, and what broken uploads left; how many files that were."""
        swept = 0
        oldest = (self._now() - timedelta(hours=WAITING_HOURS)).timestamp()
        for folder in self.place.glob("*/*"):
            with suppress(FileNotFoundError):
                if folder.stat().st_mtime < oldest:
                    shutil.rmtree(folder, ignore_errors=True)
                    swept += 1
        return swept

    def _path(self, id: str, asker: Principal) -> Path:
        """Where a file lies that waits for the asker; what waits for somebody else does not wait for him."""
        if _ID.match(id):
            with suppress(FileNotFoundError):
                for path in (self._of(asker.jurisdiction, asker.actor) / id).iterdir():
                    return path
        raise Refused("import-not-waiting")

    def _of(self, jurisdiction: str, actor: str) -> Path:
        """The folder of an account; whatever the account is called, it is no path."""
        return self.place / hashlib.sha256(f"{jurisdiction}\n{actor}".encode()).hexdigest()[:40]


class Upload:
    """A file that is being taken in: write its pieces, then finish; closed before that, nothing of it is left."""

    def __init__(self, desk: ImportDesk, folder: Path, name: str) -> None:
        self._desk = desk
        self._folder = folder
        self._size = 0
        self._finished = False
        self._file = FileIO(folder / name, "xb", opener=lambda path, flags: os.open(path, flags, 0o600))

    def write(self, piece: bytes) -> None:
        """Take in a piece; refused as soon as the file is too large."""
        self._size += len(piece)
        if self._size > self._desk.most:
            raise Refused("file-too-large", most=self._desk.most)
        rest = memoryview(piece)
        with room():
            while rest:
                rest = rest[self._file.write(rest) :]

    def finish(self) -> str:
        """The file waits; returns what it is known by."""
        if not self._size:
            raise Refused("file-empty")
        self._finished = True
        return self._desk.keep(self._folder)

    def close(self) -> None:
        """Leave nothing of an upload that was not finished."""
        self._file.close()
        if not self._finished:
            shutil.rmtree(self._folder, ignore_errors=True)


def _called(name: str) -> str:
    """What messages call the file: its own name without folders and unseen characters, if anything is left of it."""
    base = _PATH.split(name.encode("utf-8", "ignore").decode())[-1]
    return _NEVER.sub("", base).strip(". ")[-_LONGEST_NAME:].strip(". ") or "list"
