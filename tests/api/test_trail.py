"""The inspection: who recorded what over all cases, and what is different between two versions of one."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.web.trail import pieces
from tests.api.conftest import Office

pytestmark = pytest.mark.database

TRAIL = "/api/v1/audit/steps"


def wires(office: Office, role: str = "auditor", **params: object) -> list[str]:
    answer = office.get(TRAIL, role, **params)
    assert answer.status_code == 200, answer.text
    return [step["wire"] for step in answer.json()["steps"] if step["kind"] == "suggestion"]


def test_every_step_is_told_with_who_recorded_it_and_for_whom(office: Office) -> None:
    case = office.record(office.handed_over(number="2026-001"), "signed_for", "2026-03-06", "handling_unit", unit="jtj")
    office.submit(number="2026-002")
    office.catch_up()
    newest, *_ = office.get(TRAIL, "auditor").json()["steps"]
    assert (newest["number"], newest["version"], newest["actor"]) == ("2026-002", 1, "d-001")
    assert wires(office, case="2026-001") == [
        "suggestion.signed_for.v1", "suggestion.handed_over.v1", "suggestion.submitted.v1",
    ]  # fmt: skip
    assert wires(office, case=case.json()["case_id"], step="suggestion.handed_over.v1") == ["suggestion.handed_over.v1"]
    assert wires(office, unit="jtj") == ["suggestion.signed_for.v1"]
    assert wires(office, actor="d-001") == ["suggestion.submitted.v1"] * 2
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date().isoformat()
    assert len(wires(office, since=today)) == 4
    assert wires(office, until="2020-01-01") == []
    assert wires(office, late=True) == []
    assert office.get(TRAIL, "auditor", step="no.such").status_code == 422
    assert office.get(TRAIL, "auditor", who="x").status_code == 422


def test_the_trail_has_pages_and_goes_out_whole(office: Office) -> None:
    for number in range(3):
        office.submit(number=f"2026-{number:03}")
    office.catch_up()
    seen, path = [], f"{TRAIL}?step=suggestion.submitted.v1"
    while path:
        answer = office.client.get(path, headers=office.token("auditor")).json()
        seen += [step["position"] for step in answer["steps"]]
        path = answer["next"]
    assert seen == sorted(seen, reverse=True)
    whole = office.client.get("/audit/steps/export?format=csv&step=suggestion.submitted.v1").content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(whole, newline="")))[1:]
    assert [int(row[0]) for row in rows] == seen
    registry = office.get(TRAIL, "auditor").json()
    assert (len(registry["steps"]), registry["next"] is None) == (200, False)


def test_the_trail_is_for_those_from_whom_nothing_is_kept_and_of_their_jurisdiction(office: Office) -> None:
    office.submit()
    office.catch_up()
    for role, status in (("deputy", 403), ("handling_unit", 403), ("deputy_affairs", 200), ("auditor", 200)):
        assert office.get(TRAIL, role).status_code == status, role
    stranger = office.client.get(TRAIL, headers=office.token("auditor", "jp-sangiin")).json()["steps"]
    assert stranger
    assert {step["kind"] for step in stranger} == {"jurisdiction", "unit"} - {"suggestion"}
    office.account("jtj-1", "handling_unit", office="jtj")
    assert office.browser("jtj-1").get("/audit/steps").status_code == 403
    office.account("admin", "administrator")
    assert office.browser("admin").get("/audit/steps").status_code == 403


def test_an_auditor_finds_the_trail_and_a_step_on_the_page(office: Office) -> None:
    case = office.handed_over(number="2026-001").json()["case_id"]
    office.catch_up()
    office.account("shenji", "auditor")
    auditor = office.browser("shenji")
    assert 'href="/audit/steps"' in auditor.get("/cases").text
    page = auditor.get("/audit/steps?case=2026-001", headers={"Accept-Language": "zh"}).text
    assert f'href="/cases/{case}#step-2"' in page
    assert "交办" in page
    assert "没有符合条件的步骤" in auditor.get("/audit/steps?case=none", headers={"Accept-Language": "zh"}).text
    assert auditor.get("/audit/steps?since=soon").status_code == 422


def test_two_versions_of_a_case_are_compared_word_by_word(office: Office) -> None:
    body = "一、现状：夜间没有公交。二、建议：请增开夜间公交线路，并在车站设置候车亭，方便市民出行。"
    case = office.submit(body=body, number="2026-001")
    case_id = case.json()["case_id"]
    changed = body.replace("候车亭", "候车室和坡道")
    answer = office.post(
        f"/api/v1/cases/{case_id}/steps/corrected",
        {"step": {"corrects": 1, "changes": {"body": changed}, "reason": "误", "approved_by": "主任"}, "act": {}},
        "deputy_affairs",
        If_Match=case.headers["etag"],
    )
    assert answer.status_code == 200, answer.text
    page = office.client.get(f"/cases/{case_id}/compare?from=1&to=2", headers={"Accept-Language": "zh"}).text
    differences = page.partition('class="differences"')[2].partition("</dl>")[0]
    assert "<del><bdi>亭</bdi></del>" in differences
    assert "<ins><bdi>室和坡道</bdi></ins>" in differences
    assert "2026-001" in office.client.get(f"/cases/{case_id}/compare").text.partition('class="differences"')[2]
    same = office.client.get(f"/cases/{case_id}/compare?from=2&to=2", headers={"Accept-Language": "zh"}).text
    assert "两个版本没有区别" in same
    for wrong in ("from=2&to=1", "from=1&to=9", "from=x"):
        assert office.client.get(f"/cases/{case_id}/compare?{wrong}").status_code == 422, wrong
    assert f'href="/cases/{case_id}/compare"' in office.client.get(f"/cases/{case_id}").text


def test_who_may_not_read_a_case_compares_nothing_in_it(office: Office) -> None:
    case = office.submit().json()["case_id"]
    office.account("jtj-1", "handling_unit", office="jtj")
    assert office.browser("jtj-1").get(f"/cases/{case}/compare").status_code == 404


@given(st.text("甲乙ab \n", max_size=60), st.text("甲乙ab \n", max_size=60))
def test_the_pieces_of_a_difference_are_both_texts(old: str, new: str) -> None:
    found = list(pieces(old, new))
    assert "".join(piece.text for piece in found if piece.kind != "ins") == old
    assert "".join(piece.text for piece in found if piece.kind != "del") == new
