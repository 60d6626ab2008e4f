"""Drafts: a form is put aside with every text, found again by its author alone, and gone when it is recorded."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from domain.account import Asked
from tests.api.conftest import Office
from tests.api.test_web_amending import case_of, fields_of, send

pytestmark = pytest.mark.database


@pytest.fixture
def unit(office: Office) -> TestClient:
    office.account("jtj-1", "handling_unit", office="jtj")
    return office.browser("jtj-1")


def test_a_form_is_kept_found_again_and_gone_when_it_is_recorded(office: Office, unit: TestClient) -> None:
    case = case_of(office.handed_over())
    texts = {
        "letter": "第一段\r\n第二段",
        "commitments.0.text": "年底开通",
        "outcome": "B",
        "act.document": "云交函〔2026〕1号",
    }
    kept = send(unit, f"{case}?step=reply_issued", do="keep", **texts)
    assert kept.status_code == 303
    assert office.stored() == 2
    place = kept.headers["location"].partition("#")[0]
    form = unit.get(place)
    assert "草稿保存于" in form.text
    _, data = fields_of(form.text)
    assert data["letter"] == ["第一段\r\n第二段"]
    assert [data[name] for name in ("commitments.0.text", "outcome", "act.document")] == [
        ["年底开通"], ["B"], ["云交函〔2026〕1号"],
    ]  # fmt: skip
    listed = unit.get("/drafts").text
    assert "继续填写“答复”" in listed
    assert place.replace("&", "&amp;") in listed
    again = send(unit, form, do="keep", letter="改过的一段")
    assert again.headers["location"] == kept.headers["location"]
    assert unit.get("/drafts").text.count("继续填写") == 1
    wrong = send(unit, place, do="", **{"act.occurred_on": "2099-01-01"})
    assert wrong.status_code == 422
    fields = {"commitments.0.commitment": "1", "commitments.0.due_on": "2026-12-31", "act.occurred_on": "2026-05-06"}
    assert send(unit, wrong, do="", **fields).status_code == 303
    assert (
        office.services.docket.case_file(case.rpartition("/")[2]).history[-1].step.model_dump()["letter"]
        == "改过的一段"
    )
    assert "没有草稿" in unit.get("/drafts").text
    assert unit.get(place).status_code == 404


def test_an_opening_form_is_kept_too(office: Office) -> None:
    kept = send(office.client, "/cases/new/suggestion.submitted", do="keep", title="关于夜间公交")
    place = kept.headers["location"].partition("#")[0]
    assert "关于夜间公交" in office.client.get(place).text
    done = send(office.client, place, do="", lead_deputy="d-001")
    assert done.status_code == 303
    assert "没有草稿" in office.client.get("/drafts").text


def test_a_draft_is_nobody_elses(office: Office, unit: TestClient) -> None:
    case = case_of(office.handed_over())
    place = (
        send(office.client, f"{case}?step=unit_assigned", do="keep", unit="zjj").headers["location"].partition("#")[0]
    )
    id = place.rpartition("draft=")[2]
    office.account("second")
    for other in (unit, office.browser("second")):
        assert other.get(place).status_code == 404
        assert "没有草稿" in other.get("/drafts").text
        token = re.search(r'name="form_token" value="([^"]+)"', other.get("/drafts").text)
        assert token is not None
        answer = other.post(f"/drafts/{id}/discard", data={"form_token": token[1]}, follow_redirects=False)
        assert answer.status_code == 404
    assert office.client.get(place).status_code == 200
    assert office.client.get(place.replace("unit_assigned", "handed_over")).status_code == 404
    assert office.client.get(f"{case}?step=unit_assigned&draft=%00").status_code == 404
    assert office.browser(None).get("/drafts", follow_redirects=False).status_code == 303
    office.account("admin", "administrator")
    assert office.browser("admin").get("/drafts").status_code == 403


def test_a_draft_is_discarded(office: Office) -> None:
    case = case_of(office.handed_over())
    send(office.client, f"{case}?step=unit_assigned", do="keep", unit="zjj")
    page = office.client.get("/drafts").text
    form = re.search(r'action="(/drafts/\w+/discard)"><input type="hidden" name="form_token" value="([^"]+)"', page)
    assert form is not None
    assert office.client.post(form[1], data={"form_token": "0"}, follow_redirects=False).status_code == 403
    assert office.client.post(form[1], data={"form_token": form[2]}, follow_redirects=False).status_code == 303
    assert "没有草稿" in office.client.get("/drafts").text


def test_a_draft_says_what_happened_to_the_case_since(office: Office) -> None:
    case = case_of(office.handed_over())
    kept = send(office.client, f"{case}?step=unit_assigned", do="keep", unit="zjj")
    office.record(office.get(f"/api/v1{case}"), "unit_assigned", "2026-03-20", unit="gaj", handling="co")
    form = office.client.get(kept.headers["location"].partition("#")[0])
    assert form.status_code == 200
    alert = form.text.partition('role="alert"')[2].partition("</ul>")[0]
    assert "第 3 步：" in alert
    assert send(office.client, form, do="", handling="co", **{"act.occurred_on": "2026-03-21"}).status_code == 303


def test_a_draft_of_a_case_that_its_author_may_not_see_any_more_is_not_shown(office: Office) -> None:
    id = office.account("mover")
    mover = office.browser("mover")
    case = case_of(office.handed_over())
    place = send(mover, f"{case}?step=unit_assigned", do="keep", unit="zjj").headers["location"].partition("#")[0]
    send(mover, "/cases/new/suggestion.submitted", do="keep", title="关于夜间公交")
    assert mover.get("/drafts").text.count("继续填写") == 2
    office.services.accounts.rebind(id, Asked(role="auditor", jurisdiction="jp-sangiin"), by="test")
    there = office.browser("mover")
    assert "没有草稿" in there.get("/drafts").text
    assert there.get(place).status_code == 404
