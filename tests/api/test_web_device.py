"""A deputy's word is not taken from a browser in which somebody of a unit that handles the case was signed in."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo
from http.cookies import SimpleCookie
from typing import Any, Self

import httpx2
import pytest
from starlette.testclient import TestClient

from adapters.identity.sessions import DEVICE_DAYS, KEPT_DAYS
from api.web import guard
from domain.access import AccessFilter
from domain.account import CONSOLE, Asked
from domain.cases.suggestion import Reassigned, ReturnApproved, ReturnRequested
from tests.api.conftest import COOKIE, JURISDICTION, LEAD_UNIT, Office
from tests.api.test_web_people import leads_to, post, sign_in
from tests.api.test_web_steps import case_of, filled

pytestmark = pytest.mark.database

DEVICE = f"{COOKIE}-device"
SAID = {"result": "satisfied", "reason": "很好"}


@pytest.fixture
def people(office: Office) -> Office:
    """A deputy, and people of the unit that leads, of one that helps and of one without a share."""
    office.account("jia1", "deputy", deputy="d-001")
    for unit in (LEAD_UNIT, "czj", "slj"):
        office.account(f"{unit}-1", "handling_unit", office=unit)
    return office


@pytest.fixture
def case(people: Office) -> str:
    """The page of a suggestion that was answered."""
    return answered(people, "d-001")


def answered(office: Office, deputy: str) -> str:
    """The page of a suggestion of a deputy that was answered."""
    opened = office.submit("deputy_affairs", lead_deputy=deputy)
    handed_over = office.record(opened, "handed_over", "2026-03-05", lead_unit=LEAD_UNIT, co_units=["czj"])
    office.record(handed_over, "reply_issued", "2026-05-06", unit=LEAD_UNIT, outcome="B")
    return f"/cases/{opened.json()['case_id']}"


def used_by(office: Office, *logins: str) -> TestClient:
    """A browser in which one after the other signed in and out; the last one is still signed in."""
    device = office.browser()
    for login in logins:
        if COOKIE in device.cookies:
            post(device, "/logout")
        assert leads_to(sign_in(device, login)) == "/"
    return device


def said(device: TestClient, case: str, step: str = "evaluation_submitted", **fields: Any) -> httpx2.Response:
    """What a deputy is answered who evaluates."""
    action, data = filled(device, f"{case}?step={step}", **SAID | {"act.occurred_on": "2026-05-08"} | fields)
    return device.post(action, data=data, follow_redirects=False)


def forced(device: TestClient, case: str, step: str = "evaluation_submitted", **fields: Any) -> httpx2.Response:
    """The same by a form that the page did not offer."""
    given = SAID | {"version": "3", "key": "0" * 32, "act.occurred_on": "2026-05-08"} | fields
    return post(device, f"{case}/steps/{step}", **given)


def age(office: Office, days: int) -> None:
    """Everything that is known of sessions and devices was so many days ago."""
    with office.services.pool.connection() as conn:
        conn.execute("UPDATE session SET last_seen_at = last_seen_at - make_interval(days => %s)", (days,))
        conn.execute("UPDATE unit_device SET last_seen_at = last_seen_at - make_interval(days => %s)", (days,))


def test_an_evaluation_from_a_units_device_is_refused_and_noted_and_nothing_is_recorded(
    people: Office, case: str
) -> None:
    device, before = used_by(people, f"{LEAD_UNIT}-1", "jia1"), people.stored()
    page = device.get(f"{case}?step=evaluation_submitted", headers={"Accept-Language": "zh"}).text
    assert "请代表用自己的手机或者电脑评价" in page
    assert "/steps/evaluation_submitted" not in page
    answer = forced(device, case)
    assert answer.status_code == 403
    assert "请代表用自己的手机或者电脑评价" in answer.text
    assert people.stored() == before
    (line,) = people.services.access.lines(AccessFilter())
    assert (line.actor, line.code, line.case_id) == ("d-001", "device-of-the-unit", case.rpartition("/")[2])


def test_on_his_own_phone_a_deputy_evaluates_and_amends(people: Office, case: str) -> None:
    used_by(people, f"{LEAD_UNIT}-1", "jia1")
    phone = used_by(people, "jia1")
    case_of(said(phone, case))
    used_by(people, f"{LEAD_UNIT}-1")
    case_of(said(phone, case, "evaluation_amended", amended_because="再看"))


def test_an_evaluation_is_not_amended_on_a_units_device_either(people: Office, case: str) -> None:
    case_of(said(used_by(people, "jia1"), case))
    device, before = used_by(people, "czj-1", "jia1"), people.stored()
    answer = forced(device, case, "evaluation_amended", version="4", amended_because="再看")
    assert (answer.status_code, people.stored()) == (403, before)


def test_a_unit_that_signs_in_while_the_form_is_open_closes_it(people: Office, case: str) -> None:
    device = used_by(people, "jia1")
    action, data = filled(device, f"{case}?step=evaluation_submitted", **SAID)
    used_on = {DEVICE: device.cookies[DEVICE]}
    unit = people.browser()
    unit.cookies.update(used_on)
    assert leads_to(sign_in(unit, f"{LEAD_UNIT}-1")) == "/"
    assert device.post(action, data=data, follow_redirects=False).status_code == 403


def test_the_device_of_a_unit_without_a_share_is_like_any_other(people: Office, case: str) -> None:
    case_of(said(used_by(people, "slj-1", "jia1"), case))


def test_of_two_units_that_share_a_device_one_with_a_share_is_enough(people: Office, case: str) -> None:
    device = used_by(people, "slj-1", "czj-1", "slj-1", "jia1")
    assert forced(device, case).status_code == 403


def test_a_unit_that_gave_its_share_away_has_none(people: Office) -> None:
    handed_over = people.handed_over()
    case = f"/cases/{handed_over.json()['case_id']}"
    for step in (
        ReturnRequested(unit="czj", reason="非本单位职责"),
        ReturnApproved(unit="czj"),
        Reassigned(unit="czj", to_unit="slj"),
    ):
        handed_over = people.record(handed_over, step.declared.name, "2026-03-10", **step.model_dump(exclude_none=True))
    people.record(handed_over, "reply_issued", "2026-05-06", unit=LEAD_UNIT, outcome="B")
    assert forced(used_by(people, "slj-1", "jia1"), case, version="6").status_code == 403
    case_of(said(used_by(people, "czj-1", "jia1"), case))


def test_a_unit_of_the_same_code_elsewhere_has_no_share(people: Office, case: str) -> None:
    device = used_by(people, "jia1")
    with people.services.pool.connection() as conn:
        conn.execute(
            "INSERT INTO unit_device (device_sha256, jurisdiction, unit)"
            " SELECT device_sha256, 'jp-sangiin', %s FROM session WHERE device_sha256 IS NOT NULL",
            (LEAD_UNIT,),
        )
    case_of(said(device, case))


def test_the_office_writes_down_what_a_deputy_said_on_any_device(people: Office, case: str) -> None:
    device = used_by(people, f"{LEAD_UNIT}-1", "clerk")
    proxy = {"evidence": "电话记录", "consent": "代表同意", "proxy_reason": "代表在外"}
    case_of(said(device, case, "evaluation_recorded_by_proxy", **proxy))


def test_a_browser_that_keeps_no_device_cookie_is_not_known(people: Office, case: str) -> None:
    device = used_by(people, f"{LEAD_UNIT}-1")
    post(device, "/logout")
    device.cookies.delete(DEVICE)
    sign_in(device, "jia1")
    device.cookies.delete(DEVICE)
    case_of(said(device, case))


def test_a_session_that_began_without_a_device_is_not_barred(people: Office, case: str) -> None:
    case_of(said(people.browser("jia1"), case))


def test_a_device_is_known_for_ninety_days_also_when_the_sessions_are_forgotten(people: Office, case: str) -> None:
    device = used_by(people, f"{LEAD_UNIT}-1")
    age(people, KEPT_DAYS + 1)
    with people.services.pool.connection() as conn:
        conn.execute("DELETE FROM session")
    people.services.accounts.forget_old()
    sign_in(device, "jia1")
    assert forced(device, case).status_code == 403
    age(people, DEVICE_DAYS - KEPT_DAYS)
    people.services.accounts.forget_old()
    with people.services.pool.connection() as conn:
        assert conn.execute("SELECT count(*) FROM unit_device").fetchone() == (0,)
    sign_in(device, "jia1")
    case_of(said(device, case))


def test_what_somebody_becomes_later_does_not_make_the_device_anothers(people: Office, case: str) -> None:
    device, accounts = used_by(people, f"{LEAD_UNIT}-1"), people.services.accounts
    asked = Asked(role="handling_unit", jurisdiction=JURISDICTION, office="slj")
    assert accounts.rebind(accounts.named(f"{LEAD_UNIT}-1").id, asked, by=CONSOLE)
    sign_in(device, "jia1")
    assert forced(device, case).status_code == 403


def test_the_device_cookie_is_unreadable_for_scripts_lasts_a_year_and_outlives_the_session(people: Office) -> None:
    device = people.browser()
    answer = sign_in(device, "jia1")
    cookies = SimpleCookie()
    for line in answer.headers.get_list("set-cookie"):
        cookies.load(line)
    cookie = cookies[DEVICE]
    assert (cookie["httponly"], cookie["secure"], cookie["samesite"]) == (True, True, "lax")
    assert (cookie["path"], cookie["domain"], int(cookie["max-age"])) == ("/", "", 365 * 24 * 3600)
    known = device.cookies[DEVICE]
    post(device, "/logout")
    assert device.cookies[DEVICE] == known
    sign_in(device, "jia1")
    assert device.cookies[DEVICE] == known
    with people.services.pool.connection() as conn:
        stored = conn.execute("SELECT session::text FROM session WHERE device_sha256 IS NOT NULL").fetchall()
    assert stored
    assert not any(known in text for (text,) in stored)


@pytest.mark.parametrize("planted", ["", "x", "a" * 44, "a" * 5_000])
def test_a_device_cookie_that_is_none_of_ours_is_replaced(people: Office, planted: str) -> None:
    device = people.browser()
    answer = device.post(
        "/login",
        data={"login": "jia1", "password": "correct horse battery"},
        headers={"Cookie": f"{DEVICE}={planted}"},
        follow_redirects=False,
    )
    assert leads_to(answer) == "/"
    assert device.cookies[DEVICE] != planted


def marks(office: Office, *cases: str) -> list[str | None]:
    """The mark of the device in the last step of each case."""
    files = [office.services.docket.case_file(case.rpartition("/")[2]) for case in cases]
    return [file.history[-1].act.device for file in files]


def test_a_step_keeps_by_what_a_device_is_known_and_several_deputies_on_one_are_a_question(
    people: Office, case: str
) -> None:
    people.account("yi2", "deputy", deputy="d-002")
    others = [answered(people, "d-002") for _ in range(2)]
    tablet = used_by(people, "jia1")
    case_of(said(tablet, case))
    post(tablet, "/logout")
    assert leads_to(sign_in(tablet, "yi2")) == "/"
    case_of(said(tablet, others[0]))
    case_of(said(used_by(people, "yi2"), others[1]))
    first, second, third = marks(people, case, *others)
    assert first is not None
    assert first == second != third
    assert tablet.cookies[DEVICE] not in first
    for role, told_of in (("deputy_affairs", first), ("auditor", first), ("deputy", None), ("handling_unit", None)):
        steps = people.get(f"/api/v1{case}/steps", role).json()["steps"]
        assert steps[-1]["act"].get("device") == told_of, role
    people.catch_up()
    told = {one["id"]: one for one in people.get("/api/v1/integrity").json()["signals"]}
    assert (told["device"]["count"], told["device"]["base"], told["device"]["threshold"]) == (2, 3, {"deputies": 2})
    people.account("office")
    page = people.browser("office").get("/integrity").text
    assert "几名代表用同一设备评价" in page
    assert "阈值：2 名以上代表。" in page
    assert first not in page


def test_what_is_no_deputys_own_word_or_goes_through_the_api_keeps_no_device(people: Office) -> None:
    people.account("office")
    office, cases = used_by(people, "office"), [answered(people, "d-001") for _ in range(2)]
    proxy = SAID | {"evidence": "电话记录", "consent": "本人同意", "proxy_reason": "出差"}
    action, data = filled(office, f"{cases[0]}?step=evaluation_recorded_by_proxy", **proxy)
    case_of(office.post(action, data=data | {"act.occurred_on": "2026-05-08"}, follow_redirects=False))
    body = {"step": {"result": "satisfied"}, "act": {"occurred_at": "2026-05-08"}}
    taken = people.post(f"/api/v1{cases[1]}/steps/evaluation_submitted", body, "deputy", If_Match="*")
    assert taken.status_code == 200, taken.text
    assert marks(people, *cases) == [None, None]
    body["act"]["device"] = "a" * 32
    refused = people.post(f"/api/v1{cases[1]}/steps/evaluation_amended", body, "deputy", If_Match="*")
    assert refused.status_code == 422


def test_in_another_year_a_device_has_another_mark(people: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    class NextYear(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return super().now(tz) + timedelta(days=366)

    phone, cases = used_by(people, "jia1"), [answered(people, "d-001") for _ in range(3)]
    for case in cases[:2]:
        case_of(said(phone, case))
    monkeypatch.setattr(guard, "datetime", NextYear)
    case_of(said(phone, cases[2]))
    first, second, next_year = marks(people, *cases)
    assert None not in {first, next_year}
    assert first == second != next_year
