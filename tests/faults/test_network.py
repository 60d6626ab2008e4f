"""Whatever the network between service and database does: whoever asks hears so in time, and nothing is lost.

In earnest (DUBAN_KILLS) the service is as patient as in an office, and the network is bad for longer.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from adapters.postgres.pool import PATIENCE_OF_PEOPLE, LedgerUnavailableError, open_pool
from adapters.settings import Settings
from adapters.wiring import build
from domain.docket import Code
from tests.faults.office import JURISDICTION, LONGEST, SOON, Clerks, served, until
from tests.faults.proxy import APPEND, Proxy, Weather
from tests.faults.support import command, ledger_on, note

pytestmark = [pytest.mark.database, pytest.mark.faults, pytest.mark.slow]

CLERKS = 6
IN_EARNEST = "DUBAN_KILLS" in os.environ
PATIENCE = PATIENCE_OF_PEOPLE if IN_EARNEST else 3.0
OUTAGES = {Weather.RESET: 5.0, Weather.SILENT: 5.0, Weather.SWALLOWED: 5.0, Weather.LATE: 3.0, Weather.CRUMBS: 0.5}
"""Seconds, in earnest five times as long."""
FELT = {Weather.RESET, Weather.SILENT, Weather.SWALLOWED}
"""So that the test would see if it had been fair weather all the time."""


class Desk(NamedTuple):
    """Clerks at work on a service, and the door between that and its database."""

    proxy: Proxy
    clerks: Clerks


@contextmanager
def desk(database: str, data_dir: Path) -> Iterator[Desk]:
    """In the end nothing is lost, nothing is there twice, and every refusal came in time and says when to ask again."""
    with Proxy(database) as proxy:
        services = build(Settings(data_dir=data_dir), proxy.conninfo, name="test", patience=PATIENCE)
        token = services.tokens.create("u-1", "deputy_affairs", "rd", JURISDICTION, "test", 1)
        with served(services) as url:
            clerks = Clerks(url, token, CLERKS)
            try:
                clerks.each_acknowledged(LONGEST)
                yield Desk(proxy, clerks)
            finally:
                proxy.weather(Weather.FAIR)
                clerks.go_home()
    clerks.check(database)
    for heard in clerks.problems():
        assert (heard.status, heard.problem, heard.retry_after) == (503, "database-unavailable", "1")
        assert heard.seconds < LONGEST


@pytest.mark.parametrize("weather", list(OUTAGES))
def test_bad_weather_is_told_in_time_and_forgotten_soon(weather: Weather, entered: str, tmp_path: Path) -> None:
    with desk(entered, tmp_path) as (proxy, clerks):
        proxy.weather(weather)
        time.sleep(OUTAGES[weather] * (5 if IN_EARNEST else 1))
        proxy.weather(Weather.FAIR)
        newcomer = clerks.hire()
        until(lambda: bool(newcomer.acknowledged), SOON)
        clerks.each_acknowledged(LONGEST + SOON)
    assert clerks.problems() or weather not in FELT


def test_connections_that_a_firewall_forgot_are_given_up_in_time(entered: str, tmp_path: Path) -> None:
    with desk(entered, tmp_path) as (proxy, clerks):
        proxy.forget()
        clerks.each_acknowledged(LONGEST + SOON)
    assert clerks.problems()


def test_a_service_that_vanished_within_a_transaction_holds_the_ledger_for_seconds_only(database: str) -> None:
    with Proxy(database) as proxy, ledger_on(database) as near:
        appends: list[bytes] = []

        def second_append(data: bytes) -> bool:
            if APPEND in data:
                appends.append(data)
            return len(appends) > 1

        proxy.swallows = second_append
        pool = open_pool(proxy.conninfo, schema="duban", role="duban_app", size=1, name="far", patience=2.0)
        with pool:
            far = type(near)(pool, "main")
            with pytest.raises(LedgerUnavailableError, match="database-unavailable"):
                far.append([command("a", 0, note()), command("a", 1, note())])

            def recorded() -> bool:
                try:
                    return near.append([command("b", 0, note())])[0].code is Code.RECORDED
                except LedgerUnavailableError:
                    return False

            until(recorded, LONGEST)
        assert near.select_events("a") == []
