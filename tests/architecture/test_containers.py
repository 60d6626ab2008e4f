"""What the container files promise to an office's server."""

from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = [
    line.split(maxsplit=1)
    for line in (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    if line and not line.startswith("#")
]


def last(instruction: str) -> str:
    return [rest for name, rest in DOCKERFILE if name == instruction][-1]


@pytest.mark.parametrize("name", ["postgres", "web", "projector"])
def test_a_service_that_stays_is_watched(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"
    assert SERVICES[name]["restart"] == "unless-stopped"


def test_nothing_serves_before_the_tables_are_ready() -> None:
    assert SERVICES["migrate"]["restart"] == "no"
    assert SERVICES["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    for name in ("web", "projector"):
        assert SERVICES[name]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_no_secret_is_in_the_environment() -> None:
    for service in SERVICES.values():
        for name, value in service["environment"].items():
            assert not (name.endswith(("PASSWORD", "KEY", "TOKEN")))
            assert not name.endswith(("PASSWORD_FILE", "KEY_FILE")) or value.startswith("/run/secrets/")
            assert "@" not in value or ":" not in value.partition("://")[2].partition("@")[0]
    assert all(set(secret) == {"file"} for secret in COMPOSE["secrets"].values())


def test_every_secret_is_given_to_whoever_reads_it() -> None:
    for service in SERVICES.values():
        read = {
            value.removeprefix("/run/secrets/") for value in service["environment"].values() if "/secrets/" in value
        }
        assert read == set(service["secrets"]) <= set(COMPOSE["secrets"])


def test_what_is_kept_lives_in_named_volumes() -> None:
    assert SERVICES["postgres"]["volumes"] == ["database:/var/lib/postgresql"]
    assert all(volume.partition(":")[0] in COMPOSE["volumes"] for one in SERVICES.values() for volume in one["volumes"])


def test_only_this_machine_reaches_the_pages_and_nobody_the_database() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"web": ["127.0.0.1:8000:8000"]}


def test_images_are_pinned() -> None:
    bases = [rest.split()[0] for name, rest in DOCKERFILE if name == "FROM"]
    for image in [*bases, *(service["image"] for service in SERVICES.values())]:
        tag = image.partition(":")[2]
        assert tag
        assert tag != "latest"


def test_the_service_runs_as_an_ordinary_user() -> None:
    assert last("USER").split(":")[0] not in {"root", "0"}
    assert all(service["cap_drop"] == ["ALL"] for name, service in SERVICES.items() if name != "postgres")


def test_the_image_installs_only_what_the_lock_names() -> None:
    installs = [rest for name, rest in DOCKERFILE if name == "RUN" and "pip install" in rest]
    assert all("--require-hashes" in rest or "--no-deps" in rest for rest in installs)
