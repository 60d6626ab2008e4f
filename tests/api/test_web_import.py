"""The pages of the import: a list is handed in, checked, imported once, and comes back with what was refused."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from adapters.exchange.desk import MOST_WAITING
from adapters.exchange.source import Table
from adapters.exchange.suggestions import SuggestionsSheet
from tests.adapters.test_entries import DEPUTIES, UNITS, whole
from tests.adapters.workbooks import Cell, workbook
from tests.api.conftest import JURISDICTION, Office
from tests.api.test_web_steps import hidden

pytestmark = pytest.mark.database

SINCE = date(2020, 1, 1)


def hand_in(client: TestClient, listed: str, content: bytes, name: str = "清单.xlsx", **fields: str) -> httpx2.Response:
    token = hidden(client.get("/import").text, "form_token")
    data = {"form_token": token, "list": listed} | fields
    return client.post("/import", data=data, files={"file": (name, content)}, follow_redirects=False)


def waiting(client: TestClient, listed: str, content: bytes, **fields: str) -> str:
    answer = hand_in(client, listed, content, **fields)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def send(client: TestClient, path: str) -> httpx2.Response:
    token = hidden(client.get("/import").text, "form_token")
    return client.post(path, data={"form_token": token}, follow_redirects=False)


def a_list(tmp_path: Path, columns: Sequence[str], *rows: Sequence[Cell]) -> bytes:
    return workbook(tmp_path / "list.xlsx", [list(columns), *rows]).read_bytes()


def deputies(tmp_path: Path) -> bytes:
    """One that can be registered, and one whose group nobody knows."""
    return a_list(tmp_path, DEPUTIES, whole(), whole(代表编号="0102", 代表小组="无此小组"))


def kept(office: Office) -> list[Path]:
    return [path for path in office.services.imports.place.rglob("*") if path.is_file()]


def summary(text: str) -> list[int]:
    """The numbers of the first line of a report: rows, new, changed, steps, there already, refused."""
    told = re.search(r"<strong>([^<]*行[^<]*)</strong>", text)
    assert told is not None, text
    return [int(number) for number in re.findall(r"\d+", told[1])]


def test_a_list_is_checked_then_imported_and_once_only(office: Office, tmp_path: Path) -> None:
    path = waiting(office.client, "deputies-xlsx", deputies(tmp_path))
    report = office.client.get(path)
    assert (report.status_code, summary(report.text)) == (200, [2, 1, 0, 1, 0, 1])
    assert "没有“无此小组”" in report.text
    assert "清单.xlsx" in report.text
    assert office.stored() == 0
    done = send(office.client, path)
    assert (done.status_code, summary(done.text), office.stored()) == (200, [2, 1, 0, 1, 0, 1], 1)
    assert "已导入" in done.text
    again = send(office.client, path)
    assert (summary(again.text), office.stored()) == ([2, 0, 0, 0, 1, 1], 1)
    entry = next(e for e in office.services.registry.entries(JURISDICTION) if e.code == "0101")
    act = office.services.docket.case_file(entry.id).history[0].act
    assert (act.actor, act.role, act.imported and act.imported.profile) == ("clerk", "deputy_affairs", "deputies-xlsx")


def test_the_refused_rows_come_back_as_a_file_that_can_be_handed_in(office: Office, tmp_path: Path) -> None:
    path = waiting(office.client, "deputies-xlsx", deputies(tmp_path))
    answer = office.client.get(f"{path}/errors")
    assert "attachment" in answer.headers["content-disposition"]
    again = waiting(office.client, "deputies-xlsx", answer.content)
    assert summary(office.client.get(again).text) == [1, 0, 0, 0, 0, 1]


def test_a_csv_comes_back_as_csv(office: Office) -> None:
    text = "代表编号,姓名,任职日期\n0101,,2022-01-10\n"
    path = waiting(office.client, "deputies-xlsx", text.encode(), name="a.csv")
    answer = office.client.get(f"{path}/errors")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "0101" in answer.content.decode("utf-8-sig")


def test_suggestions_come_in_by_the_same_page(office: Office, tmp_path: Path) -> None:
    columns = ["编号", "案由", "领衔代表", "提出日期", "主办单位", "交办日期"]
    row: list[Cell] = ["2026001", "建议修桥", "甲一", date(2026, 1, 20), "市交通运输局", date(2026, 2, 1)]
    path = waiting(office.client, "suggestions-xlsx", a_list(tmp_path, columns, row))
    assert summary(send(office.client, path).text) == [1, 1, 0, 2, 0, 0]
    office.catch_up()
    assert "建议修桥" in office.client.get("/cases").text


def test_whoever_keeps_the_registry_imports_it_and_no_suggestion(office: Office, tmp_path: Path) -> None:
    office.account("admin", "administrator")
    admin = office.browser("admin")
    units = a_list(tmp_path, UNITS, ["ylj", "市园林局", "Parks", 35, SINCE])
    assert summary(send(admin, waiting(admin, "units-xlsx", units)).text) == [1, 1, 0, 1, 0, 0]
    assert "市园林局" in admin.get("/registry/units").text
    assert "suggestions-xlsx" not in admin.get("/import").text
    assert hand_in(admin, "suggestions-xlsx", units).status_code == 404
    assert admin.get("/import/template/suggestions-xlsx").status_code == 404
    for role, bound in (("handling_unit", {"office": "jtj"}), ("deputy", {"deputy": "d-001"}), ("auditor", {})):
        office.account(f"x-{role}", role, **bound)
        other = office.browser(f"x-{role}")
        assert other.get("/import").status_code == 404
        assert "/import" not in other.get("/registry").text


def test_what_waits_for_one_person_does_not_wait_for_another(office: Office, tmp_path: Path) -> None:
    office.account("other", "deputy_affairs")
    other = office.browser("other")
    path = waiting(office.client, "deputies-xlsx", deputies(tmp_path))
    for answer in (other.get(path), send(other, path), other.get(f"{path}/errors"), send(other, f"{path}/discard")):
        assert answer.status_code == 404
        assert "没有等待导入的这份文件" in answer.text
    assert office.stored() == 0
    assert office.client.get(path).status_code == 200


def test_a_file_that_was_let_go_of_or_is_a_day_old_is_gone(office: Office, tmp_path: Path) -> None:
    path = waiting(office.client, "deputies-xlsx", deputies(tmp_path))
    assert send(office.client, f"{path}/discard").status_code == 303
    assert kept(office) == []
    assert office.client.get(path).status_code == 404
    path = waiting(office.client, "deputies-xlsx", deputies(tmp_path))
    office.services.sweep()
    assert office.client.get(path).status_code == 200
    (file,) = kept(office)
    os.utime(file.parent, (0, 0))
    office.services.sweep()
    assert (office.client.get(path).status_code, kept(office)) == (404, [])


def test_only_so_many_files_wait_for_somebody(office: Office, tmp_path: Path) -> None:
    paths = [waiting(office.client, "deputies-xlsx", deputies(tmp_path)) for _ in range(MOST_WAITING + 2)]
    assert len(kept(office)) == MOST_WAITING
    assert office.client.get(paths[-1]).status_code == 200


@pytest.mark.parametrize(
    ("content", "name", "why"),
    [
        (b"", "a.xlsx", "文件是空的"),
        ("代表编号,姓名,任职日期\n1,戊一,2022-01-10\n".encode("gbk"), "a.csv", "gb18030"),
        (b"%PDF-1.7", "a.pdf", "pdf"),
        (b"PK\x03\x04 nothing", "a.xlsx", "已损坏"),
        ("编号,案由\n1,x\n".encode(), "../../etc/passwd", "passwd"),
    ],
)
def test_a_file_that_cannot_be_read_says_why_and_records_nothing(
    office: Office, content: bytes, name: str, why: str
) -> None:
    answer = hand_in(office.client, "deputies-xlsx", content, name=name)
    if answer.status_code == 303:
        answer = office.client.get(answer.headers["location"])
    assert (answer.status_code, why in answer.text) == (422, True), answer.text
    assert '<form class="step-form"' in answer.text
    assert office.stored() == 0


def test_a_file_that_is_too_large_is_not_kept(office: Office) -> None:
    office.services.imports.most = 1_000
    answer = hand_in(office.client, "deputies-xlsx", b"x" * 100_000)
    assert answer.status_code == 413
    assert kept(office) == []


def test_a_sheet_can_be_named(office: Office) -> None:
    tell = office.client.get("/import/template/deputies-xlsx?lang=zh")
    assert "attachment" in tell.headers["content-disposition"]
    assert summary(office.client.get(waiting(office.client, "deputies-xlsx", tell.content)).text)[0] == 0
    path = waiting(office.client, "deputies-xlsx", tell.content, sheet="示例")
    assert summary(office.client.get(path).text) == [2, 2, 0, 2, 0, 0]
    assert summary(send(office.client, path).text) == [2, 2, 0, 2, 0, 0]
    assert (
        "没有可见的工作表" in office.client.get(waiting(office.client, "deputies-xlsx", tell.content, sheet="无")).text
    )


def test_two_lists_at_once_take_turns(office: Office, tmp_path: Path) -> None:
    path = waiting(office.client, "deputies-xlsx", deputies(tmp_path))
    with office.services.imports._busy:
        busy = office.client.get(path)
    assert (busy.status_code, "正在处理另一份清单" in busy.text) == (503, True)
    assert office.client.get(path).status_code == 200


def test_a_template_is_that_of_the_readers_own_jurisdiction(office: Office, tmp_path: Path) -> None:
    path = tmp_path / "template.xlsx"
    path.write_bytes(office.client.get("/import/template/suggestions-xlsx").content)
    place = office.services.registry.jurisdiction(JURISDICTION)
    assert len(Table(path, SuggestionsSheet(place, {}).layout)) == 0


def test_a_form_of_somebody_else_imports_nothing(office: Office, tmp_path: Path) -> None:
    path = waiting(office.client, "deputies-xlsx", deputies(tmp_path))
    forged: list[dict[str, Any]] = [{}, {"form_token": "0" * 64}]
    for data in forged:
        assert office.client.post(path, data=data).status_code in {400, 403, 415}
        files = {"file": ("a.xlsx", deputies(tmp_path))}
        assert office.client.post("/import", data=data | {"list": "deputies-xlsx"}, files=files).status_code == 403
    across = office.client.post(path, data={}, headers={"Sec-Fetch-Site": "cross-site"})
    assert across.status_code == 403
    assert office.stored() == 0


def test_addresses_that_are_none_are_said_to_be_none(office: Office) -> None:
    nowhere = f"/import/deputies-xlsx/{'0' * 32}"
    for path in (nowhere, f"{nowhere}/errors", "/import/deputies-xlsx/..%2f..%2fx", "/import/deputies-xlsx/x"):
        assert office.client.get(path).status_code == 404, path
    assert office.client.get(f"/import/cats/{'0' * 32}").status_code == 404
    assert office.client.get("/import/template/cats").status_code == 404
