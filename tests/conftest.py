"""What every test may lean on: a PostgreSQL of its own, no network, the shared data where it is there."""

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import disk_usage
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from adapters.batch import started
from adapters.embedded import EmbeddedPostgres

settings.register_profile("dev", deadline=None, max_examples=50)
settings.register_profile(
    "ci", deadline=None, max_examples=50, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("ci" if os.environ.get("CI") else "dev")

IN_MEMORY, ROOM = Path("/dev/shm"), 4 * 2**30  # noqa: S108 - a folder of our own is made in it
"""Where the files of the tests' server are if so many bytes are free there."""
LOOPBACK = {"127.0.0.1", "::1", "localhost"}


def _loopback_only(connect: Callable[..., Any]) -> Callable[..., Any]:
    """The socket method, refusing every address that is not of this machine."""

    def guarded(self: socket.socket, address: Any, /) -> Any:
        if self.family in {socket.AF_INET, socket.AF_INET6} and address[0] not in LOOPBACK:
            self.close()
            pytest.fail(f"a test must not reach the network: {address}")
        return connect(self, address)

    return guarded


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket.socket, "connect", _loopback_only(socket.socket.connect))
    monkeypatch.setattr(socket.socket, "connect_ex", _loopback_only(socket.socket.connect_ex))


@pytest.fixture(autouse=True)
def _no_outside_settings(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    for name in [name for name in os.environ if name.startswith("DUBAN_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("DUBAN_DATA_DIR", str(tmp_path_factory.getbasetemp() / "data"))


TOGETHER = {"tests/models/test_replay.py"}
"""Files whose tests share what takes half a minute to make: one worker runs them all."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give each test to whichever worker is free, but those of some files to one."""
    from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]  # noqa: PLC0415 - not always there

    scheduling = LoadScopeScheduling(config, log)
    scheduling._split_scope = _unit_of
    return scheduling


def _unit_of(nodeid: str) -> str:
    file = nodeid.partition("::")[0]
    return file if file in TOGETHER else nodeid


def pytest_collection_finish() -> None:
    """What was collected stays: no search for cycles goes through it for every test."""
    started()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, so that no worker ends long before the others."""
    long = {"browser", "slow"}
    items.sort(
        key=lambda item: _unit_of(item.nodeid) == item.nodeid and not long & {m.name for m in item.iter_markers()}
    )


class Cluster:
    """A PostgreSQL server on which tests make and drop databases."""

    def __init__(self, admin: str) -> None:
        self.admin = admin

    def url(self, dbname: str) -> str:
        """Where a database of this server is reached."""
        return make_conninfo(self.admin, dbname=dbname)

    def create(self, template: str = "template0") -> str:
        """A new database, a copy of the template; returns its conninfo."""
        name = f"duban_test_{uuid4().hex}"
        self._execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        return self.url(name)

    def drop(self, conninfo: str) -> None:
        """Remove a database, whoever is still connected to it."""
        name = str(conninfo_to_dict(conninfo)["dbname"])
        self._execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.admin, autocommit=True) as connection:
            connection.execute(statement)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """One server for this worker's tests: DUBAN_TEST_DATABASE_URL, or an embedded one that dies with the session.

    Where there is room, its files are in memory: a test's own database is made in a quarter of the time.
    """
    if url := os.environ.get("DUBAN_TEST_DATABASE_URL"):
        yield Cluster(url)
        return
    roomy = IN_MEMORY.is_dir() and disk_usage(IN_MEMORY).free >= ROOM
    with (
        TemporaryDirectory(prefix="duban-tests-", dir=IN_MEMORY if roomy else tmp_path_factory.getbasetemp()) as place,
        EmbeddedPostgres(Path(place), durable=False) as server,
    ):
        yield Cluster(server.url("postgres"))


@pytest.fixture(scope="session")
def bare_template(cluster: Cluster) -> Iterator[str]:
    """The name of a migrated database with nothing in it, to which nobody is connected."""
    from adapters.postgres.migrate import migrate  # noqa: PLC0415 - tests without a database need no migrations

    conninfo = cluster.create()
    migrate(conninfo)
    yield str(conninfo_to_dict(conninfo)["dbname"])
    cluster.drop(conninfo)


@pytest.fixture(scope="session")
def migrated_template(bare_template: str) -> str:
    """The name of the database that the tests of a folder get a copy of."""
    return bare_template


@pytest.fixture(scope="session")
def entered_template(cluster: Cluster, bare_template: str) -> Iterator[str]:
    """The name of a migrated database in whose registry every jurisdiction is that ships as a file."""
    from adapters.postgres.ledger import PostgresLedger  # noqa: PLC0415 - as above
    from adapters.postgres.pool import open_pool  # noqa: PLC0415
    from tests.registry import entered_into  # noqa: PLC0415

    conninfo = cluster.create(bare_template)
    with open_pool(conninfo, schema="duban", role="duban_app", size=1, name="template") as pool:
        entered_into(PostgresLedger(pool, "main"))
    yield str(conninfo_to_dict(conninfo)["dbname"])
    cluster.drop(conninfo)


@pytest.fixture
def database(cluster: Cluster, migrated_template: str) -> Iterator[str]:
    """The conninfo of a migrated database of the test's own."""
    conninfo = cluster.create(migrated_template)
    yield conninfo
    cluster.drop(conninfo)


@pytest.fixture
def blank_database(cluster: Cluster) -> Iterator[str]:
    """The conninfo of an empty database of the test's own."""
    conninfo = cluster.create()
    yield conninfo
    cluster.drop(conninfo)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data that is not part of the repository (DUBAN_SHARED, by default ../shared)."""
    place = Path(os.environ.get("DUBAN_SHARED", Path(__file__).parents[2] / "shared")) / "data"
    if not place.is_dir():
        pytest.skip(f"no shared data at {place}; set DUBAN_SHARED to the folder that has it")
    return place
