"""Whatever is asked of any operation, the answer is one that the description promises, and never a broken service."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import uvicorn

from api.main import create_app
from tests.adapters.papers import pdf
from tests.api.conftest import Office

pytestmark = [pytest.mark.database, pytest.mark.slow]

SECONDS = 20
"""How long the operations of `DEEPLY` are tried."""
PATIENCE = 240
DEEPLY = [
    "list_cases", "count_cases", "show_case", "show_history", "export_steps", "show_procedure", "show_rulebook",
    "open_case", "record_handed_over", "record_reply_issued", "record_corrected", "record_voided",
    "upload_attachment", "record_attachment_added", "list_attachments", "download_attachment",
]  # fmt: skip
"""One operation of every kind; the other steps' operations are derived by the same code."""
REFUSED_FOR_A_REASON = ["2xx", "400", "401", "403", "404", "409", "412", "422", "428"]
"""What the description's schemas allow may still be a unit that there is not, a stage that is another, …"""

REFUSED_BEFORE_READ = ["400", "401", "403", "404", "409", "412", "413", "415", "422", "428"]
"""Who asks, which case and which version of it come before what the body says (RFC 9110, section 13.2.1)."""


@pytest.fixture
def address(office: Office) -> Iterator[str]:
    """Where the application really listens."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen(128)
    config = uvicorn.Config(create_app(office.services), log_config=None, access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join()


def about_real_cases(office: Office) -> dict[str, Any]:
    """The description, with cases that exist in place of any text."""
    given = office.token("deputy_affairs")
    uploaded = office.client.post("/api/v1/attachments?name=a.pdf", content=pdf(), headers=given).json()
    attached = office.record(office.handed_over(), "attachment_added", "2026-03-10", **uploaded, kind="scan")
    cases = [office.submit(), attached]
    office.catch_up()
    description: dict[str, Any] = office.client.get("/openapi.json").json()
    known = {
        "sha256": [uploaded["sha256"], "NA"],
        "case_id": [case.json()["case_id"] for case in cases] + ["NA"],
        "If-Match": ["*", '"stale-v1"'],
        "kind": ["suggestion", "NA"],
        "id": ["cn-national", "NA"],
    }
    for path in description["paths"].values():
        for operation in path.values():
            for parameter in operation.get("parameters", ()):
                if parameter["in"] != "query" and parameter["name"] in known:
                    parameter.pop("example", None)
                    parameter["schema"] = {"type": "string", "enum": known[parameter["name"]]}
    return description


@pytest.mark.parametrize(
    "chosen",
    [
        ["--phases", "examples", "--max-examples", "1"],
        [
            "--phases",
            "coverage,fuzzing",
            "--max-examples",
            "15",
            "--max-time",
            str(SECONDS),
            *chain.from_iterable(("--include-operation-id", name) for name in DEEPLY),
        ],
    ],
    ids=["every operation", "some operations deeply"],
)
def test_an_operation_keeps_what_its_description_promises(
    office: Office, address: str, tmp_path: Path, chosen: list[str]
) -> None:
    (tmp_path / "openapi.json").write_text(json.dumps(about_real_cases(office)), "utf-8")
    expected = json.dumps(REFUSED_FOR_A_REASON)
    (tmp_path / "schemathesis.toml").write_text(
        f"[checks]\npositive_data_acceptance.expected-statuses = {expected}\n"
        f"negative_data_rejection.expected-statuses = {json.dumps(REFUSED_BEFORE_READ)}\n"
        'missing_required_header.expected-statuses = ["400", "401", "403", "422", "428"]\n',
        "utf-8",
    )
    program = [sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"]
    token = office.token("deputy_affairs")["Authorization"]
    asked = ["run", "openapi.json", "--url", address, "--header", f"Authorization: {token}", "--checks", "all"]
    steady = ["--generation-deterministic", "--no-shrink"]
    quiet = ["--no-color", "--suppress-health-check", "all", "--warnings", "off", "--continue-on-failure"]
    done = subprocess.run(
        [*program, *asked, *chosen, *steady, *quiet],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    assert office.client.get("/readyz").status_code == 200
