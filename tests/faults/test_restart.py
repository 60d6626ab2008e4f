"""The service is told to stop while clerks are at work, and started again: nobody loses what was acknowledged."""

from __future__ import annotations

import os
import signal
import time
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from adapters.embedded import EmbeddedPostgres, running
from adapters.settings import Settings
from adapters.wiring import build
from tests.adapters.test_serve import Service, command, data_dir, free_port, prepared
from tests.faults.office import JURISDICTION, LONGEST, Clerks, check, stored_on
from tests.faults.support import connect, wait_until_waiting

__all__ = ["data_dir", "prepared"]

pytestmark = [pytest.mark.database, pytest.mark.faults, pytest.mark.slow]

STOPS = 20 if "DUBAN_KILLS" in os.environ else 1
CLERKS = 8


def address(data_dir: Path) -> str:
    conninfo = running(data_dir)
    assert conninfo is not None
    return conninfo


def test_a_service_that_is_stopped_under_load_finishes_what_it_began(data_dir: Path) -> None:
    port = free_port()
    service = Service(data_dir, port, "--no-sample")
    try:
        service.until_ready()
        conninfo = address(data_dir)
        with closing(build(Settings(data_dir=data_dir), conninfo, name="test")) as services:
            token = services.tokens.create("u-1", "deputy_affairs", "rd", JURISDICTION, "test", 1)
        clerks = Clerks(service.url, token, CLERKS)
        try:
            for _ in range(STOPS):
                clerks.each_acknowledged(30)
                webs = [process for process in service.family() if "web" in command(process)]
                before = clerks.acknowledged()
                with connect(conninfo) as holder, connect(conninfo) as watcher, holder.transaction():
                    holder.execute("SELECT 1 FROM ledger_head FOR UPDATE")
                    wait_until_waiting(watcher)
                    time.sleep(0.5)  # until everybody waits for an answer
                    service.process.send_signal(signal.SIGTERM)
                    time.sleep(0.5)
                _, left = psutil.wait_procs(webs, timeout=LONGEST)
                assert not left
                assert clerks.acknowledged() >= before + CLERKS
                with service.process:
                    assert service.ended() == 0
                service = Service(data_dir, port, "--no-sample")
                service.until_ready()
                conninfo = address(data_dir)
            clerks.each_acknowledged(30)
        finally:
            clerks.go_home()
    finally:
        with service.process:
            service.process.terminate()
    with EmbeddedPostgres(data_dir) as server:
        check(clerks.all, stored_on(server.url()))
    for heard in clerks.problems():
        assert (heard.status, heard.problem) == (None, "ConnectError") or (heard.status, heard.retry_after) == (
            503,
            "1",
        )
