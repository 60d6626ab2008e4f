"""Persons of a case over HTTP and on pages: sealed, read by few for an occasion that is logged, and erased."""

from __future__ import annotations

import base64
import csv
import re
from functools import partial
from html import unescape
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest
import structlog
from psycopg import sql
from starlette.testclient import TestClient

from adapters.wiring import Services, build
from api.words import LANGUAGES
from domain.access import AccessFilter, AccessKind
from domain.personal import Kept
from tests.adapters.papers import pdf
from tests.api.conftest import LEAD_UNIT, Office
from tests.api.test_attachments import hand_in, told
from tests.api.test_web_amending import case_of, fields_of, send
from tests.permissions import TABLES

pytestmark = pytest.mark.database

NAME, PHONE, STATEMENT = "canary-name-7f3a", "canary-phone-4711", "canary-statement-90b1"
WRONG, ASKED, KEPT, FILE_NAME, INSIDE = (
    "canary-phone-wrong",
    "canary-phone-asked",
    "canary-draft",
    "canary-file-name",
    "canary-inside-a-file",
)
CANARIES = (NAME, PHONE, STATEMENT, WRONG, ASKED, KEPT, FILE_NAME, INSIDE)
PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")
FOR = {"occasion": "contacting"}


def add(office: Office, case: httpx2.Response, role: str = "deputy_affairs", **more: Any) -> httpx2.Response:
    """Add a citizen to a case."""
    said = {"person": "p1", "capacity": "petitioner", "name": NAME, "phone": PHONE, "statement": STATEMENT} | more
    return office.record(case, "person_added", "2026-03-06", role, **said)


@pytest.fixture
def case(office: Office) -> httpx2.Response:
    """A case with a citizen."""
    found = add(office, office.handed_over())
    assert found.status_code == 200, found.text
    return found


def readings(case: httpx2.Response, person: str = "p1") -> str:
    return f"/api/v1/cases/{case.json()['case_id']}/persons/{person}/readings"


def measure(office: Office, case: httpx2.Response, measure: str, **more: Any) -> httpx2.Response:
    """One of the office proposes a measure, another takes it."""
    said = {"measure_key": "1", "person": "p1", "measure": measure, "ground": "consent_withdrawn", "reason": "本人要求"}
    proposed = office.record(case, "personal_measure_proposed", "2026-03-20", **said | more)
    assert proposed.status_code == 200, proposed.text
    name = {"restrict": "restricted", "release": "released", "erase": "erased"}[measure]
    taken = office.record(proposed, f"personal_data_{name}", "2026-03-20", "general_office", measure_key="1")
    assert taken.status_code == 200, taken.text
    return taken


def logged(office: Office) -> list[tuple[str, str | None, str | None]]:
    """Who read of whom, and what for."""
    lines = office.services.access.lines(AccessFilter(kind=AccessKind.READ))
    return [(line.actor, line.person, line.occasion) for line in lines]


def attach(office: Office, case: httpx2.Response, content: bytes = pdf(b"(canary-inside-a-file)")) -> httpx2.Response:
    """A scan with the citizen's data is added to the case."""
    said = hand_in(office, content, f"{FILE_NAME}.pdf").json() | {"kind": "scan", "person": "p1"}
    found = office.record(case, "personal_attachment_added", "2026-03-10", **said)
    assert found.status_code == 200, found.text
    return found


# Read


def test_the_office_reads_a_persons_data_and_that_is_logged(office: Office, case: httpx2.Response) -> None:
    answer = office.post(readings(case), FOR, "deputy_affairs")
    assert answer.status_code == 200, answer.text
    assert answer.headers["cache-control"] == "no-store"
    said = answer.json()
    assert (said["person"], said["capacity"], said["files"]) == ("p1", "petitioner", [])
    assert said["fields"] == {
        "name": {"kept": "held", "text": NAME},
        "phone": {"kept": "held", "text": PHONE},
        "statement": {"kept": "held", "text": STATEMENT},
    }
    assert logged(office) == [("u-deputy_affairs", "p1", "contacting")]
    for person, count in (("p1", 1), ("p9", 0)):
        told = office.get("/api/v1/audit/access", "auditor", person=person, case=case.json()["case_id"]).json()
        assert len(told["lines"]) == count
    some = office.post(readings(case), FOR | {"purposes": ["contact"]}, "deputy_affairs").json()
    assert list(some["fields"]) == ["phone"]


@pytest.mark.parametrize(
    "role", ["auditor", "chairmen_meeting", "special_committee", "standing_committee", "handling_unit", "deputy"]
)
def test_whoever_reads_the_case_reads_no_person_with_it(office: Office, case: httpx2.Response, role: str) -> None:
    answer = office.post(readings(case), FOR, role)
    assert answer.status_code == 403
    assert NAME not in answer.text
    assert logged(office) == []
    refused = office.services.access.lines(AccessFilter(kind=AccessKind.REFUSED))
    assert [line.actor for line in refused] == ["d-001" if role == "deputy" else f"u-{role}"]


def test_what_is_not_there_is_told_as_such(office: Office, case: httpx2.Response) -> None:
    assert told(office.post(readings(case, "p9"), FOR, "deputy_affairs")) == (404, "no-such-person")
    assert told(office.post(readings(case), {"occasion": "curiosity"}, "deputy_affairs")) == (422, "fields-invalid")
    assert told(office.post(readings(case), {}, "deputy_affairs")) == (422, "fields-invalid")
    other = office.token("deputy_affairs", "jp-sangiin")
    assert office.client.post(readings(case), json=FOR, headers=other).status_code == 404
    assert logged(office) == []


def test_a_unit_reads_what_was_disclosed_to_it(office: Office, case: httpx2.Response) -> None:
    said: dict[str, Any] = {"person": "p1", "to_unit": LEAD_UNIT, "purposes": ["contact"]}
    said |= {"until": "2999-12-31", "reason": "须回访"}
    assert office.record(case, "personal_data_disclosed", "2026-03-10", **said).status_code == 200
    some = office.post(readings(case), FOR | {"purposes": ["contact"]}, "handling_unit")
    assert some.json()["fields"] == {"phone": {"kept": "held", "text": PHONE}}
    assert office.post(readings(case), FOR, "handling_unit").status_code == 403
    assert logged(office) == [("u-handling_unit", "p1", "contacting")]


def test_nothing_is_read_that_cannot_be_logged(
    office: Office, case: httpx2.Response, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(office.services.access, "read", broken)
    answer = office.post(readings(case), FOR, "deputy_affairs")
    assert (answer.status_code, NAME in answer.text) == (500, False)


def test_a_case_and_its_steps_tell_only_how_the_data_are_kept(office: Office, case: httpx2.Response) -> None:
    place = f"/api/v1/cases/{case.json()['case_id']}"
    step = office.get(f"{place}/steps").json()["steps"][-1]["step"]
    assert step["name"] == {"kept": "held"}
    measure(office, case, "erase")
    for when in ({}, {"as_of": "2026-03-10"}, {"position": case.json()["position"]}):
        steps = office.get(f"{place}/steps", **when).json()["steps"]
        told = next(one["step"] for one in steps if one["name"] == "person_added")
        assert told["name"] == told["phone"] == {"kept": "erased"}, when


def test_what_was_erased_is_read_by_nobody_and_the_log_still_proves_the_case(
    office: Office, case: httpx2.Response
) -> None:
    office.seal()
    place = f"/api/v1/cases/{case.json()['case_id']}"
    erased = measure(office, case, "erase")
    fields = office.post(readings(case), FOR, "deputy_affairs").json()["fields"]
    assert fields == {name: {"kept": "erased", "text": None} for name in ("name", "phone", "statement")}
    assert office.services.keys.count()[Kept.ERASED] == 3
    office.seal()
    proof = office.get(f"{place}/bundle", "auditor")
    assert proof.status_code == 200, proof.text
    assert erased.json()["version"] == len(proof.json()["records"])


# Attachments


def test_a_persons_attachment_is_handed_out_for_an_occasion(office: Office, case: httpx2.Response) -> None:
    attach(office, case)
    place = f"/api/v1/cases/{case.json()['case_id']}/attachments"
    (listed,) = office.get(place).json()["attachments"]
    assert (listed["person"], listed["name"]) == ("p1", f"p1-{listed['sha256'][:8]}.pdf")
    where = f"{place}/{listed['sha256']}"
    assert told(office.get(where)) == (422, "occasion-missing")
    assert told(office.get(where, "auditor", **FOR)) == (403, "personal-data-not-for-you")
    assert logged(office) == []
    answer = office.get(where, **FOR)
    assert answer.content == pdf(b"(canary-inside-a-file)")
    assert logged(office) == [("u-deputy_affairs", "p1", "contacting")]
    (file,) = office.post(readings(case), FOR, "deputy_affairs").json()["files"]
    assert office.get(file["href"]).content == answer.content


def test_a_persons_attachments_are_erased_with_the_data(office: Office, case: httpx2.Response) -> None:
    added = attach(office, case)
    place = f"/api/v1/cases/{case.json()['case_id']}/attachments"
    (listed,) = office.get(place).json()["attachments"]
    measure(office, added, "erase")
    office.services.keys.follow()
    assert told(office.get(f"{place}/{listed['sha256']}", **FOR)) == (410, "attachment-erased")
    assert list((office.services.settings.data_dir / "files").rglob(listed["sha256"])) == []
    again = hand_in(office, pdf(b"(canary-inside-a-file)"), "x.pdf")
    assert told(again) == (410, "attachment-erased")


def test_a_restricted_persons_attachments_are_handed_to_nobody(office: Office, case: httpx2.Response) -> None:
    added = attach(office, case)
    place = f"/api/v1/cases/{case.json()['case_id']}/attachments"
    (listed,) = office.get(place).json()["attachments"]
    measure(office, added, "restrict")
    for when in ({}, {"position": added.json()["position"]}):
        assert told(office.get(f"{place}/{listed['sha256']}", **FOR | when)) == (409, "personal-data-restricted")
    assert logged(office) == []


def test_a_persons_attachment_is_not_voided_away_from_its_erasure(office: Office, case: httpx2.Response) -> None:
    added = attach(office, case)
    voided = office.record(added, "voided", "2026-03-11", voids=4, reason="有误", approved_by="主任")
    assert told(voided) == (409, "step-stands")


# Pages


def page_of(case: httpx2.Response) -> str:
    return f"/cases/{case.json()['case_id']}/persons/p1"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_of_a_person_shows_the_data_once_it_is_said_what_for(
    office: Office, case: httpx2.Response, language: str
) -> None:
    assert page_of(case) in office.client.get(case_of(case)).text
    page = office.client.get(f"{page_of(case)}?lang={language}")
    assert NAME not in page.text
    assert logged(office) == []
    action, data = fields_of(page.text)
    read = office.client.post(action, data=data | {"occasion": "verifying"})
    assert read.status_code == 200, read.text
    assert (NAME in read.text, PHONE in read.text, STATEMENT in read.text) == (True, True, True)
    assert read.headers["cache-control"] == "no-store"
    assert logged(office) == [("clerk", "p1", "verifying")]
    assert NAME not in office.client.get(page_of(case)).text


def test_the_form_of_a_correction_shows_nothing_and_keeps_what_is_left_open(
    office: Office, case: httpx2.Response
) -> None:
    page = office.client.get(f"{case_of(case)}/history/3/correct")
    assert page.status_code == 200, page.text
    assert NAME not in page.text
    assert fields_of(page.text)[1]["name"] == [""]
    foreseen = send(office.client, page, phone="0000-1111", **{"amend.reason": "号码变更", "amend.approved_by": "主任"})
    assert foreseen.status_code == 200, foreseen.text
    assert "0000-1111" not in re.sub(r"<input[^>]*>", "", foreseen.text)
    done = send(office.client, foreseen, do="confirm")
    assert done.status_code == 303, done.text
    fields = office.post(readings(case), FOR, "deputy_affairs").json()["fields"]
    assert (fields["name"]["text"], fields["phone"]["text"]) == (NAME, "0000-1111")


def test_a_file_with_a_persons_data_is_added_on_the_page(office: Office, case: httpx2.Response) -> None:
    page = office.client.get(case_of(case)).text
    assert '<option value="p1">p1</option>' in page
    token = re.search(r'name="form_token" value="(\w+)"', page)
    assert token is not None
    form = {"form_token": token[1], "kind": "scan", "person": "p1"}
    sent = office.client.post(
        f"{case_of(case)}/attachments",
        data=form,
        files={"file": (f"{FILE_NAME}.pdf", pdf(b"(x)"), "application/pdf")},
        follow_redirects=False,
    )
    assert sent.status_code == 303, sent.text
    page = office.client.get(case_of(case)).text
    assert FILE_NAME not in page
    assert re.search(r'<a href="[^"]*/persons/p1"><bdi>p1-[0-9a-f]{8}\.pdf', page)


# Canaries


def everything_stored(office: Office) -> bytes:
    """Every row of every table, as text, and what is inside of every stored state."""
    found = b""
    with office.services.pool.connection() as conn, psycopg.connect(conn.info.dsn, autocommit=True) as owner:
        tables = owner.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'duban'").fetchall()
        for (table,) in tables:
            rows = owner.execute(sql.SQL("SELECT t::text FROM duban.{} t").format(sql.Identifier(table))).fetchall()
            text = "\n".join(row for (row,) in rows)
            blobs = re.findall(r"x((?:[0-9a-f]{2})+)", text)
            found += text.encode() + b"\n".join(map(bytes.fromhex, blobs))
    return found


def told_to(case: httpx2.Response, ask: Any) -> tuple[int, bytes]:
    """Whatever the service tells of a case, its lists, exports and logs at any address; how many of them tell it."""
    ids = {"case_id": case.json()["case_id"], "person": "p1", "version": "3", "what": "correct", "format": "csv"}
    with (TABLES / "routes.csv").open(encoding="utf-8", newline="") as file:
        templates = [line["path"] for line in csv.DictReader(file) if line["method"] == "GET"]
    answers = [ask(PARAMETER.sub(lambda found: ids.get(found[1], "x"), path)) for path in templates]
    return sum(one.status_code == 200 for one in answers), b"\n".join(one.content for one in answers)


def files_below(folder: Path) -> bytes:
    return b"\n".join(file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())


def found_in(text: bytes) -> set[str]:
    """The canaries that are in it, in clear or in Base64."""
    shifted = {
        canary: [base64.b64encode(b"x" * shift + canary.encode())[4:-4] for shift in range(3)] for canary in CANARIES
    }
    return {canary for canary in CANARIES if canary.encode() in text or any(one in text for one in shifted[canary])}


def test_no_canary_is_found_anywhere_in_clear(
    office: Office, case: httpx2.Response, capsys: pytest.CaptureFixture[str]
) -> None:
    office.account("chair", "general_office")
    office.account("look", "auditor")
    with structlog.testing.capture_logs() as logs:
        corrected = office.record(
            case, "corrected", "2026-03-12", corrects=3, changes={"phone": WRONG}, reason="号码变更", approved_by="主任"
        )
        assert corrected.status_code == 200, corrected.text
        asked = office.record(
            corrected, "correction_requested", "2026-03-13", "deputy", corrects=3, changes={"phone": ASKED}, reason="—"
        )
        assert asked.status_code == 200, asked.text
        attached = attach(office, asked)
        page = f"{case_of(attached)}?step=person_added"
        assert send(office.client, page, do="keep", person="p2", name=KEPT).status_code == 303
        assert add(office, attached, name=NAME, phone=PHONE).status_code == 409
        assert add(office, attached, person="p3", name="x" * 501 + NAME).status_code == 422
        assert add(office, attached, person="p3", capacity=STATEMENT).status_code == 422
        assert send(office.client, page, do="", person="p3", name=NAME, capacity="no").status_code == 422
        office.post(readings(attached), FOR, "deputy_affairs")
        office.post(readings(attached), FOR, "auditor")
        office.catch_up()
        office.seal()
        asking = [office.client.get, office.browser("look").get]
        asking += [partial(office.get, role=role) for role in ("deputy_affairs", "handling_unit", "deputy", "auditor")]
        counts, told = zip(*(told_to(attached, ask) for ask in asking), strict=True)
    drafts = office.client.get("/drafts").text
    assert "person_added" in drafts or "登记涉及人员" in drafts
    out = capsys.readouterr()
    assert found_in(everything_stored(office)) == set()
    assert min(counts) > 20
    assert found_in(b"\n".join(told)) == set()
    assert found_in(repr(logs).encode() + out.out.encode() + out.err.encode()) == set()
    assert found_in(files_below(office.services.settings.data_dir)) == set()
    control = office.post(readings(attached), FOR, "deputy_affairs").content
    assert found_in(control) == {NAME, WRONG, STATEMENT}


def test_the_canaries_are_found_where_they_are_in_clear(office: Office) -> None:
    office.submit(title=NAME)
    assert found_in(everything_stored(office)) == {NAME}
    assert found_in(base64.b64encode(b"ab" + PHONE.encode())) == {PHONE}
    assert unescape(NAME) == NAME


def test_another_process_of_the_installation_reads_what_one_sealed(
    office: Office, case: httpx2.Response, database: str
) -> None:
    other: Services = build(office.services.settings, database, name="another")
    try:
        assert other.keys.count()[Kept.HELD] == 3
        measure(office, case, "restrict")
        other.keys.follow()
        assert other.keys.count()[Kept.RESTRICTED] == 3
    finally:
        other.close()


def test_who_is_signed_in_elsewhere_cannot_read_by_a_form(office: Office, case: httpx2.Response) -> None:
    office.account("look", "auditor")
    look: TestClient = office.browser("look")
    action, data = fields_of(look.get(page_of(case)).text)
    answer = look.post(action, data=data | {"occasion": "verifying"})
    assert (answer.status_code, NAME in answer.text) == (403, False)
