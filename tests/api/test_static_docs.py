import hashlib
import tomllib
from importlib.resources import files

FOLDER = files("api") / "static_docs"
OWN = {"VENDOR.toml", "start.js"}


def test_the_vendored_files_are_those_that_were_published() -> None:
    vendor = tomllib.loads((FOLDER / "VENDOR.toml").read_text("utf-8"))
    for name, digest in vendor["sha512"].items():
        assert hashlib.sha512((FOLDER / name).read_bytes()).hexdigest() == digest, name
    assert {file.name for file in FOLDER.iterdir()} == {*vendor["sha512"], *OWN}
    assert vendor["licence"] == "Apache-2.0"


def test_the_description_page_asks_nobody_outside() -> None:
    assert "http" not in (FOLDER / "start.js").read_text("utf-8")
