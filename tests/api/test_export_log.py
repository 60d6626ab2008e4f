"""Histories to take along as an event log: of what is selected, at its moment, for whoever may see it."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx2
import pytest

from api import exporting
from domain.case import Voided
from tests.api.conftest import LEAD_UNIT, Office
from tests.api.story import Story

pytestmark = pytest.mark.database


@pytest.fixture
def case_id(office: Office) -> str:
    story = Story(office.services.docket)
    case_id = story.everything()
    story.each_state()
    office.catch_up()
    return case_id


def taken(office: Office, format: str = "ocel-json", role: str = "deputy_affairs", **params: Any) -> httpx2.Response:
    answer = office.get("/api/v1/cases/export", role, format=format, **params)
    assert answer.status_code == 200, answer.text
    return answer


def database(answer: httpx2.Response, folder: Path) -> sqlite3.Connection:
    path = folder / "log.sqlite"
    path.write_bytes(answer.content)
    return sqlite3.connect(path)


def cases(log: dict[str, Any]) -> set[str]:
    return {one["id"] for one in log["objects"] if one["type"] == "suggestion"}


@pytest.mark.usefixtures("case_id")
def test_every_step_that_stands_goes_out_with_the_case_that_it_is_of(office: Office, tmp_path: Path) -> None:
    log = taken(office).json()
    listed = office.get("/api/v1/cases", limit=200).json()["cases"]
    assert cases(log) == {case["case_id"] for case in listed}
    recorded = office.services.views.steps(after=office.began, until=office.services.docket.head(), limit=1_000)
    steps = Counter(event.topic.rpartition(".")[0] for event in recorded)
    voided = [
        record.step.voids
        for case in cases(log)
        for record in office.services.docket.case_file(case).history
        if isinstance(record.step, Voided)
    ]
    assert len(voided) == 1
    steps["suggestion.re_handling_ordered"] -= 1
    assert Counter(event["type"] for event in log["events"]) == steps
    sql = database(taken(office, "ocel-sqlite"), tmp_path)
    assert sql.execute("SELECT count(*) FROM event").fetchone() == (steps.total(),)
    assert sql.execute("PRAGMA foreign_key_check").fetchall() == []


@pytest.mark.usefixtures("case_id")
def test_a_log_is_of_the_selection_and_the_moment_that_were_asked_for_and_says_so(office: Office) -> None:
    answer = taken(office, state="overdue", unit="hbj", as_of="2026-11-20")
    log = answer.json()
    listed = office.get("/api/v1/cases", state="overdue", unit="hbj", as_of="2026-11-20").json()["cases"]
    assert cases(log) == {case["case_id"] for case in listed}
    assert len(listed) == 1
    about = next(one for one in log["objects"] if one["type"] == "export")
    told = {value["name"]: value["value"] for value in about["attributes"]}
    assert (told["only_state"], told["only_unit"], told["cases"]) == ("overdue", "hbj", "1")
    assert told["as_of"] == "2026-11-20T15:59:59.999999Z"
    assert told["position"] == answer.headers["duban-position"]
    assert told["rulebooks"].startswith("cn-999900@")
    assert told["nature"] == "示例数据，均属虚构"
    assert answer.headers["content-type"] == "application/json"
    name = unquote(answer.headers["content-disposition"].partition("UTF-8''")[2])
    assert name == "办理过程_截至20261120.json"


def test_a_log_of_an_earlier_moment_knows_nothing_of_what_came_later(office: Office, case_id: str) -> None:
    early = taken(office, as_of="2026-03-07").json()
    (case,) = [one for one in early["objects"] if one["id"] == case_id]
    stages = [value["value"] for value in case["attributes"] if value["name"] == "stage"]
    assert stages == ["submitted", "handed_over"]
    known = office.began + 2
    log = taken(office, position=known).json()
    assert [event["type"] for event in log["events"]] == ["suggestion.submitted", "suggestion.handed_over"]
    assert taken(office, known_at="2000-01-01").json()["events"] == []


def test_who_reads_part_of_the_cases_takes_that_part_along(office: Office, case_id: str) -> None:
    log = taken(office, role="handling_unit").json()
    listed = office.get("/api/v1/cases", "handling_unit", limit=200).json()["cases"]
    assert cases(log) == {case["case_id"] for case in listed} == {case_id}
    headers = office.token("general_office", "jp-sangiin")
    elsewhere = office.client.get("/api/v1/cases/export?format=ocel-json", headers=headers).json()
    assert elsewhere["events"] == []


def test_a_log_keeps_a_deputys_word_from_units_while_it_is_sealed(office: Office) -> None:
    day = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"
    case = office.record(office.handed_over(), "reply_issued", day, unit=LEAD_UNIT, outcome="B")
    case = office.record(case, "evaluation_invited", day)
    case = office.record(case, "evaluation_submitted", day, "deputy", result="dissatisfied", reason="路灯还是不亮")
    said_at = int(case.headers["duban-position"])
    office.record(case, "voided", day, voids=int(case.json()["version"]), reason="误录", approved_by="主任")
    office.catch_up()
    for format in ("ocel-json", "ocel-sqlite"):
        for params in ({}, {"position": said_at}):
            told = taken(office, format, "handling_unit", **params).content
            assert "路灯还是不亮".encode() not in told
            assert b"dissatisfied" not in told
        assert "路灯还是不亮".encode() in taken(office, format, position=said_at).content


def test_the_page_of_the_list_leads_to_its_log(office: Office, case_id: str, tmp_path: Path) -> None:
    text = office.client.get("/cases?text=夜间公交&as_of=2026-06-30&lang=zh").text
    links = [part.partition('"')[0].replace("&amp;", "&") for part in text.split('href="')]
    for format in ("ocel-json", "ocel-sqlite"):
        (link,) = [url for url in links if url.startswith("/cases/export?") and f"format={format}" in url]
        answer = office.client.get(link)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == exporting.LOG_MEDIA_TYPES[format]
        if format == "ocel-json":
            assert cases(answer.json()) == {case_id}
        else:
            found = database(answer, tmp_path).execute("SELECT ocel_id FROM object WHERE ocel_type = 'suggestion'")
            assert found.fetchall() == [(case_id,)]
    assert office.client.get("/cases/export/counts?format=ocel-json").status_code == 422


@pytest.mark.usefixtures("case_id")
def test_a_log_that_cannot_be_is_refused_before_any_history_is_read(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "MOST_HISTORIES", 5)
    refused = office.get("/api/v1/cases/export", format="ocel-json")
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/export-too-many")
    assert office.client.get("/api/v1/cases/export?format=ocel-json").status_code == 401
    json.loads(refused.text)


@pytest.mark.usefixtures("case_id")
def test_what_is_entered_in_the_registry_can_be_selected_too(office: Office) -> None:
    log = taken(office, kind="unit").json()
    units = [one for one in log["objects"] if one["type"] == "unit"]
    assert len(units) == len({one["id"] for one in units}) > 10
    assert {event["type"] for event in log["events"]} >= {"unit.opened"}
