"""Late entries, corrections and voids on the pages: previewed, approved by two, and both versions shown."""

from __future__ import annotations

import re
from datetime import date
from html import unescape
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from api.web.stepforms import CorrectionForm
from api.web.viewmodels import Teller
from api.words import words
from domain import fold
from domain.case import AmendmentDeclined, Corrected, CorrectionRequested, Role, Voided
from domain.cases.suggestion import HandedOver, ReplyIssued
from domain.principal import Principal
from tests.api.conftest import Office
from tests.api.story import Story
from tests.api.test_web_steps import CITY
from tests.domain.support import Desk
from tests.golden.samples import SAMPLES, recorded
from tests.registry import shipped_registry

FORM = 'class="step-form'
INPUT = re.compile(r"<(input|select|textarea)\b([^>]*)>(?:(.*?)</\1>)?", re.DOTALL)
CHOSEN = re.compile(r'<option value="([^"]*)" selected')


def fields_of(text: str) -> tuple[str, dict[str, list[str]]]:
    """Where the form of a page goes, and what a browser would send of it."""
    form = text.rpartition(FORM)[2].partition("</form>")[0]
    action = re.search(r'action="([^"]+)"', form)
    assert action is not None, text
    sent: dict[str, list[str]] = {}
    for kind, attributes, inside in INPUT.findall(form):
        name = re.search(r'\bname="([^"]+)"', attributes)
        if name is None:
            continue
        value = re.search(r'\bvalue="([^"]*)"', attributes)
        told = unescape(value[1]) if value else ""
        if kind == "select":
            chosen = CHOSEN.search(inside)
            told = unescape(chosen[1]) if chosen else ""
        elif kind == "textarea":
            told = unescape(inside)
        elif re.search(r'type="(checkbox|radio)"', attributes) and "checked" not in attributes:
            continue
        sent.setdefault(name[1], []).append(told)
    return unescape(action[1]), sent


def send(browser: TestClient, page: str | httpx2.Response, do: str = "preview", **changed: Any) -> httpx2.Response:
    """Change some fields of the form of a page and press one of its buttons."""
    text = browser.get(page).text if isinstance(page, str) else page.text
    action, data = fields_of(text)
    return browser.post(action, data=data | {"do": do} | changed, follow_redirects=False)


def case_of(answer: httpx2.Response) -> str:
    return f"/cases/{answer.json()['case_id']}"


def history(office: Office, case: str) -> list[Any]:
    return list(office.services.docket.case_file(case.rpartition("/")[2]).history)


PAPER = {"amend.reason": "签收表为12日", "amend.approved_by": "主任", "act.document": "云人办〔2026〕9号"}
ASK = {"amend.reason": "签收表为12日", "amend.approval": "ask"}
LATER = {"amend.occurred_on": "2026-03-12"}


@pytest.fixture
def unit(office: Office) -> TestClient:
    office.account("jtj-1", "handling_unit", office="jtj")
    return office.browser("jtj-1")


@pytest.fixture
def chief(office: Office) -> TestClient:
    office.account("chief", "general_office")
    return office.browser("chief")


@pytest.mark.database
def test_the_office_corrects_a_date_after_it_saw_what_that_changes(office: Office) -> None:
    case = case_of(office.handed_over())
    preview = send(office.client, f"{case}/history/2/correct", **PAPER, **LATER)
    assert preview.status_code == 200
    assert "原计入“待答复”，将计入“未交办”" in preview.text
    assert "2026-03-05 至 2026-03-11" in preview.text
    assert re.search(r"<del>.*2026-03-05.*</del>.*<ins>.*2026-03-12", preview.text, re.DOTALL)
    assert office.stored() == 2
    done = send(office.client, preview, do="confirm")
    assert (done.status_code, done.headers["location"]) == (303, f"{case}#step-3")
    again = send(office.client, preview, do="confirm")
    assert again.headers["location"] == f"{case}#step-3"
    last = history(office, case)[-1]
    assert isinstance(last.step, Corrected)
    assert (last.step.approved_by, last.act.source.number, last.step.changes) == ("主任", "云人办〔2026〕9号", {})
    page = office.client.get(case).text
    assert '<del class="date">2026-03-05</del> <ins class="date">2026-03-12</ins>' in page
    assert 'href="#step-3">已由第3步更正' in page
    assert 'href="#step-2">针对第2步' in page


@pytest.mark.database
def test_only_what_differs_becomes_a_change_and_nothing_different_is_said(office: Office) -> None:
    case = case_of(office.handed_over(co_signers=["d-002"]))
    nothing = send(office.client, f"{case}/history/2/correct", **PAPER)
    assert nothing.status_code == 422
    assert "没有写明更正哪些内容" in nothing.text
    preview = send(office.client, f"{case}/history/2/correct", **PAPER, co_units=["czj", "zjj"])
    send(office.client, preview, do="confirm")
    assert history(office, case)[-1].step.changes == {"co_units": ["czj", "zjj"]}
    form = office.client.get(f"{case}/history/1/correct").text
    assert "下列内容不能更正：地区" in form
    assert 'name="jurisdiction"' not in form
    preview = send(office.client, f"{case}/history/1/correct", **PAPER, title="建议增开两条夜间公交线路")
    assert "案件的阶段、期限" not in preview.text
    send(office.client, preview, do="confirm")
    assert history(office, case)[-1].step.changes == {"title": "建议增开两条夜间公交线路"}


@pytest.mark.database
def test_a_correction_of_words_alone_changes_no_list(office: Office) -> None:
    case = case_of(office.handed_over())
    preview = send(office.client, f"{case}/history/2/correct", **PAPER, meeting="交办会")
    assert "案件的阶段、期限、待核对事项和清单都没有变化" in preview.text


@pytest.mark.database
def test_what_is_wrong_in_a_correction_is_said_at_its_field_and_nothing_is_lost(office: Office) -> None:
    case = case_of(office.handed_over())
    for fields, name in (
        ({**PAPER, "lead_unit": "nowhere"}, "f-lead_unit"),
        ({**PAPER, "lead_unit": "czj"}, "f-co_units"),
        ({**PAPER, **LATER, "amend.reason": " "}, "amend-reason"),
        ({**PAPER, **LATER, "amend.approved_by": ""}, "amend-approved_by"),
        ({**PAPER, "amend.occurred_on": "2099-01-01"}, "amend-occurred_on"),
        ({**PAPER, "amend.occurred_on": "soon"}, "amend-occurred_on"),
    ):
        answer = send(office.client, f"{case}/history/2/correct", meeting="交办会", **fields)
        assert answer.status_code == 422, fields
        assert f'id="{name}-fault"' in answer.text, fields
        assert 'value="交办会"' in answer.text
    for changed, status in (
        ({"form_token": "0"}, 403),
        ({"speed": "1"}, 400),
        ({"key": "x"}, 400),
        ({"version": "x"}, 400),
    ):
        assert send(office.client, f"{case}/history/2/correct", **PAPER, **LATER, **changed).status_code == status
    for path, status in (
        ("history/9/correct", 422), ("history/0/correct", 422), ("history/2/burn", 404), ("requests/2", 422),
        ("requests/9", 422),
    ):  # fmt: skip
        assert office.client.get(f"{case}/{path}").status_code == status, path
    assert office.stored() == 2


@pytest.mark.database
def test_the_preview_leads_back_to_the_form_with_everything_in_it(office: Office) -> None:
    case = case_of(office.handed_over())
    preview = send(office.client, f"{case}/history/2/correct", **PAPER, **LATER, meeting="交办会")
    form = send(office.client, preview, do="edit")
    assert form.status_code == 200
    _, data = fields_of(form.text)
    told = [data[name] for name in ("meeting", "amend.occurred_on", "amend.approved_by")]
    assert told == [["交办会"], ["2026-03-12"], ["主任"]]


@pytest.mark.database
def test_a_case_that_moved_on_is_previewed_anew_and_what_others_corrected_stays(
    office: Office, chief: TestClient
) -> None:
    case = case_of(office.handed_over())
    mine = send(office.client, f"{case}/history/2/correct", **PAPER, **LATER)
    theirs = send(chief, f"{case}/history/2/correct", **PAPER, lead_unit="zjj")
    assert send(chief, theirs, do="confirm").status_code == 303
    anew = send(office.client, mine, do="confirm")
    assert anew.status_code == 200
    assert "已按现状重新预览" in anew.text
    assert "第 3 步：更正" in anew.text
    assert office.stored() == 3
    assert send(office.client, anew, do="confirm").status_code == 303
    assert history(office, case)[-1].step.changes == {}
    case_file = office.services.docket.case_file(case.rpartition("/")[2])
    assert (case_file.case.lead_unit, case_file.case.handed_over_on) == ("zjj", date(2026, 3, 12))  # type: ignore[union-attr]


@pytest.mark.database
def test_a_void_is_previewed_shown_struck_through_and_may_itself_be_voided(office: Office) -> None:
    case = case_of(office.handed_over())
    preview = send(office.client, f"{case}/history/2/void", **PAPER)
    assert "原计入“待答复”，将计入“未交办”" in preview.text
    assert send(office.client, preview, do="confirm").status_code == 303
    page = office.client.get(case).text
    assert "<s>交办</s>" in page
    assert f"{case}/history/2/correct" not in page
    assert f"{case}/history/3/correct" not in page
    assert office.client.get(f"{case}/history/2/correct").status_code == 409
    assert office.client.get(f"{case}/history/2/void").status_code == 409
    assert office.client.get(f"{case}/history/3/correct").status_code == 409
    send(office.client, send(office.client, f"{case}/history/3/void", **PAPER), do="confirm")
    assert "<s>交办</s>" not in office.client.get(case).text
    then = office.client.get(f"{case}?known_at=2020-01-01")
    assert then.status_code == 404


@pytest.mark.database
def test_a_voided_opening_can_be_taken_back_on_the_page(office: Office) -> None:
    case = case_of(office.submit())
    send(office.client, send(office.client, f"{case}/history/1/void", **PAPER), do="confirm")
    gone = office.client.get(case)
    assert gone.status_code == 404
    assert f"{case}/history/2/void" in gone.text
    preview = send(office.client, f"{case}/history/2/void", **PAPER)
    assert "原计入“不在清单中”" in preview.text
    assert send(office.client, preview, do="confirm").status_code == 303
    assert office.client.get(case).status_code == 200


@pytest.mark.database
def test_a_unit_asks_for_a_correction_and_the_office_approves_it(office: Office, unit: TestClient) -> None:
    case = case_of(office.handed_over())
    form = unit.get(f"{case}/history/2/correct").text
    assert "提交后成为申请" in form
    assert "amend.approved_by" not in form
    preview = send(unit, f"{case}/history/2/correct", **ASK, **LATER)
    assert "将计入“未交办”" in preview.text
    assert send(unit, preview, do="confirm").status_code == 303
    assert isinstance(history(office, case)[-1].step, CorrectionRequested)
    twice = send(unit, f"{case}/history/2/correct", **ASK, **LATER)
    assert (twice.status_code, "尚待批准" in twice.text) == (422, True)
    page = office.client.get(case).text
    assert f'href="{case}/requests/3"' in page
    waiting = unit.get(f"{case}/requests/3").text
    assert "等待代表工作机构或办公厅批准" in waiting
    assert 'value="approve"' not in waiting
    assert send(office.client, f"{case}/requests/3", do="approve").status_code == 303
    last = history(office, case)[-1]
    assert isinstance(last.step, Corrected)
    assert (last.step.request, last.step.approved_by, last.act.actor) == (3, None, "clerk")
    page = office.client.get(case).text
    assert f"{case}/requests/3" not in page
    assert 'href="#step-4">已由第4步批准' in page
    assert 'href="#step-3">答复第3步的申请' in page
    assert office.client.get(f"{case}/requests/3").status_code == 409


@pytest.mark.database
def test_nobody_approves_his_own_request_and_a_decline_needs_a_reason(office: Office, chief: TestClient) -> None:
    case = case_of(office.handed_over())
    send(office.client, send(office.client, f"{case}/history/2/void", **ASK), do="confirm")
    own = office.client.get(f"{case}/requests/3")
    assert "须由他人批准" in own.text
    assert 'value="approve"' not in own.text
    forced = send(office.client, own, do="approve")
    assert (forced.status_code, office.stored()) == (422, 3)
    silent = send(chief, f"{case}/requests/3", do="decline")
    assert (silent.status_code, 'id="m-reason-fault"' in silent.text) == (422, True)
    assert send(chief, f"{case}/requests/3", do="decline", **{"amend.reason": "交办属实"}).status_code == 303
    assert isinstance(history(office, case)[-1].step, AmendmentDeclined)
    page = office.client.get(case).text
    assert 'href="#step-4">第4步不同意' in page
    assert "<s>交办</s>" not in page


@pytest.mark.database
def test_a_request_is_looked_at_again_when_the_case_has_moved_on(office: Office, unit: TestClient) -> None:
    case = case_of(office.handed_over())
    send(unit, send(unit, f"{case}/history/2/void", **ASK), do="confirm")
    seen = office.client.get(f"{case}/requests/3")
    send(office.client, send(office.client, f"{case}/history/2/correct", **PAPER, **LATER), do="confirm")
    stale = send(office.client, seen, do="approve")
    assert (stale.status_code, "请重新核对" in stale.text) == (409, True)
    assert send(office.client, stale, do="approve").status_code == 303
    assert isinstance(history(office, case)[-1].step, Voided)


@pytest.mark.database
def test_who_has_no_part_is_offered_nothing(office: Office, unit: TestClient) -> None:
    case = case_of(office.handed_over())
    assert f"{case}/history/2/correct" in unit.get(case).text
    assert "/history/" not in unit.get(f"{case}?as_of=2026-04-01").text
    office.account("jyj-1", "handling_unit", office="jyj")
    office.account("auditor", "auditor")
    for login, status in (("jyj-1", 404), ("auditor", 403)):
        stranger = office.browser(login)
        assert "/history/" not in stranger.get(case).text
        assert stranger.get(f"{case}/history/2/correct").status_code == status


@pytest.mark.database
def test_a_late_entry_is_previewed_before_it_is_recorded(office: Office, unit: TestClient) -> None:
    case = case_of(office.handed_over())
    office.record(office.get(f"/api/v1{case}"), "unit_assigned", "2026-03-20", unit="zjj", handling="co")
    late = {"act.late": "1", "act.occurred_on": "2026-03-09", "signed_by": "办公室"}
    preview = send(unit, f"{case}?step=signed_for", **late)
    assert (preview.status_code, office.stored()) == (200, 3)
    assert "补录“签收”" in preview.text
    form = send(unit, preview, do="edit")
    assert 'value="办公室"' in form.text
    done = send(unit, preview, do="confirm")
    assert (done.status_code, done.headers["location"]) == (303, f"{case}#step-4")
    assert send(unit, preview, do="confirm").headers["location"] == f"{case}#step-4"
    assert history(office, case)[-1].act.late


@pytest.mark.database
def test_the_counts_that_the_preview_names_are_those_of_the_list_afterwards(office: Office) -> None:
    case = case_of(office.handed_over())
    send(office.client, send(office.client, f"{case}/history/2/correct", **PAPER, **LATER), do="confirm")
    office.catch_up()
    known = office.services.docket.head()
    for position, state in ((known - 1, "waiting"), (known, "unassigned")):
        page = office.client.get(f"/cases?as_of=2026-03-08&position={position}&state={state}").text
        assert case in page, (position, state)


@pytest.mark.database
def test_the_history_shows_what_a_correction_made_of_a_step(office: Office) -> None:
    story = Story(office.services.docket)
    case = f"/cases/{story.everything()}"
    office.catch_up()
    page = office.client.get(case).text
    assert '<del class="date">2026-03-05</del> <ins class="date">2026-03-06</ins>' in page
    step = page.partition('id="step-13"')[2].partition("</li>")[0]
    assert "2026-03-05" in step.partition("<ins>")[0]
    assert "2026-03-06" in step.partition("<ins>")[2]


def test_a_form_that_is_sent_back_untouched_says_that_nothing_is_wrong() -> None:
    tell = Teller(words("zh"), shipped_registry().jurisdiction(CITY))
    asker = Principal("u-1", Role.DEPUTY_AFFAIRS, CITY, CITY)
    for step in SAMPLES.values():
        if step.declared.case_type is None and step.declared.fixed == frozenset():
            continue
        form = CorrectionForm(recorded(step), tell, asker, None)
        posted: dict[str, list[str]] = {}
        for field in form.fields():
            views = [inner for row in field.rows for inner in row] if field.rows else [field]
            for view in views:
                posted[view.name] = list(form.values.get(view.name, ()))
        assert form.changes(posted) == {}, step
        assert form.changes(form.values) == {}, step


def test_a_unit_that_is_gone_stays_chosen_in_the_form_of_its_time() -> None:
    desk = Desk().handed_over("czj")
    standing = fold.sequence(desk.history)[1]
    gone = standing._replace(step=HandedOver(lead_unit="closed-unit", co_units=("zjj", "czj")))
    tell = Teller(words("zh"), shipped_registry().jurisdiction(CITY))
    form = CorrectionForm(gone, tell, Principal("u-1", Role.DEPUTY_AFFAIRS, CITY, CITY), desk.case)
    lead = next(field for field in form.fields() if field.name == "lead_unit")
    assert "closed-unit" in {option.value for option in lead.options}
    assert form.changes({**form.values, "meeting": ["会"]}) == {"meeting": "会"}
    assert form.changes({**form.values, "co_units": ["czj"]}) == {"co_units": ["czj"]}


def test_a_corrected_letter_is_offered_without_what_it_means() -> None:
    desk = Desk().replied("B")
    standing = fold.sequence(desk.history)[2]
    assert isinstance(standing.step, ReplyIssued)
    tell = Teller(words("zh"), shipped_registry().jurisdiction(CITY))
    form = CorrectionForm(standing, tell, Principal("u-1", Role.DEPUTY_AFFAIRS, CITY, CITY), desk.case)
    assert form.changes({**form.values, "outcome": ["A"]}) == {"outcome": "A"}
