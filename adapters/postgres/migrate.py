"""Forward-only migrations under an advisory lock: any number of processes may start at once."""

import hashlib
import re
from contextlib import suppress
from importlib import resources
from typing import Any

import psycopg
from psycopg import errors, sql

OLDEST = 15
"""The oldest major version of PostgreSQL that Duban runs on."""

ROLES = ("duban_app", "duban_projector", "duban_sealer", "duban_auditor")
_FILE = re.compile(r"(\d{4})_\w+\.sql\Z")


class MigrationError(RuntimeError):
    """The database cannot be brought to this version of Duban; the message says why and what to do."""


class MigrationDenied(MigrationError):  # noqa: N818 - it is a state, told to a person
    """The login may not prepare the database."""


def migrations() -> dict[int, tuple[str, str]]:
    """Number → (file name, SQL), without holes."""
    found = {}
    for file in (resources.files("adapters.postgres") / "migrations").iterdir():
        if match := _FILE.match(file.name):
            found[int(match[1])] = (file.name, file.read_text("utf-8"))
    if sorted(found) != list(range(1, len(found) + 1)):
        msg = f"migrations are not numbered without holes: {sorted(found)}"
        raise MigrationError(msg)
    return dict(sorted(found.items()))


def read_schema(schema: str) -> str:
    """The schema that holds the read models, beside the ledger's."""
    return f"{schema}_read"


def refuse_unusable(conn: psycopg.Connection[Any]) -> None:
    """Refuse a server that is too old, and a database that cannot hold every character."""
    if conn.info.server_version < OLDEST * 10_000:
        msg = f"PostgreSQL {conn.info.parameter_status('server_version')} is too old: Duban needs {OLDEST} or newer"
        raise MigrationError(msg)
    if (encoding := conn.info.parameter_status("server_encoding")) != "UTF8":
        msg = (
            f"the database {conn.info.dbname} is encoded in {encoding}, and Duban needs UTF8: "
            "create one with ENCODING 'UTF8' TEMPLATE template0, and let DUBAN_DATABASE_URL name it"
        )
        raise MigrationError(msg)


def applied_migrations(conn: psycopg.Connection[Any], schema: str) -> set[int]:
    """The numbers of what was applied; refused where this version does not know it, or knows it otherwise.

    Raises psycopg.errors.InsufficientPrivilege for a login that may not enter the schema.
    """
    # By its full name: where a schema may not be entered, a search path would say that there is no such table.
    said = sql.SQL("SELECT number, name, sha256 FROM {}").format(sql.Identifier(schema, "migration"))
    try:
        applied = {number: (name, digest) for number, name, digest in conn.execute(said)}
    except (errors.UndefinedTable, errors.InvalidSchemaName):
        return set()
    known = migrations()
    if newer := sorted(set(applied) - set(known)):
        msg = (
            f"the database was written by a newer Duban (migration {applied[newer[-1]][0]}); "
            f"this version knows {len(known)}: install the newer version again, or restore a backup made before it"
        )
        raise MigrationError(msg)
    for number, (name, digest) in sorted(applied.items()):
        if digest != _digest(known[number][1]):
            msg = (
                f"migration {name} was changed after it had been applied to this database: "
                "install the Duban that applied it, or restore a backup into a new database"
            )
            raise MigrationError(msg)
    return set(applied)


def migrate(conninfo: str, schema: str = "duban", ledger: str = "main") -> list[str]:
    """Bring the schema to this version, open the ledger, and return the names of the migrations that were applied.

    A login without the owner's rights is enough where there is nothing to do.
    """
    with psycopg.connect(conninfo, autocommit=True) as conn:
        refuse_unusable(conn)
        conn.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", [f"duban:{schema}"])
        try:
            return _migrate(conn, schema, ledger)
        except errors.InsufficientPrivilege as error:
            if _is_prepared(conn, schema, ledger):
                return []
            msg = (
                f"the database user may not prepare the schema: {error.diag.message_primary}. "
                f"Let an owner create the roles {', '.join(ROLES)} and the schema,"
                " or set DUBAN_MIGRATION_URL to the owner's"
            )
            raise MigrationDenied(msg) from None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _migrate(conn: psycopg.Connection, schema: str, ledger: str) -> list[str]:
    for role in ROLES:
        _ensure_role(conn, role)
    for name in (schema, read_schema(schema)):
        conn.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(name)))
    conn.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(schema)))
    conn.execute(
        "CREATE TABLE IF NOT EXISTS migration (number integer PRIMARY KEY, name text NOT NULL,"
        " sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT clock_timestamp())"
    )
    applied = applied_migrations(conn, schema)
    done = []
    for number, (name, text) in migrations().items():
        if number in applied:
            continue
        row = (number, name, _digest(text))
        with conn.transaction():
            conn.execute(text)
            conn.execute("INSERT INTO migration (number, name, sha256) VALUES (%s, %s, %s)", row)
        done.append(name)
    _grant(conn, schema)
    conn.execute("SELECT ledger_open(%s)", [ledger])
    return done


def _is_prepared(conn: psycopg.Connection[Any], schema: str, ledger: str) -> bool:
    head = sql.SQL("SELECT 1 FROM {} WHERE ledger_id = %s").format(sql.Identifier(schema, "ledger_head"))
    with suppress(errors.InsufficientPrivilege):
        return applied_migrations(conn, schema) == set(migrations()) and bool(conn.execute(head, [ledger]).fetchone())
    return False


def _ensure_role(conn: psycopg.Connection, role: str) -> None:
    identifier = sql.Identifier(role)
    if conn.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone() is None:
        with suppress(errors.DuplicateObject, errors.UniqueViolation):
            conn.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(identifier))
    row = conn.execute("SELECT pg_has_role(current_user, %s, 'MEMBER')", [role]).fetchone()
    if row is not None and not row[0]:
        conn.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(identifier))


def _grant(conn: psycopg.Connection, schema: str) -> None:
    main, read = sql.Identifier(schema), sql.Identifier(read_schema(schema))
    conn.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(main, sql.SQL(", ").join(map(sql.Identifier, ROLES))))
    conn.execute("GRANT SELECT ON migration TO duban_app")
    conn.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO duban_app, duban_auditor").format(read))
    conn.execute(sql.SQL("GRANT USAGE, CREATE ON SCHEMA {} TO duban_projector").format(read))
