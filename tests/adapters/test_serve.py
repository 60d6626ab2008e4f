"""The service as a person runs it: it starts, says where it is, survives what happens, and stops without a trace."""

import json
import os
import resource
import shutil
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import httpx2
import psutil
import pytest

from adapters.audit.checkpoint import Checkpoint
from adapters.audit.note import PublicKey
from adapters.embedded import EmbeddedPostgres, running
from adapters.exchange.jurisdictions import enter
from adapters.identity.attempts import OF_ACCOUNT, OF_ADDRESS
from adapters.postgres.migrate import migrate
from adapters.settings import Settings
from adapters.wiring import build
from api.commands.audit import LONGEST_WAIT_SECONDS
from domain.account import CONSOLE, Asked, Whence
from domain.case import Role

pytestmark = [pytest.mark.database, pytest.mark.slow]

PROGRAM = [sys.executable, "-P", "-m", "api.cli", "serve"]
PATIENCE = 30.0


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert isinstance(port, int)
    return port


class Service:
    """A `duban serve` over a data directory, and what it says."""

    def __init__(self, data_dir: Path, port: int, *arguments: str, **settings: str) -> None:
        outside = {name: value for name, value in os.environ.items() if not name.startswith("DUBAN_")}
        own = {"DUBAN_DATA_DIR": str(data_dir), "DUBAN_PORT": str(port), "LC_ALL": "C"}
        self.data_dir = data_dir
        self.url = f"http://127.0.0.1:{port}"
        self.errors = data_dir.with_suffix(".errors")
        with self.errors.open("ab") as errors:
            self.process = subprocess.Popen(
                [*PROGRAM, *arguments], env=outside | own | settings, stdout=subprocess.PIPE, stderr=errors, text=True
            )

    def until_ready(self) -> list[str]:
        """What it said until it was ready."""
        assert self.process.stdout is not None
        said = []
        for line in self.process.stdout:
            said.append(line.strip())
            if line.startswith("Duban is ready"):
                return said
        pytest.fail(f"it ended: {self.errors.read_text()}")

    def ended(self) -> int:
        """The exit code."""
        return self.process.wait(PATIENCE)

    def family(self) -> list[psutil.Process]:
        """Every process of the service."""
        this = psutil.Process(self.process.pid)
        return [this, *this.children(recursive=True)]

    def child(self, *words: str) -> psutil.Process:
        """The process whose command has these words."""
        return next(p for p in self.family() if all(word in command(p) for word in words))

    def readiness(self) -> int:
        with urlopen(f"{self.url}/readyz", timeout=PATIENCE) as answer:  # noqa: S310 - our own address
            return int(answer.status)

    def sign_in_page(self) -> tuple[int, str]:
        """Its status and its text."""
        try:
            with urlopen(f"{self.url}/login?lang=zh", timeout=PATIENCE) as answer:  # noqa: S310 - our own address
                return int(answer.status), answer.read().decode()
        except HTTPError as answer:
            with answer:
                return answer.code, answer.read().decode()

    def is_ready(self) -> bool:
        try:
            return self.readiness() == 200
        except (URLError, OSError):
            return False


def until(condition: Callable[[], bool]) -> None:
    """Ask again until it is so."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.05)


def command(process: psutil.Process) -> str:
    """The command line of a process; empty once it has ended."""
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


def gone(processes: list[psutil.Process]) -> bool:
    _, alive = psutil.wait_procs(processes, timeout=PATIENCE)
    return all(process.status() == psutil.STATUS_ZOMBIE for process in alive)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory that was migrated, and has an administrator."""
    data_dir = tmp_path_factory.mktemp("prepared") / "data"
    with EmbeddedPostgres(data_dir) as server:
        migrate(server.url())
        with closing(build(Settings(data_dir=data_dir), server.url(), name="test")) as services:
            enter(services.docket, services.jurisdiction, actor="test")
            asked = Asked(role=Role.ADMINISTRATOR, jurisdiction=services.jurisdiction)
            services.accounts.create("root", "管理员", asked, by=CONSOLE)
    return data_dir


@pytest.fixture
def data_dir(prepared: Path, tmp_path: Path) -> Path:
    place = tmp_path / "data"
    shutil.copytree(prepared, place)
    return place


@pytest.fixture(scope="module")
def service(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with two web processes, which every test leaves running."""
    data_dir = tmp_path_factory.mktemp("service") / "data"
    shutil.copytree(prepared, data_dir)
    service = Service(data_dir, free_port(), "--no-sample", DUBAN_WEB_WORKERS="2")
    with service.process:
        service.until_ready()
        yield service
        service.process.terminate()


@pytest.fixture
def start(data_dir: Path) -> Iterator[Callable[..., Service]]:
    """Starts a service over the data directory; what still runs afterwards is ended."""
    started: list[Service] = []

    def begin(*arguments: str, port: int | None = None, place: Path = data_dir, **settings: str) -> Service:
        service = Service(place, port or free_port(), "--no-sample", *arguments, **settings)
        started.append(service)
        return service

    yield begin
    for service in started:
        with service.process:
            service.process.kill()


def test_it_says_where_it_is_and_a_request_to_stop_leaves_nothing_behind(
    start: Callable[..., Service], data_dir: Path
) -> None:
    service = start()
    assert service.until_ready() == [f"Duban is ready: {service.url}"]
    family = service.family()
    assert service.readiness() == 200

    service.process.terminate()

    assert service.ended() == 0
    assert gone(family)
    assert running(data_dir) is None
    assert not (data_dir / "serve.json").exists()


def spent(*command: str) -> float:
    """The processor's seconds that a program costs."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def test_the_program_is_loaded_once_for_all_its_processes(start: Callable[..., Service]) -> None:
    # Not by the clock: the machine has other work, and is not always as fast.
    loading = spent(sys.executable, "-c", "import api.main")
    service = start(DUBAN_WEB_WORKERS="3")
    service.until_ready()
    copies = [process for process in service.family() if command(process).startswith("duban ")]
    assert len(copies) == 5
    for times in [copy.cpu_times() for copy in copies]:
        assert times.user + times.system < loading / 4


def test_a_copy_has_nothing_of_the_supervisors_but_its_end(service: Service) -> None:
    supervisor = psutil.Process(service.process.pid)
    assert supervisor.num_threads() == 1
    assert str(service.data_dir / "lock") in {file.path for file in supervisor.open_files()}
    port = int(service.url.rpartition(":")[2])
    for name in ("web-1", "web-2", "projector", "sealer"):
        copy = service.child(f"duban {name}")
        assert {file.path for file in copy.open_files()} == {str(service.errors)}
        listening = [one for one in copy.net_connections("tcp") if one.status == psutil.CONN_LISTEN]
        assert [one.laddr.port for one in listening] == [port] * ("web" in name)
        assert os.getsid(copy.pid) == copy.pid


def test_what_is_recorded_is_signed_within_ten_seconds(service: Service) -> None:
    conninfo = running(service.data_dir)
    assert conninfo is not None
    with closing(build(Settings(data_dir=service.data_dir), conninfo, name="test")) as services:
        until(lambda: services.audit.status().waits_seconds == 0)
        assert enter(services.docket, "jp-sangiin", actor="test") > 0
        head = services.docket.head()
        while (status := services.audit.status()).size < head:
            assert status.waits_seconds < LONGEST_WAIT_SECONDS
            time.sleep(0.1)
        key = PublicKey.parse(services.audit.key())
        assert Checkpoint.opened(services.audit.checkpoint(), key).size == head


def test_a_second_start_names_the_first(service: Service, start: Callable[..., Service]) -> None:
    second = start(place=service.data_dir)
    assert second.ended() == 3
    assert f"already running at {service.url} (process {service.process.pid})" in second.errors.read_text()
    assert service.readiness() == 200


def test_web_processes_share_the_port(service: Service) -> None:
    assert len([process for process in service.family() if "duban web-" in command(process)]) == 2


def tried(service: Service, login: str, address: str) -> int:
    """The status of a sign-in with a wrong password, through whichever process takes the connection."""
    headers = {"Sec-Fetch-Site": "same-origin", "X-Forwarded-For": address}
    form = {"login": login, "password": "wrong password"}
    return httpx2.post(f"{service.url}/login", data=form, headers=headers, timeout=PATIENCE).status_code


def test_a_flood_of_sign_ins_is_counted_for_both_processes_together(service: Service) -> None:
    with ThreadPoolExecutor(8) as flood:
        of_account = list(flood.map(lambda n: tried(service, "root", f"198.51.100.{n}"), range(OF_ACCOUNT + 10)))
        of_address = list(flood.map(lambda n: tried(service, f"guess-{n}", "203.0.113.9"), range(OF_ADDRESS + 5)))
    assert sorted(of_account) == [403] * OF_ACCOUNT + [429] * 10
    assert sorted(of_address) == [403] * OF_ADDRESS + [429] * 5


def test_who_is_disabled_is_out_of_both_processes_within_a_second(service: Service) -> None:
    conninfo = running(service.data_dir)
    assert conninfo is not None
    with closing(build(Settings(data_dir=service.data_dir), conninfo, name="test")) as services:
        asked = Asked(role=Role.DEPUTY_AFFAIRS, jurisdiction=services.jurisdiction)
        account, password = services.accounts.create("li", "李四", asked, by=CONSOLE, must_change=False)
        cookie = services.accounts.sign_in("li", password, Whence("127.0.0.1", "test")).secret
        token = services.tokens.create_own(account, "test", 1, ["read"], by="li")

        anew = httpx2.Client(limits=httpx2.Limits(max_keepalive_connections=0), timeout=PATIENCE)
        page, operation = f"{service.url}/cases", f"{service.url}/api/v1/cases"
        asks = [(page, {"Cookie": f"duban={cookie}"}), (operation, {"Authorization": f"Bearer {token}"})] * 4

        def asked_at(ask: tuple[str, dict[str, str]]) -> tuple[float, int]:
            """When it was asked, through a connection of its own, and the status of the answer."""
            return time.monotonic(), anew.get(ask[0], headers=ask[1]).status_code

        with anew, ThreadPoolExecutor(4) as asking:
            assert {status for _, status in asking.map(asked_at, asks)} == {200}
            services.accounts.disable(account.id, by=CONSOLE)
            until, answers = time.monotonic() + 1, [(0.0, 200)]
            while min(at for at, _ in answers) < until:
                answers = list(asking.map(asked_at, asks))
                assert {status for at, status in answers if at >= until} <= {303, 401}


def test_a_port_that_is_used_is_named(start: Callable[..., Service], data_dir: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        port = other.getsockname()[1]
        service = start(port=port)
        assert service.ended() == 3
    assert f"Port {port} of 127.0.0.1 is used by another program" in service.errors.read_text()
    assert running(data_dir) is None


@pytest.mark.faults
@pytest.mark.parametrize("name", ["web", "projector"])
def test_a_killed_process_comes_back_by_itself(name: str, service: Service) -> None:
    before = {process.pid for process in service.family()}

    service.child(f"duban {name}").kill()

    until(lambda: any(f"duban {name}" in command(p) for p in service.family() if p.pid not in before))
    until(service.is_ready)


@pytest.mark.faults
def test_a_killed_database_comes_back_by_itself(service: Service) -> None:
    postgres = service.child("bin/postgres")

    postgres.kill()

    until(lambda: service.is_ready() and not postgres.is_running())
    assert service.process.poll() is None


@pytest.mark.faults
def test_everything_ends_with_a_killed_supervisor_and_the_next_start_goes_on(
    start: Callable[..., Service], data_dir: Path
) -> None:
    service = start()
    service.until_ready()
    family = service.family()
    port = int(service.url.rpartition(":")[2])

    service.process.kill()
    follower = start(port=port)

    follower.until_ready()
    assert gone(family)
    assert json.loads((data_dir / "serve.json").read_text())["pid"] == follower.process.pid


@pytest.mark.faults
def test_a_process_that_ends_again_and_again_is_given_up(start: Callable[..., Service]) -> None:
    service = start()
    service.until_ready()
    killed: set[int] = set()

    def kill_web() -> bool:
        for process in service.family() if service.process.poll() is None else []:
            if "duban web" in command(process) and process.pid not in killed:
                killed.add(process.pid)
                process.kill()
        return service.process.poll() is not None

    until(kill_web)

    assert service.ended() == 1
    assert "The web process ended 5 times right after its start" in service.errors.read_text()


def test_a_wrong_installation_is_refused_before_anything_starts(start: Callable[..., Service]) -> None:
    service = start(POSTGRES_ENABLE_DB_FUNCTIONS="y")
    assert service.ended() == 1
    said = service.errors.read_text()
    assert "POSTGRES_ENABLE_DB_FUNCTIONS=y" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("url", "code", "reason"),
    [
        ("postgresql://nobody@127.0.0.1:1/none", 6, "cannot be reached"),
        ("nonsense", 2, "DUBAN_DATABASE_URL"),
    ],
)
def test_a_database_that_is_not_there_is_one_clear_line(
    url: str, code: int, reason: str, start: Callable[..., Service]
) -> None:
    service = start(DUBAN_DATABASE_URL=url)
    assert service.ended() == code
    said = service.errors.read_text()
    assert reason in said
    assert "Traceback" not in said


def test_without_the_sample_an_empty_installation_says_what_to_do_until_a_jurisdiction_is_entered(
    tmp_path: Path,
) -> None:
    data_dir = tmp_path / "new"
    service = Service(data_dir, free_port(), "--no-sample")
    with service.process:
        assert len(service.until_ready()) == 1
        status, page = service.sign_in_page()
        service.process.terminate()
    assert (status, "duban registry enter" in page) == (503, True)
    assert "duban registry enter FILE" in service.errors.read_text()
    assert not (data_dir / "admin-password").exists()
    service = Service(data_dir, free_port(), "--no-sample", DUBAN_JURISDICTION="cn-999921")
    with service.process:
        service.until_ready()
        status, page = service.sign_in_page()
        service.process.terminate()
    assert (status, "示例数据" in page) == (200, True)
    assert (data_dir / "admin-password").exists()


def test_the_first_start_loads_the_sample_and_makes_a_token_once(tmp_path: Path) -> None:
    data_dir = tmp_path / "new"
    for visit in (1, 2):
        service = Service(data_dir, free_port())
        with service.process:
            said = service.until_ready()
            service.process.terminate()
        assert ["sample cases" in said[0], "token" in said[1]] == [True, True] if visit == 1 else len(said) == 1
        assert service.errors.read_text().count("give --no-sample") == 1
    token, admin, accounts = (data_dir / name for name in ("sample-token", "admin-password", "sample-accounts"))
    for file in (token, admin, accounts):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert token.read_text().startswith("duban_")
    password = admin.read_text().strip()
    assert service.errors.read_text().count(password) == 1
    told = accounts.read_text("utf-8")
    assert "Deputy affairs office 江口县代表工作机构" in told
    lines = [line.split()[:3] for line in told.splitlines()]
    assert len({password for _, password, _ in lines}) == len(lines) == 17
    assert {role for _, _, role in lines} == set(Role) - {Role.ADMINISTRATOR}
    with (
        EmbeddedPostgres(data_dir) as server,
        closing(build(Settings(data_dir=data_dir), server.url(), name="t")) as one,
    ):
        for login, given, role in [["admin", password, "administrator"], *lines]:
            signed_in = one.accounts.sign_in(login, given, Whence("192.0.2.7", "test"))
            account = one.accounts.find(signed_in.account_id)
            assert (account.binding.role, account.must_change) == (role, login == "admin")
