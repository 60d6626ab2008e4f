"""Steps by forms: a suggestion from the deputy's hand to the grade, without JavaScript, and what is refused."""

from __future__ import annotations

import re
from datetime import date
from html import unescape
from typing import Any, get_args

import httpx2
import pytest
from pydantic.fields import FieldInfo
from starlette.testclient import TestClient

from api.web.stepforms import Form, actions
from api.web.viewmodels import OF_DEPUTIES, OF_UNITS, Teller
from api.words import LANGUAGES, Language, words
from domain.case import CASE_TYPES, STEPS, Opening, Role
from domain.cases.suggestion import HandedOver, ReplyIssued
from domain.principal import Principal
from domain.values import Named
from tests.adapters.papers import pdf
from tests.api.conftest import Office
from tests.domain.support import LEAD, Desk
from tests.registry import shipped_registry

CITY = "cn-999900"
MAY = date(2026, 5, 4)


def hidden(text: str, name: str) -> str:
    match = re.search(rf'name="{name}" value="([^"]*)"', text)
    assert match is not None, text
    return unescape(match[1])


def value_of(text: str, name: str) -> str:
    match = re.search(rf'<input[^>]* name="{re.escape(name)}"[^>]* value="([^"]*)"', text)
    assert match is not None, name
    return unescape(match[1])


def filled(client: TestClient, page: str, **fields: Any) -> tuple[str, dict[str, Any]]:
    """Where the form of a page goes, and its fields with those that a person filled in."""
    text = client.get(page).text
    action = re.search(r'class="step-form" method="post" action="([^"]+)"', text)
    assert action is not None, text
    own = {name: hidden(text.partition('class="step-form"')[2], name) for name in ("form_token", "version", "key")}
    return unescape(action[1]), own | {"act.occurred_on": "2026-03-02"} | fields


def post(client: TestClient, page: str, **fields: Any) -> httpx2.Response:
    """Fill in the form of a page and send it."""
    action, data = filled(client, page, **fields)
    return client.post(action, data=data, follow_redirects=False)


def case_of(answer: httpx2.Response) -> str:
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"]).partition("#")[0]


@pytest.fixture
def deputy(office: Office) -> TestClient:
    office.account("jia1", "deputy", deputy="d-001")
    return office.browser("jia1")


@pytest.fixture
def unit(office: Office) -> TestClient:
    office.account("jtj-1", "handling_unit", office="jtj")
    return office.browser("jtj-1")


@pytest.mark.database
def test_a_suggestion_goes_from_the_deputys_hand_to_the_grade_by_forms_alone(
    office: Office, deputy: TestClient, unit: TestClient
) -> None:
    case = case_of(
        post(deputy, "/cases/new/suggestion.submitted", title="建议增开夜间公交", body="一、现状\r\n二、建议")
    )
    case_of(post(office.client, f"{case}?step=handed_over", lead_unit="jtj", co_units=["czj", "zjj"]))
    case_of(post(unit, f"{case}?step=signed_for", signed_by="办公室"))
    promise = {"commitments.0.commitment": "1", "commitments.0.text": "年底开通", "commitments.0.due_on": "2026-12-31"}
    case_of(post(unit, f"{case}?step=reply_issued", outcome="B", letter="已列入计划。", public="true", **promise))
    case_of(post(deputy, f"{case}?step=evaluation_submitted", result="dissatisfied", reason="太迟"))
    history = office.services.docket.case_file(case.rpartition("/")[2]).history
    assert [r.step.declared.name for r in history] == [
        "submitted", "handed_over", "signed_for", "reply_issued", "evaluation_submitted",
    ]  # fmt: skip
    assert [r.act.actor for r in history] == ["d-001", "clerk", "jtj-1", "jtj-1", "d-001"]
    handing, reply = history[1].step, history[3].step
    assert isinstance(handing, HandedOver)
    assert isinstance(reply, ReplyIssued)
    assert (handing.lead_unit, handing.co_units) == ("jtj", ("czj", "zjj"))
    assert (reply.unit, reply.public, reply.commitments[0].due_on) == ("jtj", True, date(2026, 12, 31))
    assert history[0].step.model_dump()["body"] == "一、现状\n二、建议"


@pytest.mark.database
def test_a_stale_form_says_what_happened_and_keeps_what_was_written(office: Office) -> None:
    case = f"/cases/{office.submit().json()['case_id']}"
    action, data = filled(office.client, f"{case}?step=not_accepted", reason_code="other", explanation="我的意见")
    case_of(post(office.client, f"{case}?step=reviewed", one_matter="true"))
    stale = office.client.post(action, data=data, follow_redirects=False)
    assert stale.status_code == 409
    assert "审核" in stale.text.partition('role="alert"')[2].partition("</ul>")[0]
    assert "我的意见" in stale.text
    again = data | {name: hidden(stale.text.partition('class="step-form"')[2], name) for name in ("version", "key")}
    assert office.client.post(action, data=again, follow_redirects=False).status_code == 303


@pytest.mark.database
def test_a_form_that_is_sent_twice_is_recorded_once(office: Office) -> None:
    case = f"/cases/{office.submit().json()['case_id']}"
    action, data = filled(office.client, f"{case}?step=handed_over", lead_unit="jtj")
    first = office.client.post(action, data=data, follow_redirects=False)
    second = office.client.post(action, data=data, follow_redirects=False)
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.headers["location"] == second.headers["location"]
    assert office.stored() == 2
    other = office.client.post(action, data=data | {"lead_unit": "zjj"}, follow_redirects=False)
    assert other.status_code == 422
    assert hidden(other.text.partition('class="step-form"')[2], "key") != data["key"]


@pytest.mark.database
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(office: Office) -> None:
    case = f"/cases/{office.submit().json()['case_id']}"
    for fields, name in (
        ({"lead_unit": "nowhere", "meeting": "交办会"}, "lead_unit"),
        ({"lead_unit": "jtj", "co_units": ["jtj"], "meeting": "交办会"}, "co_units"),
        ({"lead_unit": "jtj", "meeting": "交办会", "act.occurred_on": "2099-01-01"}, "occurred"),
        ({"lead_unit": "jtj", "meeting": "交办会", "act.occurred_on": "soon"}, "occurred"),
        ({"lead_unit": "jtj", "meeting": "交\x01办会"}, "meeting"),
    ):
        answer = post(office.client, f"{case}?step=handed_over", **fields)
        assert answer.status_code == 422, fields
        assert f'id="f-{name}-fault"' in answer.text
        assert "办会" in answer.text
    assert office.stored() == 1


@pytest.mark.database
def test_another_row_of_a_list_is_asked_for_without_losing_the_others(office: Office, unit: TestClient) -> None:
    case = f"/cases/{office.handed_over().json()['case_id']}"
    answer = post(unit, f"{case}?step=reply_issued", rows="commitments", **{"commitments.0.text": "年底开通"})
    assert answer.status_code == 200
    assert "年底开通" in answer.text
    assert 'name="commitments.1.text"' in answer.text
    assert office.stored() == 2


@pytest.mark.database
def test_nobody_thinks_of_a_key_for_what_a_form_begins(office: Office, unit: TestClient) -> None:
    case = f"/cases/{office.handed_over().json()['case_id']}"
    for number in ("1", "2"):
        form = unit.get(f"{case}?step=contact_made").text.partition('class="step-form"')[2]
        offered = value_of(form, "contact")
        assert offered == number
        case_of(post(unit, f"{case}?step=contact_made", contact=offered, phase="before_reply", mode="visit"))
    case_of(post(unit, f"{case}?step=signed_for", signed_by="办公室"))
    reply = {"outcome": "B", "letter": "已列入计划。", "commitments.0.commitment": "1"}
    more = post(unit, f"{case}?step=reply_issued", rows="commitments", **reply, **{"commitments.0.text": "开通"}).text
    assert [value_of(more, f"commitments.{row}.commitment") for row in range(2)] == ["1", "2"]
    case_of(post(unit, f"{case}?step=reply_issued", **reply))
    recorded = office.services.docket.case_file(case.rpartition("/")[2]).history[-1].step
    assert isinstance(recorded, ReplyIssued)
    assert recorded.commitments == ()


@pytest.mark.database
def test_a_row_that_is_left_empty_holds_no_browser_back(office: Office, unit: TestClient) -> None:
    case = f"/cases/{office.handed_over().json()['case_id']}"
    page = unit.get(f"{case}?step=reply_issued").text
    (points, commitments) = re.findall(r'<div class="row".*?</div>', page, re.DOTALL)
    for row, name in ((points, "points.0.answer"), (commitments, "commitments.0.due_on")):
        assert f'name="{name}"' in row
        assert " required" not in row
    half = post(unit, f"{case}?step=reply_issued", **{"points.0.point": "坡道"})
    assert (half.status_code, 'id="f-points-0-answer-fault"' in half.text) == (422, True)


@pytest.mark.database
def test_the_head_of_a_page_leads_only_to_what_one_may_do(office: Office, deputy: TestClient, unit: TestClient) -> None:
    office.account("auditor", "auditor")
    for reader, opens, records in (
        (office.client, True, True),
        (deputy, True, True),
        (unit, False, True),
        (office.browser("auditor"), False, False),
    ):
        page = reader.get("/cases").text
        assert ('href="/cases/new"' in page, 'href="/drafts"' in page) == (opens, records)


@pytest.mark.database
def test_an_empty_list_says_whether_there_is_nothing_or_nothing_for_ones_eyes(office: Office, unit: TestClient) -> None:
    assert "账本中还没有案件" in office.client.get("/cases").text
    office.submit()
    office.catch_up()
    page = unit.get("/cases").text
    assert "没有您可以查看的案件" in page
    assert "账本中还没有案件" not in page


@pytest.mark.database
def test_only_what_ones_role_may_do_is_offered_and_what_is_closed_says_why(
    office: Office, deputy: TestClient, unit: TestClient
) -> None:
    case = f"/cases/{office.handed_over().json()['case_id']}"
    offered = {name: set(re.findall(r"\?step=(\w+)#do", browser.get(case).text)) for name, browser in (
        ("office", office.client), ("deputy", deputy), ("unit", unit),
    )}  # fmt: skip
    assert "signed_for" in offered["unit"]
    assert "evaluation_submitted" not in offered["unit"] | offered["office"]
    assert "handed_over" not in offered["deputy"] | offered["unit"]
    office.account("jyj-1", "handling_unit", office="jyj")
    assert office.browser("jyj-1").get(case).status_code == 404
    assert 'class="step-form"' not in unit.get(f"{case}?step=handed_over").text
    past = office.client.get(f"{case}?step=unit_assigned&as_of=2026-03-31").text
    assert "step-form" not in past
    assert "#do" not in past


@pytest.mark.database
def test_a_form_is_refused_that_is_not_ours_or_says_more_than_was_asked(office: Office, unit: TestClient) -> None:
    case = f"/cases/{office.handed_over().json()['case_id']}"
    action, data = filled(unit, f"{case}?step=signed_for")
    for changed, status in (
        ({"form_token": "0" * 64}, 403),
        ({"actor": "d-001"}, 400),
        ({"jurisdiction": "jp-sangiin"}, 400),
        ({"key": "short"}, 400),
        ({"version": "x"}, 400),
    ):
        assert unit.post(action, data=data | changed, follow_redirects=False).status_code == status, changed
    forged = unit.post(action, data=data | {"unit": "czj"}, follow_redirects=False)
    assert forged.status_code in {303, 422}
    last = office.services.docket.case_file(case.rpartition("/")[2]).history[-1]
    assert getattr(last.step, "unit", "jtj") == "jtj"
    assert unit.post(f"{case}/steps/handed_over", data=data, follow_redirects=False).status_code == 403
    assert unit.post(f"{case}/steps/nothing", data=data, follow_redirects=False).status_code == 404
    assert unit.post("/cases/none/steps/signed_for", data=data, follow_redirects=False).status_code == 404
    assert unit.get("/cases/new/suggestion.submitted").status_code == 404
    cross = unit.post(action, data=data, headers={"Sec-Fetch-Site": "cross-site"}, follow_redirects=False)
    assert cross.status_code == 403
    assert office.stored() <= 3


@pytest.mark.database
def test_the_registry_is_kept_by_forms_too(office: Office) -> None:
    fields = {
        "code": "ylj",
        "zh_name": "市园林局",
        "en_name": "Parks Bureau",
        "order": "35",
        "act.occurred_on": "2026-02-02",
    }
    case = case_of(post(office.client, "/cases/new/unit.opened", **fields))
    case_of(post(office.client, f"{case}?step=merged", into="cgj"))
    assert office.services.registry.jurisdiction(CITY).unit("ylj", date(2026, 3, 1)) is not None
    assert "市城市管理局" in office.client.get(case).text


@pytest.mark.parametrize("tongue", LANGUAGES)
def test_every_step_has_a_form_from_its_declaration_alone(tongue: Language) -> None:
    tell = Teller(words(tongue), shipped_registry().jurisdiction(CITY))
    for step in STEPS.values():
        if step.declared.case_type is None or not step.__module__.startswith("domain."):
            continue
        case = step.declared.case_type("x")
        for role in step.declared.by:
            asker = Principal("d-001" if role is Role.DEPUTY else "u-1", role, "jtj", CITY)
            form = Form(step, tell, asker, None if issubclass(step, Opening) else case, MAY)
            for field in form.fields():
                assert "page.field." not in field.label, (step, field)
                assert field.kind != "one_of" or all(option.text for option in field.options)


def test_no_field_of_a_step_is_called_as_what_every_form_carries() -> None:
    for step in STEPS.values():
        assert set(step.model_fields).isdisjoint({"version", "key", "rows", "do", "draft", "form_token", "act"}), step


def test_whoever_is_chosen_in_a_form_is_chosen_from_the_register() -> None:
    for step in STEPS.values():
        own = step.declared.case_type
        if own is not None and own.of_registry:
            continue
        for name, field in step.model_fields.items():
            named = names_in(field)
            assert Named.UNIT not in named or name in OF_UNITS, (step, name)
            assert Named.DEPUTY not in named or name in OF_DEPUTIES, (step, name)


def names_in(field: FieldInfo) -> set[Named]:
    found = {one for one in field.metadata if isinstance(one, Named)}
    waiting = list(get_args(field.annotation))
    while waiting:
        one = waiting.pop()
        found |= {mark for mark in getattr(one, "__metadata__", ()) if isinstance(mark, Named)}
        waiting += get_args(one)
    return found


def test_a_form_reads_back_every_sample_that_it_can_say() -> None:
    desk = Desk()
    desk.replied()
    tell = Teller(words("zh"), shipped_registry().jurisdiction(CITY))
    asker = Principal("u-1", Role.HANDLING_UNIT, LEAD, CITY)
    names = {action.step.declared.name for action in actions(desk.case, asker) if action.why is None}
    assert "progress_reported" in names
    form = Form(HandedOver, tell, Principal("u", Role.DEPUTY_AFFAIRS, CITY, CITY), desk.case, MAY)
    said = form.read({"lead_unit": ["jtj"], "co_units": ["czj", ""], "meeting": [" 交办会 "]})
    assert said == HandedOver(lead_unit="jtj", co_units=("czj",), meeting="交办会")
    assert {case_type.kind for case_type in CASE_TYPES.values() if case_type.__module__.startswith("domain.")} >= {
        "suggestion",
        "unit",
        "deputy",
    }


def sent(browser: TestClient, case: str, content: bytes, name: str = "答复函.pdf", **fields: str) -> httpx2.Response:
    token = hidden(browser.get(case).text, "form_token")
    data = {"form_token": token, "kind": "reply_letter"} | fields
    return browser.post(f"{case}/attachments", data=data, files={"file": (name, content)}, follow_redirects=False)


@pytest.mark.database
def test_a_unit_attaches_its_reply_letter_on_the_page_and_a_stranger_does_not(office: Office, unit: TestClient) -> None:
    case = f"/cases/{office.handed_over().json()['case_id']}"
    letter = pdf("答复".encode())
    assert sent(unit, case, letter).status_code == 303
    page = unit.get(case).text
    assert "答复函.pdf" in page
    link = re.search(rf'href="({case}/attachments/[0-9a-f]{{64}})"', page)
    assert link is not None
    assert office.client.get(link[1]).content == letter
    office.account("jyj-1", "handling_unit", office="jyj")
    stranger = office.browser("jyj-1")
    assert stranger.get(case).status_code == 404
    assert sent(stranger, case, letter).status_code == 404
    for changed, status in (({"form_token": "0" * 64}, 403), ({"kind": "love_letter"}, 422)):
        assert sent(unit, case, letter, **changed).status_code == status, changed
    assert sent(unit, case, b"<html>").status_code == 422
    assert office.stored() == 3


def plan(office: Office, title: str, **said: str) -> str:
    return case_of(post(office.client, "/cases/new/plan.drafted", title=title, kind="supervision", **said))


@pytest.mark.database
def test_a_case_is_named_in_a_form_as_people_call_it(office: Office) -> None:
    yearly, other = plan(office, "2026年监督计划", number="云人常〔2026〕3号"), plan(office, "2025年监督计划")
    office.catch_up()
    opening = "/cases/new/work_report.topic_proposed"
    form = office.client.get(opening).text.partition('id="f-plan-list"')[2].partition("</datalist>")[0]
    assert sorted(re.findall('value="([^"]+)"', form)) == ["2025年监督计划", "云人常〔2026〕3号 2026年监督计划"]
    topic = {"title": "养老服务工作情况的报告", "kind": "special_work", "reporting_organ": "government"}
    for said in ("云人常〔2026〕3号 2026年监督计划", "2026年监督计划", "〔2026〕3", yearly.rpartition("/")[2]):
        answer = post(office.client, opening, **topic, plan=said)
        assert answer.status_code == 303, re.findall(r"(?:trouble|fault).*", answer.text)
        case = case_of(answer)
        assert f'href="{yearly}"' in office.client.get(case).text, said
    assert f'href="{other}"' in office.client.get(case_of(post(office.client, opening, **topic, plan="2025年"))).text


@pytest.mark.database
def test_a_name_that_no_case_or_that_several_have_is_refused_at_its_field(office: Office) -> None:
    plan(office, "2026年监督计划")
    plan(office, "2025年监督计划")
    office.catch_up()
    topic = {"title": "养老服务工作情况的报告", "kind": "special_work", "reporting_organ": "government"}
    for said, why in (("2030年监督计划", "没有编号或标题为"), ("监督计划", "对应多件案件")):
        answer = post(office.client, "/cases/new/work_report.topic_proposed", **topic, plan=said)
        field = answer.text.partition('id="f-plan"')[2].partition("</p>")[0]
        assert (answer.status_code, why in field, said in field) == (422, True, True)
    before = office.stored()
    answer = post(office.client, "/cases/new/work_report.topic_proposed", **topic, plan="没有这个计划")
    assert (answer.status_code, office.stored()) == (422, before)
