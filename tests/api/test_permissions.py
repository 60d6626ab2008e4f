"""Rights: the reviewed tables, what the declarations say, what HTTP answers and what lists show are one."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import orjson
import pytest

from adapters.postgres.ledger import PostgresLedger
from adapters.postgres.pool import LedgerUnavailableError
from api.principal import principal_of
from domain import policy
from domain.case import Opening, Role, Step
from domain.docket import Command, Docket, Result
from domain.principal import Principal
from projections.reading import Filter
from tests.api.conftest import JURISDICTION, Office, key
from tests.permissions import (
    HIDDEN,
    NO,
    READ,
    READERS,
    REGISTRARS,
    TABLES,
    YES,
    arrange,
    case_of,
    said_by,
    steps_of,
    tables,
)


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
    cases = arrange(office.services.docket)
    region = next(
        str(event.originator_id)
        for event in office.services.ledger.registry_events(0)
        if event.topic == "jurisdiction.opened.v1" and orjson.loads(event.state)["step"]["jurisdiction"] == JURISDICTION
    )
    office.catch_up()
    services = office.services
    services.docket = Docket(Full(services.pool, services.ledger.ledger_id), services.registry, contents=services.files)
    return office, cases | {"jurisdiction": region}


@contextmanager
def asking_as(office: Office, principal: Principal) -> Iterator[dict[str, str]]:
    """The headers of somebody's token. An administrator gets none: what he would be answered is asked for him."""
    if principal.role is Role.ADMINISTRATOR:
        overrides = office.client.app.dependency_overrides  # type: ignore[attr-defined]  # of FastAPI
        overrides[principal_of] = lambda: principal
        yield {}
        overrides.clear()
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
@pytest.mark.parametrize("kind", ["suggestion", "registry"])
def test_http_answers_what_the_reviewed_table_says(arranged: tuple[Office, dict[str, str]], kind: str) -> None:
    office, cases = arranged
    before = office.stored()
    readers = REGISTRARS if kind == "registry" else READERS
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
    for kind, readers in (("suggestion", READERS), ("unit", REGISTRARS)):
        line = next(line for line in reviewed(f"{'registry' if kind == 'unit' else kind}.csv") if line["step"] == READ)
        for name, reader in readers.items():
            rows = views.within(policy.scope(reader.principal)).cases(Filter(kind=kind), moment, limit=200)
            case_id = cases["unit"] if kind == "unit" else cases[reader.case]
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
