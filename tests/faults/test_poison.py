"""What a projection cannot take stops that projection, which says so everywhere; what is foreign is never run."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from eventsourcing.utils import resolve_topic
from starlette.testclient import TestClient

from adapters.postgres import projector
from adapters.settings import load_settings
from adapters.wiring import build, sealer
from api.main import create_app
from domain.case import Recorded, UnknownStepError
from domain.cases.suggestion import HandedOver
from projections import catalogue
from projections.case_list import CaseList
from tests.adapters.test_projector import Office, poison, until
from tests.api.conftest import SITE
from tests.api.test_cli import Run, installation, run
from tests.faults.support import act

__all__ = ["installation", "run"]

pytestmark = [pytest.mark.database, pytest.mark.faults]


@pytest.fixture
def database(entered: str) -> str:
    """The doctor finds the jurisdictions."""
    return entered


class Told:
    """What is said of the case list where people and machines look."""

    def __init__(self, client: TestClient, installation: Run) -> None:
        self._client = client
        self._installation = installation

    def readiness(self) -> tuple[int, dict[str, str]]:
        """The status of /readyz, and the state of each projection."""
        answer = self._client.get("/readyz")
        return answer.status_code, {found["name"]: found["state"] for found in answer.json()["projections"]}

    def doctor(self) -> tuple[int, str]:
        """How the doctor ends, and what he says of the case list."""
        done = self._installation("doctor", "--json")
        return done.code, next(c["says"] for c in done.json["checks"] if c["name"] == "projection case_list")


def test_a_poisoned_projection_is_tried_again_says_so_everywhere_and_ends_as_if_built_anew(
    database: str, installation: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[int] = []

    class Fastidious(CaseList):
        def take(self, batch: Sequence[Recorded], histories: Any) -> Any:
            if any(record.step == HandedOver(lead_unit="jyj") for record in batch):
                tries.append(len(batch))
                raise ValueError("not this one")
            return super().take(batch, histories)

    monkeypatch.setattr(projector, "_POISON_SECONDS", 0.1)
    monkeypatch.setitem(catalogue.PROJECTIONS, "case_list", Fastidious)
    settings = load_settings()
    services = build(settings, database, name="test")
    office = Office(database, services.ledger)
    office.projector.catch_up()
    with TestClient(create_app(services), base_url=SITE) as client, office.running():
        told = Told(client, installation)
        office.docket.record(office.open(), HandedOver(lead_unit="jyj"), act())
        poisoned_at = services.ledger.head()
        until(lambda: office.status().state == "stopped")
        until(lambda: tries.count(1) > 2)
        office.some(2)
        until(lambda: office.status("history").lag == 0)
        sealer(settings, database).once()

        assert told.readiness() == (
            503,
            {"case_list": "stopped", "clocks": "live", "figures": "live", "history": "live", "search": "live"},
        )
        code, says = told.doctor()
        assert code == 1
        assert f"stopped: record {poisoned_at}: ValueError: not this one" in says
        assert office.status().position == poisoned_at - 1

        monkeypatch.setitem(catalogue.PROJECTIONS, "case_list", CaseList)
        until(lambda: office.status().lag == 0)
        assert told.readiness() == (
            200,
            {"case_list": "live", "clocks": "live", "figures": "live", "history": "live", "search": "live"},
        )
        assert told.doctor()[0] == 0
        shown = office.rows()
        office.projector.rebuild("case_list")
        assert office.rows() == shown


@pytest.fixture
def bait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of an object that could be imported, and what importing it would leave behind."""
    (tmp_path / "duban_bait.py").write_text("def run(): pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "duban_bait", raising=False)
    return "duban_bait:run"


def test_a_row_that_names_a_foreign_object_is_refused_and_told_and_nothing_is_imported(
    bait: str, database: str, installation: Run
) -> None:
    settings = load_settings()
    with closing(build(settings, database, name="test")) as services:
        office = Office(database, services.ledger)
        office.some(1)
        office.projector.catch_up()
        at = poison(office, bait)
        with pytest.raises(UnknownStepError, match=bait):
            services.docket.case_file(f"poisoned-{at}")
        with office.running():
            until(lambda: office.status().state == "stopped")
        sealer(settings, database).once()
    done = installation("doctor", "--json")
    says = next(check["says"] for check in done.json["checks"] if check["name"] == "projection case_list")
    assert (done.code, f"record {at}" in says, bait in says) == (1, True, True)
    assert "duban_bait" not in sys.modules
    resolve_topic(bait)
    assert "duban_bait" in sys.modules
