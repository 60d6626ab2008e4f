"""An office's own lists of units, deputies and seats: entered once, and changed by the step that it was."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from adapters.exchange.grid import ImportRefused
from adapters.exchange.importer import Report, run_import
from adapters.exchange.jurisdictions import enter
from adapters.exchange.layout import REASONS
from adapters.exchange.office_list import OfficeList
from adapters.exchange.profiles import OFFICE_LISTS, profile_named
from adapters.exchange.source import Table
from adapters.exchange.template import write_template
from adapters.memory import MemoryLedger
from adapters.registry import LedgerRegistry
from api.words import words
from domain.case import Act, Role
from domain.cases.registry.deputy import DeputyRegistered, Mandate, QualificationEnded
from domain.cases.registry.seat import Incumbency
from domain.cases.registry.unit import Organ
from domain.docket import Docket
from domain.moment import start_of_day
from domain.office import Background, Body, Engagement, Level, Tenure
from domain.registry import PREFIX, RegistryCase
from tests.adapters.workbooks import Cell, workbook

PLACE = "cn-999900"
DEPUTIES = [
    *("代表编号", "姓名", "届次", "层级", "选区", "代表小组", "任职日期", "编组日期", "终止日期", "终止原因"),
    *("基层代表", "连任"),
]
UNITS = ["代码", "单位名称", "英文名称", "次序", "设立日期", "变更日期", "撤销日期", "并入单位"]
SEATS = ["任职机构", "姓名", "代表编号", "职务", "任职日期", "变更日期", "离任日期", "离任原因", "专职情况", "连任情况"]
NEW_TERM = date(2022, 1, 10)


class Office:
    """A docket of its own, in memory, with the sample city in its registry."""

    def __init__(self) -> None:
        self.ledger = MemoryLedger()
        self.registry = LedgerRegistry(self.ledger)
        self.docket = Docket(self.ledger, self.registry)
        enter(self.docket, PLACE, actor="test")
        self.began = self.ledger.head()

    def profile(self, name: str, mapping: dict[str, str] | None = None) -> Any:
        place = self.registry.jurisdiction(PLACE)
        return profile_named(name, place, mapping, self.registry.entries(PLACE))

    def imports(self, name: str, path: Path, **options: Any) -> Report:
        profile = self.profile(name, options.pop("mapping", None))
        return run_import(self.docket, self.ledger, profile, path, actor="clerk-1", **options)

    def deputies(self, tmp_path: Path, *rows: Sequence[Cell], **options: Any) -> Report:
        return self.imports("deputies-xlsx", sheet(tmp_path / "d.xlsx", DEPUTIES, *rows), **options)

    def units(self, tmp_path: Path, *rows: Sequence[Cell], **options: Any) -> Report:
        return self.imports("units-xlsx", sheet(tmp_path / "u.xlsx", UNITS, *rows), **options)

    def seats(self, tmp_path: Path, *rows: Sequence[Cell], **options: Any) -> Report:
        return self.imports("seats-xlsx", sheet(tmp_path / "s.xlsx", SEATS, *rows), **options)

    def entry(self, code: str) -> Any:
        return next(entry for entry in self.registry.entries(PLACE) if entry.code == code)

    def steps(self, entry: RegistryCase) -> list[tuple[str, date]]:
        history = self.docket.case_file(entry.id).history
        return [(record.step.declared.name, record.act.occurred_on) for record in history]

    @property
    def recorded(self) -> int:
        return self.ledger.head() - self.began


@pytest.fixture
def office() -> Office:
    return Office()


def sheet(path: Path, columns: Sequence[str], *rows: Sequence[Cell]) -> Path:
    return workbook(path, [list(columns), *rows])


def reasons(report: Report) -> list[tuple[int, str, str | None]]:
    return [(refusal.row, refusal.message_id, refusal.field) for refusal in report.refusals]


def whole(**changes: Cell) -> list[Cell]:
    """A deputy with everything that a list says of one in office, with other cells by their headers."""
    said: dict[str, Cell] = {
        "代表编号": "0101", "姓名": "戊一", "届次": "九届", "层级": "设区的市", "选区": "云东区",
        "代表小组": "云东第一小组", "任职日期": NEW_TERM,
    }  # fmt: skip
    return [(said | changes).get(column) for column in DEPUTIES]


# What comes in


def test_a_row_registers_a_deputy_from_the_day_in_office_on(office: Office, tmp_path: Path) -> None:
    report = office.deputies(tmp_path, whole(), ["0102", "戊二", None, None, None, None, NEW_TERM])
    assert (report.cases, report.steps, report.changed, report.refusals, report.findings) == (2, 2, 0, [], [])
    one: Mandate = office.entry("0101")
    assert (one.full_name, one.term, one.level, one.constituency, one.group) == (
        "戊一", 9, Level.CITY, "云东区", "yd-1",
    )  # fmt: skip
    assert office.steps(one) == [("registered", NEW_TERM)]
    assert one.id.startswith(PREFIX)
    place = office.registry.jurisdiction(PLACE)
    assert place.deputy("0102") is not None
    assert not place.on(date(2022, 1, 9)).jurisdiction.deputies[-1].on(date(2022, 1, 9))


def test_the_same_file_again_registers_nobody_twice(office: Office, tmp_path: Path) -> None:
    rows = (whole(), ["0102", "戊二", None, None, None, None, NEW_TERM])
    office.deputies(tmp_path, *rows)
    before = office.recorded
    assert office.deputies(tmp_path, *rows).already == 2
    again = office.deputies(tmp_path, *reversed(rows))
    assert (again.already, again.cases, again.changed, again.refusals) == (2, 0, 0, [])
    assert office.recorded == before


def test_who_was_registered_on_a_page_or_by_a_file_is_not_registered_again(office: Office, tmp_path: Path) -> None:
    report = office.deputies(tmp_path, ["d-001", "甲一", None, None, "云东区", "云东第一小组", date(2022, 1, 10)])
    assert (report.already, report.cases, report.changed, report.refusals) == (1, 0, 0, [])
    assert office.recorded == 0


def test_a_dry_run_tells_the_same_and_records_nothing(office: Office, tmp_path: Path) -> None:
    rows = (
        whole(),
        whole(代表编号="d-001"),
        ["d-002", "甲二", None, None, None, "江口小组", NEW_TERM, date(2026, 3, 1)],
    )
    tried = office.deputies(tmp_path, *rows, dry_run=True)
    assert office.recorded == 0
    done = office.deputies(tmp_path, *rows)
    assert (tried.cases, tried.changed, tried.steps) == (done.cases, done.changed, done.steps) == (1, 1, 2)
    assert reasons(tried) == reasons(done) == [(2, "import-differs", "姓名")]


def test_another_group_joins_the_deputy_to_it_on_the_day_that_the_row_says(office: Office, tmp_path: Path) -> None:
    office.deputies(tmp_path, whole())
    report = office.deputies(tmp_path, whole(代表小组="江口小组", 编组日期=date(2026, 3, 1)))
    assert (report.changed, report.cases, report.steps, report.findings) == (1, 0, 1, [])
    assert report.steps_by_wire == {"deputy.group_joined.v1": 1}
    assert office.steps(office.entry("0101"))[1:] == [("group_joined", date(2026, 3, 1))]
    assert office.deputies(tmp_path, whole(代表小组="江口小组", 编组日期=date(2026, 3, 1))).already == 1


def test_a_later_term_elects_the_deputy_again(office: Office, tmp_path: Path) -> None:
    office.deputies(tmp_path, whole())
    later = whole(届次="第十届", 选区="云西区", 任职日期=date(2026, 1, 8), 代表小组="江口小组")
    assert office.deputies(tmp_path, later).changed == 1
    one: Mandate = office.entry("0101")
    assert office.steps(one)[1:] == [("re_elected", date(2026, 1, 8)), ("group_joined", date(2026, 1, 8))]
    assert (one.term, one.constituency, one.group, one.elected_on) == (10, "云西区", one.group, date(2026, 1, 8))
    assert office.deputies(tmp_path, later).already == 1


def test_somebody_whose_qualification_ended_is_told_so_and_elected_again_later(office: Office, tmp_path: Path) -> None:
    ended = whole(终止日期=date(2024, 5, 1), 终止原因="调离")
    office.deputies(tmp_path, ended)
    one: Mandate = office.entry("0101")
    assert (one.stage, one.ended_on, one.ended_because) == (Mandate.Stage.ENDED, date(2024, 5, 1), "moved_away")
    assert office.deputies(tmp_path, ended).already == 1
    assert office.deputies(tmp_path, whole()).already == 1, "it says nothing of the end"
    assert reasons(office.deputies(tmp_path, whole(代表小组="江口小组", 编组日期=date(2025, 1, 1)))) == [
        (1, "import-entry-ended", "终止日期")
    ]
    assert office.deputies(tmp_path, whole(任职日期=date(2025, 6, 1), 代表小组=None)).changed == 1
    one = office.entry("0101")
    assert (one.stage, one.term, one.elected_on) == (Mandate.Stage.IN_OFFICE, 9, date(2025, 6, 1))


@pytest.mark.parametrize(
    ("changes", "why", "column"),
    [
        ({"姓名": "戊乙"}, "import-differs", "姓名"),
        ({"层级": "县"}, "import-differs", "层级"),
        ({"届次": "8"}, "import-differs", "届次"),
        ({"选区": "云西区"}, "import-differs", "选区"),
        ({"任职日期": date(2023, 1, 1)}, "import-differs", "任职日期"),
        ({"代表小组": "江口小组"}, "import-change-without-day", "代表小组"),
        ({"代表小组": "无此小组"}, "import-name-unknown", "代表小组"),
        ({"届次": "末届"}, "import-unreadable-number", "届次"),
        ({"届次": "九九届"}, "import-unreadable-number", "届次"),
        ({"层级": "街道"}, "import-unknown-value", "层级"),
        ({"终止日期": date(2024, 1, 1)}, "import-needs-column", "终止日期"),
        ({"终止日期": date(2024, 1, 1), "终止原因": "不明"}, "import-unknown-value", "终止原因"),
        ({"代表小组": None, "编组日期": date(2024, 1, 1)}, "import-needs-column", "编组日期"),
        ({"任职日期": "五月一日"}, "import-unreadable-date", "任职日期"),
        ({"任职日期": date(2099, 1, 1), "届次": "10"}, "date-in-the-future", "任职日期"),
        ({"代表编号": None}, "import-missing", "代表编号"),
        ({"代表编号": "0 1", "代表小组": None}, "value-not-allowed", "代表编号"),
        ({"姓名": None}, "import-missing", "姓名"),
    ],
)
def test_a_row_that_no_step_can_make_so_is_refused_and_changes_nothing(
    office: Office, tmp_path: Path, changes: dict[str, Cell], why: str, column: str
) -> None:
    office.deputies(tmp_path, whole())
    before = office.recorded
    assert reasons(office.deputies(tmp_path, whole(**changes))) == [(1, why, column)]
    assert office.recorded == before


def test_what_is_wrong_with_one_row_stops_no_other_and_leaves_no_half(office: Office, tmp_path: Path) -> None:
    rows = (
        whole(),
        whole(姓名="同号"),
        whole(代表编号="0103", 终止日期=date(2021, 1, 1), 终止原因="去世"),
        whole(代表编号="0104", 编组日期=date(2099, 1, 1)),
        [None, None, None],
        whole(代表编号="0105"),
    )
    report = office.deputies(tmp_path, *rows)
    assert reasons(report) == [
        (2, "import-twice-in-file", None),
        (3, "import-day-too-early", "终止日期"),
        (4, "date-in-the-future", "编组日期"),
    ]
    assert (report.cases, report.findings) == (2, [])
    codes = {entry.code for entry in office.registry.entries(PLACE)}
    assert {"0101", "0105"} <= codes
    assert {"0103", "0104"}.isdisjoint(codes)


def test_refused_rows_come_back_mended(office: Office, tmp_path: Path) -> None:
    report = office.deputies(tmp_path, whole(), whole(代表编号="0102", 代表小组="无此小组"))
    report.write_error_file(tmp_path / "errors.xlsx")
    table = Table(tmp_path / "errors.xlsx", office.profile("deputies-xlsx").layout)
    (row,) = table.rows()
    mended = [dict(zip(table.columns, row.cells, strict=True))[name] for name in DEPUTIES]
    mended[DEPUTIES.index("代表小组")] = "yd-1"
    assert office.deputies(tmp_path, mended).cases == 1
    assert set(REASONS).isdisjoint(table.columns)


def test_somebody_else_who_changes_the_entry_meanwhile_is_not_overwritten(office: Office, tmp_path: Path) -> None:
    office.deputies(tmp_path, whole())
    path = sheet(tmp_path / "d.xlsx", DEPUTIES, whole(代表小组="江口小组", 编组日期=date(2026, 3, 1)))
    profile = office.profile("deputies-xlsx")
    case_id = office.entry("0101").id

    class Overtaken(Docket):
        """A docket in which somebody ends the qualification between the reading of a row and its recording."""

        def append_sealed(self, commands: Any) -> Any:
            if not done:
                done.append(True)
                act = Act(
                    actor="other",
                    role=Role.GENERAL_OFFICE,
                    office=PLACE,
                    occurred_at=start_of_day(date(2026, 2, 1), "Asia/Shanghai"),
                )
                office.docket.record(case_id, QualificationEnded.model_validate({"reason": "resigned"}), act)
            return super().append_sealed(commands)

    done: list[bool] = []
    report = run_import(Overtaken(office.ledger, office.registry), office.ledger, profile, path, actor="clerk-1")
    assert reasons(report) == [(1, "import-changed-meanwhile", None)]
    assert [name for name, _ in office.steps(office.entry("0101"))] == ["registered", "qualification_ended"]


# Files


def test_merged_cells_and_formulas_refuse_their_rows(office: Office, tmp_path: Path) -> None:
    import xlsxwriter  # noqa: PLC0415 - only here

    path = tmp_path / "d.xlsx"
    with xlsxwriter.Workbook(path) as book:
        one = book.add_worksheet()
        one.write_row(0, 0, ["代表编号", "姓名", "任职日期", "选区"])
        one.write_row(1, 0, ["0101", "戊一", "2022-01-10"])
        one.write_row(2, 0, ["0102", "戊二", "2022-01-10"])
        one.merge_range(1, 3, 2, 3, "云东区")
        one.write_row(3, 0, ["0103", "戊三", "2022-01-10"])
        one.write_formula(3, 3, "=A1", None, "")
        one.write_row(4, 0, ["0104", "戊四", "2022-01-10"])
    report = office.imports("deputies-xlsx", path)
    assert [why for _, why, _ in reasons(report)][:2] == ["import-merged-rows"] * 2
    assert {entry.code for entry in office.registry.entries(PLACE)} >= {"0104"}
    assert {"0101", "0102"}.isdisjoint(entry.code for entry in office.registry.entries(PLACE))


def test_csv_is_read_in_utf_8_and_refused_in_gbk_by_name(office: Office, tmp_path: Path) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([["代表编号", "姓名", "任职日期"], ["0101", "戊一", "2022/1/10"]])
    (tmp_path / "gbk.csv").write_bytes(text.getvalue().encode("gbk"))
    with pytest.raises(ImportRefused) as refused:
        office.imports("deputies-xlsx", tmp_path / "gbk.csv")
    assert (refused.value.message_id, refused.value.params["found"]) == ("import-wrong-encoding", "gb18030")
    assert office.recorded == 0
    (tmp_path / "utf8.csv").write_text(text.getvalue(), "utf-8-sig")
    assert office.imports("deputies-xlsx", tmp_path / "utf8.csv").cases == 1


def test_other_headers_are_mapped(office: Office, tmp_path: Path) -> None:
    path = sheet(tmp_path / "a.xlsx", ["证件", "姓名", "任职日期"], ["0101", "戊一", NEW_TERM])
    assert office.imports("deputies-xlsx", path, mapping={"id": "证件"}).cases == 1
    with pytest.raises(ImportRefused, match="import-no-sheet-fits"):
        office.imports("deputies-xlsx", path)


# Units


def test_units_are_entered_in_their_order_renamed_reordered_and_merged(office: Office, tmp_path: Path) -> None:
    since = date(2020, 1, 1)
    parks: list[Cell] = ["ylj", "市园林局", "Parks Bureau", 35, since]
    report = office.units(tmp_path, parks, ["dsj", "市大数据局", None, 5, since])
    assert (report.cases, report.refusals) == (2, [])
    data: Organ = office.entry("dsj")
    assert (data.en_name, data.order) == ("市大数据局", 5)
    assert office.registry.jurisdiction(PLACE).units_on(since)[0].code == "dsj"
    changed: list[Cell] = ["ylj", "市园林绿化局", "Parks Bureau", 36, since, date(2026, 2, 1)]
    assert reasons(office.units(tmp_path, changed[:5])) == [(1, "import-change-without-day", "单位名称")]
    assert office.units(tmp_path, changed).changed == 1
    merged: list[Cell] = [*changed, date(2026, 6, 1), "市城市管理局"]
    assert office.units(tmp_path, merged).changed == 1
    one: Organ = office.entry("ylj")
    assert office.steps(one)[1:] == [
        ("renamed", date(2026, 2, 1)),
        ("reordered", date(2026, 2, 1)),
        ("merged", date(2026, 6, 1)),
    ]
    assert (one.absorbed_by, one.ended_on) == ("cgj", date(2026, 6, 1))
    assert office.units(tmp_path, merged).already == 1
    assert reasons(office.units(tmp_path, ["ylj", "市绿化局", "Parks Bureau", 36, since, date(2026, 7, 1)])) == [
        (1, "import-entry-ended", "撤销日期")
    ]


def test_a_unit_is_refused_with_its_reason(office: Office, tmp_path: Path) -> None:
    since = date(2020, 1, 1)
    report = office.units(
        tmp_path,
        ["jtj", "市交通运输局", "Transport Bureau", None, since],
        ["a1", "甲局", None, "第一", since],
        ["a2", "乙局", None, None, since, None, None, "市财政局"],
        ["a3", "丙局", None, None, since, None, date(2026, 1, 1), "无此局"],
        ["a4", "丁局", None, "2000000", since],
    )
    assert reasons(report) == [
        (1, "import-differs", "设立日期"),
        (2, "import-unreadable-number", "次序"),
        (3, "import-needs-column", "并入单位"),
        (4, "import-name-unknown", "并入单位"),
        (5, "value-not-allowed", "次序"),
    ]
    assert office.recorded == 0


# Seats


def test_seats_are_taken_changed_and_left(office: Office, tmp_path: Path) -> None:
    since = date(2022, 1, 12)
    rows: list[list[Cell]] = [
        ["人大常委会", "甲一", "d-001", "委员", since],
        ["市委常委会", "子一", None, "市委常委", since],
    ]
    assert office.seats(tmp_path, *rows).cases == 2
    place = office.registry.jurisdiction(PLACE)
    assert [(seat.holder, seat.deputy) for seat in place.seats_on(Body.STANDING_COMMITTEE, since)] == [
        ("甲一", "d-001")
    ]
    assert office.seats(tmp_path, *rows).already == 2
    changed: list[Cell] = ["人大常委会", "甲一", "d-001", "副主任", since]
    assert reasons(office.seats(tmp_path, changed)) == [(1, "import-change-without-day", "职务")]
    gone: list[Cell] = [*changed, date(2025, 1, 1), date(2026, 1, 1), "辞职"]
    assert office.seats(tmp_path, gone).steps == 2
    seat = next(e for e in office.registry.entries(PLACE) if isinstance(e, Incumbency) and e.holder == "甲一")
    assert office.steps(seat) == [
        ("taken", since),
        ("post_changed", date(2025, 1, 1)),
        ("left", date(2026, 1, 1)),
    ]
    assert office.seats(tmp_path, gone).already == 1
    again: list[Cell] = ["人大常委会", "甲一", "d-001", "委员", date(2026, 5, 1)]
    assert office.seats(tmp_path, again).cases == 1
    assert reasons(
        office.seats(tmp_path, ["理事会", "甲一", None, "委员", since], ["人大常委会", "x", "d-999", "委员", since])
    ) == [
        (1, "import-unknown-value", "任职机构"),
        (2, "import-name-unknown", "代表编号"),
    ]


def test_whether_a_member_is_full_time_and_re_elected_comes_with_the_seat_or_later(
    office: Office, tmp_path: Path
) -> None:
    since = date(2022, 1, 12)
    taken: list[Cell] = ["人大常委会", "甲一", "d-001", "委员", since]
    assert office.seats(tmp_path, taken).steps == 1
    described: list[Cell] = [*taken, None, None, None, "专职", "连任"]
    assert office.seats(tmp_path, described).steps_by_wire == {"seat.described.v1": 1}
    assert office.seats(tmp_path, described).already == 1
    seat = next(e for e in office.registry.entries(PLACE) if isinstance(e, Incumbency) and e.holder == "甲一")
    assert (seat.engagement, seat.tenure) == (Engagement.FULL_TIME, Tenure.RE_ELECTED)
    assert office.steps(seat)[-1] == ("described", since)
    part_time: list[Cell] = [*taken, None, None, None, "兼职", "连任"]
    refused = office.seats(tmp_path, part_time)
    assert reasons(refused) == [(1, "import-change-without-day", "专职情况")]
    part_time[5] = date(2025, 3, 1)
    assert office.seats(tmp_path, part_time).steps == 1
    newly: list[Cell] = [*taken, date(2025, 3, 1), None, None, "兼职", "新任"]
    assert reasons(office.seats(tmp_path, newly)) == [(1, "import-differs", "连任情况")]


def test_whether_a_deputy_is_of_the_grass_roots_comes_with_the_registration_or_later(
    office: Office, tmp_path: Path
) -> None:
    assert office.deputies(tmp_path, whole(基层代表="是")).steps_by_wire == {
        "deputy.registered.v1": 1,
        "deputy.described.v1": 1,
    }
    assert office.deputies(tmp_path, whole(基层代表="是", 连任="连任")).steps == 1
    one: Mandate = office.entry("0101")
    assert (one.background, one.tenure) == (Background.GRASS_ROOTS, Tenure.RE_ELECTED)
    silent = office.deputies(tmp_path, whole())
    assert (silent.already, silent.steps) == (1, 0), "an empty cell takes nothing back"
    refused = office.deputies(tmp_path, whole(基层代表="否"))
    assert reasons(refused) == [(1, "import-differs", "基层代表")]


# Templates


@pytest.mark.parametrize("listed", OFFICE_LISTS.values())
@pytest.mark.parametrize("tongue", ["zh", "en"])
def test_every_template_is_explained_and_its_example_can_be_imported(
    office: Office, tmp_path: Path, listed: type[OfficeList], tongue: str
) -> None:
    tell = words("zh" if tongue == "zh" else "en")
    missing = [field for field in listed.names if f"template.{listed.words}.{field}" not in tell]
    missing += [name for name in listed.about if f"template.about.{name}" not in tell]
    assert missing == []
    path, profile = tmp_path / "template.xlsx", office.profile(listed.name)
    write_template(path, profile, date(2026, 11, 20), tell)
    assert len(Table(path, profile.layout)) == 0
    report = office.imports(listed.name, path, sheet=tell("template.sheet.example"))
    assert (report.cases, report.refusals, report.findings) == (2, [], [])


def test_who_imports_acts_in_his_own_role(office: Office, tmp_path: Path) -> None:
    office.deputies(tmp_path, whole(), role=Role.GENERAL_OFFICE, office="rd")
    act = office.docket.case_file(office.entry("0101").id).history[0].act
    assert (act.actor, act.role, act.office) == ("clerk-1", Role.GENERAL_OFFICE, "rd")
    refused = office.deputies(tmp_path, whole(代表编号="0102"), role=Role.HANDLING_UNIT)
    assert reasons(refused) == [(1, "role-may-not", None)]


def test_a_registered_deputy_without_a_term_takes_the_first_one_that_a_list_says(
    office: Office, tmp_path: Path
) -> None:
    step = DeputyRegistered(jurisdiction=PLACE, id="0109", name="戊九")
    act = Act(actor="x", role=Role.GENERAL_OFFICE, office=PLACE, occurred_at=start_of_day(NEW_TERM, "Asia/Shanghai"))
    office.docket.open(step, act)
    report = office.deputies(tmp_path, whole(代表编号="0109", 姓名="戊九", 代表小组=None, 选区=None))
    assert reasons(report) == [(1, "import-differs", "届次")], "a term is no change of the day of registration"
