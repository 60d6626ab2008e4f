"""Attachments over HTTP: handed in, named by a step, downloaded with the case at a moment, and nothing else."""

from __future__ import annotations

import hashlib
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import psutil
import pytest
from starlette.testclient import TestClient

from adapters.files import FileStore
from adapters.wiring import build
from api.main import create_app
from api.words import LANGUAGES
from domain.case import AttachmentAdded, Role
from domain.cases.suggestion import Suggestion
from tests.adapters.papers import GOOD, document, pdf
from tests.api.conftest import Office, key, opened
from tests.api.test_web import Links

ROOT = Path(__file__).parents[2]
LETTER, NAME = pdf(b"(letter)"), "答复函 1.pdf"
SHA256 = hashlib.sha256(LETTER).hexdigest()
PATIENCE = 30.0

pytestmark = pytest.mark.database


@pytest.fixture
def office(shared_office: Office) -> Office:
    shared_office.began = shared_office.services.docket.head()
    return shared_office


def hand_in(
    office: Office, content: Any = LETTER, name: str = NAME, role: str = "deputy_affairs", **headers: str
) -> httpx2.Response:
    """Hand a file in as the body of a request."""
    return office.client.post(
        f"/api/v1/attachments?name={quote(name)}", content=content, headers=office.token(role) | headers
    )


def attach(office: Office, case: httpx2.Response, role: str = "deputy_affairs", **step: Any) -> httpx2.Response:
    """Name the letter in a step of the case."""
    said = hand_in(office, role=role).json() | {"kind": "reply_letter"} | step
    return office.record(case, "attachment_added", "2026-03-10", role, **said)


@pytest.fixture
def case(office: Office) -> httpx2.Response:
    """A case to which the letter is attached."""
    handed_over = office.handed_over()
    attached = attach(office, handed_over)
    assert attached.status_code == 200, attached.text
    return attached


def place_of(case: httpx2.Response, sha256: str = SHA256) -> str:
    """Where an attachment of a case is downloaded."""
    return f"/api/v1/cases/{case.json()['case_id']}/attachments/{sha256}"


def told(answer: httpx2.Response) -> tuple[int, str]:
    """Status and problem of an answer."""
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def left(office: Office) -> list[Path]:
    """What is being taken in."""
    return list((office.services.files.place / "incoming").glob("*"))


# Handing in


def test_a_file_is_told_by_its_content(office: Office) -> None:
    answer = hand_in(office, name="../答复函 1.pdf")
    assert answer.status_code == 201
    assert answer.json() == {"sha256": SHA256, "name": NAME, "media_type": "application/pdf", "size": len(LETTER)}
    assert hand_in(office).json() == answer.json()


def test_a_file_may_come_in_a_form(office: Office) -> None:
    form = {"file": ("C:\\文件\\答复函 1.pdf", LETTER, "text/html")}
    given = office.client.post(
        "/api/v1/attachments", files=form, data={"note": "x"}, headers=office.token("deputy_affairs")
    )
    assert (given.status_code, given.json()["sha256"], given.json()["name"]) == (201, SHA256, NAME)
    called = office.client.post("/api/v1/attachments?name=b.pdf", files=form, headers=office.token("deputy_affairs"))
    assert called.json()["name"] == "b.pdf"


@pytest.mark.parametrize(
    ("boundary", "body"),
    [
        ("; boundary=x", b"nonsense"),
        ("", b"--x\r\n"),
        ("; boundary=" + "x" * 300, b""),
        (
            "; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n' + b"a" * 100_000 + b"\r\n--x--\r\n",
        ),
        (
            "; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="a"; filename="a.pdf"\r\n\r\n%PDF-\r\n' * 2 + b"--x--\r\n",
        ),
    ],
    ids=["nonsense", "no boundary", "long boundary", "much beside the file", "two files"],
)
def test_a_form_that_cannot_be_read_is_refused(office: Office, boundary: str, body: bytes) -> None:
    headers = office.token("deputy_affairs") | {"Content-Type": f"multipart/form-data{boundary}"}
    answer = office.client.post("/api/v1/attachments", content=body, headers=headers)
    assert told(answer) == (400, "upload-unreadable")
    assert left(office) == []


def test_a_form_that_ends_before_its_end_is_refused(office: Office) -> None:
    headers = office.token("deputy_affairs") | {"Content-Type": "multipart/form-data; boundary=x"}
    body = b'--x\r\nContent-Disposition: form-data; name="a"; filename="a.pdf"\r\n\r\n' + LETTER
    answer = office.client.post("/api/v1/attachments", content=body, headers=headers)
    assert told(answer) == (400, "upload-incomplete")
    assert left(office) == []


@pytest.mark.parametrize(
    ("name", "content", "status", "problem"),
    [
        ("a.exe", b"MZ", 422, "file-type-not-allowed"),
        ("a.svg", b"<svg/>", 422, "file-type-not-allowed"),
        ("", LETTER, 422, "file-type-not-allowed"),
        (".pdf", LETTER, 422, "file-name-unusable"),
        ("a.pdf", b"", 422, "file-empty"),
        ("a.pdf", b"<html>", 422, "file-content-differs"),
        ("a.docx", document({"word/vbaProject.bin": b"x"}), 422, "file-has-macros"),
        ("a.docx", document({"../a": b"x"}), 422, "file-archive-unsafe"),
        ("a.pdf", pdf(b"/JavaScript "), 422, "file-pdf-unsafe"),
        ("a.pdf", pdf(tail=b"<html>"), 422, "file-is-two"),
        ("a.txt", b"\0", 422, "file-text-unreadable"),
    ],
)
def test_what_is_not_kept_is_refused_in_words(
    office: Office, name: str, content: bytes, status: int, problem: str
) -> None:
    answer = hand_in(office, content, name)
    assert told(answer) == (status, problem)
    assert answer.json()["title"] != f"title.{problem}"
    assert "{" not in answer.json()["detail"]
    assert left(office) == []


def test_nobody_hands_in_without_a_token_and_who_only_reads_hands_in_nothing(office: Office) -> None:
    assert told(office.client.post("/api/v1/attachments?name=a.pdf", content=LETTER)) == (401, "token-missing")
    assert told(hand_in(office, role="auditor")) == (403, "auditor-only-reads")


def test_the_limit_of_a_json_body_is_not_that_of_a_file(office: Office) -> None:
    content = pdf(b"(" + b"x" * 3_000_000 + b")")
    assert hand_in(office, content).json()["size"] == len(content)


@contextmanager
def limits(store: FileStore, **most: int) -> Iterator[None]:
    """The store with other limits for a while."""
    before = {name: getattr(store, name) for name in most}
    vars(store).update(most)
    yield
    vars(store).update(before)


def test_a_file_that_is_too_large_is_refused_by_its_length_and_while_it_comes(office: Office) -> None:
    content = pdf(b"(" + b"x" * 1_000_000 + b")")
    form = {"file": ("a.pdf", content)}
    with limits(office.services.files, most=900_000):
        for answer in (
            hand_in(office, content),
            hand_in(office, iter([content[:600_000], content[600_000:]])),
            hand_in(office, content, Content_Length="9" * 30),
            office.client.post("/api/v1/attachments", files=form, headers=office.token("deputy_affairs")),
        ):
            assert told(answer) == (413, "file-too-large")
            assert "900000" in answer.json()["detail"]
            assert answer.headers["connection"] == "close"
    assert left(office) == []


def test_an_account_that_handed_in_enough_today_is_told(office: Office) -> None:
    with limits(office.services.files, most_of_day=100_000):
        assert hand_in(office, role="third_party").status_code == 201
        assert told(hand_in(office, role="third_party")) == (429, "file-quota-used")


@pytest.mark.faults
def test_a_full_disk_is_told_and_the_service_goes_on(office: Office, tmp_path: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root may mount a small disk")
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine lets nobody mount a small disk")
    store, before = office.services.files, office.services.files.place
    try:
        store.place, store._incoming, store._logs = tmp_path, tmp_path / "incoming", tmp_path / "received"
        answer = hand_in(office, pdf(b"(" + b"x" * 3_000_000 + b")"))
        assert told(answer) == (507, "storage-full")
        assert left(office) == []
        assert hand_in(office).status_code == 201
    finally:
        store.place, store._incoming, store._logs = before, before / "incoming", before / "received"
        subprocess.run(["umount", str(tmp_path)], check=True)


# Naming it in a step


def test_a_step_names_only_what_the_same_actor_handed_in(office: Office) -> None:
    case, content = office.handed_over(), pdf(b"(own)")
    said = hand_in(office, content, role="general_office").json() | {"kind": "scan"}
    refused = office.record(case, "attachment_added", "2026-03-10", **said)
    assert told(refused) == (422, "content-not-received")
    assert refused.json()["errors"][0]["pointer"] == "#/step/sha256"
    assert office.record(case, "attachment_added", "2026-03-10", "general_office", **said).status_code == 200


def test_what_the_step_says_of_the_content_must_be_so(office: Office) -> None:
    case = office.handed_over()
    wrong: list[dict[str, Any]] = [{"size": 1}, {"media_type": "image/png", "name": "a.png"}]
    for said in wrong:
        field = next(iter(said))
        answer = attach(office, case, **said)
        assert told(answer) == (422, "content-is-another")
        assert answer.json()["errors"][0]["pointer"] == f"#/step/{field}"
    assert told(attach(office, case, name="a/b.pdf")) == (422, "fields-invalid")
    assert told(attach(office, case, about=9)) == (422, "no-such-step")
    assert told(attach(office, case, name="a.docx")) == (422, "file-name-of-another-type")


def test_a_case_has_its_limit(office: Office) -> None:
    with limits(office.services.files, most_of_case=len(LETTER) - 1):
        assert told(attach(office, office.handed_over())) == (409, "case-attachments-too-large")


def test_a_unit_that_does_not_handle_the_case_is_refused(office: Office) -> None:
    case = office.record(office.submit(), "handed_over", "2026-03-05", lead_unit="jyj")
    assert told(attach(office, case, role="handling_unit")) == (404, "case-not-found")


def test_the_procedure_says_who_may_attach(office: Office) -> None:
    steps = office.get("/api/v1/procedures/suggestion").json()["steps"]
    (declared,) = (step for step in steps if step["name"] == "attachment_added")
    assert declared["by"] == sorted(AttachmentAdded.roles(Suggestion))
    assert Role.AUDITOR not in declared["by"]


# Reading


def test_what_no_step_names_is_read_by_nobody(office: Office) -> None:
    content = pdf(b"(unnamed)")
    sha256 = hand_in(office, content).json()["sha256"]
    case = office.handed_over()
    assert told(office.get(place_of(case, sha256))) == (404, "no-such-attachment")
    assert office.get(f"/api/v1/attachments/{sha256}").status_code == 404


def test_the_attachments_of_a_case_are_listed(office: Office, case: httpx2.Response) -> None:
    answer = office.get(f"/api/v1/cases/{case.json()['case_id']}/attachments").json()
    (listed,) = answer["attachments"]
    assert listed == {
        "sha256": SHA256,
        "name": NAME,
        "media_type": "application/pdf",
        "size": len(LETTER),
        "kind": "reply_letter",
        "about": None,
        "added_on": "2026-03-10",
        "added_by": "u-deputy_affairs",
        "role": "deputy_affairs",
        "office": "rd",
        "person": None,
        "href": place_of(case),
    }
    assert answer["meta"]["position"] >= case.json()["position"]


def test_a_download_is_saved_and_never_shown(office: Office, case: httpx2.Response) -> None:
    answer = office.get(place_of(case))
    assert (answer.status_code, answer.content) == (200, LETTER)
    expected = {
        "content-type": "application/pdf",
        "content-length": str(len(LETTER)),
        "content-disposition": f"attachment; filename*=UTF-8''{quote(NAME)}",
        "content-security-policy": "sandbox; default-src 'none'",
        "x-content-type-options": "nosniff",
        "cache-control": "private, no-store",
        "accept-ranges": "bytes",
        "etag": f'"{SHA256}"',
    }
    assert {name: answer.headers[name] for name in expected} == expected


def test_a_text_says_its_encoding(office: Office) -> None:
    said = hand_in(office, GOOD["说明.txt"], "说明.txt").json() | {"kind": "other"}
    case = office.record(office.handed_over(), "attachment_added", "2026-03-10", **said)
    answer = office.get(place_of(case, said["sha256"]))
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.content == GOOD["说明.txt"]


def test_head_tells_the_length_without_the_content(office: Office, case: httpx2.Response) -> None:
    answer = office.client.head(place_of(case), headers=office.token("deputy_affairs"))
    assert (answer.status_code, answer.content) == (200, b"")
    assert (answer.headers["content-length"], answer.headers["etag"]) == (str(len(LETTER)), f'"{SHA256}"')


def test_the_content_that_is_had_already_is_not_sent_again(office: Office, case: httpx2.Response) -> None:
    for tag in (f'"{SHA256}"', f'W/"{SHA256}"', f'"x", W/"{SHA256}"'):
        answer = office.client.get(place_of(case), headers=office.token("deputy") | {"If-None-Match": tag})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", f'"{SHA256}"')
    answer = office.client.get(place_of(case), headers=office.token("deputy") | {"If-None-Match": '"x"'})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-0", slice(0, 1)),
        ("bytes=5-9", slice(5, 10)),
        ("bytes=10-", slice(10, None)),
        ("bytes=-7", slice(-7, None)),
        ("bytes=20-999999999", slice(20, None)),
        ("bytes=-999999999", slice(0, None)),
    ],
)
def test_a_part_is_sent_as_asked(office: Office, case: httpx2.Response, asked: str, part: slice) -> None:
    answer = office.client.get(place_of(case), headers=office.token("deputy_affairs") | {"Range": asked})
    first, last, _ = part.indices(len(LETTER))
    assert (answer.status_code, answer.content) == (206, LETTER[part])
    assert answer.headers["content-range"] == f"bytes {first}-{last - 1}/{len(LETTER)}"
    assert answer.headers["content-length"] == str(last - first)


@pytest.mark.parametrize("asked", ["bytes=0-1,4-5", "lines=1-2", "bytes=9-5", "bytes=-", "nonsense"])
def test_what_is_no_range_gets_the_whole(office: Office, case: httpx2.Response, asked: str) -> None:
    answer = office.client.get(place_of(case), headers=office.token("deputy_affairs") | {"Range": asked})
    assert (answer.status_code, answer.content) == (200, LETTER)


def test_a_part_of_another_content_is_not_put_to_what_is_had(office: Office, case: httpx2.Response) -> None:
    given = office.token("deputy_affairs") | {"Range": "bytes=0-4"}
    other = office.client.get(place_of(case), headers=given | {"If-Range": '"x"'})
    same = office.client.get(place_of(case), headers=given | {"If-Range": f'"{SHA256}"'})
    assert (other.status_code, same.status_code, same.content) == (200, 206, b"%PDF-")


@pytest.mark.parametrize("asked", ["bytes=999999-", "bytes=-0"])
def test_a_part_beyond_the_end_is_refused(office: Office, case: httpx2.Response, asked: str) -> None:
    answer = office.client.get(place_of(case), headers=office.token("deputy_affairs") | {"Range": asked})
    assert told(answer) == (416, "range-not-there")
    assert answer.headers["content-range"] == f"bytes */{len(LETTER)}"


def test_a_case_of_another_jurisdiction_has_no_attachments(office: Office, case: httpx2.Response) -> None:
    for path in (place_of(case), place_of(case).rpartition("/")[0]):
        given = office.token("deputy_affairs", "jp-sangiin")
        assert told(office.client.get(path, headers=given)) == (404, "case-not-found")
        assert told(office.client.get(path)) == (401, "token-missing")


def test_an_attachment_is_there_from_its_moment_on(office: Office, case: httpx2.Response) -> None:
    before = str(case.json()["position"] - 1)
    assert told(office.get(place_of(case), as_of="2026-03-09")) == (404, "no-such-attachment")
    assert told(office.get(place_of(case), position=before)) == (404, "no-such-attachment")
    assert told(office.get(place_of(case), as_of="2026-02-01")) == (404, "no-case-at-moment")
    assert office.get(place_of(case), as_of="2026-03-10").status_code == 200
    assert office.get(f"{place_of(case).rpartition('/')[0]}", as_of="2026-03-09").json()["attachments"] == []


def test_a_voided_attachment_is_gone_but_for_who_looks_from_before(office: Office, case: httpx2.Response) -> None:
    voided = office.record(case, "voided", "2026-03-12", voids=3, reason="传错", approved_by="主任")
    assert told(office.get(place_of(voided))) == (404, "no-such-attachment")
    then = office.get(place_of(case), position=case.json()["position"])
    assert (then.status_code, then.content) == (200, LETTER)
    history = office.get(f"/api/v1/cases/{case.json()['case_id']}/steps").json()["steps"]
    assert (history[2]["name"], history[2]["voided_by"]) == ("attachment_added", 4)


@pytest.mark.parametrize("sha256", ["0" * 64, SHA256.upper(), "x", "..%2f..%2fetc%2fpasswd", "%00"])
def test_another_hash_is_no_attachment(office: Office, case: httpx2.Response, sha256: str) -> None:
    assert office.get(place_of(case, sha256)).status_code == 404


def test_a_content_that_the_disk_lost_is_told(office: Office) -> None:
    said = hand_in(office, pdf(b"(lost)")).json() | {"kind": "scan"}
    case = office.record(office.handed_over(), "attachment_added", "2026-03-10", **said)
    office.services.files.forget(said["sha256"])
    answer = office.get(place_of(case, said["sha256"]))
    assert told(answer) == (500, "attachment-lost")
    assert said["sha256"] in answer.json()["detail"]


# On the page


def test_the_page_lists_the_attachments_with_links_of_its_moment(office: Office, case: httpx2.Response) -> None:
    case_id = case.json()["case_id"]
    for tongue, words in zip(
        LANGUAGES, (("附件", "答复函", "代表工作机构"), ("Attachments", "reply letter", "deputy")), strict=True
    ):
        text = office.client.get(f"/cases/{case_id}?as_of=2026-03-11", headers={"Accept-Language": tongue}).text
        (link,) = Links(text).to(f"/cases/{case_id}/attachments/")
        assert link == f"/cases/{case_id}/attachments/{SHA256}?as_of=2026-03-11"
        section = text.partition('id="attachments"')[2].partition("</section>")[0]
        assert NAME in section
        assert f'title="SHA-256 {SHA256}">{SHA256[:12]}<' in section
        assert all(word in section for word in words[:2])
        assert "2026-03-10" in section
        saved = office.client.get(link)
        assert (saved.content, saved.headers["content-security-policy"]) == (LETTER, "sandbox; default-src 'none'")
    assert 'id="attachments"' not in office.client.get(f"/cases/{case_id}?as_of=2026-03-09").text


def test_the_page_of_an_attachment_that_is_not_there_is_a_page(office: Office, case: httpx2.Response) -> None:
    case_id = case.json()["case_id"]
    for address in (
        f"/cases/{case_id}/attachments/{'0' * 64}",
        f"/cases/{case_id}/attachments/{SHA256}?as_of=2026-03-09",
        f"/cases/{case_id}/attachments/{SHA256}?as_of=2026-01-01",
        f"/cases/nobody/attachments/{SHA256}",
    ):
        answer = office.client.get(address)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")


def test_the_timeline_tells_an_attachment_in_words(office: Office, case: httpx2.Response) -> None:
    text = office.client.get(f"/cases/{case.json()['case_id']}").text
    step = text.partition('id="step-3"')[2].partition("</li>")[0]
    for word in ("附件", NAME, "PDF", f"{len(LETTER)} B", "答复函"):
        assert word in step


# A service of its own


@pytest.fixture
def service(database: str, tmp_path: Path) -> Iterator[tuple[str, psutil.Process, Office]]:
    """The web process as it is run, its address, and the office whose database it has."""
    listening = socket.create_server(("127.0.0.1", 0))
    environment = {**os.environ, "DUBAN_DATABASE_URL": database, "DUBAN_DATA_DIR": str(tmp_path)}
    with opened(database, tmp_path) as office:
        process = subprocess.Popen(
            [sys.executable, "-m", "api.cli", "web", "--socket", str(listening.fileno())],
            cwd=ROOT,
            env=environment,
            pass_fds=[listening.fileno()],
        )
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        try:
            assert httpx2.get(f"{address}/healthz", timeout=PATIENCE).status_code == 200
            yield address, psutil.Process(process.pid), office
        finally:
            process.terminate()
            process.wait(PATIENCE)
            listening.close()


def highest(process: psutil.Process) -> int:
    """The most memory that a process ever had, in bytes."""
    status = Path(f"/proc/{process.pid}/status").read_text("ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return 1_000 * int(found[1])


def large(count: int) -> Iterator[bytes]:
    """A PDF of 1,000,000 bytes more than `count`, in pieces."""
    whole = pdf(b"(filler)")
    head, _, tail = whole.partition(b"filler")
    yield head
    for _ in range(count // 1_000_000):
        yield b"x" * 1_000_000
    yield tail


@pytest.mark.slow
def test_a_large_file_costs_no_memory(service: tuple[str, psutil.Process, Office]) -> None:
    address, process, office = service
    given = office.token("deputy_affairs")
    url = f"{address}/api/v1/attachments?name=a.pdf"
    assert httpx2.post(url, content=LETTER, headers=given, timeout=PATIENCE).status_code == 201
    before = highest(process)
    answer = httpx2.post(url, content=large(49_000_000), headers=given, timeout=PATIENCE)
    assert answer.status_code == 201, answer.text
    case = office.record(office.handed_over(), "attachment_added", "2026-03-10", **answer.json(), kind="scan")
    digest = hashlib.sha256()
    with httpx2.stream("GET", address + place_of(case, answer.json()["sha256"]), headers=given) as download:
        for piece in download.iter_bytes():
            digest.update(piece)
    assert digest.hexdigest() == answer.json()["sha256"]
    assert highest(process) - before < 30_000_000


@pytest.mark.faults
def test_an_upload_that_is_cut_off_leaves_nothing(service: tuple[str, psutil.Process, Office]) -> None:
    address, _, office = service
    host, port = address.removeprefix("http://").split(":")
    incoming = office.services.files.place / "incoming"
    with closing(socket.create_connection((host, int(port)))) as line:
        head = (
            f"POST /api/v1/attachments?name=a.pdf HTTP/1.1\r\nHost: {host}\r\nContent-Length: 2000000\r\n"
            f"Authorization: {office.token('deputy_affairs')['Authorization']}\r\n\r\n"
        )
        line.sendall(head.encode() + b"%PDF-" + b"x" * 1_000_000)
        wait(lambda: any(file.stat().st_size >= 262_144 for file in incoming.glob("*")))
    wait(lambda: not any(incoming.glob("*")))
    assert not list(office.services.files.contents())
    again = httpx2.post(
        f"{address}/api/v1/attachments?name=a.pdf",
        content=LETTER,
        headers=office.token("deputy_affairs") | {"Idempotency-Key": key()},
        timeout=PATIENCE,
    )
    assert again.status_code == 201


@pytest.mark.faults
def test_what_a_killed_service_left_is_gone_when_it_starts_again(
    service: tuple[str, psutil.Process, Office], database: str
) -> None:
    address, process, office = service
    host, port = address.removeprefix("http://").split(":")
    incoming = office.services.files.place / "incoming"
    with closing(socket.create_connection((host, int(port)))) as line:
        head = (
            f"POST /api/v1/attachments?name=a.pdf HTTP/1.1\r\nHost: {host}\r\nContent-Length: 2000000\r\n"
            f"Authorization: {office.token('deputy_affairs')['Authorization']}\r\n\r\n"
        )
        line.sendall(head.encode() + b"%PDF-" + b"x" * 1_000_000)
        wait(lambda: any(file.stat().st_size >= 262_144 for file in incoming.glob("*")))
        process.kill()
        process.wait(PATIENCE)
    (part,) = incoming.glob("*")
    an_hour_ago = time.time() - 3_600
    os.utime(part, (an_hour_ago, an_hour_ago))
    with TestClient(create_app(build(office.services.settings, database, name="again"))):
        assert list(incoming.glob("*")) == []


def wait(until: Any) -> None:
    """Until something is so."""
    end = time.monotonic() + PATIENCE
    while not until():
        assert time.monotonic() < end
        time.sleep(0.01)
