"""The disk is full: writing is refused and says so, reading goes on, and with some space again all goes on."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx2
import psycopg
import pytest

from adapters.embedded import EmbeddedPostgres
from adapters.exchange.jurisdictions import enter
from adapters.postgres.migrate import migrate
from adapters.postgres.pool import PATIENCE_OF_PEOPLE
from adapters.postgres.projector import Projector
from adapters.settings import Settings
from adapters.wiring import Services, build
from tests.faults.office import JURISDICTION, LONGEST, SOON, Clerks, check, served, stored_on, until
from tests.faults.support import connect

pytestmark = [pytest.mark.database, pytest.mark.faults, pytest.mark.slow]

CLERKS = 4
SECONDS_FULL = 30.0 if "DUBAN_KILLS" in os.environ else 2.0


@pytest.fixture
def disks() -> Iterator[ExitStack]:
    """Takes small disks away in the end, the last one first."""
    with ExitStack() as mounted:
        yield mounted


def mount(disks: ExitStack, place: Path, megabytes: int) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    place.mkdir(exist_ok=True)
    asked = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(place)]
    if subprocess.run(asked, capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine lets nobody mount a small disk")
    disks.callback(subprocess.run, ["umount", str(place)], check=True)


def own_disk(disks: ExitStack, place: Path, megabytes: int) -> None:
    """Move what is in a folder to a small disk in its place."""
    kept, owner = place.with_name("kept"), place.stat()
    place.rename(kept)
    mount(disks, place, megabytes)
    shutil.copytree(kept, place, dirs_exist_ok=True)
    for found in (place, *place.rglob("*")):
        os.chown(found, owner.st_uid, owner.st_gid)
    shutil.rmtree(kept)
    place.chmod(0o700)


def fill(disk: Path) -> Path:
    """A file that takes all the space there is."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(65536)) == 65536:
                pass
        except OSError:
            pass
    return ballast


class Desk(NamedTuple):
    """A service, somebody who reads, and clerks at work."""

    url: str
    reader: dict[str, str]
    services: Services
    clerks: Clerks


@contextmanager
def desk(server: EmbeddedPostgres, data_dir: Path, name: str = "c") -> Iterator[Desk]:
    services = build(Settings(data_dir=data_dir), server.url(), name="test", patience=PATIENCE_OF_PEOPLE)
    enter(services.docket, JURISDICTION, actor="test")
    token = services.tokens.create("u-1", "deputy_affairs", "rd", JURISDICTION, "test", 1)
    with served(services) as url:
        clerks = Clerks(url, token, CLERKS, name)
        try:
            clerks.each_acknowledged(LONGEST)
            yield Desk(url, {"Authorization": f"Bearer {token}"}, services, clerks)
        finally:
            clerks.go_home()


def use_up_what_is_left(conninfo: str) -> None:
    """Begin one file of the write-ahead log after another."""
    with connect(conninfo) as owner:
        for _ in range(100):
            owner.execute("SELECT pg_switch_wal()")
            owner.execute("CREATE TABLE one_more (); DROP TABLE one_more")


@contextmanager
def projecting(conninfo: str) -> Iterator[None]:
    projector = Projector(conninfo)
    thread = threading.Thread(target=projector.run)
    thread.start()
    try:
        yield
    finally:
        projector.stop()
        thread.join()


def test_a_full_disk_refuses_steps_shows_cases_and_goes_on_with_space_again(tmp_path: Path, disks: ExitStack) -> None:
    disk = tmp_path / "disk"
    mount(disks, disk, 160)
    with EmbeddedPostgres(disk) as server:
        migrate(server.url())
        with desk(server, tmp_path / "data") as (url, reader, services, clerks), projecting(server.url()):
            until(lambda: services.views.position() > 0, LONGEST)

            ballast = fill(disk)
            until(lambda: len(clerks.problems()) > CLERKS, LONGEST)
            full_until = time.monotonic() + SECONDS_FULL
            while time.monotonic() < full_until:
                listed = httpx2.get(f"{url}/api/v1/cases?limit=10", headers=reader, timeout=LONGEST)
                assert listed.status_code == 200
                case = listed.json()["cases"][0]["case_id"]
                assert httpx2.get(f"{url}/api/v1/cases/{case}", headers=reader, timeout=LONGEST).status_code == 200
            told = {(heard.status, heard.problem, heard.retry_after) for heard in clerks.problems()}
            assert told == {(503, "database-full", "1")}

            ballast.unlink()
            clerks.each_acknowledged(SOON)
            until(lambda: services.views.position() == services.ledger.head(), LONGEST)
        clerks.check(server.url())


def test_a_full_disk_of_the_write_ahead_log_loses_nothing_that_was_acknowledged(
    tmp_path: Path, disks: ExitStack
) -> None:
    with EmbeddedPostgres(tmp_path / "disk") as server:
        migrate(server.url())
    own_disk(disks, server.cluster / "pg_wal", 80)
    try:
        server.start()
        with desk(server, tmp_path / "data") as before:
            ballast = fill(server.cluster / "pg_wal")
            with pytest.raises(psycopg.OperationalError):
                use_up_what_is_left(server.url())
            until(lambda: bool(before.clerks.problems()), LONGEST)
            ballast.unlink()
        began = time.monotonic()
        server.stop()
        server.start()
        assert time.monotonic() - began < LONGEST
        with desk(server, tmp_path / "data", "later") as after:
            pass
        check([*before.clerks.all, *after.clerks.all], stored_on(server.url()))
    finally:
        server.stop()
    for heard in before.clerks.problems():
        assert heard.problem in {"database-full", "database-unavailable"}
        assert (heard.status, heard.retry_after) == (503, "1")
        assert heard.seconds < LONGEST
