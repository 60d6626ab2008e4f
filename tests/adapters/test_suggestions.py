"""An office's own list of suggestions: what its rows say becomes steps, and what they do not say does not."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from adapters.exchange.grid import ImportRefused
from adapters.exchange.importer import Report, run_import
from adapters.exchange.office_list import read_mapping
from adapters.exchange.profiles import Profile, profile_named
from adapters.exchange.source import Table
from adapters.exchange.suggestions import NAMES, SuggestionsSheet
from adapters.exchange.template import write_template
from adapters.memory import MemoryLedger
from api.words import words
from domain.case import Role
from domain.casefile import CaseFile
from domain.cases.suggestion import Grade, Suggestion
from domain.docket import Docket
from domain.office import Deputy
from domain.refusal import Refused
from tests.adapters.workbooks import Cell, workbook
from tests.registry import shipped_registry

PLACE = "cn-999900"
YUNJIANG = shipped_registry().jurisdiction(PLACE)
COLUMNS = [
    "编号", "案由", "内容", "领衔代表", "联名代表", "届次会议", "提出日期", "主办单位", "会办单位", "交办日期",
    "答复日期", "办理结果", "评价日期", "评价",
]  # fmt: skip
WHOLE: list[Cell] = [
    "2026001", "建议增开夜间公交", "内容甲", "甲一", "甲二、乙一", "市八届五次会议", date(2026, 1, 20),
    "市交通运输局", "市财政局", date(2026, 2, 1), date(2026, 4, 1), "A", date(2026, 4, 10), "满意",
]  # fmt: skip
SHORT: list[Cell] = ["2026002", "建议修桥", None, "d-003", None, None, date(2026, 1, 21)]


class Office:
    """A docket of its own, in memory."""

    def __init__(self) -> None:
        self.ledger = MemoryLedger()
        self.docket = Docket(self.ledger, shipped_registry())

    def imports(self, path: Path, profile: Profile | None = None, **options: Any) -> Report:
        chosen = profile or SuggestionsSheet(YUNJIANG, {})
        return run_import(self.docket, self.ledger, chosen, path, actor="clerk-1", **options)

    def files(self) -> dict[str, CaseFile]:
        """Every case that is stored, by its number."""
        ids = {str(event.originator_id) for event in self.ledger.tail(0, 100_000)}
        found = [self.docket.case_file(id) for id in ids]
        return {str(file.case and file.case.facts().number): file for file in found}

    def case(self, number: str) -> Suggestion:
        case = self.files()[number].case
        assert isinstance(case, Suggestion)
        return case


@pytest.fixture
def office() -> Office:
    return Office()


def sheet(path: Path, *rows: Sequence[Cell], columns: Sequence[str] = COLUMNS) -> Path:
    return workbook(path, [list(columns), *rows])


def row(**changes: Cell) -> list[Cell]:
    """The whole row with other cells, by their headers."""
    return [changes.get(name, cell) for name, cell in zip(COLUMNS, WHOLE, strict=True)]


def reasons(report: Report) -> list[tuple[int, str, str | None]]:
    return [(refusal.row, refusal.message_id, refusal.field) for refusal in report.refusals]


# What comes in


def test_a_row_becomes_the_steps_that_it_tells_of_on_its_days(office: Office, tmp_path: Path) -> None:
    report = office.imports(sheet(tmp_path / "a.xlsx", WHOLE, SHORT))
    assert (report.cases, report.steps, report.refusals, report.findings) == (2, 5, [], [])
    history = office.files()["2026001"].history
    assert [(r.step.declared.name, r.act.occurred_on, r.act.on_behalf_of) for r in history] == [
        ("submitted", date(2026, 1, 20), "d-001"),
        ("handed_over", date(2026, 2, 1), None),
        ("reply_issued", date(2026, 4, 1), "jtj"),
        ("evaluation_recorded_by_proxy", date(2026, 4, 10), "d-001"),
    ]
    assert {(r.act.actor, r.act.role, r.act.office) for r in history} == {("clerk-1", Role.DEPUTY_AFFAIRS, PLACE)}
    case = office.case("2026001")
    assert (case.title, case.body, case.session) == ("建议增开夜间公交", "内容甲", "市八届五次会议")
    assert (case.lead_deputy, case.co_signers, case.lead_unit) == ("d-001", ("d-002", "d-003"), "jtj")
    assert [*case.assignments] == ["jtj", "czj"]
    assert (case.rounds[1].replies[0].outcome, case.grade) == ("A", Grade.SATISFIED)
    assert [r.step.declared.name for r in office.files()["2026002"].history] == ["submitted"]


def test_what_the_list_does_not_say_of_an_evaluation_is_said_to_be_missing(office: Office, tmp_path: Path) -> None:
    office.imports(sheet(tmp_path / "a.xlsx", WHOLE))
    step: Any = office.files()["2026001"].history[-1].step
    assert (step.evidence, step.consent, step.proxy_reason) == ("清单未载明", "清单未载明", "由清单导入")


def test_the_same_list_as_csv_says_the_same_and_imported_again_adds_nothing(office: Office, tmp_path: Path) -> None:
    office.imports(sheet(tmp_path / "a.xlsx", WHOLE, SHORT))
    path = tmp_path / "a.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([COLUMNS, WHOLE, [*SHORT, *[None] * 7]])
    report = office.imports(path)
    assert (report.already, report.cases, report.refusals) == (2, 0, [])


def test_other_headers_are_understood_where_offices_use_them(office: Office, tmp_path: Path) -> None:
    columns = ["建议编号", "标题", "领衔人", "提出时间", "牵头单位", "协办单位", "交办时间", "承办科室"]
    cells: list[Cell] = ["1", "甲", "甲　一", "2026年1月5日", "jtj", "czj；市水利局", "2026/2/1", "二科"]
    report = office.imports(sheet(tmp_path / "a.xlsx", cells, columns=columns))
    assert (report.cases, report.steps, report.refusals, report.ignored) == (1, 2, [], ["承办科室"])
    assert [*office.case("1").assignments] == ["jtj", "czj", "slj"]
    assert json.loads(report.to_json())["ignored"] == ["承办科室"]


@pytest.mark.parametrize(
    "text", ["2026-01-05", "2026/1/5", "2026.1.5", "2026年1月5日", "20260105", "2026-01-05 09:30:00"]
)
def test_a_day_may_be_written_with_the_year_first_in_any_usual_way(office: Office, tmp_path: Path, text: str) -> None:
    office.imports(sheet(tmp_path / "a.xlsx", ["1", "甲", None, "甲一", None, None, text]))
    assert office.case("1").submitted_on == date(2026, 1, 5)


@pytest.mark.parametrize("text", ["A", "Ａ", "a", "A类", "A（已解决）", "A:已解决"])
def test_an_outcome_is_a_letter_however_it_is_adorned(office: Office, tmp_path: Path, text: str) -> None:
    office.imports(sheet(tmp_path / "a.xlsx", row(办理结果=text)))
    assert office.case("2026001").rounds[1].replies[0].outcome == "A"


def test_a_suggestion_of_a_session_is_told_from_one_between_sessions(office: Office, tmp_path: Path) -> None:
    columns = [*COLUMNS[:7], "提出时段"]
    rows = [[*SHORT[:7], "大会期间"], ["3", *SHORT[1:7], "闭会期间"]]
    office.imports(sheet(tmp_path / "a.xlsx", *rows, columns=columns))
    assert (office.case("2026002").in_session, office.case("3").in_session) == (True, False)


# What is refused


@pytest.mark.parametrize(
    ("changes", "message_id", "column"),
    [
        ({"编号": None}, "import-missing", "编号"),
        ({"编号": "1\0"}, "value-not-allowed", "编号"),
        ({"案由": " "}, "import-missing", "案由"),
        ({"领衔代表": None}, "import-missing", "领衔代表"),
        ({"提出日期": None}, "import-missing", "提出日期"),
        ({"编号": "1" * 101}, "value-not-allowed", "编号"),
        ({"案由": "长" * 501}, "value-not-allowed", "案由"),
        ({"提出日期": "明年"}, "import-unreadable-date", "提出日期"),
        ({"提出日期": "2026-02-30"}, "import-unreadable-date", "提出日期"),
        ({"提出日期": 46112}, "import-unreadable-date", "提出日期"),
        ({"提出日期": "3/1/2026"}, "import-unreadable-date", "提出日期"),
        ({"评价日期": date(2199, 1, 1)}, "date-in-the-future", "评价日期"),
        ({"领衔代表": "无此人"}, "import-name-unknown", "领衔代表"),
        ({"联名代表": "甲二、甲二"}, "co-signer-named-twice", "联名代表"),
        ({"联名代表": "甲一"}, "lead-deputy-co-signs", "联名代表"),
        ({"主办单位": "市旅游局"}, "import-name-unknown", "主办单位"),
        ({"主办单位": "lyj"}, "unknown-unit", "主办单位"),
        ({"主办单位": "市教育局、市公安局"}, "import-name-unknown", "主办单位"),
        ({"会办单位": "市交通运输局"}, "lead-unit-is-co-handler", "会办单位"),
        ({"会办单位": "市旅游局"}, "import-name-unknown", "会办单位"),
        ({"交办日期": None}, "import-needs-column", "主办单位"),
        ({"主办单位": None}, "import-needs-column", "交办日期"),
        ({"答复日期": None}, "import-needs-column", "办理结果"),
        ({"评价日期": None}, "import-needs-column", "评价"),
        ({"评价": None}, "import-needs-column", "评价日期"),
        ({"办理结果": "X"}, "unknown-outcome", "办理结果"),
        ({"办理结果": "A1类"}, "unknown-outcome", "办理结果"),
        ({"办理结果": "已解决"}, "unknown-outcome", "办理结果"),
        ({"评价": "还行"}, "import-unknown-value", "评价"),
    ],
)
def test_a_row_that_cannot_be_is_refused_with_its_column_and_nothing_of_it_is_stored(
    office: Office, tmp_path: Path, changes: dict[str, Cell], message_id: str, column: str
) -> None:
    report = office.imports(sheet(tmp_path / "a.xlsx", row(**changes), SHORT))
    assert reasons(report) == [(1, message_id, column)]
    assert set(office.files()) == {"2026002"}
    assert message_id in words("zh")


def test_dates_out_of_order_are_findings_and_nothing_is_mended(office: Office, tmp_path: Path) -> None:
    report = office.imports(sheet(tmp_path / "a.xlsx", row(答复日期=date(2026, 1, 25))))
    assert report.cases == 1
    assert [(finding.row, finding.message_id) for finding in report.findings] == [(1, "dates-out-of-order")]


def test_a_title_that_is_broken_over_lines_is_joined_and_told(office: Office, tmp_path: Path) -> None:
    report = office.imports(sheet(tmp_path / "a.xlsx", row(案由="建议增开\n夜间公交")))
    assert [finding.message_id for finding in report.findings] == ["import-lines-joined"]
    assert office.case("2026001").title == "建议增开夜间公交"


def test_a_number_twice_in_a_list_is_refused(office: Office, tmp_path: Path) -> None:
    report = office.imports(sheet(tmp_path / "a.xlsx", SHORT, SHORT))
    assert reasons(report) == [(2, "import-twice-in-file", None)]


def test_a_name_is_understood_on_the_day_on_which_it_is_that_of_one_deputy() -> None:
    known = YUNJIANG
    namesake = Deputy(id="d-101", name="丁二", since=date(2025, 1, 1))
    place = known.model_copy(update={"deputies": (*known.deputies, namesake)})

    profile = SuggestionsSheet(place, {})
    assert profile.deputy("丁二", date(2024, 12, 31), "lead_deputy") == "d-008"
    assert profile.deputy("丁二", date(2025, 7, 1), "lead_deputy") == "d-101"
    with pytest.raises(Refused) as refused:
        profile.deputy("丁二", date(2025, 3, 1), "lead_deputy")
    assert (refused.value.message_id, refused.value.params["candidates"]) == (
        "import-name-ambiguous",
        ["d-008", "d-101"],
    )


def test_a_name_that_nobody_has_is_refused_with_those_that_are_like_it(office: Office, tmp_path: Path) -> None:
    report = office.imports(sheet(tmp_path / "a.xlsx", row(主办单位="市交通局")))
    assert "jtj 市交通运输局" in str(report.refusals[0].params["candidates"])


def test_where_any_name_is_known_a_deputy_is_taken_by_the_name(office: Office, tmp_path: Path) -> None:
    profile = profile_named("suggestions-xlsx", shipped_registry().jurisdiction("jp-sangiin"))
    office.imports(sheet(tmp_path / "a.xlsx", ["1", "甲", None, "架空　花子", None, None, "2020-01-05"]), profile)
    assert office.case("1").lead_deputy == "架空花子"


def test_the_same_row_of_two_jurisdictions_is_two_suggestions(office: Office, tmp_path: Path) -> None:
    cells: list[Cell] = ["1", "甲", None, "d-001", None, None, "2026-01-05"]
    path = sheet(tmp_path / "a.xlsx", cells)
    assert office.imports(path).cases == 1
    assert (
        office.imports(path, profile_named("suggestions-xlsx", shipped_registry().jurisdiction("jp-sangiin"))).cases
        == 1
    )


def test_columns_that_are_missing_or_mean_the_same_refuse_the_list(office: Office, tmp_path: Path) -> None:
    with pytest.raises(ImportRefused) as missing:
        office.imports(sheet(tmp_path / "a.xlsx", columns=["编号", "案由"]))
    assert missing.value.params["missing"] == ["领衔代表", "提出日期"]
    with pytest.raises(ImportRefused) as twice:
        office.imports(sheet(tmp_path / "b.xlsx", columns=[*COLUMNS, "承办单位"]))
    assert twice.value.params["twice"] == ["主办单位", "承办单位"]
    assert office.ledger.head() == 0


def test_an_unknown_jurisdiction_and_options_that_a_profile_does_not_take_are_refused() -> None:
    for arguments, message_id in (
        (("suggestions-xlsx", None), "value-not-allowed"),
        (("sangiin-questions", YUNJIANG), "import-jurisdiction-is-fixed"),
        (("sangiin-questions", None, {"title": "件名"}), "import-columns-are-fixed"),
    ):
        with pytest.raises(Refused) as refused:
            profile_named(*arguments)
        assert refused.value.message_id == message_id


# Mapping


def test_a_mapping_names_the_headers_of_a_list_that_calls_them_otherwise(office: Office, tmp_path: Path) -> None:
    mapping = tmp_path / "mapping.toml"
    mapping.write_text('number = "流水号"\ntitle = "内容"\nlead_deputy = "第一人"\n', "utf-8")
    profile = SuggestionsSheet(YUNJIANG, read_mapping(mapping))
    columns = ["流水号", "内容", "第一人", "提出日期", "编号"]
    report = office.imports(
        sheet(tmp_path / "a.xlsx", ["7", "甲", "甲一", "2026-01-05", "旧"], columns=columns), profile
    )
    assert (report.cases, report.ignored) == (1, ["编号"])
    assert (office.case("7").title, office.case("7").body) == ("甲", None)


@pytest.mark.parametrize(
    ("text", "message_id"),
    [
        ("number = ", "import-mapping-unreadable"),
        ("number = 7", "import-mapping-unreadable"),
        ('number = " "', "import-mapping-unreadable"),
        ('numbers = "编号"', "import-mapping-unknown-field"),
        ('number = "甲"\ntitle = "甲 "', "import-mapping-twice"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused(tmp_path: Path, text: str, message_id: str) -> None:
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(text, "utf-8")
    with pytest.raises(Refused) as refused:
        SuggestionsSheet(YUNJIANG, read_mapping(mapping))
    assert refused.value.message_id == message_id


def test_a_header_that_a_mapping_names_must_be_there(office: Office, tmp_path: Path) -> None:
    with pytest.raises(ImportRefused) as refused:
        office.imports(
            sheet(tmp_path / "a.xlsx", WHOLE),
            SuggestionsSheet(YUNJIANG, {"outcome": "结果栏"}),
        )
    assert refused.value.params["missing"] == ["结果栏"]


def test_no_header_means_two_fields() -> None:
    names = [name for field, known in NAMES.items() for name in (field, *known)]
    assert len(set(names)) == len(names)


# The error file


def test_the_refused_rows_of_a_workbook_are_a_workbook_that_is_imported_when_they_are_mended(
    office: Office, tmp_path: Path
) -> None:
    columns = ["办公室备注", *COLUMNS]
    bad = sheet(tmp_path / "a.xlsx", ["=1+1", *row(评价="还行")], ["x", *SHORT], columns=columns)
    errors = tmp_path / "errors.xlsx"
    office.imports(bad).write_error_file(errors, lambda refusal: words("zh")(refusal.message_id, **refusal.params))
    table = Table(errors, SuggestionsSheet(YUNJIANG, {}).layout)
    assert table.header.cells == [*columns, "duban_row", "duban_field", "duban_reason"]
    rows = list(table.rows())
    assert [(r.cells[0], r.values["result"], r.values["number"]) for r in rows] == [("=1+1", "还行", "2026001")]
    mended = sheet(tmp_path / "mended.xlsx", [*rows[0].cells[:-1], "满意"], columns=columns)
    report = office.imports(mended)
    assert (report.cases, report.refusals) == (1, [])
    assert set(office.files()) == {"2026001", "2026002"}


# The template


@pytest.mark.parametrize("jurisdiction", ["cn-999900", "jp-sangiin"])
@pytest.mark.parametrize("tongue", ["zh", "en"])
def test_the_example_of_a_template_is_imported_and_its_first_sheet_is_empty(
    office: Office, tmp_path: Path, jurisdiction: str, tongue: str
) -> None:
    tell = words("zh" if tongue == "zh" else "en")
    path, place = tmp_path / "template.xlsx", shipped_registry().jurisdiction(jurisdiction)
    profile = SuggestionsSheet(place, {})
    write_template(path, profile, date(2026, 11, 20), tell)
    assert len(Table(path, profile.layout)) == 0
    report = office.imports(path, profile, sheet=tell("template.sheet.example"))
    assert (report.cases, report.refusals, report.findings) == (2, [], [])
    assert report.steps == 5
    assert set(office.files()) == {"示例-001", "示例-002"}


def test_a_template_of_a_place_without_units_shows_what_can_be_shown() -> None:
    place = YUNJIANG.model_copy(update={"units": (), "deputies": ()})
    rows = SuggestionsSheet(place, {}).examples(date(2026, 11, 20))
    assert ["lead_unit" in row for row in rows] == [False, False]


def test_every_field_of_a_template_is_explained_in_both_languages() -> None:
    for tongue in (words("zh"), words("en")):
        assert [field for field in NAMES if f"template.field.{field}" not in tongue] == []


def test_a_refusal_says_which_header_the_file_has(office: Office, tmp_path: Path) -> None:
    columns = ["建议编号", "标题", "领衔人", "提出时间"]
    report = office.imports(sheet(tmp_path / "a.xlsx", ["1", "甲", "无此人", "2026-01-05"], columns=columns))
    assert reasons(report) == [(1, "import-name-unknown", "领衔人")]
    assert replace(report.refusals[0], row=2).field == "领衔人"
