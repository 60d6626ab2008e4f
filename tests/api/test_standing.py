"""Whom the registry does not know any more, or not as one who acts: on the pages, in the API and at the sign-in."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from domain.access import AccessFilter
from domain.case import Act, Role, Step
from domain.cases.registry.deputy import DutyResumed, DutySuspended, EndReason, QualificationEnded
from domain.cases.registry.unit import UnitClosed, UnitMerged
from domain.docket import LedgerMapper
from domain.moment import day_of, start_of_day
from tests.api.conftest import JURISDICTION, PASSWORD, Office
from tests.api.test_web_people import NEW, field, leads_to, post, sign_in

pytestmark = pytest.mark.database

ZONE = "Asia/Shanghai"


def today(office: Office, code: str, step: Step) -> None:
    """Today something happens to what the registry has under that code, as another process records it."""
    mapper = LedgerMapper()
    entered = (mapper.to_domain_event(event) for event in office.services.ledger.registry_events(0))
    case_id = next(
        record.originator_id
        for record in entered
        if record.step.declared.opens
        and record.step.declared.case_type is step.declared.case_type
        and code in {getattr(record.step, name, None) for name in ("id", "code")}
    )
    start = start_of_day(day_of(datetime.now(UTC), ZONE), ZONE)
    act = Act(actor="clerk", role=Role.GENERAL_OFFICE, office=JURISDICTION, occurred_at=start)
    office.services.docket.record(str(case_id), step, act)


def within_a_second(answered: Callable[[], Any], expected: Any) -> None:
    """Ask again until it is answered so; it may take a second."""
    until = time.monotonic() + 1
    while (found := answered()) != expected:
        assert time.monotonic() < until, found


def own_token(office: Office, login: str, *scopes: str) -> dict[str, str]:
    """The authorization header of a new token of the account."""
    account = office.services.accounts.named(login)
    made = office.services.tokens.create_own(account, "test", 1, scopes or ["read", "record"], by=login)
    return {"Authorization": f"Bearer {made}"}


def test_a_deputy_whose_qualification_ended_is_out_everywhere_and_told_so(office: Office) -> None:
    office.account("jia", "deputy", deputy="d-001")
    office.account("admin", "administrator")
    client, admin, header = office.browser("jia"), office.browser("admin"), own_token(office, "jia")
    case_id = office.submit().json()["case_id"]
    assert client.get(f"/cases/{case_id}").status_code == 200
    assert office.client.get(f"/api/v1/cases/{case_id}", headers=header).status_code == 200
    today(office, "d-001", QualificationEnded(reason=EndReason.RESIGNED))

    within_a_second(lambda: client.get(f"/cases/{case_id}").status_code, 403)
    for path in ("/", "/cases", "/cases/new", "/account"):
        answer = client.get(path)
        assert (answer.status_code, "代表资格已经终止" in answer.text) == (403, True), path
    assert "您的代表资格已经终止" in sign_in(office.browser(), "jia").text

    def asked() -> tuple[int, str]:
        answer = office.client.get(f"/api/v1/cases/{case_id}", headers=header)
        return answer.status_code, answer.json().get("type", "")

    within_a_second(asked, (403, "/problems/deputy-ended"))
    program = office.get(f"/api/v1/cases/{case_id}", "deputy")
    assert program.json()["type"] == "/problems/deputy-ended"
    listed = admin.get("/admin/accounts").text
    assert ("代表资格已终止" in listed, "不能登录" in listed) == (True, True)
    assert "代表资格已终止" in admin.get(f"/admin/accounts/{office.services.accounts.named('jia').id}").text
    carried = {"form_token": field(client.get("/cases").text, "form_token")}
    assert leads_to(client.post("/logout", data=carried, follow_redirects=False)) == "/login?done=signed_out"


def test_a_deputy_whose_duties_are_suspended_reads_and_takes_no_step(office: Office) -> None:
    office.account("jia", "deputy", deputy="d-001")
    client, header = office.browser("jia"), own_token(office, "jia")
    case = office.submit()
    case_id = case.json()["case_id"]
    assert "/cases/new" in client.get("/cases").text
    today(office, "d-001", DutySuspended(reason="受侦查"))

    within_a_second(lambda: "暂停执行代表职务" in client.get("/cases").text, expected=True)
    shown = client.get(f"/cases/{case_id}")
    assert (shown.status_code, 'id="doing"' in shown.text, 'href="/cases/new"' in shown.text) == (200, False, False)
    assert client.get("/cases/new").status_code == 403
    stored = office.stored()
    for path in (
        "/cases/new/suggestion.submitted",
        f"/cases/{case_id}/steps/withdrawn",
        f"/cases/{case_id}/attachments",
    ):
        answer = post(client, path, version="1", reason="x", key="k" * 20)
        assert (answer.status_code, "暂停执行代表职务" in answer.text) == (403, True), path
    path = f"/api/v1/cases/{case_id}"

    def taken() -> tuple[int, str]:
        given = {"Idempotency-Key": "once", "If-Match": "*"}
        answer = office.client.post(f"{path}/steps/withdrawn", json={"step": {}}, headers=header | given)
        return answer.status_code, answer.json().get("type", "")

    within_a_second(taken, (403, "/problems/duty-suspended"))
    told = office.client.get(path, headers=header).json()["open_steps"]
    assert {(one["open"], one["why"]) for one in told} == {(False, "duty-suspended")}
    assert office.stored() == stored
    assert leads_to(sign_in(office.browser(), "jia")) == "/"
    changed = post(client, "/account/password", old_password=PASSWORD, new_password=NEW, repeated=NEW)
    assert leads_to(changed) == "/account?done=password_changed"

    today(office, "d-001", DutyResumed())
    within_a_second(lambda: client.get("/cases/new").status_code, 200)


@pytest.mark.parametrize("end", [UnitMerged(into="czj"), UnitClosed(reason="撤销")])
def test_people_of_a_unit_that_is_no_more_are_out_until_they_act_for_another_one(office: Office, end: Step) -> None:
    id = office.account("li", "handling_unit", office="jtj")
    office.account("admin", "administrator")
    client, admin, header = office.browser("li"), office.browser("admin"), own_token(office, "li")
    assert client.get("/cases").status_code == 200
    today(office, "jtj", end)

    within_a_second(lambda: client.get("/cases").status_code, 403)
    assert "已合并或撤销" in client.get("/cases").text
    assert "已合并或撤销" in sign_in(office.browser(), "li").text
    within_a_second(lambda: office.client.get("/api/v1/cases", headers=header).status_code, 403)
    assert "已合并或撤销" in admin.get("/admin/accounts").text
    bound = {"role": "handling_unit", "jurisdiction": JURISDICTION}
    assert post(admin, f"/admin/accounts/{id}/rebind", **bound, office="jtj").status_code == 422
    assert leads_to(post(admin, f"/admin/accounts/{id}/rebind", **bound, office="czj")).endswith("?done=rebound")
    assert leads_to(sign_in(office.browser(), "li")) == "/"
    within_a_second(lambda: office.client.get("/api/v1/cases", headers=header).status_code, 200)


def test_what_a_registry_step_undoes_is_so_again(office: Office) -> None:
    office.account("jia", "deputy", deputy="d-001")
    client = office.browser("jia")
    today(office, "d-001", DutySuspended(reason="受侦查"))
    today(office, "d-001", QualificationEnded(reason=EndReason.MOVED_AWAY))
    within_a_second(lambda: client.get("/cases").status_code, 403)
    assert {line.code for line in office.services.access.lines(AccessFilter())} == {"deputy-ended"}
