"""The verifier of others, built from its source by Debian's Go."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
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


Verifier = Callable[..., Found]


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

    def ask(*arguments: object) -> Found:
        asked = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, check=False)
        assert asked.returncode in {0, 1}, asked
        assert asked.stdout.startswith("REFUSED: " if asked.returncode else "VERIFIED "), asked
        return Found(asked.returncode == 0, asked.stdout.strip())

    return ask
