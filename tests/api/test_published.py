"""Figures that a document stated: counted when recorded, counted again to the digit, and what became known since."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest

from domain.case import Role
from tests.api.conftest import JURISDICTION, Office

pytestmark = pytest.mark.database

PUBLISHED = "/api/v1/published-figures"


def publish(
    office: Office, *figures: dict[str, Any], role: str = "deputy_affairs", day: str = "2026-06-30", **step: Any
) -> httpx2.Response:
    """Publish figures, once what they stand on is counted and signed."""
    office.catch_up()
    office.seal()
    said = {"jurisdiction": JURISDICTION, "title": "关于代表建议办理情况的报告", "as_of": "2026-06-30"} | step
    body = {
        "opening": "published_figures.published",
        "step": said | {"figures": list(figures)},
        "act": {"occurred_at": day},
    }
    return office.post("/api/v1/cases", body, role)


def read(office: Office, path: str, role: str = "deputy_affairs", **params: Any) -> dict[str, Any]:
    office.catch_up()
    answer = office.get(path, role, **params)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def shown_in(page: str) -> dict[str, str]:
    """What the form of a step holds, as it is sent when nothing is changed."""
    form = page.partition('class="step-form"')[2].partition("</form>")[0]
    found = {}
    for name, inside in re.findall(r'<select[^>]* name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', inside)
        found[name] = chosen[1] if chosen else ""
    for given in re.findall(r"<input[^>]*>", form):
        name, value = (re.search(rf' {word}="([^"]*)"', given) for word in ("name", "value"))
        if name is not None and "checkbox" not in given:
            found[name[1]] = unescape(value[1]) if value else ""
    return found


@pytest.fixture
def answered(office: Office) -> list[httpx2.Response]:
    """One answered and satisfied, one answered, one that waits."""
    cases = [office.handed_over(title=f"第{n}件") for n in range(3)]
    cases[0] = office.record(cases[0], "reply_issued", "2026-05-06", unit="jtj", outcome="A")
    cases[0] = office.record(cases[0], "evaluation_submitted", "2026-05-20", role="deputy", result="satisfied")
    cases[1] = office.record(cases[1], "reply_issued", "2026-05-06", unit="jtj", outcome="C")
    return cases


@pytest.mark.usefixtures("answered")
def test_a_figure_is_counted_when_it_is_published_with_all_that_it_stands_on(office: Office) -> None:
    taken = publish(office, {"metric": "reply_rate"}, {"metric": "satisfied_rate", "unit": "jtj"})
    assert taken.status_code == 201, taken.text
    [document] = read(office, PUBLISHED)["publications"]
    rate, satisfied = document["figures"]
    assert (rate["metric"], rate["version"], rate["numerator"], rate["denominator"]) == ("reply_rate", 1, 2, 3)
    assert rate["value"] == 2 / 3
    assert satisfied["of"] == {"unit": "jtj"}
    assert (satisfied["value"], satisfied["population"], satisfied["coverage"]) == (1.0, 2, 0.5)
    assert document["position"] == int(taken.json()["position"]) - 1
    basis = document["basis"]
    assert basis["rulebook"].startswith("cn-999900@")
    assert basis["calendar"].startswith("cn@")
    assert basis["records"] >= document["position"]
    signed = office.services.audit.checkpoint(basis["records"])
    assert signed.split("\n")[:3] == [basis["log"], str(basis["records"]), basis["root"]]
    assert (document["published_by"], document["published_on"]) == ("u-deputy_affairs", "2026-06-30")


def test_what_becomes_known_later_leaves_it_to_the_digit_and_is_told(
    office: Office, answered: list[httpx2.Response]
) -> None:
    case_id = publish(office, {"metric": "reply_rate"}).json()["case_id"]
    path = f"{PUBLISHED}/{case_id}"
    [before] = read(office, path)["figures"]
    assert (before["reproduced"], before["changed"]) == (True, False)
    body = {"step": {"unit": "jtj", "outcome": "B"}, "act": {"occurred_at": "2026-05-08", "late": True}}
    waiting = answered[2].json()["case_id"]
    late = office.post(f"/api/v1/cases/{waiting}/steps/reply_issued", body, "deputy_affairs", If_Match="*")
    assert late.status_code == 200, late.text
    [after] = read(office, path)["figures"]
    assert (after["reproduced"], after["changed"], after["newer_version"]) == (True, True, None)
    assert (after["recounted"]["numerator"], after["now"]["numerator"]) == (2, 3)
    since = read(office, f"{path}/1/change")
    assert since["complete"] is True
    assert [(one["case_id"], one["way"]) for one in since["changes"]] == [(waiting, "changed")]
    assert [step["type"] for step in since["changes"][0]["steps"]] == ["suggestion.reply_issued.v1"]


@pytest.mark.usefixtures("answered")
def test_a_number_that_is_not_what_is_counted_is_refused_with_both(office: Office) -> None:
    for said in ({"value": 0.9}, {"numerator": 3}, {"denominator": 2}, {"numerator": 2, "denominator": 4}):
        before = office.stored()
        refused = publish(office, {"metric": "reply_rate"} | said)
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/figure-is-another"), refused.text
        assert "0.667" in refused.json()["detail"]
        assert office.stored() == before
    agreed = publish(office, {"metric": "reply_rate", "value": 0.667, "numerator": 2, "denominator": 3})
    assert agreed.status_code == 201, agreed.text


@pytest.mark.parametrize(
    ("figure", "step", "code"),
    [
        ({"metric": "happiness"}, {}, "unknown-metric"),
        ({"metric": "reply_rate", "version": 9}, {}, "unknown-metric-version"),
        ({"metric": "reply_rate", "unit": "no-such"}, {}, "unknown-unit"),
        ({"metric": "reply_rate", "person": "no-such"}, {}, "unknown-deputy"),
        ({"metric": "reply_rate", "group": "no-such"}, {}, "unknown-group"),
        ({"metric": "reply_rate", "kind": "no-such"}, {}, "value-not-allowed"),
        ({"metric": "reply_rate"}, {"as_of": "2026-07-01"}, "figures-after-document"),
        ({"metric": "reply_rate"}, {"ledger_position": 1_000_000}, "position-not-signed"),
    ],
)
def test_what_cannot_be_published_is_refused(
    office: Office, figure: dict[str, Any], step: dict[str, Any], code: str
) -> None:
    before = office.stored()
    refused = publish(office, figure, **step)
    assert refused.json()["type"] == f"/problems/{code}", refused.text
    assert office.stored() == before


@pytest.mark.usefixtures("answered")
def test_the_numbers_cannot_be_corrected_nor_voided_the_document_can_and_be_withdrawn(office: Office) -> None:
    taken = publish(office, {"metric": "reply_rate"})
    path = f"/api/v1/cases/{taken.json()['case_id']}/steps"

    def amend(name: str, step: dict[str, Any]) -> httpx2.Response:
        body = {"step": {"reason": "误录", "approved_by": "主任"} | step, "act": {"occurred_at": "2026-07-01"}}
        return office.post(f"{path}/{name}", body, "deputy_affairs", If_Match="*")

    for field, value in (("figures", []), ("as_of", "2026-05-01"), ("ledger_position", 1), ("basis", None)):
        refused = amend("corrected", {"corrects": 1, "changes": {field: value}})
        assert refused.json()["type"] == "/problems/cannot-correct-field", refused.text
    assert amend("voided", {"voids": 1}).json()["type"] == "/problems/step-stands"
    right = amend("corrected", {"corrects": 1, "changes": {"document_number": "云人常〔2026〕7号"}})
    assert right.status_code == 200, right.text
    withdrawn = {"step": {"reason": "口径有误"}, "act": {"occurred_at": "2026-07-02"}}
    assert office.post(f"{path}/withdrawn", withdrawn, "deputy_affairs", If_Match="*").status_code == 200
    [document] = read(office, PUBLISHED)["publications"]
    assert (document["document_number"], document["withdrawn_why"]) == ("云人常〔2026〕7号", "口径有误")
    [then] = read(office, PUBLISHED, as_of="2026-07-01")["publications"]
    assert then["withdrawn_on"] is None
    assert read(office, PUBLISHED, as_of="2026-06-29")["publications"] == []


@pytest.mark.usefixtures("answered")
def test_it_is_read_by_everybody_and_what_is_known_since_by_who_reads_every_case(office: Office) -> None:
    path = f"{PUBLISHED}/{publish(office, {'metric': 'reply_rate'}).json()['case_id']}"
    for role in ("deputy", "handling_unit"):
        [figure] = read(office, path, role)["figures"]
        assert (figure["stated"]["numerator"], figure["reproduced"]) == (2, True)
        assert (figure["now"], figure["changed"]) == (None, None)
        assert office.get(f"{path}/1/change", role).status_code == 403
    assert office.get(f"{path}/2/change", "auditor").status_code == 404
    assert office.get(f"{PUBLISHED}/{office.submit().json()['case_id']}", "auditor").status_code == 404


@pytest.mark.usefixtures("answered")
def test_only_the_offices_of_the_congress_publish(office: Office) -> None:
    for role in set(Role) - {Role.ADMINISTRATOR}:
        expected = 201 if role in {Role.DEPUTY_AFFAIRS, Role.GENERAL_OFFICE} else 403
        assert publish(office, {"metric": "reply_rate"}, role=role).status_code == expected, role


@pytest.mark.usefixtures("answered")
def test_publishing_changes_no_figure(office: Office) -> None:
    before = read(office, "/api/v1/figures")
    publish(office, {"metric": "reply_rate"}, {"metric": "cases_opened"})
    assert read(office, "/api/v1/figures")["figures"] == before["figures"]


@pytest.mark.usefixtures("answered")
def test_an_auditor_is_handed_the_document_with_its_proofs(office: Office) -> None:
    case_id = publish(office, {"metric": "reply_rate"}).json()["case_id"]
    office.seal()
    bundle = office.get(f"/api/v1/cases/{case_id}/bundle", "auditor")
    assert bundle.status_code == 200, bundle.text
    assert "published_figures.published.v1" in bundle.text


@pytest.mark.usefixtures("answered")
def test_a_clerk_publishes_by_the_form_that_the_figures_page_fills_in(office: Office) -> None:
    office.catch_up()
    office.seal()
    page = office.client.get("/figures?lang=zh&unit=jtj").text
    assert "登记公布数据" in page
    form = page.partition('action="/published-figures/new"')[2].partition("</form>")[0]
    kept = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form.partition("<fieldset")[0]))
    assert kept["unit"] == "jtj"
    chosen = kept | {"metric.reply_rate": "1", "metric.satisfied_rate": "1"}
    opened = office.client.get(f"/published-figures/new?{urlencode(chosen)}")
    assert opened.status_code == 200, opened.text
    data = shown_in(opened.text) | {"title": "关于办理情况的报告"}
    assert (data["figures.0.metric"], data["figures.1.metric"]) == ("reply_rate", "satisfied_rate")
    assert (data["figures.1.unit"], data["ledger_position"]) == ("jtj", kept["position"])
    recorded = office.client.post("/cases/new/published_figures.published", data=data)
    assert recorded.status_code == 200, recorded.text
    office.catch_up()
    case_id = recorded.url.path.rpartition("/")[2]
    shown = office.client.get(f"/published-figures/{case_id}?lang=zh").text
    assert "66.7%" in shown
    assert "一致" in shown
    assert "没有变化" in office.client.get(f"/published-figures/{case_id}?lang=zh").text
    assert "公布之后没有得知" in office.client.get(f"/published-figures/{case_id}/1?lang=zh").text
    assert office.client.get(f"/published-figures/{case_id}/3").status_code == 404
    assert "关于办理情况的报告" in office.client.get("/published-figures?lang=en").text
    marked = office.client.get("/figures?unit=jtj&lang=zh").text
    assert "公布 66.7%（关于办理情况的报告）" in marked
    assert "公布 66.7%" not in office.client.get("/figures?lang=zh").text
    assert "公布 66.7%" in office.client.get("/figures/reply_rate?unit=jtj&lang=zh").text
    assert office.client.get("/published-figures/new?metric.reply_rate=1").status_code == 422


@pytest.mark.usefixtures("answered")
def test_the_figure_of_a_stage_is_published_and_told_by_the_name_of_the_stage(office: Office) -> None:
    case_id = publish(office, {"metric": "handed_over", "stage": "evaluated"}).json()["case_id"]
    office.catch_up()
    for path in (f"/published-figures/{case_id}", f"/cases/{case_id}"):
        assert "阶段：已评价" in office.client.get(f"{path}?lang=zh").text, path
    chosen = "figures.0.stage=evaluated&figures.0.kind=suggestion"
    form = office.client.get(f"/cases/new/published_figures.published?lang=zh&{chosen}").text
    assert '<option value="evaluated" selected>已评价</option>' in form
    assert '<option value="suggestion" selected>代表建议</option>' in form
    assert '<option value="unit"' not in form


@pytest.mark.usefixtures("answered")
def test_who_may_not_publish_is_not_offered_it(office: Office) -> None:
    office.account("jtj-1", "handling_unit", office="jtj")
    unit = office.browser("jtj-1")
    case_id = publish(office, {"metric": "reply_rate"}).json()["case_id"]
    office.catch_up()
    assert "登记公布数据" not in unit.get("/figures?lang=zh").text
    shown = unit.get(f"/published-figures/{case_id}?lang=zh").text
    assert "只告知可以查看全部案件的人" in shown
    assert unit.get(f"/published-figures/{case_id}/1").status_code == 403
