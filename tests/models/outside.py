"""Programs that we did not write, each in a virtual environment and a process of its own, made when it is wanted.

Their licences are their own (pm4py is under the AGPL): they are never installed beside the service.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROGRAMS = Path(__file__).parent / "programs"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "duban-tests"
TOOLS = ("pm4py", "r4pm")
_PATIENCE = 900


def ask(tool: str, job: dict[str, Any], folder: Path) -> dict[str, Any]:
    """What a tool found in the logs of a job, by their paths."""
    asked, answered = folder / f"{tool}-asked.json", folder / f"{tool}-answered.json"
    asked.write_text(json.dumps(job), "utf-8")
    command = [str(_python_of(tool)), str(PROGRAMS / f"with_{tool}.py"), str(asked), str(answered)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, env=_environment(), check=False)
    assert done.returncode == 0, done.stderr[-4_000:]
    found: dict[str, Any] = json.loads(answered.read_text("utf-8"))
    return found


def _python_of(tool: str) -> Path:
    """The interpreter of the tool's environment; the test is skipped where it cannot be had."""
    wanted = PROGRAMS / f"{tool}.txt"
    name = hashlib.sha256(wanted.read_bytes()).hexdigest()[:12]
    place = CACHE / f"{tool}-{name}-py{sys.version_info.major}.{sys.version_info.minor}"
    python, whole = place / "bin" / "python", place / "whole"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{tool}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not whole.exists():
            command = [sys.executable, "-m", "venv", "--without-pip", "--clear", str(place)]
            subprocess.run(command, check=True, timeout=_PATIENCE)
            if (why := _installed(python, wanted)) is not None:
                pytest.skip(f"{tool} is not in {CACHE}, and cannot be installed from PyPI here: {why}")
            whole.touch()
    return python


def _installed(python: Path, wanted: Path) -> str | None:
    """Install what is wanted, as `make install` does: by uv, or where it gets no further by pip. Why neither could."""
    uv = [str(Path(sys.executable).with_name("uv")), "pip", "install", "--python", str(python)]
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--disable-pip-version-check"]
    why = None
    for program in [uv, pip] if Path(uv[0]).exists() else [pip]:
        command = [*program, "--quiet", "--no-deps", "-r", str(wanted)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)
        if done.returncode == 0:
            return None
        why = (done.stderr.strip().splitlines() or [f"{Path(program[0]).name} said nothing"])[-1]
    return why


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
