"""Many cases at once: each by a step of its own, with a report for each."""

from __future__ import annotations

import re
from datetime import date
from html import unescape
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from domain.case import Role
from domain.cases import suggestion as s
from tests.api.conftest import Office
from tests.api.story import Story
from tests.api.test_web_steps import hidden

pytestmark = pytest.mark.database


@pytest.fixture
def story(office: Office) -> Story:
    return Story(office.services.docket)


def submitted(story: Story, count: int) -> list[str]:
    return [story.open("2026-03-02", f"建议{i}", number=f"2026-{i:03}") for i in range(count)]


def history(office: Office, case_id: str) -> list[str]:
    return [record.step.declared.name for record in office.services.docket.case_file(case_id).history]


# On the page


def pairs(text: str, names: tuple[str, ...]) -> dict[str, Any]:
    """The hidden fields of the last form of the page that bear one of the names."""
    form = text.rpartition('method="post" action="/bulk/')[2].partition("</form>")[0]
    found: dict[str, Any] = {}
    for name, value in re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form):
        if name in names or not names:
            found.setdefault(name, []).append(unescape(value))
    return found


def send(browser: TestClient, what: str, **fields: Any) -> httpx2.Response:
    return browser.post(f"/bulk/{what}", data=fields, headers={"Accept-Language": "zh-CN"})


def ticked(browser: TestClient, what: str, cases: list[str]) -> httpx2.Response:
    return send(browser, what, form_token=hidden(browser.get("/cases").text, "form_token"), case=cases)


def checked(browser: TestClient, what: str, cases: list[str], **said: Any) -> httpx2.Response:
    """The page that says what would become of each."""
    form = ticked(browser, what, cases)
    assert form.status_code == 200, form.text
    carried = pairs(form.text, ("form_token", "case"))
    return send(browser, what, **carried, go="check", **{"act.occurred_on": "2026-03-09", **said})


def outcomes(text: str) -> list[tuple[str, str]]:
    """Of each row its number and what is said of it."""
    rows = text.partition("<tbody>")[2].partition("</tbody>")[0].split("<tr>")[1:]
    return [
        (re.findall("<bdi>([^<]*)</bdi>", row)[0], unescape(re.findall('class="outcome"><bdi>([^<]*)</bdi>', row)[0]))
        for row in rows
    ]


def test_ticked_cases_are_handed_over_after_a_check_that_records_nothing(office: Office, story: Story) -> None:
    cases = submitted(story, 4)
    story.record(cases[1], "2026-03-05", s.HandedOver(lead_unit="zjj"))
    office.catch_up()
    text = office.client.get("/cases").text
    assert text.count('type="checkbox" name="case"') == 4
    before = office.stored()
    check = checked(office.client, "hand_over", [*cases, "nobody", cases[0]], lead_unit="jtj", co_units=["czj"])
    told = outcomes(check.text)
    assert [number for number, _ in told] == ["2026-000", "2026-001", "2026-002", "2026-003", "—"]
    assert [words for _, words in told][::2] == ["将登记", "将登记", "没有编号为“nobody”的案件。"]
    assert "不能办理“交办”" in told[1][1]
    assert office.stored() == before
    carried = pairs(check.text, ())
    story.record(cases[2], "2026-03-06", s.SuggestionReviewed())
    report = send(office.client, "hand_over", **carried, go="take")
    assert [words for _, words in outcomes(report.text)] == [
        "已登记",
        "未登记：核对之后案件又有了新的步骤",
        "已登记",
    ]
    assert "审核通过" in report.text
    assert [history(office, case)[-1] for case in cases] == ["handed_over", "handed_over", "reviewed", "handed_over"]
    first = office.services.docket.case_file(cases[0]).history[-1]
    assert (first.act.actor, first.act.occurred_on) == ("clerk", date(2026, 3, 9))
    assert first.step == s.HandedOver(lead_unit="jtj", co_units=("czj",))
    again = send(office.client, "hand_over", **carried, go="take")
    assert [words for _, words in outcomes(again.text)] == [
        "此前已登记",
        "未登记：核对之后案件又有了新的步骤",
        "此前已登记",
    ]
    assert office.stored() == before + 3


def test_what_is_wrong_with_what_is_said_for_all_is_said_at_its_field(office: Office, story: Story) -> None:
    cases = submitted(story, 2)
    for said, field in (
        ({"act.occurred_on": "soon", "lead_unit": "jtj"}, "occurred"),
        ({"lead_unit": "jtj", "meeting": "交\x01办会"}, "meeting"),
    ):
        answer = checked(office.client, "hand_over", cases, **said)
        assert answer.status_code == 422
        assert f'id="f-{field}-fault"' in answer.text
        assert pairs(answer.text, ("case",)) == {"case": cases}
    unknown = checked(office.client, "hand_over", cases, lead_unit="nowhere")
    assert all("没有代码为“nowhere”的单位" in words for _, words in outcomes(unknown.text))
    assert 'value="take"' not in unknown.text
    back = send(office.client, "hand_over", **pairs(unknown.text, ()))
    assert 'name="lead_unit"' in back.text
    assert office.stored() == 2


def late_and_invited(story: Story) -> tuple[str, str, str, str]:
    """A case with two late units, one that waits for its deputy, one with both, one that waits for nobody."""
    late = story.open("2026-03-02", "逾期件", number="2026-100")
    story.record(late, "2026-03-09", s.HandedOver(separate_units=("jtj", "czj")))
    invited = story.open("2026-03-02", "待评件", number="2026-101")
    both = story.open("2026-03-02", "待评又失约件", number="2026-102")
    for case in (invited, both):
        story.record(case, "2026-03-09", s.HandedOver(lead_unit="jtj"))
        promises = (s.Promise(commitment="1", text="开通", due_on=date(2026, 7, 1)),) if case == both else ()
        story.record(case, "2026-04-01", s.ReplyIssued(unit="jtj", commitments=promises))
        story.record(case, "2026-04-02", s.EvaluationInvited())
    fresh = story.open("2026-03-02", "新件", number="2026-103")
    return late, invited, both, fresh


def test_each_ticked_case_gets_the_reminders_that_fit_it(office: Office, story: Story) -> None:
    late, invited, both, fresh = cases = late_and_invited(story)
    said = {"channel": "telephone", "note": "请尽快办理", "act.occurred_on": "2026-11-20"}
    check = checked(office.client, "remind", list(cases), **said)
    told = outcomes(check.text)
    assert [number for number, _ in told] == ["2026-100"] * 2 + ["2026-101"] + ["2026-102"] * 2 + ["2026-103"]
    assert [words for _, words in told][:5] == ["将登记"] * 5
    assert "没有可催的" in told[5][1]
    carried = pairs(check.text, ())
    report = send(office.client, "remind", **carried, go="take")
    assert [words for _, words in outcomes(report.text)] == ["已登记"] * 5
    assert history(office, late)[-2:] == ["unit_urged", "unit_urged"]
    assert history(office, invited)[-1] == "evaluation_reminded"
    assert set(history(office, both)[-2:]) == {"evaluation_reminded", "unit_urged"}
    assert history(office, fresh) == ["submitted"]
    urged = office.services.docket.case_file(late).history[-1].step
    assert urged == s.UnitUrged(unit="czj", channel=s.Channel.TELEPHONE, note="请尽快办理")
    story.record(invited, "2026-11-20", s.EvaluationSubmitted(result=s.Grade.SATISFIED), Role.DEPUTY, actor="d-001")
    again = send(office.client, "remind", **carried, go="take")
    assert [words for _, words in outcomes(again.text)] == ["此前已登记"] * 5, "whatever has happened since"


def test_the_government_urges_units_and_reminds_no_deputy(office: Office, story: Story) -> None:
    cases = late_and_invited(story)
    office.account("gov", "government_office")
    check = checked(office.browser("gov"), "remind", list(cases), **{"act.occurred_on": "2026-11-20"})
    assert re.findall(r'name="task" value="(\S+) \d+ (\w+) (\S+)"', check.text) == [
        (cases[0], "unit_urged", "jtj"),
        (cases[0], "unit_urged", "czj"),
        (cases[2], "unit_urged", "jtj"),
    ]
    assert outcomes(check.text)[-1][1] == f"没有编号为“{cases[3]}”的案件。", "what is not accepted yet it does not see"


def test_only_dispatchers_may_and_only_by_our_own_forms(office: Office, story: Story) -> None:
    cases = submitted(story, 1)
    office.account("jtj-1", "handling_unit", office="jtj")
    office.account("jia", "deputy", deputy="d-001")
    office.catch_up()
    for login in ("jtj-1", "jia"):
        browser = office.browser(login)
        assert 'name="case"' not in browser.get("/cases").text
        assert ticked(browser, "hand_over", cases).status_code == 403
    client, token = office.client, hidden(office.client.get("/cases").text, "form_token")
    for fields, status in (
        ({"form_token": "0" * 64, "case": cases}, 403),
        ({"form_token": token}, 422),
        ({"form_token": token, "case": [f"c{i}" for i in range(201)]}, 422),
        ({"form_token": token, "case": cases, "go": "everything"}, 400),
        ({"form_token": token, "case": cases, "actor": "d-001"}, 400),
        ({"form_token": token, "go": "take", "key": "0" * 32}, 422),
        ({"form_token": token, "go": "take", "key": "short", "task": f"{cases[0]} 1 handed_over -"}, 400),
        ({"form_token": token, "go": "take", "key": "0" * 32, "task": "a b"}, 400),
        ({"form_token": token, "go": "take", "key": "0" * 32, "task": f"{cases[0]} 1 withdrawn -"}, 400),
        ({"form_token": token, "go": "take", "key": "0" * 32, "task": f"{cases[0]} x handed_over -"}, 400),
    ):
        assert send(client, "hand_over", **fields).status_code == status, fields
    assert send(client, "nothing", form_token=token, case=cases).status_code == 404
    forged = send(client, "hand_over", form_token=token, go="take", key="0" * 32, task="nobody 1 handed_over -",
                  lead_unit="jtj")  # fmt: skip
    assert outcomes(forged.text)[0][1] == "没有编号为“nobody”的案件。"
    assert office.stored() == 1


# By program


def call(office: Office, name: str, body: Any, role: str = "deputy_affairs", **headers: str) -> httpx2.Response:
    return office.post(f"/api/v1/bulk/{name}", body, role, **headers)


def test_a_program_gets_a_report_for_each_row(office: Office, story: Story) -> None:
    cases = submitted(story, 4)
    story.record(cases[1], "2026-03-05", s.HandedOver(lead_unit="zjj"))
    story.record(cases[2], "2026-03-05", s.SuggestionReviewed())
    rows = [
        {"case_id": cases[0], "version": 1},
        {"case_id": cases[1], "version": 2},
        {"case_id": cases[2], "version": 1},
        {"case_id": cases[3]},
        {"case_id": "nobody"},
    ]
    body = {"step": {"lead_unit": "jtj"}, "act": {"occurred_at": "2026-03-09"}, "cases": rows}
    answer = call(office, "handed_over", body, Idempotency_Key="once")
    assert answer.status_code == 200, answer.text
    report = answer.json()["rows"]
    assert [(row["case_id"], row["status"]) for row in report] == [
        (cases[0], "recorded"),
        (cases[1], "refused"),
        (cases[2], "stale"),
        (cases[3], "recorded"),
        ("nobody", "refused"),
    ]
    assert report[1]["problem"]["type"] == "/problems/step-not-open"
    assert [step["name"] for step in report[2]["steps_since"]] == ["reviewed"]
    assert (report[0]["version"], report[2]["version"]) == (2, 2)
    assert report[4]["problem"]["status"] == 404
    before = office.stored()
    again = call(office, "handed_over", body, Idempotency_Key="once").json()["rows"]
    assert [row["status"] for row in again] == ["repeated", "refused", "stale", "repeated", "refused"]
    assert again[0]["position"] == report[0]["position"]
    other = body | {"step": {"lead_unit": "zjj"}}
    reused = call(office, "handed_over", other, Idempotency_Key="once").json()["rows"][0]
    assert reused["problem"]["type"] == "/problems/request-key-reused"
    assert office.stored() == before


def test_one_unit_is_urged_about_all_its_late_cases(office: Office, story: Story) -> None:
    late, invited, _, _ = late_and_invited(story)
    body = {"step": {"unit": "jtj", "channel": "paper"}, "cases": [{"case_id": late}, {"case_id": invited}]}
    report = call(office, "unit_urged", body, "government_office").json()["rows"]
    assert [row["status"] for row in report] == ["recorded", "refused"]
    assert report[1]["problem"]["type"] == "/problems/nothing-to-urge"
    assert report[1]["problem"]["pointer"] == "#/step/unit"


def test_a_whole_request_that_makes_no_sense_is_refused_as_one(office: Office, story: Story) -> None:
    (case,) = submitted(story, 1)
    good = {"step": {"lead_unit": "jtj"}, "cases": [{"case_id": case}]}
    for body, pointer in (
        (good | {"cases": []}, "#/cases"),
        (good | {"cases": [{"case_id": case}] * 201}, "#/cases"),
        (good | {"cases": [{"case_id": case, "version": 0}]}, "#/cases/0/version"),
        (good | {"cases": [{"case_id": "a b"}]}, "#/cases/0/case_id"),
        (good | {"step": {"lead_unit": 7}}, "#/step/lead_unit"),
        (good | {"act": {"occurred_at": "soon"}}, "#/act/occurred_at"),
        (good | {"more": 1}, "#/more"),
    ):
        answer = call(office, "handed_over", body)
        assert answer.status_code == 422, body
        assert answer.json()["errors"][0]["pointer"] == pointer
    no_key = office.client.post("/api/v1/bulk/handed_over", json=good, headers=office.token("deputy_affairs"))
    assert no_key.json()["type"] == "/problems/request-key-missing"
    for role in ("handling_unit", "deputy", "auditor"):
        assert call(office, "handed_over", good, role).status_code == 403
    assert (
        call(office, "evaluation_reminded", {"step": {}, "cases": [{"case_id": case}]}, "government_office").status_code
        == 403
    )
    assert call(office, "withdrawn", good).status_code == 404
    assert office.stored() == 1
