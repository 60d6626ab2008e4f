"""The store of attached files: each content once, under its SHA-256, whole or not at all, ciphered by its own key.

`ab/cd/<sha256>` are the contents, `incoming/` what is being taken in, `received/` who handed in what of late. A content
that was taken in before there were keys lies there in clear, and is as long as it says.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from io import FileIO
from pathlib import Path
from typing import Protocol

from adapters import ciphered
from adapters.inspection import FileRefused, inspect
from domain.attachment import Content, MediaType, file_name, media_type_of
from domain.refusal import Refused

REMEMBERED_DAYS = 7
"""How long after it was handed in a file can be named by a step of whoever did."""

LEAST_COUNTED = 64_000
"""Bytes that the smallest file counts towards what an account may hand in."""

_A_DAY = timedelta(days=1)
_IDLE = timedelta(minutes=1)
_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass(frozen=True)
class Received:
    """A file that was taken in, and the name under which it may be attached."""

    name: str
    content: Content


@dataclass
class Checked:
    """What a look at every content found, by its hash; a file that is none by its path."""

    contents: int = 0
    size: int = 0
    missing: list[str] = field(default_factory=list)
    altered: list[str] = field(default_factory=list)
    erased: list[str] = field(default_factory=list)
    """Named by a step, and erased with the data of the person whose it was."""
    unreferenced: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    """Named by no step yet, and young enough to be."""

    @property
    def clean(self) -> bool:
        """Whether all that is named is there as it was, and nothing besides but what may still be named."""
        return not (self.missing or self.altered or self.unreferenced)


@contextmanager
def room() -> Iterator[None]:
    """A full disk is told as such."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise FileRefused("storage-full") from None


class FileKeys(Protocol):
    """What the store of files needs of the store of keys."""

    def of_file(self, content: str) -> bytes:
        """The key of a content, which is made when it is first needed; refused if it was destroyed."""

    def is_erased(self, content: str) -> bool:
        """Whether the key of a content was destroyed."""


class FileStore:
    """Files in a folder. Any number of processes may use it at once; making one touches nothing."""

    def __init__(
        self,
        place: Path,
        keys: FileKeys,
        *,
        most: int,
        most_of_case: int,
        most_of_day: int,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Bytes at most: of a file, of a case's attachments, of what an account hands in within 24 hours."""
        self.place = place
        self._keys = keys
        self.most = most
        self.most_of_case = most_of_case
        self.most_of_day = most_of_day
        self._now = now
        self._incoming = place / "incoming"
        self._logs = place / "received"

    # Taking in

    def begin(self, name: str, jurisdiction: str, actor: str, declared: int | None = None) -> Upload:
        """Begin to take in a file; refused at once for its name, its declared length or what the account handed in."""
        base = file_name(name)
        if declared is not None and declared > self.most:
            raise FileRefused("file-too-large", most=self.most)
        account = _account(jurisdiction, actor)
        self._require_quota(account, declared or 0)
        with room():
            make_folder(self._incoming)
            return Upload(self, base, account, self._incoming / f"{os.getpid()}-{secrets.token_hex(8)}")

    def keep(self, part: Path, name: str, account: str, content: Content) -> Received:
        """A whole file, whose bytes are on the disk, becomes a content: first who handed it in, then its place."""
        key = self._keys.of_file(content.sha256)
        with room():
            self._note(account, content)
            target = self._place_of(content.sha256)
            make_folder(target.parent.parent)
            make_folder(target.parent)
            sealed = part.with_name(f"{part.name}.sealed")
            try:
                with _new(sealed) as file:
                    ciphered.write(part, file, key)
                    os.fchmod(file.fileno(), 0o400)
                    os.fsync(file.fileno())
                    sealed.replace(target)
            finally:
                sealed.unlink(missing_ok=True)
            sync(target.parent)
        return Received(name, content)

    def _note(self, account: str, content: Content) -> None:
        now = self._now()
        folder = self._logs / now.date().isoformat()
        make_folder(self._logs)
        make_folder(folder)
        with (folder / account).open("ab+", buffering=0) as log:
            fcntl.flock(log, fcntl.LOCK_EX)
            self._require_quota(account, content.size)
            line = f"{now.isoformat()} {content.sha256} {content.size} {content.media_type.value}\n"
            end = log.seek(0, os.SEEK_END)
            log.seek(max(0, end - 1))
            torn = b"\n" if end and log.read(1) != b"\n" else b""
            log.write(torn + line.encode())
            os.fsync(log.fileno())
        sync(folder)

    def _require_quota(self, account: str, size: int) -> None:
        """Refuse more than an account may hand in within 24 hours; a content that it hands in again counts again."""
        now = self._now()
        counted = sum(
            max(content.size, LEAST_COUNTED)
            for day in (now.date() - _A_DAY, now.date())
            for when, content in self._noted(account, day)
            if when > now - _A_DAY
        )
        if counted + max(size, LEAST_COUNTED) > self.most_of_day:
            raise FileRefused("file-quota-used", most=self.most_of_day)

    def _noted(self, account: str, day: date) -> Iterator[tuple[datetime, Content]]:
        """What an account handed in on a day, oldest first; a line that a crash cut off is none."""
        try:
            lines = (self._logs / day.isoformat() / account).read_text("utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return
        for line in lines:
            with suppress(ValueError):
                when, sha256, size, media_type = line.split(" ")
                yield datetime.fromisoformat(when), Content(sha256, MediaType(media_type), int(size))

    # What the docket and the readers ask

    def received(self, sha256: str, jurisdiction: str, actor: str) -> Content | None:
        """What that person last handed in under that hash, within some days; None if he did not, or it is not there."""
        account, today = _account(jurisdiction, actor), self._now().date()
        for back in range(REMEMBERED_DAYS + 1):
            for _, content in reversed(list(self._noted(account, today - timedelta(back)))):
                if content.sha256 == sha256 and self._is_there(content.sha256, content.size):
                    return content
        return None

    def read(self, sha256: str, size: int, first: int = 0, last: int | None = None) -> Iterator[bytes]:
        """The bytes of a content from the first to the last that is wanted; refused if it is not there, or erased."""
        key, place = self._keys.of_file(sha256), self._place_of(sha256)
        if not self._is_there(sha256, size):
            raise FileRefused("attachment-lost", sha256=sha256)
        last = size - 1 if last is None else last
        if place.stat().st_size == size:
            return _clear(place, first, last)
        return ciphered.read(place, key, size, first, last)

    def forget(self, sha256: str) -> None:
        """Remove a content that was erased; one that is not there is forgotten already."""
        place = self._place_of(sha256)
        with suppress(FileNotFoundError):
            place.unlink()
            sync(place.parent)

    def _place_of(self, sha256: str) -> Path:
        if not _SHA256.match(sha256):
            raise ValueError(sha256)
        return self.place / sha256[:2] / sha256[2:4] / sha256

    def _is_there(self, sha256: str, size: int) -> bool:
        try:
            return self._place_of(sha256).stat().st_size in {size, ciphered.length_of(size)}
        except FileNotFoundError:
            return False

    # Looking after it

    def sweep(self, idle: timedelta = _IDLE) -> int:
        """Remove what broken uploads left, and notes past their days; how many files that were.

        An upload that goes on holds a lock on its file, so that only what nobody writes to any more is removed.
        """
        swept = sum(_removed(part, idle) for part in _files(self._incoming))
        oldest = (self._now().date() - timedelta(REMEMBERED_DAYS + 1)).isoformat()
        for folder in self._logs.iterdir() if self._logs.is_dir() else ():
            if folder.is_dir() and folder.name < oldest:
                for log in _files(folder):
                    log.unlink(missing_ok=True)
                    swept += 1
                with suppress(OSError):
                    folder.rmdir()
        return swept

    def contents(self) -> Iterator[Path]:
        """Every file that should be a content, in the order of the hashes."""
        for folder in sorted(self.place.glob("[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]")):
            yield from sorted(_files(folder))

    def check(self, referenced: Mapping[str, int], progress: Callable[[int, int], None] = lambda *_: None) -> Checked:
        """Hash every content again, and compare with what the steps name: hash and size."""
        found, there = Checked(), set[str]()
        for file in self.contents():
            found.contents += 1
            size = file.stat().st_size
            found.size += size
            progress(found.contents, max(found.contents, len(referenced)))
            if not _SHA256.match(file.name) or self._place_of(file.name) != file:
                found.unreferenced.append(str(file.relative_to(self.place)))
                continue
            there.add(file.name)
            if not self._is_whole(file, referenced.get(file.name)):
                found.altered.append(file.name)
            if file.name not in referenced:
                young = self._now().timestamp() - file.stat().st_mtime <= REMEMBERED_DAYS * _A_DAY.total_seconds()
                (found.waiting if young else found.unreferenced).append(file.name)
        for sha256 in sorted(referenced.keys() - there):
            (found.erased if self._keys.is_erased(sha256) else found.missing).append(sha256)
        return found

    def _is_whole(self, file: Path, size: int | None) -> bool:
        """Whether what lies there is the content of that hash, and of that size, if it is known."""
        length = file.stat().st_size
        with file.open("rb") as opened:
            if hashlib.file_digest(opened, "sha256").hexdigest() == file.name:
                return size in {None, length}
        digest, clear = hashlib.sha256(), ciphered.size_of(length)
        try:
            for piece in ciphered.read(file, self._keys.of_file(file.name), clear):
                digest.update(piece)
        except (ciphered.AlteredError, Refused):
            return False
        return digest.hexdigest() == file.name and size in {None, clear}


class Upload:
    """A file that is being taken in: write its pieces, then finish; closed before that, nothing of it is left."""

    def __init__(self, store: FileStore, name: str, account: str, part: Path) -> None:
        self._store = store
        self._name = name
        self._account = account
        self._part = part
        self._size = 0
        self._hash = hashlib.sha256()
        self._file = _new(part)

    def write(self, piece: bytes) -> None:
        """Take in a piece; refused as soon as the file is too large."""
        self._size += len(piece)
        if self._size > self._store.most:
            raise FileRefused("file-too-large", most=self._store.most)
        self._hash.update(piece)
        rest = memoryview(piece)
        with room():
            while rest:
                rest = rest[self._file.write(rest) :]

    def finish(self) -> Received:
        """The file as it is kept, after a look at what is in it."""
        if not self._size:
            raise FileRefused("file-empty")
        media_type = media_type_of(self._name)
        with room():
            inspect(self._part, self._name, media_type)
        content = Content(self._hash.hexdigest(), media_type, self._size)
        return self._store.keep(self._part, self._name, self._account, content)

    def close(self) -> None:
        """Leave nothing of an upload that was not finished."""
        self._part.unlink(missing_ok=True)
        self._file.close()


def _new(part: Path) -> FileIO:
    """A new file that is being written, which its owner alone reads, and which no sweep removes meanwhile."""
    file = FileIO(part, "xb", opener=lambda path, flags: os.open(path, flags, 0o600))
    fcntl.flock(file, fcntl.LOCK_EX)
    return file


def _clear(place: Path, first: int, last: int) -> Iterator[bytes]:
    with place.open("rb") as file:
        file.seek(first)
        left = last - first + 1
        while left > 0 and (piece := file.read(min(ciphered.CHUNK, left))):
            left -= len(piece)
            yield piece


def _account(jurisdiction: str, actor: str) -> str:
    """How the notes call an account; whatever it is called, it is no path."""
    return hashlib.sha256(f"{jurisdiction}\n{actor}".encode()).hexdigest()[:40]


def make_folder(folder: Path) -> None:
    """A folder that the owner alone may enter, and that is still there after a power failure."""
    if folder.is_dir():
        return
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    sync(folder.parent)


def sync(folder: Path) -> None:
    """What the folder lists is on the disk."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _files(folder: Path) -> Iterator[Path]:
    with suppress(FileNotFoundError):
        yield from (path for path in folder.iterdir() if path.is_file())


def _removed(part: Path, idle: timedelta) -> bool:
    """Whether a file that nobody takes in any more was removed."""
    with suppress(FileNotFoundError, BlockingIOError), part.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if datetime.now(UTC).timestamp() - os.fstat(file.fileno()).st_mtime >= idle.total_seconds():
            part.unlink(missing_ok=True)
            return True
    return False
