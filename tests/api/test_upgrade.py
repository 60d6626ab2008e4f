"""After an upgrade that changes the rows of projections, until they have been built anew."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from psycopg import sql
from starlette.testclient import TestClient

from adapters.postgres.migrate import read_schema
from projections.catalogue import PROJECTIONS
from tests.api.conftest import Office

pytestmark = pytest.mark.database

LINK = re.compile(r'<a [^>]*href="(/[^"#]*)')


def walked(reader: TestClient, *left: str) -> dict[str, tuple[int, str]]:
    """Status and text of every address that links lead to."""
    answers, addresses = dict[str, tuple[int, str]](), list(left)
    while addresses:
        address = addresses.pop()
        if (path := address.partition("?")[0]) in answers:
            continue
        answer = reader.get(address)
        is_page = answer.headers["content-type"].startswith("text/html")
        answers[path] = answer.status_code, answer.text if is_page else ""
        addresses.extend(html.unescape(link) for link in LINK.findall(answers[path][1]))
    return answers


@contextmanager
def upgraded(office: Office) -> Iterator[None]:
    """The rows are of versions before this one, and lack what this one reads."""
    office.catch_up()
    with office.services.pool.connection() as conn:
        conn.execute("RESET ROLE")
        conn.execute("UPDATE projection_build SET version = version - 1")
        for name in PROJECTIONS:
            view = sql.Identifier(read_schema("duban"), name)
            conn.execute(sql.SQL("ALTER VIEW {} RENAME COLUMN ledger_id TO of_ledger").format(view))
        conn.execute("SET ROLE duban_app")
    yield
    office.catch_up()


def test_what_is_read_from_rows_is_refused_with_a_reason_and_cases_go_on(office: Office) -> None:
    case = office.submit()
    page = f"/cases/{case.json()['case_id']}"
    for login, role in (("office", "deputy_affairs"), ("auditor", "auditor")):
        office.account(login, role)
    with upgraded(office):
        for login in ("office", "auditor"):
            answers = walked(office.browser(login), "/cases", page)
            refused = {path for path, (status, _) in answers.items() if status >= 500}
            assert {"/cases", "/clocks", "/figures"} < refused
            assert {answers[path][0] for path in refused} == {503}
            assert all("正在重建" in answers[path][1] for path in refused)
            told = answers[page][1].count("正在根据账本重建")
            assert ("去案件清单" in answers["/cases"][1], "去案件清单" in answers["/clocks"][1]) == (False, True)
            assert (answers[page][0], told) == (200, 2 if login == "office" else 1)
        assert office.browser("office").get("/cases/new/suggestion.submitted").status_code == 200
        for path in ("/api/v1/cases", "/api/v1/audit/steps", "/api/v1/search?q=公交"):
            answer = office.get(path, "auditor")
            assert (answer.status_code, answer.json()["type"], answer.headers["retry-after"]) == (
                503, "/problems/being-rebuilt", "1",
            )  # fmt: skip
        assert office.record(case, "handed_over", "2026-03-05", lead_unit="jtj").status_code == 200
        assert office.get(f"/api/v1{page}").json()["stage"]["code"] == "handed_over"
    for path in ("/cases", page, "/figures"):
        answer = office.browser("office").get(path)
        assert (answer.status_code, "正在根据账本重建" in answer.text) == (200, False)
    assert office.get("/api/v1/cases").json()["cases"][0]["stage"] == "handed_over"
