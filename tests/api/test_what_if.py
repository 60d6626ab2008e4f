"""What if: figures under another target, limit, letter scheme or rulebook, as a simulation that leaves nothing."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import httpx2
import pytest
from python_calamine import CalamineWorkbook

from api import what_if
from tests.api.conftest import Office

pytestmark = pytest.mark.database

WHAT_IF = "/api/v1/figures/what-if"


def asked(office: Office, suppose: dict[str, Any], role: str = "deputy_affairs", **more: Any) -> httpx2.Response:
    office.catch_up()
    return office.client.post(WHAT_IF, json={"suppose": suppose, **more}, headers=office.token(role))


def simulated(office: Office, suppose: dict[str, Any], **more: Any) -> dict[str, Any]:
    answer = asked(office, suppose, **more)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    assert told["simulation"] is True
    assert told["suppose"] == {"rulebook": None, "limits": {}, "letters": {}, "targets": {}} | suppose
    return told


def numbers(told: dict[str, Any], id: str) -> tuple[int, int]:
    """The numerator of a metric as it is, and as it would be."""
    one = next(figure for figure in told["figures"] if figure["metric"] == id)
    return one["real"]["numerator"], one["simulated"]["numerator"]


@pytest.fixture
def cases(office: Office) -> list[str]:
    """One resolved and satisfied; one in progress and dissatisfied, handled again since 1 June; one that waits."""
    first, second, third = (office.handed_over(title=f"第{n}件") for n in range(3))
    first = office.record(first, "reply_issued", "2026-05-06", unit="jtj", outcome="A")
    first = office.record(first, "evaluation_submitted", "2026-05-20", role="deputy", result="satisfied")
    second = office.record(second, "reply_issued", "2026-05-06", unit="jtj", outcome="B")
    second = office.record(
        second, "evaluation_submitted", "2026-05-20", role="deputy", result="dissatisfied", reason="太迟"
    )
    second = office.record(second, "re_handling_ordered", "2026-06-01")
    assert second.status_code == 200, second.text
    return [case.json()["case_id"] for case in (first, second, third)]


@pytest.mark.usefixtures("cases")
def test_another_target_leaves_the_figure_and_moves_the_goal(office: Office) -> None:
    told = simulated(office, {"targets": {"accomplishment_rate": 0.85}}, metrics=["accomplishment_rate"], year=2026)
    [rate] = told["figures"]
    assert (rate["target"], rate["simulated_target"]) == (0.8, 0.85)
    assert rate["real"] == rate["simulated"]
    assert told["differ"] == 0


def test_a_redo_of_two_months_is_overdue_a_month_later(office: Office, cases: list[str]) -> None:
    suppose = {"limits": {"suggestion.redo": {"count": 2, "unit": "month"}}}
    for day, expected in (("2026-06-30", (1, 1)), ("2026-07-02", (2, 1)), ("2026-08-04", (2, 2))):
        told = simulated(office, suppose, metrics=["overdue"], as_of=day, by="unit")
        assert numbers(told, "overdue") == expected, day
        [part] = told["figures"][0]["by"]
        assert (part["key"], part["real"]["numerator"], part["simulated"]["numerator"]) == ("jtj", *expected)
        changed = [(one["case_id"], one["real"], one["simulated"]) for one in told["differing"]]
        assert changed == ([(cases[1], {"overdue": 1}, {})] if expected[0] != expected[1] else [])
        assert told["differ"] == len(changed)


def test_an_extended_answer_keeps_the_date_that_the_office_named(office: Office) -> None:
    case = office.handed_over()
    asked_for = {"unit": "jtj", "reason": "需要会商", "until": "2026-08-05"}
    case = office.record(case, "extension_requested", "2026-05-10", **asked_for)
    case = office.record(case, "extension_granted", "2026-05-12", unit="jtj", due_on="2026-08-05", reason="需要会商")
    assert case.status_code == 200, case.text
    suppose = {"limits": {"suggestion.reply": {"count": 1, "unit": "month"}}}
    told = simulated(office, suppose, metrics=["overdue"], as_of="2026-07-01")
    assert numbers(told, "overdue") == (0, 0)


def test_letters_of_another_year_mean_what_they_mean_there(office: Office, cases: list[str]) -> None:
    suppose = {"letters": {"B": "resolved", "C": "not_now"}}
    told = simulated(office, suppose, metrics=["resolution_rate", "resolution_rate_broad"], year=2026)
    assert numbers(told, "resolution_rate") == (1, 1)
    assert numbers(told, "resolution_rate_broad") == (2, 1)
    assert told["unread_letters"] == {"A": 1}
    assert {one["case_id"] for one in told["differing"]} == set(cases[:2])


@pytest.mark.usefixtures("cases")
def test_nothing_supposed_is_what_is_and_nothing_is_left_behind(office: Office) -> None:
    office.catch_up()
    before = office.services.docket.head()
    for moment in ({}, {"as_of": "2026-05-10"}, {"as_of": "2026-07-02", "position": before - 3}):
        for by in ("unit", "person", "group", "year", "stage"):
            told = simulated(office, {}, by=by, **moment)
            real = office.get("/api/v1/figures", by=by, **moment).json()
            assert told["meta"]["position"] == real["meta"]["position"]
            for one, other in zip(real["figures"], told["figures"], strict=True):
                figure = {name: one[name] for name in other["real"]}
                assert other["real"] == other["simulated"] == figure, one["metric"]
                assert one["target"] is None or other["target"] == one["target"]["value"]
                parts = {part.pop("key"): part for part in one["by"]}
                for part in other["by"]:
                    assert part["real"] == part["simulated"] == parts[part["key"]], one["metric"]
    simulated(office, {"limits": {"suggestion.reply": {"count": 5, "unit": "working_day"}}})
    assert office.services.docket.head() == before


@pytest.mark.usefixtures("cases")
def test_under_its_own_rulebook_everything_is_as_it_is(office: Office) -> None:
    ref = office.get("/api/v1/figures").json()["rulebook"]
    told = simulated(office, {"rulebook": ref})
    assert told["differ"] == 0
    other = simulated(office, {"rulebook": "cn-321100-zhenjiang-2022"})
    assert other["cases"] == told["cases"] == 3


@pytest.mark.parametrize(
    ("suppose", "status", "code"),
    [
        ({"rulebook": "no-such"}, 422, "unknown-rulebook-named"),
        ({"limits": {"no.such": {"count": 1, "unit": "month"}}}, 422, "unknown-rule"),
        ({"limits": {"suggestion.redo": {"count": 121, "unit": "month"}}}, 422, "limit-too-long"),
        ({"limits": {"suggestion.redo": {"count": 0, "unit": "month"}}}, 422, "fields-invalid"),
        ({"letters": {"A": "happy"}}, 422, "fields-invalid"),
        ({"targets": {"happiness": 0.5}}, 404, "unknown-metric"),
        ({"targets": {"overdue": 0.5}}, 422, "target-of-a-number"),
        ({"targets": {"reply_rate": 1.5}}, 422, "fields-invalid"),
        ({"weather": "sunny"}, 422, "fields-invalid"),
    ],
)
def test_what_cannot_be_supposed_is_refused(office: Office, suppose: dict[str, Any], status: int, code: str) -> None:
    refused = asked(office, suppose)
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (status, code), refused.text


@pytest.mark.usefixtures("cases")
def test_more_cases_than_can_be_folded_at_once_are_refused(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(what_if, "MOST_CASES", 2)
    refused = asked(office, {})
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/what-if-too-large")
    assert asked(office, {}, year=2025).json()["cases"] == 0


def test_it_is_asked_by_who_reads_every_case_and_is_a_question(office: Office) -> None:
    for role in ("deputy", "handling_unit", "government_office", "third_party"):
        assert asked(office, {}, role).status_code == 403, role
    for role in ("auditor", "chairmen_meeting", "standing_committee"):
        assert asked(office, {}, role).status_code == 200, role


@pytest.mark.usefixtures("cases")
def test_the_file_says_on_its_cover_and_in_each_row_that_it_is_a_simulation(office: Office) -> None:
    office.catch_up()
    suppose = {"limits": {"suggestion.redo": {"count": 2, "unit": "month"}}}
    for format in ("xlsx", "csv"):
        body = {"suppose": suppose, "metrics": ["overdue"], "by": "unit", "as_of": "2026-07-02", "format": format}
        taken = office.client.post(f"{WHAT_IF}/export", json=body, headers=office.token("auditor"))
        assert taken.status_code == 200, taken.text
        if format == "csv":
            assert all(line.startswith("模拟") for line in taken.text.strip().split("\n")[1:])
            continue
        book = CalamineWorkbook.from_filelike(BytesIO(taken.content))
        cells = [list(map(str, row)) for name in book.sheet_names for row in book.get_sheet_by_name(name).to_python()]
        assert any("这是模拟" in cell for row in cells for cell in row)
        assert any("重新办理" in cell for row in cells for cell in row)
        assert [row[3:5] for row in cells if row[0] == "模拟"] == [["2.0", "1.0"], ["2.0", "1.0"]]


@pytest.mark.usefixtures("cases")
def test_the_page_asks_what_is_supposed_and_marks_what_follows(office: Office) -> None:
    office.catch_up()
    before = office.services.docket.head()
    assert "这是模拟" not in office.client.get("/figures/what-if?lang=zh").text
    supposed = "clock=suggestion.redo&count=2&span=month&metric=accomplishment_rate&target=85"
    page = office.client.get(f"/figures/what-if?{supposed}&as_of=2026-07-02&lang=zh").text
    assert "这是模拟" in page
    assert "2 个月" in page
    assert "85.0%" in page
    assert "第1件" in page.partition("计法不同的案件")[2]
    assert "阶段：" not in page
    letters = office.client.get("/figures/what-if?letter.B=resolved&lang=en").text
    assert "A simulation" in letters
    taken = office.client.get(f"/figures/what-if/export?{supposed}&format=csv")
    assert taken.status_code == 200
    for wrong in (
        "rulebook=no-such",
        "letter.B=happy",
        "target=0&metric=reply_rate",
        "clock=no-such&count=1",
        f"{supposed}&stage=no-such",
    ):
        assert office.client.get(f"/figures/what-if?{wrong}").status_code == 422, wrong
    assert office.services.docket.head() == before
    office.account("jtj-1", "handling_unit", office="jtj")
    unit = office.browser("jtj-1")
    assert unit.get("/figures/what-if").status_code == 403
    assert "/figures/what-if" not in unit.get("/figures").text


@pytest.mark.usefixtures("cases")
def test_what_is_supposed_of_one_stage_stays_of_that_stage(office: Office) -> None:
    office.catch_up()
    supposed = "clock=suggestion.redo&count=2&span=month&as_of=2026-07-02&lang=zh"
    for stage, word, is_of_it in (("evaluated", "已评价", False), ("re_handling", "再次办理", True)):
        shown = office.client.get(f"/figures?stage={stage}&session=2026-1&without=committee&lang=zh").text
        assert f"/figures/what-if?stage={stage}&amp;session=2026-1&amp;without=committee" in shown
        page = office.client.get(f"/figures/what-if?stage={stage}&without=committee&{supposed}").text
        for name, value in (("stage", stage), ("without", "committee")):
            for told in (shown, page):
                form = told.partition('<form class="filter"')[2].partition("</form>")[0]
                assert f'<input type="hidden" name="{name}" value="{value}">' in form, name
        assert f"阶段：{word}" in page
        assert ("第1件" in page.partition("计法不同的案件")[2]) is is_of_it, stage
