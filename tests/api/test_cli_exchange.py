"""Lists that come in and go out by the command line."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from adapters.exchange.source import Table
from adapters.exchange.suggestions import SuggestionsSheet
from adapters.postgres.projector import Projector
from tests.adapters.workbooks import Cell, workbook
from tests.api.test_cli import Done, Run, installation, run
from tests.conftest import Cluster
from tests.registry import shipped_registry

__all__ = ["installation", "run"]

MAPPING = {"number": "Number", "title": "Title", "lead_deputy": "Lead deputy", "submitted_on": "Submitted on"}
"""What the columns of an English export are."""
COLUMNS = ["编号", "案由", "领衔代表", "提出日期", "承办科室"]


def a_list(path: Path, *names: str) -> Path:
    rows: list[list[Cell]] = [
        [f"26{n:03}", f"建议{n}", name, date(2026, 1, 20), "二科"] for n, name in enumerate(names, 1)
    ]
    return workbook(path, [["云江市建议清单"], COLUMNS, *rows])


@pytest.fixture
def imported(installation: Run, database: str, tmp_path: Path) -> Done:
    """What an import of two good rows and a bad one printed."""
    file = a_list(tmp_path / "list.xlsx", "甲一", "无此人", "乙一")
    done = installation("import", "suggestions-xlsx", str(file), "--errors", str(tmp_path / "errors.xlsx"))
    Projector(database).catch_up()
    return done


@pytest.mark.database
def test_a_list_is_imported_and_told_with_its_sheet_its_columns_and_its_refused_rows(
    imported: Done, tmp_path: Path
) -> None:
    assert imported.code == 1
    assert "3 rows, 2 cases and 2 steps recorded" in imported.out
    assert "sheet 表, header in row 2; rows are counted below it" in imported.out
    assert "columns that were not read: 承办科室" in imported.out
    assert "row 2, 领衔代表: On 2026-01-20 there was no “无此人”" in imported.out
    table = Table(tmp_path / "errors.xlsx", SuggestionsSheet(shipped_registry().jurisdiction("cn-999900"), {}).layout)
    assert [row.values["number"] for row in table.rows()] == ["26002"]


@pytest.mark.database
def test_where_nothing_was_ever_projected_that_is_done_first(
    cluster: Cluster, entered_template: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    conninfo = cluster.create(entered_template)
    monkeypatch.setenv("DUBAN_DATABASE_URL", conninfo)
    assert run("registry", "list", "deputies", "--json").json["deputies"]
    cluster.drop(conninfo)


@pytest.mark.database
def test_the_list_goes_out_as_it_was_shown(imported: Done, installation: Run, tmp_path: Path) -> None:
    assert imported.code == 1
    out = tmp_path / "out.xlsx"
    done = installation("export", "xlsx", str(out), "--kind", "suggestion", "--sort", "number", "--text", "260")
    assert (done.code, done.out, f"The list is in {out}" in done.err) == (0, "", True)
    table = Table(out, SuggestionsSheet(shipped_registry().jurisdiction("cn-999900"), MAPPING).layout)
    assert [(row.values["number"], row.values["title"]) for row in table.rows()] == [
        ("26001", "建议1"),
        ("26003", "建议3"),
    ]
    text = tmp_path / "out.csv"
    assert installation("export", "csv", str(text), "--deputy", "d-003").code == 0
    assert [line.split(",")[0] for line in text.read_text("utf-8-sig").splitlines()] == ["Number", "26003"]
    assert sorted(path.name for path in tmp_path.glob("*out*")) == ["out.csv", "out.xlsx"]
    again = installation("export", "csv", str(text))
    assert (again.code, "exists already and is not overwritten" in again.err) == (3, True)


@pytest.mark.database
def test_a_list_with_other_headers_is_imported_by_a_mapping(installation: Run, tmp_path: Path) -> None:
    file = workbook(
        tmp_path / "a.xlsx", [["流水", "案由", "领衔代表", "提出日期"], ["1", "甲", "甲一", date(2026, 1, 5)]]
    )
    mapping = tmp_path / "mapping.toml"
    mapping.write_text('number = "流水"\n', "utf-8")
    call = ("import", "suggestions-xlsx", str(file), "--dry-run")
    assert "missing: 编号" in installation(*call).err
    done = installation(*call, "--mapping", str(mapping), "--json")
    assert (done.code, done.json["cases"], done.json["sheet"], done.json["header_row"]) == (0, 1, "表", 1)
    assert installation(*call, "--mapping", str(tmp_path / "none.toml")).code == 4


@pytest.mark.database
def test_what_an_import_of_a_workbook_cannot_do_is_said(installation: Run, tmp_path: Path) -> None:
    file = str(a_list(tmp_path / "a.xlsx", "甲一"))
    as_csv = installation("import", "suggestions-xlsx", file, "--errors", str(tmp_path / "errors.csv"))
    assert (as_csv.code, "ends in .xlsx" in as_csv.err) == (2, True)
    elsewhere = installation("import", "suggestions-xlsx", file, "--jurisdiction", "nowhere")
    assert (elsewhere.code, "no jurisdiction “nowhere”" in elsewhere.err) == (1, True)
    other = installation("import", "suggestions-xlsx", file, "--sheet", "无")
    assert (other.code, "no visible sheet “无”" in other.err) == (1, True)


@pytest.mark.database
def test_a_template_is_written_once_and_for_lists_alone(installation: Run, tmp_path: Path) -> None:
    out = tmp_path / "template.xlsx"
    assert installation("template", "suggestions-xlsx", str(out)).code == 0
    table = Table(out, SuggestionsSheet(shipped_registry().jurisdiction("cn-999900"), {}).layout, "Example")
    assert [row.values["number"] for row in table.rows()] == ["示例-001", "示例-002"]
    assert installation("template", "suggestions-xlsx", str(out)).code == 3
    assert installation("template", "sangiin-questions", str(tmp_path / "b.xlsx")).code == 2
    elsewhere = installation("template", "suggestions-xlsx", str(tmp_path / "c.xlsx"), "--jurisdiction", "nowhere")
    assert (elsewhere.code, (tmp_path / "c.xlsx").exists()) == (1, False)


@pytest.mark.database
def test_deputies_are_registered_from_a_list_and_nobody_twice(installation: Run, database: str, tmp_path: Path) -> None:
    columns = ["代表编号", "姓名", "届次", "代表小组", "任职日期"]
    rows: list[list[Cell]] = [
        ["0101", "戊一", "9", "云东第一小组", date(2022, 1, 10)],
        ["0102", "戊二", "9", "无此小组", date(2022, 1, 10)],
    ]
    file = str(workbook(tmp_path / "deputies.xlsx", [columns, *rows]))
    tried = installation("import", "deputies-xlsx", file, "--dry-run", "--json")
    assert (tried.code, tried.json["cases"], tried.json["refusals"][0]["field"]) == (1, 1, "代表小组")
    done = installation("import", "deputies-xlsx", file, "--errors", str(tmp_path / "errors.xlsx"))
    assert (done.code, "2 rows, 1 cases and 1 steps recorded, 0 cases changed" in done.out) == (1, True)
    Projector(database).catch_up()
    listed = installation("registry", "list", "deputies", "--json").json["deputies"]
    assert [deputy["name"] for deputy in listed if deputy["id"] in {"0101", "0102"}] == ["戊一"]
    again = installation("import", "deputies-xlsx", file, "--json")
    assert (again.json["already"], again.json["steps"]) == (1, 0)


@pytest.mark.database
@pytest.mark.parametrize("profile", ["units-xlsx", "deputies-xlsx", "seats-xlsx"])
def test_a_template_of_the_registry_is_written(installation: Run, tmp_path: Path, profile: str) -> None:
    out = tmp_path / f"{profile}.xlsx"
    assert installation("template", profile, str(out)).code == 0
    assert installation("import", profile, str(out), "--sheet", "Example", "--dry-run", "--json").json["cases"] == 2


@pytest.mark.database
def test_histories_go_out_as_an_event_log(imported: Done, installation: Run, tmp_path: Path) -> None:
    assert imported.code == 1
    out = tmp_path / "log.json"
    done = installation("export", "ocel-json", str(out), "--text", "26001", "--as-of", "2026-06-30")
    assert (done.code, done.out, f"The event log is in {out}" in done.err) == (0, "", True)
    log = json.loads(out.read_bytes())
    assert [event["type"] for event in log["events"]] == ["suggestion.submitted"]
    assert {one["type"] for one in log["objects"]} == {"suggestion", "deputy", "export"}
    table = tmp_path / "log.sqlite"
    assert installation("export", "ocel-sqlite", str(table)).code == 0
    with closing(sqlite3.connect(table)) as sql:
        assert sql.execute("SELECT count(*) FROM event_SuggestionSubmitted").fetchone() == (2,)
    again = installation("export", "ocel-sqlite", str(table))
    assert (again.code, "exists already and is not overwritten" in again.err) == (3, True)
    assert sorted(path.name for path in tmp_path.glob("*log*")) == ["log.json", "log.sqlite"]
