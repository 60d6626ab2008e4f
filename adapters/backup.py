"""Backup and restore of an installation with a database of its own, on PostgreSQL's own tools.

A backup is a folder: `database/` (pg_basebackup, checked by pg_verifybackup), `files/`, `log/`, the installation's own
keys, and what it is in `backup.json`. The keys of persons' data and of files are copied apart, and not kept as long
(`adapters/keys.py`). With an archive of the write-ahead log (`DUBAN_WAL_ARCHIVE`) it is restored to any later point.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from adapters.audit.checkpoint import Checkpoint
from adapters.audit.merkle import Frontier
from adapters.audit.note import NoteError
from adapters.audit.tiles import CHECKPOINT
from adapters.embedded import EmbeddedPostgres, die_with_parent, programs

MANIFEST = "backup.json"

_FORMAT = "duban-backup/1"
_FOLDERS = ("files", "log")
_KEYS = ("secret.key", "log.key", "log.key.before-*", "personal.key")
_NOT_KEPT = ("incoming",)
_SLOT = "duban_archive"
_WAL = "archived_wal"
"""Where a restore has the archive beside the database while it recovers."""
_UNFINISHED = ".partial"
_PATIENCE = 3600.0


class BackupError(Exception):
    """A backup that cannot be made, or is not whole, or cannot be restored here; the message says why."""


@dataclass(frozen=True)
class Backup:
    """What a backup says of itself."""

    format: str
    made_at: str
    duban: str
    ledgers: dict[str, int]
    """The last position of each ledger when it was begun: it has at least these."""


@dataclass(frozen=True)
class Restored:
    """What a ledger is after a restore, measured by the checkpoint that was published last."""

    ledger: str
    head: int
    published: int | None
    """Records that the newest checkpoint of the folder covers; None without one."""
    continues: bool
    """Whether the ledger continues what was published; if not, nothing is signed any more."""


def back_up(conninfo: str, schema: str, data_dir: Path, place: Path) -> Backup:
    """Make a backup while the service runs; it is there whole, or not at all."""
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise BackupError(f"{place} is not empty: a backup wants a folder of its own")
    place.parent.mkdir(parents=True, exist_ok=True)
    new = place.with_name(f".{place.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    try:
        made = Backup(_FORMAT, datetime.now(UTC).isoformat(), version("duban"), _heads(conninfo, schema))
        _run("pg_basebackup", "--dbname", conninfo, "--pgdata", str(new / "database"), "--wal-method=stream",
             "--checkpoint=fast", "--manifest-checksums=SHA256", "--no-password")  # fmt: skip
        _run("pg_verifybackup", str(new / "database"))
        # After the database: the ledger names no file that was not there before it.
        for name in _FOLDERS:
            if (data_dir / name).is_dir():
                shutil.copytree(data_dir / name, new / name, ignore=shutil.ignore_patterns(*_NOT_KEPT))
        for key in _own_keys(data_dir):
            shutil.copy2(key, new / key.name)
        (new / MANIFEST).write_text(json.dumps(asdict(made), indent=2), encoding="utf-8")
        with suppress(OSError):
            place.rmdir()
        new.rename(place)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return made


def archiving(conninfo: str, archive: Path) -> subprocess.Popen[bytes]:
    """A process that keeps the write-ahead log in a folder as it is written, until it is ended or the server ends.

    The server keeps what the archive does not have yet, within bounds.
    """
    archive.mkdir(mode=0o700, parents=True, exist_ok=True)
    place, environment = programs()
    asked = [str(place / "pg_receivewal"), "--dbname", conninfo, "--directory", str(archive), f"--slot={_SLOT}"]
    subprocess.run(  # noqa: S603 - PostgreSQL's own program
        [*asked, "--create-slot", "--if-not-exists"], env=environment, check=True
    )
    return subprocess.Popen(  # noqa: S603 - as above
        [*asked, "--no-password", "--no-loop"],
        env=environment,
        preexec_fn=die_with_parent(),  # noqa: PLW1509 - before there are other threads
    )


def mark(conninfo: str, name: str) -> None:
    """Name this point of time in the write-ahead log, so that one can restore up to it."""
    with psycopg.connect(conninfo, autocommit=True) as conn:
        conn.execute("SELECT pg_create_restore_point(%s)", [name])
        conn.execute("SELECT pg_switch_wal()")


def read(place: Path) -> Backup:
    """What a backup says of itself; refused if it is none."""
    try:
        said = json.loads((place / MANIFEST).read_text(encoding="utf-8"))
        found = Backup(**said)
    except (OSError, ValueError, TypeError):
        raise BackupError(f"{place} is not a backup of Duban") from None
    if found.format != _FORMAT:
        raise BackupError(f"{place} is a backup of another version: {found.format}")
    return found


def restore(place: Path, data_dir: Path, *, archive: Path | None = None, until: datetime | str | None = None) -> None:
    """Put a backup into a data directory that has no database; up to a time or a named point, if there is an archive.

    Keys and published checkpoints that are there already stay: the newest ones are the measure.
    """
    read(place)
    if (data_dir / "postgres").exists():
        raise BackupError(f"{data_dir} has a database already: move it away, or let DUBAN_DATA_DIR name another folder")
    if until is not None and archive is None:
        raise BackupError("without an archive of the write-ahead log a backup is restored only as it was made")
    _run("pg_verifybackup", "--exit-on-error", str(place / "database"))
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = data_dir / "postgres.new"
    shutil.rmtree(new, ignore_errors=True)
    shutil.copytree(place / "database", new, symlinks=True)
    new.chmod(0o700)
    for name in _FOLDERS:
        if (place / name).is_dir() and not (data_dir / name).exists():
            shutil.copytree(place / name, data_dir / name)
    for key in _own_keys(place):
        if not (data_dir / key.name).exists():
            shutil.copy2(key, data_dir / key.name)
    before = (new / "postgresql.auto.conf").read_bytes()
    if archive is not None:
        _ask_for_recovery(new, archive, until)
    new.rename(data_dir / "postgres")
    try:
        _recover(data_dir)
    except BaseException:
        shutil.rmtree(data_dir / "postgres", ignore_errors=True)
        raise
    (data_dir / "postgres" / "postgresql.auto.conf").write_bytes(before)
    shutil.rmtree(data_dir / "postgres" / _WAL, ignore_errors=True)


def measured(conninfo: str, schema: str, data_dir: Path) -> list[Restored]:
    """Each ledger, measured by the newest checkpoint that the folder of its log has."""
    found = []
    for ledger, head in _heads(conninfo, schema).items():
        try:
            published = Checkpoint.unchecked((data_dir / "log" / ledger / CHECKPOINT).read_text(encoding="utf-8"))
        except (FileNotFoundError, NoteError):
            found.append(Restored(ledger, head, None, continues=True))
            continue
        frontier = Frontier()
        leaves = sql.SQL("SELECT leaf FROM {}.ledger WHERE ledger_id = %s AND position <= %s ORDER BY position")
        with psycopg.connect(conninfo) as conn, conn.cursor("leaves", binary=True) as cursor:
            cursor.itersize = 50_000
            for (leaf,) in cursor.execute(leaves.format(sql.Identifier(schema)), (ledger, published.size)):
                frontier.add(leaf)
        same = (frontier.size, frontier.root()) == (published.size, published.root)
        found.append(Restored(ledger, head, published.size, continues=same))
    return found


def _ask_for_recovery(cluster: Path, archive: Path, until: datetime | str | None) -> None:
    (cluster / _WAL).mkdir()
    for segment in archive.iterdir():
        if segment.is_file():
            shutil.copy2(segment, cluster / _WAL / segment.name.removesuffix(_UNFINISHED))
    settings = {"restore_command": f'cp "{_WAL}/%f" "%p"', "recovery_target_action": "promote"}
    if isinstance(until, datetime):
        settings["recovery_target_time"] = until.astimezone(UTC).isoformat()
    elif until is not None:
        settings["recovery_target_name"] = until
    with (cluster / "postgresql.auto.conf").open("a", encoding="utf-8") as file:
        for name, value in settings.items():
            quoted = value.replace("'", "''")
            file.write(f"{name} = '{quoted}'\n")
    (cluster / "recovery.signal").touch()


def _recover(data_dir: Path) -> None:
    """Start the server once, until it has recovered all it was asked to."""
    with EmbeddedPostgres(data_dir) as server, closing(psycopg.connect(server.url(), autocommit=True)) as conn:
        ends = time.monotonic() + _PATIENCE
        while conn.execute("SELECT pg_is_in_recovery()").fetchone() == (True,):
            if time.monotonic() > ends:
                raise BackupError("PostgreSQL does not come to the end of its recovery")
            time.sleep(0.1)


def _own_keys(folder: Path) -> list[Path]:
    """The installation's own keys in a folder, those of logs that ended included."""
    return [key for name in _KEYS for key in sorted(folder.glob(name))]


def _heads(conninfo: str, schema: str) -> dict[str, int]:
    with psycopg.connect(conninfo, autocommit=True) as conn:
        query = sql.SQL("SELECT ledger_id, position FROM {}.ledger_head ORDER BY ledger_id")
        return dict(conn.execute(query.format(sql.Identifier(schema))).fetchall())


def _run(program: str, *arguments: str) -> None:
    place, environment = programs()
    done = subprocess.run(  # noqa: S603 - PostgreSQL's own program
        [place / program, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise BackupError(f"{program}: {_last(done.stderr)}")


def _last(said: str) -> str:
    lines: Sequence[Any] = said.strip().splitlines()
    return str(lines[-1]) if lines else "it says nothing"
