"""Write docs/cli.md and docs/configuration.md from the code; with --check only say whether they are up to date."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ["LC_ALL"] = "C"  # before the commands choose their language

from typer.main import get_command

from adapters.settings import FILE, PREFIX, Settings
from api.cli import app

DOCS = Path(__file__).parents[1] / "docs"

CLI = """\
# The command line

Written by `python tools/reference.py` from the code. Help is in Chinese where `LC_ALL` or `LANG` says so.

- `--json` prints data as JSON; data goes to standard output, progress and logs to standard error.
- `--as-of` (what was true then) and `--known-at` (what had been recorded by then) take a date, which means the whole
  day in the jurisdiction's time zone, or an instant with its offset: `2026-03-31`, `2026-03-31T09:30:00+08:00`.
- Every command uses the database server of a running `duban serve`; where none runs, it starts the one of the data
  directory for its own time. With `DUBAN_DATABASE_URL` it uses that server.
- `NO_COLOR` is heeded. `duban --debug …` logs everything and shows where an error comes from.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | refused, or a check failed, or rows of an import were refused |
| 2 | usage: an unknown option, an unreadable moment, a wrong setting |
| 3 | conflict: already running, a port in use, a case that has moved on, a login that is taken, roles kept apart |
| 4 | not found: no such case, file, case type, projection, rulebook, token, account or session |
| 5 | no permission: of the database user, or on a file |
| 6 | the database is unavailable: not there, not reachable, or its disk is full |
| 130 | cancelled with Ctrl-C; an import goes on where it stopped when it is run again |
"""

CONFIGURATION = f"""\
# Configuration

Written by `python tools/reference.py` from the code. An installation needs no setting. Each one is an environment
variable; where the value should stay out of the environment, `<NAME>{FILE}` names a file that holds it. A variable
that begins with `{PREFIX}` and is no setting is an error. `duban config show` prints what is in force and
where it comes from; secrets are masked.

| variable | default | meaning |
|---|---|---|
"""

OWN_POSTGRESQL = """
## Behind a proxy

One can sign in through https, or on the machine itself (`localhost`, `127.0.0.1`): elsewhere a password would be
readable on the way. A proxy that ends https says so in `X-Forwarded-Proto`, and for whom it asks in `X-Forwarded-For`.
Both are believed from `127.0.0.1`; let `FORWARDED_ALLOW_IPS` name the proxy's address if it is another machine or
container.

## A PostgreSQL of your own

Version 15 or newer, and a database in UTF8. The login of `DUBAN_MIGRATION_URL` (by default that of
`DUBAN_DATABASE_URL`) prepares it: it needs CREATE on the database, and CREATEROLE or the three roles made for it.
Everything else runs as a login that needs only to be a member of them, and gives up what else it may do:

```sql
CREATE ROLE duban_app NOLOGIN;
CREATE ROLE duban_projector NOLOGIN;
CREATE ROLE duban_sealer NOLOGIN;
CREATE ROLE duban_owner LOGIN PASSWORD '…';   -- DUBAN_MIGRATION_URL
CREATE ROLE duban_web LOGIN PASSWORD '…';     -- DUBAN_DATABASE_URL
GRANT duban_app, duban_projector, duban_sealer TO duban_owner, duban_web;
CREATE DATABASE duban OWNER duban_owner ENCODING 'UTF8' TEMPLATE template0;
```

Give it memory: a quarter of the machine's as `shared_buffers` is what PostgreSQL's own documentation begins with. The
database in the data directory takes an eighth, from 128 MB to 2 GB, of what the machine or the container has.

The first `duban serve` (or `duban migrate` and then `duban doctor`) with `DUBAN_MIGRATION_URL` set prepares the
database and claims it for this installation's secret key; later starts need the owner only for a newer version.
"""


def cli_page() -> str:
    """The commands with their arguments, options and examples."""
    return CLI + "".join(_command("duban", get_command(app)))


def configuration_page() -> str:
    """The settings with their defaults."""
    rows = [
        f"| `{PREFIX}{name.upper()}` | {_default(field.default)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return CONFIGURATION + "\n".join(rows) + "\n" + OWN_POSTGRESQL


def _default(value: object) -> str:
    if value is None:
        return "none"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _command(path: str, command: Any) -> Iterator[str]:
    if command.hidden:
        return
    if not (inner := getattr(command, "commands", {})):
        arguments = [p for p in command.params if p.param_type_name == "argument"]
        yield f"\n## `{' '.join([path, *map(_named, arguments)])}`\n\n{command.help}\n"
        described = [f"- `{_named(p)}`: {p.help}\n" for p in command.params if not p.hidden and p.name != "help"]
        yield from ["\n", *described] if described else []
        example = command.epilog.removeprefix("Example: ")
        yield f"\n```console\n$ {example}\n```\n"
    for name, sub in inner.items():
        yield from _command(f"{path} {name}", sub)


def _named(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return str(parameter.metavar or parameter.name).upper()
    return "/".join([*parameter.opts, *parameter.secondary_opts])


def main() -> None:
    """Write the pages, or check them."""
    pages = {DOCS / "cli.md": cli_page(), DOCS / "configuration.md": configuration_page()}
    if "--check" in sys.argv:
        stale = [file.name for file, text in pages.items() if not file.exists() or file.read_text("utf-8") != text]
        sys.exit(f"run `python tools/reference.py`: {', '.join(stale)} differ from the code" if stale else 0)
    DOCS.mkdir(exist_ok=True)
    for file, text in pages.items():
        file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
