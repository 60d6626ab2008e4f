"""`duban serve`: one process that starts the database, the web server and the projector, and keeps them running.

Everything runs in its main thread: PostgreSQL ends with the thread that started it. It has no other, so that a copy of
it is whole: the web server and the projector are copies, which have loaded already what they run.
"""

import contextlib
import errno
import json
import multiprocessing
import os
import select
import signal
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from multiprocessing.context import ForkProcess
from pathlib import Path
from threading import Thread
from types import FrameType

import structlog
from setproctitle import setproctitle

from adapters.embedded import AlreadyRunning, EmbeddedPostgres
from adapters.postgres.migrate import migrate
from adapters.settings import Settings

DRAIN_SECONDS = 10.0
QUICK_SECONDS = 10.0
MOST_QUICK_FAILURES = 5
LONGEST_PAUSE = 10.0
BACKLOG = 2048
"""Requests that wait while the web server is being started, or started again."""
DATABASE_UNAVAILABLE = 6
"""The exit code of a child that waits for somebody else's database: it is started again for as long as it takes."""

_RECORD = "serve.json"
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where to knock when it listens everywhere
_BIND_SECONDS = 2.0
_SLOW_START_SECONDS = 30.0
_TO_STOP = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

log = structlog.get_logger("duban.serve")


class ServeError(Exception):
    """The service cannot run; the message says why and what to do."""


class AlreadyServing(ServeError):  # noqa: N818 - it is a state, told to a person
    """Another `duban serve` runs here."""

    def __init__(self, url: str, pid: int) -> None:
        super().__init__(f"Duban is already running at {url} (process {pid}).")
        self.url = url
        self.pid = pid


class PortInUse(ServeError):  # noqa: N818 - it is a state, told to a person
    """Somebody else listens there."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(
            f"Port {port} of {host} is used by another program. Stop that one, or let DUBAN_PORT name another port."
        )


class Stopped(BaseException):
    """Somebody asked the service to stop."""


@dataclass
class Child:
    """A process that is kept running."""

    name: str
    arguments: tuple[str, ...]
    web: bool
    process: ForkProcess | None = None
    started: float = 0.0
    due: float = 0.0
    failures: int = 0

    def ended(self) -> int | None:
        """The exit code if it ran and ended."""
        return None if self.process is None else self.process.exitcode


class Supervisor:
    """Starts everything in order, starts again what ends, stops everything in order."""

    def __init__(
        self,
        settings: Settings,
        say: Callable[[str], None],
        first_start: Callable[[str], object],
        run: Callable[[Sequence[str]], object],
    ) -> None:
        """`say` tells a person; `first_start` gets the conninfo of the prepared database before anything else does.

        `run` is what a copy of this process does: the command of these arguments. It ends as the process should.
        """
        self.settings = settings
        self.children: list[Child] = []
        self._say = say
        self._first_start = first_start
        self._run = run
        self._database: EmbeddedPostgres | None = None
        self._database_started = 0.0
        self._database_failures = 0
        self._began = time.monotonic()
        self._ready = False
        self._told_slow = False
        self._requests_to_stop = 0

    @property
    def url(self) -> str:
        """Where a person on this machine finds the service."""
        host = _ANYWHERE.get(self.settings.host, self.settings.host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.settings.port}"

    def run(self) -> None:
        """Serve until somebody asks to stop; raises what keeps the service from running."""
        _make(self.settings.data_dir)
        with self._signals() as self._woken, self._bound() as self._socket, _lifeline() as self._lifeline:
            try:
                self._open()
                while True:
                    self._look_after_database()
                    for child in self.children:
                        self._look_after(child)
                    self._announce()
                    self._sleep()
            except Stopped:
                log.info("stopping")
            finally:
                self._close()

    # Starting

    def _open(self) -> None:
        conninfo = self._start_database()
        owner = self.settings.migration_url
        applied = migrate(
            conninfo if owner is None else owner.get_secret_value(),
            self.settings.database_schema,
            self.settings.ledger,
        )
        if applied:
            log.info("database prepared", migrations=applied)
        self._first_start(conninfo)
        web = ("web", "--socket", str(self._socket.fileno()))
        names = (
            ["web"] if self.settings.web_workers == 1 else [f"web-{n + 1}" for n in range(self.settings.web_workers)]
        )
        self.children = [Child(name, web, web=True) for name in names]
        if self.settings.projector:
            self.children.append(Child("projector", ("projector",), web=False))
        if self.settings.wal_archive is not None:
            self.children.append(Child("archiver", ("archiver",), web=False))
        if self.settings.sealer:
            self.children.append(Child("sealer", ("sealer",), web=False))

    def _start_database(self) -> str:
        if self.settings.database_url is not None:
            return self.settings.database_url.get_secret_value()
        self._database = EmbeddedPostgres(self.settings.data_dir)
        try:
            self._database.start()
        except AlreadyRunning as running:
            self._database = None
            _refuse_second(self.settings.data_dir, running.pid)
            raise
        self._database_started = time.monotonic()
        return self._database.url()

    @contextlib.contextmanager
    def _bound(self) -> Iterator[socket.socket]:
        """The socket of the web server, taken before anything else is started; the workers share it."""
        host, port = self.settings.host, self.settings.port
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
        except socket.gaierror as trouble:
            raise ServeError(f"DUBAN_HOST={host} is not an address of this machine: {trouble.strerror}.") from None
        with socket.socket(family, kind, protocol) as bound:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            until = time.monotonic() + _BIND_SECONDS
            while True:
                try:
                    bound.bind(address)
                    bound.listen(BACKLOG)
                    break
                except OSError as trouble:
                    if trouble.errno != errno.EADDRINUSE:
                        raise ServeError(
                            f"Duban cannot listen on port {port} of {host}: {trouble.strerror}. "
                            "Let DUBAN_HOST and DUBAN_PORT name another place."
                        ) from None
                    _refuse_second(self.settings.data_dir, None)
                    # The workers of a supervisor that was killed a moment ago may still be leaving.
                    if time.monotonic() > until:
                        raise PortInUse(host, port) from None
                    time.sleep(0.05)
            yield bound

    # Keeping

    def _look_after_database(self) -> None:
        if self._database is None or self._database.pid is not None:
            return
        quick = time.monotonic() - self._database_started < QUICK_SECONDS
        self._database_failures = self._database_failures + 1 if quick else 1
        if self._database_failures >= MOST_QUICK_FAILURES:
            raise ServeError(
                f"PostgreSQL ended {self._database_failures} times right after its start. Its log: {self._database.log}"
            )
        log.error("PostgreSQL ended unexpectedly, starting it again")
        _stop_all(self.children, DRAIN_SECONDS / 3)
        self._database.stop()
        self._start_database()
        log.info("PostgreSQL runs again")

    def _look_after(self, child: Child) -> None:
        if (code := child.ended()) is not None:
            self._note_end(child, code)
        if child.process is None and time.monotonic() >= child.due:
            child.process = multiprocessing.get_context("fork").Process(target=self._be, args=(child,))
            child.started = time.monotonic()
            signals = signal.pthread_sigmask(signal.SIG_BLOCK, _TO_STOP)
            try:
                child.process.start()
            finally:
                signal.pthread_sigmask(signal.SIG_SETMASK, signals)

    def _be(self, child: Child) -> None:
        """In a copy of this process: do a child's work, in a session of its own, with nothing that is ours open."""
        setproctitle(f"duban {child.name}")
        os.setsid()
        signal.set_wakeup_fd(-1)
        for number in (*_TO_STOP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _TO_STOP)
        os.dup2(self._lifeline, 0)
        kept = self._socket.fileno() if child.web else 2
        os.closerange(3, kept)
        os.closerange(kept + 1, os.sysconf("SC_OPEN_MAX"))
        if self._database is not None:
            os.environ["DUBAN_DATABASE_URL"] = self._database.url()
        _end_with_supervisor()
        self._run(child.arguments)

    def _note_end(self, child: Child, code: int) -> None:
        child.process = None
        quick = time.monotonic() - child.started < QUICK_SECONDS
        child.failures = child.failures + 1 if quick else 0
        waits = code == DATABASE_UNAVAILABLE and self._database is None
        if child.failures >= MOST_QUICK_FAILURES and not waits:
            raise ServeError(
                f"The {child.name} process ended {child.failures} times right after its start ({_how(code)}). "
                "Its reason stands above; `duban doctor` checks the installation."
            )
        pause = min(0.25 * 2**child.failures, LONGEST_PAUSE) if quick else 0.0
        child.due = time.monotonic() + pause
        log.error("a process ended unexpectedly, starting it again", process=child.name, end=_how(code), pause=pause)

    def _announce(self) -> None:
        """Say once where the service is, when it answers."""
        if self._ready:
            return
        status, said = _knock(self.settings)
        if status == 200:  # noqa: PLR2004 - OK
            self._ready = True
            _write_record(self.settings.data_dir, self.url)
            self._say(f"Duban is ready: {self.url}")
        elif time.monotonic() - self._began > _SLOW_START_SECONDS and not self._told_slow:
            self._told_slow = True
            log.warning("not ready yet", status=status, says=said)

    # Waiting and stopping

    def _sleep(self) -> None:
        """Until a child ends, a signal comes, or there is something to do."""
        now = time.monotonic()
        pauses = [child.due - now for child in self.children if child.process is None]
        pause = min([1.0 if self._ready else 0.05, *pauses])
        if select.select([self._woken], [], [], max(pause, 0.0))[0]:
            self._woken.recv(4096)

    @contextlib.contextmanager
    def _signals(self) -> Iterator[socket.socket]:
        """Signals wake the loop; the first request to stop unwinds it, a second one hurries."""

        def stop(number: int, frame: FrameType | None) -> None:
            del number, frame
            self._requests_to_stop += 1
            if self._requests_to_stop == 1:
                raise Stopped

        woken, waker = socket.socketpair()
        waker.setblocking(False)  # noqa: FBT003 - it takes no name
        before = {s: signal.signal(s, stop) for s in _TO_STOP}
        before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
        old = signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
        try:
            yield woken
        except Stopped:
            pass
        finally:
            signal.set_wakeup_fd(old)
            for number, handler in before.items():
                signal.signal(number, handler)
            woken.close()
            waker.close()

    def _close(self) -> None:
        """Web first, with time to finish its answers, then the projector, then PostgreSQL."""
        self._requests_to_stop = max(self._requests_to_stop, 1)
        self._socket.close()
        webs, others = ([c for c in self.children if c.web], [c for c in self.children if not c.web])
        for children in (webs, others):
            _stop_all(children, DRAIN_SECONDS, lambda: self._requests_to_stop > 1)
        if self._ready:
            (self.settings.data_dir / _RECORD).unlink(missing_ok=True)
        if self._database is not None:
            self._database.stop()


def _end_with_supervisor() -> None:
    """Ask this process to stop when its supervisor is gone: standard input is a pipe that the supervisor holds."""

    def watch() -> None:
        while os.read(0, 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(DRAIN_SECONDS)
        os._exit(1)

    Thread(target=watch, name="supervisor-watch", daemon=True).start()


@contextlib.contextmanager
def _lifeline() -> Iterator[int]:
    """The reading end of a pipe whose writing end lives as long as this process."""
    reading, writing = os.pipe()
    try:
        yield reading
    finally:
        os.close(reading)
        os.close(writing)


def _stop_all(children: list[Child], patience: float, hurried: Callable[[], bool] = lambda: False) -> None:
    """Ask them all, wait together, end those that do not follow. Afterwards they are due at once."""
    running = [child.process for child in children if child.process is not None]
    for process in running:
        process.terminate()
    until = time.monotonic() + patience
    while any(process.exitcode is None for process in running):
        if time.monotonic() > until or hurried():
            for process in running:
                process.kill()
        time.sleep(0.02)
    for child in children:
        child.process = None
        child.due = 0.0


def _knock(settings: Settings) -> tuple[int | None, str]:
    """What /readyz answers; None while nobody answers."""
    host = _ANYWHERE.get(settings.host, settings.host)
    door = HTTPConnection(host, settings.port, timeout=1)
    try:
        door.request("GET", "/readyz")
        answer = door.getresponse()
        return answer.status, answer.read(1000).decode(errors="replace")
    except (OSError, HTTPException) as trouble:
        return None, str(trouble)
    finally:
        door.close()


def _make(data_dir: Path) -> None:
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as trouble:
        if trouble.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise ServeError(
            f"The data directory {data_dir} cannot be used: {trouble.strerror}. "
            "Give this user the right to it, or let DUBAN_DATA_DIR name another folder."
        ) from None


def _how(code: int) -> str:
    return f"killed by signal {-code}" if code < 0 else f"exit code {code}"


def _write_record(data_dir: Path, url: str) -> None:
    new = data_dir / f".{_RECORD}.{os.getpid()}"
    new.write_text(json.dumps({"pid": os.getpid(), "url": url}), encoding="ascii")
    new.replace(data_dir / _RECORD)


def _refuse_second(data_dir: Path, pid: int | None) -> None:
    """Say where the other one is, if this data directory is being served."""
    try:
        record = json.loads((data_dir / _RECORD).read_text(encoding="ascii"))
        os.kill(record["pid"], 0)
    except (OSError, ValueError, KeyError):
        return
    if pid in (None, record["pid"]):
        raise AlreadyServing(record["url"], record["pid"])
