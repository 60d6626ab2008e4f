"""Renew docs/openapi.json, the approved description of the API: `python -m tools.openapi`; --check only compares."""

import sys
from pathlib import Path

import orjson
from fastapi import FastAPI

from api import service, v1
from api.openapi import describe

APPROVED = Path(__file__).parents[1] / "docs" / "openapi.json"


def described() -> bytes:
    """The description of today's code, in a form that is easy to compare."""
    app = FastAPI()
    app.router.routes += [route for router in (service.router, *v1.ROUTERS) for route in router.routes]
    return orjson.dumps(describe(app), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def main() -> int:
    """Write the description, or say whether the approved one is today's."""
    if "--check" in sys.argv[1:]:
        same = APPROVED.read_bytes() == described()
        print("unchanged" if same else "the API has changed: python -m tools.openapi")
        return 0 if same else 1
    APPROVED.write_bytes(described())
    print(f"wrote {APPROVED.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
