"""Figures over HTTP, on the pages, as a file and on the command line, at several moments."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Any

import httpx2
import pytest
from python_calamine import CalamineWorkbook

from api.figures import MOST_POINTS, days_of
from api.v1.figures import FiguresAnswer
from domain.refusal import Refused
from tests.api.conftest import Office

pytestmark = pytest.mark.database

FIGURES = "/api/v1/figures"


def read(office: Office, path: str = FIGURES, role: str = "deputy_affairs", **params: Any) -> httpx2.Response:
    office.catch_up()
    answer = office.get(path, role, **params)
    assert answer.status_code == 200, answer.text
    return answer


def metric(answer: httpx2.Response, id: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in answer.json()["figures"] if one["metric"] == id)
    return found


def answered(office: Office, outcome: str, grade: str, **step: Any) -> str:
    case = office.handed_over(**step)
    case = office.record(case, "reply_issued", "2026-05-06", unit="jtj", outcome=outcome)
    reason = {"reason": "未解决"} if grade == "dissatisfied" else {}
    case = office.record(case, "evaluation_submitted", "2026-05-20", role="deputy", result=grade, **reason)
    assert case.status_code == 200, case.text
    return str(case.json()["case_id"])


@pytest.fixture
def three(office: Office) -> list[str]:
    """Two answered, one satisfied and one not, and one that waits past its date."""
    cases = [answered(office, "A", "satisfied"), answered(office, "C", "dissatisfied")]
    return [*cases, str(office.handed_over(title="再一件").json()["case_id"])]


@pytest.mark.usefixtures("three")
def test_a_metric_is_told_with_its_parts_its_coverage_and_what_it_stands_on(office: Office) -> None:
    answer = read(office, metrics="satisfied_rate, overdue,reply_rate", by="unit")
    assert [one["metric"] for one in answer.json()["figures"]] == ["satisfied_rate", "overdue", "reply_rate"]
    rate = metric(answer, "satisfied_rate")
    assert (rate["value"], rate["numerator"], rate["denominator"], rate["few"]) == (0.5, 1, 2, True)
    assert (rate["coverage"], rate["floor"], rate["ceiling"]) == (1.0, 0.5, 0.5)
    assert [(part["key"], part["numerator"]) for part in rate["by"]] == [("jtj", 1)]
    assert metric(answer, "overdue")["numerator"] == 1
    assert answer.json()["rulebook"].startswith("cn-999900@")
    assert answer.json()["calendar"].startswith("cn@")
    assert answer.headers["Duban-Position"] == str(answer.json()["meta"]["position"])


@pytest.mark.usefixtures("three")
def test_an_answer_has_the_fields_of_its_description_and_no_other(office: Office) -> None:
    answer = read(office, by="unit").json()
    told = FiguresAnswer.model_validate(answer, strict=True).model_dump(mode="json")
    assert told == answer


def test_the_figure_of_an_earlier_day_is_what_it_was_and_as_known_then(office: Office, three: list[str]) -> None:
    now = read(office, metrics="reply_rate")
    assert metric(now, "reply_rate")["numerator"] == 2
    assert metric(read(office, metrics="reply_rate", as_of="2026-05-05"), "reply_rate")["numerator"] == 0
    before = int(now.headers["Duban-Position"]) - len(three)
    then = metric(read(office, metrics="satisfied_rate", position=before), "satisfied_rate")
    assert (then["numerator"], then["denominator"]) != (1, 2)
    overdue = [
        metric(read(office, metrics="overdue", as_of=day), "overdue")["numerator"]
        for day in ("2026-06-05", "2026-06-06")
    ]
    assert overdue == [0, 1]


@pytest.mark.usefixtures("three")
def test_the_target_of_the_year_stands_beside_its_metric(office: Office) -> None:
    told = metric(read(office, metrics="accomplishment_rate", year=2026), "accomplishment_rate")
    assert told["target"]["value"] > 0
    assert metric(read(office, metrics="accomplishment_rate", year=2019), "accomplishment_rate")["target"] is None


def test_the_list_behind_a_figure_adds_up_to_it_page_by_page(office: Office, three: list[str]) -> None:
    total = metric(read(office, metrics="reply_rate"), "reply_rate")
    rows: list[dict[str, Any]] = []
    page = read(office, f"{FIGURES}/reply_rate/cases", limit=1).json()
    while True:
        rows += page["rows"]
        assert page["figure"]["numerator"] == total["numerator"]
        if page["next"] is None:
            break
        page = read(office, f"{FIGURES}/reply_rate/cases", cursor=page["next"], limit=1).json()
    assert sorted(row["case_id"] for row in rows) == sorted(three)
    assert sum(row["counts"]["replied"] for row in rows) == total["numerator"]
    assert sum(row["counts"]["counted"] for row in rows) == total["denominator"]


@pytest.mark.usefixtures("three")
def test_a_course_tells_the_figure_of_the_end_of_each_month(office: Office) -> None:
    course = read(office, f"{FIGURES}/reply_rate/series", since="2026-03-01", until="2026-05-31", pace="month").json()
    assert [(point["day"], point["numerator"]) for point in course["points"]] == [
        ("2026-03-31", 0),
        ("2026-04-30", 0),
        ("2026-05-31", 2),
    ]


def test_a_change_names_the_cases_and_the_steps_and_says_where_only_a_date_passed(
    office: Office, three: list[str]
) -> None:
    told = read(office, f"{FIGURES}/overdue/change", from_as_of="2026-06-05", as_of="2026-06-30").json()
    assert (told["before"]["numerator"], told["after"]["numerator"]) == (0, 1)
    assert [(one["case_id"], one["way"], one["steps"]) for one in told["changes"]] == [(three[2], "entered", [])]
    told = read(office, f"{FIGURES}/satisfied_rate/change", from_as_of="2026-05-19").json()
    steps = {one["case_id"]: [step["type"] for step in one["steps"]] for one in told["changes"]}
    assert steps == {case_id: ["suggestion.evaluation_submitted.v1"] for case_id in three[:2]}


def test_what_became_known_later_changed_a_figure_of_an_earlier_day(office: Office, three: list[str]) -> None:
    position = int(read(office, metrics="reply_rate").headers["Duban-Position"])
    body = {"step": {"unit": "jtj", "outcome": "B"}, "act": {"occurred_at": "2026-05-08", "late": True}}
    taken = office.post(f"/api/v1/cases/{three[2]}/steps/reply_issued", body, "deputy_affairs", If_Match="*")
    assert taken.status_code == 200, taken.text
    told = read(office, f"{FIGURES}/reply_rate/change", from_position=position, as_of="2026-05-31").json()
    assert (told["before"]["numerator"], told["after"]["numerator"]) == (2, 3)
    [change] = told["changes"]
    assert [step["type"] for step in change["steps"]] == ["suggestion.reply_issued.v1"]


@pytest.mark.usefixtures("three")
def test_figures_by_group_and_constituency_follow_the_deputy_of_the_day(office: Office) -> None:
    place = office.services.registry.jurisdiction("cn-999900").deputy("d-001")
    assert place is not None
    for by in ("group", "constituency"):
        key = getattr(place, by)
        parts = metric(read(office, metrics="handed_over", by=by), "handed_over")["by"]
        assert {part["key"]: part["numerator"] for part in parts} == {key: 3}
        assert metric(read(office, metrics="handed_over", **{by: key}), "handed_over")["numerator"] == 3
    assert metric(read(office, metrics="handed_over", group="no-such"), "handed_over")["numerator"] == 0


def test_what_has_no_value_of_a_dimension_is_a_row_with_a_list_of_its_own(office: Office) -> None:
    office.handed_over()
    office.submit(title="还没有单位的一件")
    wanted = {"metrics": "handed_over", "by": "committee"}
    [part] = metric(read(office, **wanted), "handed_over")["by"]
    assert (part["key"], part["numerator"]) == (None, 1)
    for dimension, expected in (("committee", 1), ("unit", 0), ("group", 0)):
        figure = metric(read(office, metrics="handed_over", without=dimension), "handed_over")
        assert figure["numerator"] == expected
    rows = read(office, f"{FIGURES}/handed_over/cases", without="committee").json()["rows"]
    assert len(rows) == 1
    assert "筛选：没有：对口委员会" in office.client.get("/figures?without=committee&lang=zh").text


@pytest.mark.usefixtures("three")
def test_the_figure_of_a_stage_is_the_number_that_is_told_beside_it_and_as_long_as_its_list(office: Office) -> None:
    parts = metric(read(office, metrics="handed_over", by="stage"), "handed_over")["by"]
    assert {part["key"]: part["numerator"] for part in parts} == {"evaluated": 2, "handed_over": 1}
    for part in parts:
        of_stage = {"stage": part["key"]}
        assert metric(read(office, metrics="handed_over", **of_stage), "handed_over")["numerator"] == part["numerator"]
        rows = read(office, f"{FIGURES}/handed_over/cases", **of_stage).json()["rows"]
        assert [row["stage"] for row in rows] == [part["key"]] * part["numerator"]
    for path in ("/figures", "/figures/handed_over", "/figures/handed_over/cases", "/figures/handed_over/change"):
        told = office.client.get(f"{path}?stage=evaluated&unit=jtj&lang=zh").text
        assert "单位：市交通运输局、阶段：已评价" in told, path
    page = office.client.get("/figures?by=unit&stage=evaluated&lang=zh").text
    assert 'name="stage" value="evaluated"' in page.partition('action="/published-figures/new"')[2]


@pytest.mark.usefixtures("three")
def test_somebody_who_reads_a_part_is_told_the_figures_of_that_part(office: Office) -> None:
    office.submit(role="deputy_affairs", title="别人的", lead_deputy="d-002")
    ids = {"metrics": "handed_over", "by": "person"}
    assert [part["key"] for part in metric(read(office, **ids), "handed_over")["by"]] == ["d-001", "d-002"]
    assert [part["key"] for part in metric(read(office, role="deputy", **ids), "handed_over")["by"]] == ["d-001"]


@pytest.mark.parametrize(
    ("path", "params", "status", "code"),
    [
        (FIGURES, {"metrics": "happiness"}, 404, "unknown-metric"),
        (f"{FIGURES}/happiness/cases", {}, 404, "unknown-metric"),
        (FIGURES, {"by": "weather"}, 422, None),
        (FIGURES, {"stage": "in-the-air"}, 422, None),
        ("/figures", {"stage": "in-the-air"}, 422, None),
        ("/figures", {"kind": "kite-flying"}, 404, None),
        (
            f"{FIGURES}/reply_rate/series",
            {"since": "2026-06-01", "until": "2026-05-01"},
            422,
            "series-ends-before-it-begins",
        ),
        (f"{FIGURES}/reply_rate/series", {"since": "1950-01-01", "pace": "day"}, 422, "series-too-long"),
        (f"{FIGURES}/reply_rate/series", {}, 422, None),
        (f"{FIGURES}/reply_rate/cases", {"cursor": "abc"}, 422, "cursor-not-ours"),
    ],
)
def test_what_cannot_be_told_is_refused(
    office: Office, path: str, params: dict[str, Any], status: int, code: str | None
) -> None:
    refused = office.get(path, "deputy_affairs", **params)
    assert refused.status_code == status, refused.text
    assert code is None or refused.json()["type"].rpartition("/")[2] == code


def test_a_day_after_today_is_refused_since_what_is_sealed_would_show(office: Office) -> None:
    ahead = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
    refused = office.get(FIGURES, "deputy_affairs", as_of=ahead)
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (422, "figures-ahead")


def test_every_metric_is_defined_in_both_languages(office: Office) -> None:
    found = office.get("/api/v1/metrics", "deputy").json()["metrics"]
    assert {one["id"] for one in found} >= {"satisfied_rate", "accomplishment_rate", "unanimous_rate"}
    assert all(one["name"]["zh"] and one["name"]["en"] and one["formula"]["zh"] and one["source"] for one in found)


def test_the_page_shows_the_figures_and_leads_to_their_lists(office: Office, three: list[str]) -> None:
    office.catch_up()
    page = office.client.get("/figures?lang=zh&metrics=").text
    assert "满意率" in page
    assert "50.0%" in page
    assert "/figures/satisfied_rate/cases" in page
    cases = office.client.get("/figures/satisfied_rate/cases?lang=zh").text
    assert cases.count("/cases/c") or three[0] in cases
    for path in ("/figures/satisfied_rate", "/figures/satisfied_rate/change?from=2026-05-01"):
        shown = office.client.get(path + ("&" if "?" in path else "?") + "lang=en")
        assert shown.status_code == 200
        assert "Satisfied rate" in shown.text
    assert office.client.get("/figures/happiness").status_code == 404
    assert office.client.get("/figures?by=weather").status_code == 422


@pytest.mark.usefixtures("three")
def test_the_file_says_the_moment_and_how_each_metric_is_counted(office: Office) -> None:
    taken = read(office, f"{FIGURES}/export", metrics="satisfied_rate", by="unit", as_of="2026-06-30")
    book = CalamineWorkbook.from_filelike(BytesIO(taken.content))
    cells = [list(map(str, row)) for name in book.sheet_names for row in book.get_sheet_by_name(name).to_python()]
    assert any("2026-06-30" in cell for row in cells for cell in row)
    told = [row for row in cells if "satisfied_rate v1" in row]
    assert [row[3] for row in told] == ["0.5", "0.5"]
    assert told[1][1] == "市交通运输局"
    office.catch_up()
    assert office.client.get("/figures/export?format=csv&by=unit").status_code == 200


def test_a_course_has_so_many_points_at_most() -> None:
    assert list(days_of(date(2026, 1, 15), date(2026, 3, 10), "month")) == [
        date(2026, 1, 31),
        date(2026, 2, 28),
        date(2026, 3, 10),
    ]
    assert list(days_of(date(2026, 2, 1), date(2026, 2, 2), "quarter")) == [date(2026, 2, 2)]
    with pytest.raises(Refused, match="series-too-long"):
        list(days_of(date(2020, 1, 1), date(2020, 1, 1) + timedelta(days=MOST_POINTS), "day"))
