"""The verifier of others, built from its source by Debian's Go."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

SOURCE = Path(__file__).parent / "verifier"
PACKAGES = Path("/usr/share/gocode")
"""Where Debian's golang-golang-x-mod-dev is."""


class Found(NamedTuple):
    """What the verifier answers."""

    verified: bool
    says: str


class Verifier:
    """The Go program."""

    def __init__(self, program: Path) -> None:
        self._program = program

    def __call__(self, *arguments: object) -> Found:
        """Ask it of one file."""
        return self.many([arguments])[0]

    def many(self, calls: Sequence[Sequence[object]]) -> list[Found]:
        """Ask it once for each call, one after another; a process of our own for each would cost more than it does."""
        script = "\n".join(shlex.join([str(self._program), *map(str, call)]) for call in calls)
        asked = subprocess.run(["/bin/sh"], input=script, capture_output=True, text=True, check=False)
        lines = asked.stdout.splitlines()
        assert len(lines) == len(calls), asked
        assert {line.partition(" ")[0] for line in lines} <= {"VERIFIED", "REFUSED:"}, asked
        return [Found(line.startswith("VERIFIED "), line) for line in lines]


@pytest.fixture(scope="session")
def verifier(tmp_path_factory: pytest.TempPathFactory) -> Verifier:
    """Runs the Go program on files; skipped where Go is not installed."""
    go = shutil.which("go")
    if go is None or not (PACKAGES / "src/golang.org/x/mod/sumdb/tlog").is_dir():
        pytest.skip("the independent verifier needs golang-go and golang-golang-x-mod-dev of Debian")
    program = tmp_path_factory.mktemp("verifier") / "verifier"
    env = os.environ | {
        "GO111MODULE": "off",
        "GOPATH": str(PACKAGES),
        "GOCACHE": str(tmp_path_factory.mktemp("gocache")),
        "GOFLAGS": "",
    }
    subprocess.run([go, "build", "-o", program, "."], cwd=SOURCE, env=env, check=True)

    return Verifier(program)
