"""The day's anchor: the heads of all cases show what was taken off the end, a time-stamp shows since when it stands."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import orjson
import pytest

from adapters.audit.anchor import AnchorError, stamped_at, stamped_by
from adapters.audit.exports import AuditExports
from adapters.audit.note import Signer
from adapters.audit.sealer import Sealer
from adapters.audit.tiles import Tiles
from adapters.audit.verify import VerifyError, verify
from adapters.postgres.ledger import PostgresLedger
from adapters.postgres.pool import open_pool
from tests.faults.support import command, connect, note, opening

KEY = Signer.fresh("duban.example/main")
MONDAY = date(2026, 11, 23)
TUESDAY = MONDAY + timedelta(days=1)
CONFIG = """
[req]
distinguished_name = dn
[dn]
[authority]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[stamps]
basicConstraints = critical, CA:false
keyUsage = critical, digitalSignature
extendedKeyUsage = critical, timeStamping
subjectKeyIdentifier = hash
[tsa]
default_tsa = own
[own]
serial = serial
default_policy = 1.2.3.4.1
digests = sha256
signer_digest = sha256
ess_cert_id_alg = sha256
"""


@dataclass
class Authority:
    """A time-stamping authority on this machine."""

    url: str
    roots: bytes
    works: bool = True


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    """An authority made by OpenSSL, whose root the auditor trusts."""
    openssl, place = shutil.which("openssl"), tmp_path_factory.mktemp("authority")
    if openssl is None:
        pytest.skip("a time-stamping authority of the tests needs openssl")

    def run(*arguments: str) -> None:
        subprocess.run([openssl, *arguments], cwd=place, check=True, capture_output=True)

    (place / "config").write_text(CONFIG)
    (place / "serial").write_text("01\n")
    for name, subject in (("root", "/CN=Root of the tests"), ("tsa", "/CN=Time-stamps of the tests")):
        run("req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr",
            "-subj", subject, "-config", "config")  # fmt: skip
    days = "-days", "30", "-extfile", "config"
    run(
        "x509", "-req", "-in", "root.csr", "-signkey", "root.key", "-out", "root.pem", *days, "-extensions", "authority"
    )
    run("x509", "-req", "-in", "tsa.csr", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-out", "tsa.pem",
        *days, "-extensions", "stamps")  # fmt: skip

    class Desk(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            (place / "query").write_bytes(self.rfile.read(int(self.headers["Content-Length"])))
            run("ts", "-reply", "-queryfile", "query", "-signer", "tsa.pem", "-inkey", "tsa.key", "-out", "reply",
                "-config", "config")  # fmt: skip
            self.send_response(200 if found.works else 503)
            self.end_headers()
            self.wfile.write((place / "reply").read_bytes() if found.works else b"closed")

        def log_message(self, *_: object) -> None:
            """It says nothing."""

    with HTTPServer(("127.0.0.1", 0), Desk) as server:
        found = Authority(f"http://127.0.0.1:{server.server_port}/", (place / "root.pem").read_bytes())
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield found
        server.shutdown()
        thread.join()


@dataclass
class Log:
    """A ledger whose log is sealed and anchored by hand."""

    conninfo: str
    ledger: PostgresLedger
    exports: AuditExports
    folder: Path
    stamp: str | None = None

    def seal(self, day: date) -> int | None:
        """Seal what there is, and anchor it as on that day."""
        stamp = None if self.stamp is None else stamped_by(self.stamp)
        sealer = Sealer(self.conninfo, KEY, Tiles(self.folder), stamp=stamp)
        with connect(self.conninfo, "duban_sealer") as conn:
            sealer.seal(conn)
            return sealer.anchor(conn, day)

    def bundle(self, case: str, without: int = 0) -> Path:
        """The bundle of a case, from which the last steps were taken away."""
        said = self.exports.bundle(case)
        del said["records"][len(said["records"]) - without :]
        place = self.folder / "bundle.json"
        place.write_bytes(orjson.dumps(said))
        return place


@pytest.fixture
def log(database: str, tmp_path: Path) -> Iterator[Log]:
    with closing(open_pool(database, schema="duban", role="duban_app", size=2, name="test")) as pool:
        yield Log(database, PostgresLedger(pool, "main"), AuditExports(pool, "main", Tiles(tmp_path)), tmp_path)


@pytest.mark.database
def test_the_heads_of_a_day_show_what_was_taken_off_the_end_of_a_case(log: Log) -> None:
    log.ledger.append([command("a", 0, opening(), note(), note())])
    log.ledger.append([command("b", 0, opening())])
    assert log.seal(MONDAY) == 4
    heads = log.folder / "anchors" / "2026-11-23" / "case-heads.gz"
    proved = verify(log.bundle("a"), KEY.public, heads=heads)
    assert ("audit.heads-reached", {"size": 4, "version": 3}) in proved.proves
    verify(log.bundle("a", without=1), KEY.public)
    with pytest.raises(VerifyError, match="the case had 3 steps then"):
        verify(log.bundle("a", without=1), KEY.public, heads=heads)
    log.ledger.append([command("a", 3, note())])
    log.ledger.append([command("c", 0, opening())])
    older = log.bundle("a").read_bytes()
    log.seal(TUESDAY)
    verify(log.bundle("a"), KEY.public, heads=heads)
    verify(log.bundle("c"), KEY.public, heads=heads)
    (log.folder / "bundle.json").write_bytes(older)
    with pytest.raises(VerifyError, match="of a later day"):
        verify(log.folder / "bundle.json", KEY.public, heads=log.folder / "anchors" / "2026-11-24" / "case-heads.gz")


@pytest.mark.database
def test_heads_that_were_changed_are_not_believed(log: Log) -> None:
    import gzip  # noqa: PLC0415 - of this test alone

    log.ledger.append([command("a", 0, opening(), note(), note())])
    log.seal(MONDAY)
    heads = log.folder / "anchors" / "2026-11-23" / "case-heads.gz"
    lines = gzip.decompress(heads.read_bytes()).splitlines(keepends=True)
    for forged in (lines[:1], [lines[0], lines[1].replace(b"a 3", b"a 2")], lines[1:], [b"{}\n", *lines[1:]], []):
        heads.write_bytes(gzip.compress(b"".join(forged)))
        with pytest.raises(VerifyError, match="case heads"):
            verify(log.bundle("a"), KEY.public, heads=heads)


@pytest.mark.database
def test_a_day_is_anchored_once_and_only_if_the_log_has_grown(log: Log) -> None:
    assert log.seal(MONDAY) is None
    log.ledger.append([command("a", 0, opening())])
    assert log.seal(MONDAY) == 1
    log.ledger.append([command("a", 1, note())])
    assert log.seal(MONDAY) is None
    assert log.seal(TUESDAY) == 2
    assert log.seal(TUESDAY + timedelta(days=1)) is None
    assert sorted(place.name for place in (log.folder / "anchors").iterdir()) == ["2026-11-23", "2026-11-24"]


@pytest.mark.database
def test_an_authority_stamps_the_days_checkpoint_and_is_asked_again_while_it_does_not(
    log: Log, authority: Authority
) -> None:
    log.stamp, authority.works = authority.url, False
    log.ledger.append([command("a", 0, opening())])
    with pytest.raises(AnchorError, match="gives no time-stamp"):
        log.seal(MONDAY)
    authority.works = True
    assert log.seal(MONDAY) == 1
    folder = log.folder / "anchors" / "2026-11-23"
    token, checkpoint = (folder / "checkpoint.tsr").read_bytes(), (folder / "checkpoint").read_bytes()
    assert abs(stamped_at(token, checkpoint, authority.roots) - datetime.now(UTC)) < timedelta(minutes=5)
    for wrong in (
        (token, checkpoint + b"x", authority.roots),
        (b"x", checkpoint, authority.roots),
        (token, checkpoint, b"x"),
    ):
        with pytest.raises(AnchorError):
            stamped_at(*wrong)
    with connect(log.conninfo, "duban_app") as conn:
        assert conn.execute("SELECT size, day, token FROM anchor").fetchall() == [(1, MONDAY, token)]
