"""Rulebooks over HTTP: what other places have in a rule's stead, and what adopting another one would change."""

from __future__ import annotations

from datetime import date
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from tests.api.conftest import JURISDICTION, Office
from tests.api.test_web_amending import send
from tests.api.test_web_steps import post

pytestmark = pytest.mark.database

OTHER = "jp-sangiin"
"""It counts seven days for a reply, and has no rule but that."""
ADOPTION = f"/api/v1/rulebooks/{OTHER}/adoption"


@pytest.fixture
def waiting(office: Office) -> httpx2.Response:
    """A suggestion that was handed over on 5 March, whose reply is due on 5 June."""
    case = office.handed_over()
    office.catch_up()
    return case


def region_of(office: Office) -> str:
    entries = office.services.registry.entries(JURISDICTION)
    return next(entry.id for entry in entries if entry.kind == "jurisdiction")


def adopted(office: Office, rulebook: str) -> bool:
    return office.services.registry.jurisdiction(JURISDICTION).book.id == rulebook


def deadline(answer: Any, clock: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in answer.json()["deadlines"] if one["clock"] == clock)
    return found


def test_a_rulebook_tells_what_other_places_have_in_a_rules_stead(office: Office) -> None:
    places = office.get("/api/v1/rulebooks/cn-national").json()["alternatives"]["suggestion.return"]
    told = {name: (one["jurisdiction"]["zh"], one["count"], one["unit"]) for name, one in places.items()}
    assert told["qingdao"] == ("青岛市", 5, "working_day")
    assert told["zhejiang"] == ("浙江省", 10, "calendar_day")
    page = office.client.get("/procedures/suggestion?lang=zh").text
    assert "青岛市：5 个工作日" in page


def test_a_procedure_tells_what_comes_before_what_and_by_which_law(office: Office) -> None:
    page = office.client.get("/procedures/opinion?lang=zh").text
    row = page.partition("办理情况报告先征求专工委意见")[2].partition("</tr>")[0]
    assert "办理情况报告送专工委征求意见" in row
    assert "§17, §29, §37" in row
    assert "先一审后二审" not in page


def test_the_adoption_of_a_rulebook_can_be_foreseen(office: Office, waiting: httpx2.Response) -> None:
    head = office.stored()
    told = office.get(ADOPTION)
    assert told.status_code == 200, told.text
    answer = told.json()
    assert (answer["old"].partition("@")[0], answer["new"].partition("@")[0]) == (JURISDICTION, OTHER)
    changes = {one["rule"]: one for one in answer["rules"]}
    reply = changes["suggestion.reply"]
    assert (reply["change"], {"name": "count", "old": 3, "new": 7} in reply["fields"]) == ("changed", True)
    assert changes["suggestion.return"]["change"] == "removed"
    moved = deadline(told, "suggestion.reply")
    assert (moved["case_id"], moved["was"], moved["now"]) == (waiting.json()["case_id"], "2026-06-05", "2026-03-12")
    assert office.stored() == head
    same = office.get(f"/api/v1/rulebooks/{JURISDICTION}/adoption").json()
    assert (same["rules"], same["deadlines"]) == ([], [])


def test_who_does_not_read_every_case_foresees_no_adoption(office: Office) -> None:
    assert office.get(ADOPTION, "deputy").json()["type"] == "/problems/not-all-is-yours"
    assert office.get("/api/v1/rulebooks/nowhere/adoption").json()["type"] == "/problems/unknown-rulebook"


def test_the_form_shows_what_changes_before_it_is_confirmed(office: Office, waiting: httpx2.Response) -> None:
    region, number = region_of(office), waiting.json()["case_id"]
    form = f"/cases/{region}?step=rulebook_adopted"
    preview = post(office.client, form, rulebook=OTHER)
    assert preview.status_code == 200
    assert "代替 cn-999900@" in preview.text
    assert f'href="/cases/{number}"' in preview.text
    assert "2026-06-05</del></td><td><ins>2026-03-12" in preview.text
    assert "<strong>删去</strong> 退办申请" in preview.text
    assert not adopted(office, OTHER)
    done = send(office.client, preview, do="confirm")
    assert done.status_code == 303, done.text
    assert adopted(office, OTHER)
    running = office.services.docket.case_file(number).case.clocks["suggestion.reply", None]  # type: ignore[union-attr]
    assert running.deadline.due_on == date(2026, 6, 5), "adopting moves no date"


def test_an_administrator_sees_the_rules_and_no_case(office: Office, waiting: httpx2.Response) -> None:
    office.account("admin", "administrator")
    admin: TestClient = office.browser("admin")
    preview = post(admin, f"/cases/{region_of(office)}?step=rulebook_adopted", rulebook=OTHER)
    assert preview.status_code == 200
    assert waiting.json()["case_id"] not in preview.text
    assert "只告知可以查阅案件的人员" in preview.text
    assert "<strong>删去</strong> 退办申请" in preview.text
