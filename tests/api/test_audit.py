"""The audit log as auditors meet it: on its page, in the API, and on the command line, down to a verdict."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from adapters.audit.checkpoint import Checkpoint
from adapters.audit.note import PublicKey
from adapters.audit.verify import verify
from adapters.exchange.jurisdictions import enter
from adapters.postgres.migrate import migrate
from adapters.registry import LedgerRegistry
from adapters.settings import load_settings
from adapters.wiring import begin_log, sealer
from domain.docket import Docket
from tests.api.conftest import JURISDICTION, Office, furnish, opened
from tests.api.test_cli import Run, Told, installation, run, story
from tests.faults.support import connect, ledger_on

__all__ = ["installation", "run", "story"]

pytestmark = pytest.mark.database


@pytest.fixture
def city(blank_database: str, tmp_path: Path) -> Iterator[Office]:
    """An office whose ledger has no other jurisdiction than its own."""
    migrate(blank_database)
    with ledger_on(blank_database) as ledger:
        enter(Docket(ledger, LedgerRegistry(ledger)), JURISDICTION, actor="test")
    furnish(blank_database)
    with opened(blank_database, tmp_path) as found:
        yield found


def handed(office: Office, place: Path, path: str, role: str = "auditor", **params: Any) -> Path:
    """What the API hands somebody in that role, as a file."""
    answer = office.get(path, role, **params)
    assert answer.status_code == 200, answer.text
    place.write_bytes(answer.content)
    return place


def test_an_auditor_takes_a_case_along_and_needs_us_no_more(office: Office, tmp_path: Path) -> None:
    case = office.handed_over().json()["case_id"]
    assert office.get("/api/v1/log").json()["checkpoint"] is None
    assert office.get(f"/api/v1/cases/{case}/bundle", "auditor").json()["type"] == "/problems/nothing-sealed"
    office.seal()
    log = office.get("/api/v1/log", "handling_unit").json()
    key, held = PublicKey.parse(log["key"]), log["checkpoint"]
    assert (log["size"], log["waits_seconds"]) == (log["head"], 0)
    office.submit()
    assert office.get("/api/v1/log").json()["waits_seconds"] > 0
    office.seal()
    path = f"/api/v1/cases/{case}/bundle"
    verdict = verify(handed(office, tmp_path / "case.json", path, since=log["size"]), key, [held])
    assert [record.wire for record in verdict.records] == ["suggestion.submitted.v1", "suggestion.handed_over.v1"]
    proof = handed(office, tmp_path / "proof.json", "/api/v1/log/consistency", "deputy", since=log["size"])
    assert verify(proof, key, [held]).proves
    gone = office.get(path, "auditor", since=log["size"] - 1)
    assert (gone.status_code, gone.json()["type"]) == (404, "/problems/no-such-checkpoint")


def test_a_bundle_is_for_those_from_whom_nothing_is_kept(office: Office) -> None:
    case = office.handed_over().json()["case_id"]
    office.seal()
    for role, status in (("deputy", 403), ("handling_unit", 403), ("deputy_affairs", 200), ("auditor", 200)):
        assert office.get(f"/api/v1/cases/{case}/bundle", role).status_code == status, role
    office.account("jtj-1", "handling_unit", office="jtj")
    unit = office.browser("jtj-1")
    assert "/bundle" not in unit.get(f"/cases/{case}").text
    assert unit.get(f"/cases/{case}/bundle").status_code == 403
    assert f'href="/cases/{case}/bundle"' in office.client.get(f"/cases/{case}").text
    saved = office.client.get(f"/cases/{case}/bundle")
    assert "attachment" in saved.headers["content-disposition"]
    assert saved.json()["case_id"] == case


def test_a_year_of_the_log_is_taken_along_by_who_reads_all_that_is_recorded(city: Office, tmp_path: Path) -> None:
    assert city.get("/api/v1/log/years").json() == {"years": []}
    city.handed_over()
    city.seal()
    year, head = datetime.now(UTC).year, city.services.docket.head()
    (listed,) = city.get("/api/v1/log/years", "deputy").json()["years"]
    path = f"/api/v1/log/years/{year}"
    assert listed == {"year": year, "first": 1, "last": head, "closed": False, "href": path}
    file = handed(city, tmp_path / "year.jsonl.gz", path)
    key = PublicKey.parse(city.get("/api/v1/log").json()["key"])
    assert "audit.open-year" in verify(file, key).leaves_open
    assert (city.get(path, "deputy").status_code, city.get("/api/v1/log/years/1999").status_code) == (403, 404)
    assert f'href="/log/years/{year}"' in city.client.get("/log").text
    saved = city.client.get(f"/log/years/{year}")
    assert (saved.content, saved.headers["content-type"]) == (file.read_bytes(), "application/gzip")
    nobody = city.browser()
    assert (f'href="/log/years/{year}"' in nobody.get("/log").text, f">{head}<" in nobody.get("/log").text) == (
        False,
        True,
    )
    assert nobody.get(f"/log/years/{year}", follow_redirects=False).headers["location"].startswith("/login")


def test_a_ledger_of_several_jurisdictions_is_nobodys_to_take_along_over_the_net(office: Office) -> None:
    office.submit()
    office.seal()
    (listed,) = office.get("/api/v1/log/years").json()["years"]
    refused = office.get(listed["href"], "auditor")
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/log-of-several-jurisdictions")
    page = office.client.get("/log", headers={"Accept-Language": "zh"}).text
    assert ("年度分卷" in page, "/log/years/" in page) == (True, False)


def test_the_page_says_that_the_log_was_begun_anew_when_and_why(office: Office, database: str, tmp_path: Path) -> None:
    office.handed_over()
    office.seal()
    origin = office.client.get("/log/checkpoint").text.split("\n")[0]
    assert office.browser().get("/log/fork").status_code == 404
    with connect(database) as owner:
        owner.execute("ALTER TABLE ledger DISABLE TRIGGER USER")
        owner.execute("DELETE FROM ledger WHERE position = (SELECT max(position) FROM ledger)")
        owner.execute("UPDATE ledger_head SET position = position - 1")
    settings = office.services.settings
    begin_log(settings, database, "duban.example/second", "恢复后缺少最后一步", ("甲主任", "乙主任"))
    page = office.browser().get("/log", headers={"Accept-Language": "zh"}).text
    for told in (origin, "duban.example/second", "恢复后缺少最后一步", "甲主任、乙主任", "日志曾重新开始"):
        assert told in page
    fork = tmp_path / "fork.json"
    fork.write_bytes(office.browser().get("/log/fork").content)
    ended = PublicKey.parse((settings.data_dir / "log" / "main" / "before" / "1" / "key").read_text())
    assert verify(fork, PublicKey.parse(office.browser().get("/log/key").text), ended=ended).proves


def test_everybody_reads_the_checkpoint_and_the_key_on_the_page(office: Office) -> None:
    anybody = office.browser()
    assert "尚未签署" in anybody.get("/log", headers={"Accept-Language": "zh"}).text
    assert anybody.get("/log/checkpoint").status_code == 404
    office.submit()
    office.seal()
    page = anybody.get("/log", headers={"Accept-Language": "zh"})
    key = PublicKey.parse(anybody.get("/log/key").text)
    newest = anybody.get("/log/checkpoint").text
    checkpoint = Checkpoint.opened(newest, key)
    assert str(key) in page.text.replace("&#43;", "+")
    assert re.search(r"<svg[^>]*>.*<path", page.text)
    assert anybody.get(f"/log/checkpoint?size={checkpoint.size}").text == newest
    assert anybody.get("/log/checkpoint?size=0").status_code == 422
    assert "attachment" in anybody.get("/log/key").headers["content-disposition"]


def test_the_command_line_takes_a_case_along_and_judges_it(
    installation: Run, story: Told, database: str, tmp_path: Path
) -> None:
    waiting = installation("audit", "status")
    assert "0 of " in waiting.out
    assert installation("audit", "checkpoint").code == 1
    _seal(database)
    key, held, bundle = tmp_path / "log.key", tmp_path / "held", tmp_path / "case.json"
    key.write_text(installation("audit", "key").out)
    assert installation("audit", "checkpoint", "-o", str(held)).code == 0
    assert installation("audit", "bundle", story.first, "--since", str(held), "-o", str(bundle)).code == 0
    checked = installation("audit", "verify", str(bundle), "--key", str(key), "--held", str(held))
    assert (checked.code, "Verified:" in checked.out, "Not proved by this:" in checked.out) == (0, True, True)
    said = orjson.loads(bundle.read_bytes())
    said["records"][0]["actor"] = "d-002"
    bundle.write_bytes(orjson.dumps(said))
    refused = installation("audit", "verify", str(bundle), "--key", str(key))
    assert (refused.code, "NOT VERIFIED: step 1: a column beside the state" in refused.err) == (1, True)
    told = json.loads(installation("audit", "verify", str(bundle), "--key", str(key), "--json").out)
    assert (told["verified"], told["proves"]) == (False, [])


def test_the_command_line_hands_out_the_log_and_a_witness_signs_it(
    installation: Run, database: str, tmp_path: Path
) -> None:
    _seal(database)
    key, held, log = tmp_path / "log.key", tmp_path / "held", tmp_path / "log.jsonl.gz"
    key.write_text(installation("audit", "key").out)
    installation("audit", "checkpoint", "-o", str(held))
    assert installation("audit", "log", "-o", str(log)).code == 0
    assert installation("audit", "verify", str(log), "--key", str(key), "--held", str(held)).code == 0
    memory = str(tmp_path / "memory")
    signing = ("audit", "witness", str(held), "--key", str(key), "--memory", memory)
    assert installation(*signing).code == 1
    signed = installation(*signing, "--name", "archives.example")
    assert (signed.code, signed.out.count("\n— ")) == (0, 2)
    witness = signed.err.strip().rpartition(" ")[2]
    proof = tmp_path / "proof.json"
    assert installation("audit", "checkpoint", "--since", str(held), "-o", str(proof)).code == 0
    unsigned = installation("audit", "verify", str(proof), "--key", str(key), "--witness", witness)
    assert (unsigned.code, "archives.example" in unsigned.err) == (1, True)
    assert installation("audit", "verify", str(proof), "--key", str(key)).code == 0


def test_the_command_line_writes_a_year_and_judges_it(
    installation: Run, story: Told, database: str, tmp_path: Path
) -> None:
    assert story.first
    _seal(database)
    key, file, year = tmp_path / "log.key", tmp_path / "year.jsonl.gz", datetime.now(UTC).year
    key.write_text(installation("audit", "key").out)
    (told,) = json.loads(installation("audit", "years", "--json").out)
    assert (told["year"], told["first"], told["closed"]) == (year, 1, False)
    assert str(told["last"]) in installation("audit", "years").out
    written = installation("audit", "log", "--year", str(year), "-o", str(file))
    assert (written.code, "is not closed" in written.err) == (0, True)
    checked = installation("audit", "verify", str(file), "--key", str(key))
    assert (checked.code, f"All {told['last']} records of {year}, 1 to" in checked.out) == (0, True)
    assert "not closed" in checked.out
    joined = installation("audit", "verify", str(file), "--key", str(key), "--after", str(file))
    assert (joined.code, "does not begin where" in joined.err) == (1, True)
    none = installation("audit", "log", "--year", str(year - 1))
    assert (none.code, none.out, str(year - 1) in none.err) == (1, "", True)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("verify", "nowhere.json", "--key", "x"), 2),
        (("verify", "nowhere.json", "--key", "a+00000000+AQ=="), 2),
        (("bundle", "no-such-case"), 1),
        (("checkpoint", "--since", __file__), 2),
    ],
)
def test_what_cannot_be_is_said_in_a_line(installation: Run, arguments: tuple[str, ...], code: int) -> None:
    done = installation("audit", *arguments)
    assert (done.code, done.out) == (code, "")
    assert len(done.err.strip().splitlines()) == 1, done.err


def _seal(conninfo: str) -> None:
    """Let the sealer of the installation sign what there is."""
    assert sealer(load_settings(), conninfo).once().size > 0
