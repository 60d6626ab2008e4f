"""The pages of the registry: what they show at a moment, who keeps it, and that nobody opens anything elsewhere."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import httpx2
import pytest
from python_calamine import CalamineWorkbook
from starlette.testclient import TestClient

from api.entries import LISTS
from api.exporting import column_name
from api.web.viewmodels import Teller
from api.words import LANGUAGES, Language, words
from tests.api.conftest import JURISDICTION, Office
from tests.api.test_web_steps import case_of, post
from tests.registry import shipped_registry

pytestmark = pytest.mark.database

COUNTY: dict[str, Any] = {
    "jurisdiction": "cn-999977",
    "zh_name": "白石县",
    "en_name": "Baishi",
    "level": "county",
    "congress": "1",
    "rulebook": "cn-national",
    "registry": "closed",
}


def opened(office: Office, opening: str, day: str = "2025-01-01", /, role: str = "general_office", **step: Any) -> Any:
    body = {"opening": opening, "step": {"jurisdiction": JURISDICTION} | step, "act": {"occurred_at": day}}
    return office.post("/api/v1/cases", body, role)


def parks(office: Office, **changes: Any) -> Any:
    said: dict[str, Any] = {"code": "ylj", "zh_name": "市园林局", "en_name": "Parks Bureau", "order": 55} | changes
    return opened(office, "unit.opened", **said)


@pytest.fixture
def admin(office: Office) -> TestClient:
    office.account("admin", "administrator")
    return office.browser("admin")


def page(client: TestClient, path: str, **params: str) -> str:
    answer = client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return answer.text


# What they show


def test_units_stand_in_the_offices_order_under_the_names_of_the_day(office: Office) -> None:
    unit = parks(office)
    office.record(unit, "renamed", "2026-02-01", "general_office", zh_name="市园林绿化局", en_name="Parks and Greening")
    then = page(office.client, "/registry/units", as_of="2026-01-31")
    assert then.index("市公安局") < then.index("市园林局") < then.index("市民政局")
    assert "市园林绿化局" not in then
    assert "市园林绿化局" in page(office.client, "/registry/units")
    assert "市园林局" not in page(office.client, "/registry/units", as_of="2024-12-31")


def test_an_entry_was_not_known_before_it_was_recorded(office: Office) -> None:
    before = office.services.docket.head()
    parks(office)
    assert "市园林局" not in page(office.client, "/registry/units", position=str(before))
    assert "市园林局" in page(office.client, "/registry/units", position=str(before + 1))


def test_what_has_ended_is_shown_on_demand_with_its_day(office: Office) -> None:
    unit = parks(office)
    office.record(unit, "closed", "2026-02-01", "general_office", reason="机构改革")
    assert "市园林局" not in page(office.client, "/registry/units")
    ended = page(office.client, "/registry/units", ended="1")
    assert "市园林局" in ended
    assert "2026-02-01" in ended.partition("市园林局")[2].partition("</tr>")[0]


def test_deputies_are_narrowed_by_term_tier_constituency_and_group(office: Office) -> None:
    said: dict[str, Any] = {
        "id": "d-901",
        "name": "壬一",
        "term": 9,
        "constituency": "青石选区",
        "group": "yd-1",
        "level": "county",
    }
    opened(office, "deputy.registered", **said)
    for name in ("term", "constituency", "group", "level"):
        assert "壬一" in page(office.client, "/registry/deputies", **{name: str(said[name])})
        assert "壬一" not in page(office.client, "/registry/deputies", **{name: "other"})
    assert "壬一" in page(office.client, "/registry/deputies", text="D-901")


def test_members_of_the_standing_committees_are_told_with_their_days_in_office(office: Office) -> None:
    seat = opened(office, "seat.taken", body="party_standing_committee", holder="寅九", post="市委常委")
    opened(office, "seat.taken", body="standing_committee", holder="甲一", deputy="d-001", post="委员")
    office.record(seat, "left", "2026-01-10", "general_office", reason="transferred")
    assert "寅九" in page(office.client, "/registry/seats", as_of="2026-01-09", body="party_standing_committee")
    assert "寅九" not in page(office.client, "/registry/seats")
    whole = page(office.client, "/registry/seats", ended="1")
    assert "2025-01-01" in whole.partition("寅九")[2].partition("</tr>")[0]
    assert "2026-01-10" in whole.partition("寅九")[2].partition("</tr>")[0]


def test_the_jurisdiction_is_told_with_its_rules_terms_and_sessions_on_the_day(office: Office) -> None:
    entries = office.services.registry.entries(JURISDICTION)
    region = next(entry.id for entry in entries if entry.kind == "jurisdiction")
    for step, day, said in (
        ("term_opened", "2022-01-10", {"term": 9}),
        ("session_convened", "2022-01-10", {"term": 9, "number": 1, "name": "九届一次", "days": 4}),
        ("rulebook_adopted", "2026-01-01", {"rulebook": "cn-national"}),
    ):
        body: dict[str, Any] = {"step": said, "act": {"occurred_at": day}}
        office.post(f"/api/v1/cases/{region}/steps/{step}", body, "general_office", If_Match="*")
    now, then = page(office.client, "/registry"), page(office.client, "/registry", as_of="2021-12-31")
    assert "九届一次" in now
    assert "九届一次" not in then
    assert ("cn-national@" in now, "cn-national@" in then) == (True, False)
    assert f'href="/cases/{region}' in now.replace("%3A", ":")


def test_before_there_was_a_jurisdiction_the_page_says_so(office: Office) -> None:
    assert "此刻名册中还没有本地区" in page(office.client, "/registry", as_of="1989-12-31")


def test_an_entry_leads_to_its_history_at_the_same_moment(office: Office) -> None:
    case = parks(office).json()["case_id"]
    listed = page(office.client, "/registry/units", as_of="2025-06-30").replace("%3A", ":")
    assert f'href="/cases/{case}?as_of=2025-06-30"' in listed
    assert "市园林局" in page(office.client, f"/cases/{case}", as_of="2025-06-30")


def test_a_long_list_has_pages(office: Office) -> None:
    for number in range(205):
        opened(office, "group.formed", code=f"g-{number:03}", zh_name=f"第{number:03}小组", en_name=f"Group {number}")
    first, second = page(office.client, "/registry/groups"), page(office.client, "/registry/groups", page="2")
    assert ("第000小组" in first, "第204小组" in first) == (True, False)
    assert ("第000小组" in second, "第204小组" in second) == (False, True)


def test_what_is_no_list_and_no_page_is_said_to_be_none(office: Office) -> None:
    assert office.client.get("/registry/cats").status_code == 404
    assert office.client.get("/registry/cats/export").status_code == 404
    for address in ("page=0", "page=x", "ended=perhaps", "as_of=soon", f"text={'x' * 501}"):
        assert office.client.get(f"/registry/units?{address}").status_code == 422, address


# Who keeps it


def test_whoever_does_not_keep_the_registry_reads_it_only(office: Office) -> None:
    office.account("jtj-1", "handling_unit", office="jtj")
    case = parks(office).json()["case_id"]
    reader = office.browser("jtj-1")
    assert "市园林局" in page(reader, "/registry/units")
    assert "/cases/new/" not in page(reader, "/registry") + page(reader, "/registry/units")
    assert "?step=" not in page(reader, f"/cases/{case}")
    assert office.client.get("/registry/units").text.count("/cases/new/unit.opened") == 1


def test_an_administrator_keeps_the_registry_and_sees_no_suggestion(office: Office, admin: TestClient) -> None:
    suggestion = office.submit(number="2026-001").json()["case_id"]
    unit = case_of(post(admin, "/cases/new/unit.opened", code="ylj", zh_name="市园林局", en_name="Parks", order="35"))
    case_of(post(admin, f"{unit}?step=reordered", order="15"))
    assert "市园林局" in page(admin, "/registry/units")
    history = office.services.docket.case_file(unit.rpartition("/")[2].replace("%3A", ":")).history
    assert [(r.act.actor, r.act.role) for r in history] == [("admin", "administrator")] * 2
    assert admin.get(f"/cases/{suggestion}").status_code == 404
    assert admin.get("/cases").status_code == 403
    assert admin.get("/cases/new/suggestion.submitted").status_code == 404
    form = page(admin, "/cases/new")
    assert "/cases/new/suggestion" not in form
    assert "← 名册" in form


def test_the_registry_of_another_jurisdiction_is_not_shown(office: Office) -> None:
    office.account("diet", "general_office", "jp-sangiin")
    case = parks(office).json()["case_id"]
    stranger = office.browser("diet")
    assert "市园林局" not in page(stranger, "/registry/units")
    assert "日本参议院" in page(stranger, "/registry")
    assert stranger.get(f"/cases/{case}").status_code == 404


# A jurisdiction below


def test_a_county_is_opened_below_the_city_and_kept_by_its_own_people(office: Office, admin: TestClient) -> None:
    answer = post(admin, "/cases/new/jurisdiction.opened", **COUNTY)
    assert (answer.status_code, answer.headers["location"]) == (303, "/registry#below"), answer.text
    place = office.services.registry.jurisdiction("cn-999977")
    assert (place.parent, place.time_zone, place.congress) == (JURISDICTION, "Asia/Shanghai", True)
    assert "白石县" in page(admin, "/registry").partition('id="below"')[2]
    assert "白石县" not in page(admin, "/registry", as_of="2026-03-01").partition('id="below"')[2]
    office.account("county", "general_office", "cn-999977")
    keeper = office.browser("county")
    unit = case_of(post(keeper, "/cases/new/unit.opened", code="jtj", zh_name="县交通局", en_name="Transport"))
    assert "县交通局" in page(keeper, "/registry/units")
    assert admin.get(unit).status_code == 404
    assert "县交通局" not in page(admin, "/registry/units")


def test_a_county_is_opened_through_the_api_by_whoever_keeps_the_registry_above(office: Office) -> None:
    said = {**COUNTY, "congress": True, "time_zone": "Asia/Tokyo", "parent": JURISDICTION}
    answer = opened(office, "jurisdiction.opened", "2026-03-01", **said)
    assert answer.status_code == 201, answer.text
    opening = office.services.docket.case_file(answer.json()["case_id"]).history[0]
    assert opening.act.occurred_on.isoformat() == "2026-03-01"
    assert office.services.registry.jurisdiction("cn-999977").parent == JURISDICTION
    body = {"step": {"zh_name": "x", "en_name": "x"}, "act": {}}
    above = office.post(f"/api/v1/cases/{answer.json()['case_id']}/steps/renamed", body, "general_office", If_Match="*")
    assert above.status_code == 404


def refused(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition("/")[2]


def test_nothing_is_opened_anywhere_else(office: Office) -> None:
    county = {**COUNTY, "congress": True, "time_zone": "Asia/Shanghai"}
    opened(office, "jurisdiction.opened", **county, parent=JURISDICTION)
    before = office.stored()
    elsewhere = (403, "jurisdiction-not-yours")
    other = {**county, "jurisdiction": "cn-999978"}
    for parent in ("jp-sangiin", "cn-999977", "cn-000000", None):
        assert refused(opened(office, "jurisdiction.opened", **other, parent=parent)) == elsewhere, parent
    named = {"code": "x", "zh_name": "x", "en_name": "x"}
    for place in ("cn-999977", "jp-sangiin", "cn-000000"):
        assert refused(opened(office, "unit.opened", jurisdiction=place, **named)) == elsewhere, place
        deputy = opened(office, "deputy.registered", jurisdiction=place, id="d", name="x")
        assert refused(deputy) == elsewhere
        assert refused(office.submit(jurisdiction=place)) == elsewhere
    assert refused(opened(office, "jurisdiction.opened", **{**other, "level": "province"}, parent=JURISDICTION)) == (
        422,
        "level-not-below",
    )
    again = opened(office, "jurisdiction.opened", **{**county, "zh_name": "另一县"}, parent=JURISDICTION)
    assert refused(again) == (409, "already-taken")
    itself = opened(office, "jurisdiction.opened", **{**county, "jurisdiction": JURISDICTION}, parent=JURISDICTION)
    assert refused(itself) == (409, "already-taken")
    assert refused(opened(office, "jurisdiction.opened", role="handling_unit", **other, parent=JURISDICTION)) == (
        403,
        "role-may-not",
    )
    assert office.stored() == before


def test_a_form_cannot_say_below_what_a_jurisdiction_is_opened(office: Office) -> None:
    before = office.stored()
    answer = post(office.client, "/cases/new/jurisdiction.opened", **COUNTY, parent="jp-sangiin")
    assert answer.status_code == 400
    assert post(office.client, "/cases/new/unit.opened", jurisdiction="jp-sangiin").status_code == 400
    assert office.stored() == before


def test_a_past_moment_offers_nothing_new(office: Office) -> None:
    for path in ("/registry", "/registry/units"):
        assert "/cases/new/unit.opened" in page(office.client, path)
        assert "/cases/new/unit.opened" not in page(office.client, path, as_of="2026-03-31")


def test_what_may_be_entered_is_told_apart_in_both_languages(office: Office) -> None:
    for tongue in ("zh", "en"):
        text = page(office.client, "/registry", lang=tongue)
        offered = re.findall(r'<a href="/cases/new/[^"]+">([^<]+)</a>', text)
        assert len(offered) == len(set(offered)) == 6


# Taken along


@pytest.mark.parametrize("tongue", LANGUAGES)
def test_every_column_is_called_and_explained(tongue: Language) -> None:
    say = words(tongue)
    tell = Teller(say, shipped_registry().jurisdiction(JURISDICTION))
    for listed in LISTS.values():
        for name, _ in (*listed.columns, ("id", "text")):
            assert f"registry.meaning.{name}" in say
            assert not column_name(tell, listed, name).startswith(("page.", "export."))


@pytest.mark.parametrize("name", LISTS)
def test_every_list_goes_out_with_its_filter_and_its_moment(office: Office, name: str) -> None:
    opened(office, "seat.taken", body="standing_committee", holder="甲一", deputy="d-001", post="委员")
    said = {"code": "31", "kind": "standing_committee", "title": "第三十一次会议", "starts_on": "2025-02-01"}
    opened(office, "meeting.called", **said)
    answer = office.client.get(f"/registry/{name}/export?as_of=2026-03-31&text=a&lang=zh")
    assert "attachment" in answer.headers["content-disposition"]
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.content))
    cover = {row[0]: row[1] for row in book.get_sheet_by_index(0).to_python()}
    assert cover["筛选条件"] == "名称或代码：a"
    assert str(cover["截至（发生）"]).startswith("2026-03-31T23:59:59")
    whole = office.client.get(f"/registry/{name}/export?format=csv&as_of=2026-03-31").content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(whole, newline="")))
    assert len(rows) > 1
    assert [len(row) for row in rows] == [len(LISTS[name].columns) + 1] * len(rows)
    assert {row[-1] for row in rows[1:]} <= {e.id for e in office.services.registry.entries(JURISDICTION)}


def test_the_exported_list_is_the_shown_one(office: Office) -> None:
    unit = parks(office)
    office.record(unit, "closed", "2026-02-01", "general_office")
    for ended, wanted in (("", False), ("&ended=1", True)):
        text = office.client.get(f"/registry/units/export?format=csv{ended}").content.decode("utf-8-sig")
        assert ("市园林局" in text) is wanted
