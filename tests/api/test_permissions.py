"""Rights: the reviewed tables, what the declarations say, what HTTP answers and what lists show are one."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Any
from unittest.mock import patch

import orjson
import pytest
from starlette.routing import Mount, Route

from adapters.postgres.ledger import PostgresLedger
from adapters.postgres.pool import LedgerUnavailableError
from api import v1
from domain import policy
from domain.case import Opening, Role, Step
from domain.cases.registry.unit import UnitOpened
from domain.docket import Command, Docket, Result
from domain.principal import Principal
from projections.reading import Filter
from tests.api.conftest import JURISDICTION, Office, key
from tests.api.test_attachments import SHA256, hand_in
from tests.permissions import (
    ELSEWHERE,
    HIDDEN,
    LEAD,
    NO,
    OF_MATTERS,
    READ,
    READERS,
    REGISTRARS,
    REQUEST,
    TABLED,
    TABLES,
    YES,
    act_of,
    arrange,
    case_of,
    readers_of,
    said_by,
    steps_of,
    tables,
)
from tests.reckoning import TwoOfThree


def reviewed(name: str) -> list[dict[str, str]]:
    """The lines of a table, each by the names of its columns."""
    with (TABLES / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_reviewed_tables_say_what_the_policy_and_the_declarations_say() -> None:
    for name, text in tables().items():
        assert (TABLES / name).read_text("utf-8") == text, (
            f"{name}: python -m tests.permissions, then read the difference"
        )


def test_no_unit_and_no_government_may_record_a_deputys_word() -> None:
    evaluations = {"suggestion.evaluation_submitted", "suggestion.evaluation_amended"}
    by_proxy = "suggestion.evaluation_recorded_by_proxy"
    may = {
        line["step"]: {reader for reader, said in line.items() if said == YES}
        for line in reviewed("suggestion.csv")
        if line["step"].startswith("suggestion.evaluation_")
    }
    assert [may[name] for name in sorted(evaluations)] == [{"deputy, lead"}] * 2
    assert may[by_proxy] == {"deputy_affairs", "general_office"}
    assert not any(
        reader.startswith(("handling_unit", "government_office")) for readers in may.values() for reader in readers
    )


def test_an_auditor_takes_no_step_and_an_administrator_reads_no_suggestion() -> None:
    for line in reviewed("suggestion.csv"):
        assert line["auditor"] == (YES if line["step"] == READ else NO)
        if line["step"].partition(".")[0] == "suggestion":
            assert line["administrator"] in {NO, HIDDEN}
    assert {line["auditor"] for line in reviewed("registry.csv") if line["step"] != READ} == {NO}


# By HTTP


class Full(PostgresLedger):
    """A ledger that takes nothing more: what comes as far as this was allowed."""

    def append(self, commands: Sequence[Command]) -> list[Result]:
        raise LedgerUnavailableError("database-full", f"{len(commands)} commands")


@pytest.fixture
def arranged(office: Office) -> tuple[Office, dict[str, str]]:
    own = office.services
    counted = Docket(own.ledger, own.registry, contents=own.files, keys=own.keys, reckoner=TwoOfThree())
    cases = arrange(counted)
    namesake = UnitOpened(jurisdiction=ELSEWHERE, code=LEAD, zh_name="同名单位", en_name="A namesake")
    office.services.docket.open(namesake, act_of(READERS["general_office"].principal, date(2026, 3, 2)))
    letter = hand_in(office)
    name_it = {"step": letter.json() | {"kind": "reply_letter"}}
    path = f"/api/v1/cases/{cases['handled']}/steps/attachment_added"
    assert office.post(path, name_it, "deputy_affairs", If_Match="*").status_code == 200
    citizen = {"step": {"person": "p1", "capacity": "petitioner", "name": "某甲"}}
    path = f"/api/v1/cases/{cases['handled']}/steps/person_added"
    assert office.post(path, citizen, "deputy_affairs", If_Match="*").status_code == 200
    path = f"/api/v1/cases/{cases['handled']}/steps/committee_assigned"
    assert office.post(path, {"step": {"committee": "财经委"}}, "deputy_affairs", If_Match="*").status_code == 200
    region = next(
        str(event.originator_id)
        for event in office.services.ledger.registry_events(0)
        if event.topic == "jurisdiction.opened.v1" and orjson.loads(event.state)["step"]["jurisdiction"] == JURISDICTION
    )
    office.catch_up()
    office.seal()
    services = office.services
    full = Full(services.pool, services.ledger.ledger_id)
    services.docket = Docket(full, services.registry, contents=services.files, keys=services.keys)
    return office, cases | {"jurisdiction": region}


@contextmanager
def asking_as(office: Office, principal: Principal) -> Iterator[dict[str, str]]:
    """The headers of somebody's token. An administrator gets none: what he would be answered is asked for him."""
    if principal.role is Role.ADMINISTRATOR:
        with patch.object(office.services.tokens, "remembered", lambda _: principal):
            yield {"Authorization": "Bearer whatever"}
    else:
        yield bearer(office, principal)


def bearer(office: Office, principal: Principal) -> dict[str, str]:
    who = principal.actor, principal.role, principal.office, principal.jurisdiction
    return {"Authorization": f"Bearer {office.services.tokens.create(*who, 'test', 1)}"}


def answered(office: Office, case_id: str, step: Step | None, headers: Mapping[str, str], principal: Principal) -> str:
    """What HTTP answers somebody who reads the case, or takes the step."""
    if step is None:
        answer = office.client.get(f"/api/v1/cases/{case_id}", headers=headers)
    else:
        said = said_by(step, principal).model_dump(mode="json", exclude_none=True)
        body: dict[str, Any] = {"step": said}
        path = f"/api/v1/cases/{case_id}/steps/{step.declared.name}"
        if isinstance(step, Opening):
            body["opening"] = step.declared.wire.rpartition(".")[0]
            path = "/api/v1/cases"
        given = {"Idempotency-Key": key(), "If-Match": "*"}
        answer = office.client.post(path, json=body, headers=dict(headers) | given)
    problem = answer.json().get("type", "").rpartition("/")[2] if answer.status_code >= 400 else None
    assert answer.status_code < 500 or problem == "database-full", answer.text
    assert problem != "unknown-step", answer.text
    return {404: HIDDEN, 403: NO}.get(answer.status_code, YES)


@pytest.mark.database
@pytest.mark.slow
@pytest.mark.parametrize("kind", TABLED)
def test_http_answers_what_the_reviewed_table_says(arranged: tuple[Office, dict[str, str]], kind: str) -> None:
    office, cases = arranged
    before = office.stored()
    readers = readers_of(kind)
    lines = {line["step"]: line for line in reviewed(f"{kind}.csv")}
    wrong = []
    for reader_name, reader in readers.items():
        with asking_as(office, reader.principal) as headers:
            for step in (None, *steps_of(kind)):
                name = READ if step is None else step.declared.wire.rpartition(".")[0]
                said = answered(office, case_of(cases, kind, step, reader), step, headers, reader.principal)
                if said != lines[name][reader_name]:
                    wrong.append((name, reader_name, lines[name][reader_name], said))
    assert wrong == []
    assert office.stored() == before


@pytest.mark.database
def test_a_list_shows_a_case_to_those_who_may_read_it(arranged: tuple[Office, dict[str, str]]) -> None:
    office, cases = arranged
    views = office.services.views
    moment = views.moment()
    for kind, readers in (
        ("suggestion", READERS),
        ("unit", REGISTRARS),
        ("opinion", OF_MATTERS),
        ("published_figures", OF_MATTERS),
    ):
        name_of = {"unit": "registry", "opinion": "matters"}.get(kind, kind)
        line = next(line for line in reviewed(f"{name_of}.csv") if line["step"] == READ)
        for name, reader in readers.items():
            rows = views.within(policy.scope(reader.principal)).cases(Filter(kind=kind), moment, limit=200)
            case_id = cases[reader.case] if kind == "suggestion" else cases[kind]
            assert (case_id in {row.case_id for row in rows}) is (line[name] == YES), (kind, name)
            counts = views.within(policy.scope(reader.principal)).counts(Filter(kind=kind), moment)
            assert counts.total == len(rows)


@pytest.mark.database
def test_another_ones_case_is_as_one_that_there_is_not(arranged: tuple[Office, dict[str, str]]) -> None:
    office, cases = arranged
    nobody = "00000000-0000-4000-8000-000000000000"
    stranger = bearer(office, READERS["handling_unit, without a share"].principal)
    for path in ("", "/steps", "/attachments", "?as_of=2026-03-05", "/steps?as_of=2026-03-05"):
        ids = cases["handled"], nobody
        found, missing = (office.client.get(f"/api/v1/cases/{id}{path}", headers=stranger) for id in ids)
        assert found.status_code == missing.status_code == 404
        same = [
            {name: str(value).replace(case_id, "…") for name, value in answer.json().items() if name != "request_id"}
            for answer, case_id in zip((found, missing), ids, strict=True)
        ]
        assert same[0] == same[1]


# Every route

SIGN_IN = "sign in"
"""Somebody must sign in first, or bring a token."""
ROLES = {reader.principal.role: reader.principal for name, reader in REGISTRARS.items() if "elsewhere" not in name}
"""Somebody of each role, with the relation to the case that lets him see it, if one does."""


def routes_of(router: Any) -> Iterator[tuple[str, str]]:
    """Method and path of every route."""
    for route in v1.each(router.routes):
        if isinstance(route, Mount):
            yield "GET", f"{route.path}/{{file}}"
        elif isinstance(route, Route):
            yield from ((method, route.path) for method in sorted((route.methods or set()) - {"HEAD"}))


def is_step(path: str) -> bool:
    """Whether it takes one declared step, and so has a line in the other tables."""
    return path.startswith("/api/v1/cases/{case_id}/steps/") and not path.endswith(("{name}", "/export"))


def filled(path: str, params: Mapping[str, str]) -> str:
    """The path with its parameters."""
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: params[found[1]], path)


OCCASION = {"occasion": "verifying"}
"""What a person's data are read for."""


class Caller:
    """Somebody of a role, or nobody, at every door that he may try."""

    def __init__(self, office: Office, role: Role | None) -> None:
        self._office = office
        self._role = role
        bound = {Role.HANDLING_UNIT: {"office": LEAD}, Role.DEPUTY: {"deputy": "d-001"}}
        self._login = f"who-{role}"
        if role is not None:
            self.account = office.account(self._login, role, **bound.get(role, {}))

    def answer(self, method: str, path: str, params: dict[str, str]) -> str:
        """What he is answered."""
        if path.startswith("/api/"):
            answer = self._called(method, filled(path, params))
        else:
            answer = self._asked_for(method, path, params)
        assert answer.status_code < 500 or "503" in answer.text, (method, path, self._role, answer.text)
        if answer.status_code == 401 or answer.headers.get("location", "").startswith("/login"):
            return SIGN_IN
        return {403: NO, 404: HIDDEN}.get(answer.status_code, YES)

    def _called(self, method: str, place: str) -> Any:
        if self._role is None:
            return self._office.browser().request(method, place)
        with asking_as(self._office, ROLES[self._role]) as headers:
            given = dict(headers) | {"Idempotency-Key": key(), "If-Match": "*", "Content-Type": "application/json"}
            body = json.dumps(OCCASION if place.endswith("/readings") else {}) if method == "POST" else None
            return self._office.client.request(method, place, headers=given, content=body)

    def _asked_for(self, method: str, path: str, params: dict[str, str]) -> Any:
        browser = self._office.browser(None if self._role is None else self._login)
        browser.follow_redirects = False
        if method == "GET":
            return browser.get(filled(path, params))
        own = browser.get("/account").text if self._role is not None else ""
        if path == "/account/sessions/{id}/end" and (session := re.search("/account/sessions/([^/]+)/end", own)):
            params = params | {"id": session[1]}
        token = re.search(r'name="form_token" value="([0-9a-f]+)"', own)
        data = {"form_token": token[1] if token else ""}
        data |= OCCASION if "/persons/" in path else {"version": "1", "key": "0" * 32}
        files = {"file": ("a.pdf", b"", "application/pdf")} if path.endswith(("/attachments", "/import")) else None
        return browser.request(method, filled(path, params), data=data, files=files)


@pytest.mark.database
@pytest.mark.slow
def test_every_route_has_a_reviewed_line_and_answers_as_it_says(arranged: tuple[Office, dict[str, str]]) -> None:
    office, cases = arranged
    steps = {line["step"].partition(".")[2] for kind in TABLED for line in reviewed(f"{kind}.csv")}
    every = sorted(set(routes_of(office.client.app)))
    assert {path.rpartition("/")[2] for _, path in every if is_step(path)} <= steps
    wanted = [route for route in every if not is_step(route[1])]
    callers = {column: Caller(office, None if column == "nobody" else Role(column)) for column in ("nobody", *Role)}
    params = {
        "case_id": cases["handled"],
        "committee": "财经委",
        "deputy": "d-001",
        "division": "999900",
        "file": "app.css",
        "id": callers[Role.DEPUTY].account,
        "kind": "suggestion",
        "listed": "deputies-xlsx",
        "metric": "reply_rate",
        "name": "re_handling_ordered",
        "opening": "suggestion.submitted",
        "person": "p1",
        "session_id": "none",
        "sha256": SHA256,
        "token_id": "none",
        "unit": "jtj",
        "version": "2",
        "what": "correct",
        "year": "2026",
    }
    of_paths = {
        "/bulk/{what}": {"what": "hand_over"},
        "/cases/{case_id}/requests/{version:int}": {"version": str(REQUEST)},
        "/problems/{id}": {"id": "not-found"},
        **{
            f"{place}/published-figures/{{case_id}}{of}": {"case_id": cases["published_figures"], "number": "1"}
            for place, of in (("", ""), ("", "/{number:int}"), ("/api/v1", ""), ("/api/v1", "/{number}/change"))
        },
        "/api/v1/rulebooks/{id}": {"id": "cn-national"},
        "/api/v1/rulebooks/{id}/adoption": {"id": "cn-national"},
        "/docs/assets/{file}": {"file": "LICENSE.txt"},
        **{
            f"{place}/registry/{{name}}{file}": {"name": "units"}
            for place in ("", "/api/v1")
            for file in ("", "/export")
        },
    }
    before = office.stored()
    found = [
        [method, path, *(caller.answer(method, path, params | of_paths.get(path, {})) for caller in callers.values())]
        for method, path in wanted
    ]
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows([["method", "path", *map(str, callers)], *found])
    assert (TABLES / "routes.csv").read_text("utf-8") == text.getvalue(), text.getvalue()
    assert office.stored() == before


@pytest.mark.database
def test_while_its_window_is_open_a_unit_reads_nowhere_what_the_deputy_said(office: Office) -> None:
    day = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"
    case = office.record(office.handed_over(), "reply_issued", day, unit=LEAD, outcome="B")
    case = office.record(case, "evaluation_invited", day)
    said = {"result": "dissatisfied", "reason": "路灯还是不亮"}
    answer = office.record(case, "evaluation_submitted", day, "deputy", **said)
    assert answer.status_code == 200, answer.text
    office.catch_up()
    office.account("jtj-9", "handling_unit", office=LEAD)
    unit, place = office.browser("jtj-9"), f"/cases/{case.json()['case_id']}"
    told = [
        unit.get(path, headers={"Accept-Language": "zh"}).text for path in (place, "/cases", "/cases/export?format=csv")
    ]
    told += [office.get(f"/api/v1{path}", "handling_unit").text for path in (place, f"{place}/steps", "/cases")]
    for text in told:
        assert "路灯还是不亮" not in text
        assert "dissatisfied" not in text
        assert "不满意" not in re.sub("<(select|form).*?</(select|form)>", "", text, flags=re.DOTALL)
        assert "密封" in text or "sealed" in text
    for path in (f"/api/v1{place}", f"/api/v1{place}/steps"):
        assert "路灯还是不亮" in office.get(path, "deputy_affairs").text
        assert "路灯还是不亮" in office.get(path, "deputy").text


@pytest.mark.database
def test_a_voided_evaluation_is_not_read_in_lists_of_the_past_while_its_window_is_open(office: Office) -> None:
    day = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"
    case = office.record(office.handed_over(), "reply_issued", day, unit=LEAD, outcome="B")
    case = office.record(case, "evaluation_invited", day)
    case = office.record(case, "evaluation_submitted", day, "deputy", result="dissatisfied")
    said_at = int(case.headers["duban-position"])
    office.record(case, "voided", day, voids=int(case.json()["version"]), reason="误录", approved_by="主任")
    office.catch_up()
    (row,) = office.get("/api/v1/cases", "handling_unit", position=said_at).json()["cases"]
    assert row["grade"] == "sealed"
    (row,) = office.get("/api/v1/cases", position=said_at).json()["cases"]
    assert row["grade"] == "dissatisfied"
    (row,) = office.get("/api/v1/cases", "handling_unit").json()["cases"]
    assert row["grade"] is None


@pytest.mark.database
def test_what_a_deputy_asks_for_of_his_sealed_evaluation_is_told_to_the_office_and_not_to_a_unit(
    office: Office,
) -> None:
    day = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"
    case = office.record(office.handed_over(), "reply_issued", day, unit=LEAD, outcome="B")
    case = office.record(case, "evaluation_invited", day)
    case = office.record(case, "evaluation_submitted", day, "deputy", result="dissatisfied")
    asked = office.record(case, "void_requested", day, "deputy", voids=case.json()["version"], reason="本想选满意")
    office.account("jtj-9", "handling_unit", office=LEAD)
    place = f"/cases/{case.json()['case_id']}"
    page = f"{place}/requests/{asked.json()['version']}"
    assert "本想选满意" in office.client.get(page).text
    unit = office.browser("jtj-9")
    for path in (page, place, f"{place}/export?format=csv"):
        answer = unit.get(path)
        assert answer.status_code == 200, answer.text
        assert "本想选满意" not in answer.text


@pytest.mark.database
def test_a_unit_is_offered_no_way_to_have_an_evaluation_amended_and_is_refused_where_it_asks(office: Office) -> None:
    day = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"
    case = office.record(office.handed_over(), "reply_issued", day, unit=LEAD, outcome="B")
    case = office.record(case, "evaluation_submitted", day, "deputy", result="dissatisfied")
    version = case.json()["version"]
    office.account("jtj-9", "handling_unit", office=LEAD)
    unit, place = office.browser("jtj-9"), f"/cases/{case.json()['case_id']}"
    page = unit.get(place).text
    assert f"/history/{version - 1}/void" in page
    assert f"/history/{version}/void" not in page
    assert unit.get(f"{place}/history/{version}/void").status_code == 403
    assert unit.get(f"{place}/history/{version}/correct").status_code == 403
    before = office.stored()
    for name, step in (
        ("void_requested", {"voids": version}),
        ("correction_requested", {"corrects": version, "changes": {"contact": "visit"}}),
    ):
        answer = office.record(case, name, day, "handling_unit", reason="评价有误", **step)
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-yours-to-amend")
    assert office.stored() == before
