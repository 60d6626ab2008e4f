"""How an installation is set up: DUBAN_* variables, or DUBAN_*_FILE naming a file that holds the value."""

import contextlib
import os
import secrets
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from domain.values import Code

PREFIX = "DUBAN_"
FILE = "_FILE"
LOG_KEY = "log.key"
"""Where the private key of the audit log is in the data directory."""
SHORTEST_KEY = 32
URLS = ("database_url", "migration_url")
FOR_TESTS = {
    "DUBAN_CUTS",
    "DUBAN_KILLS",
    "DUBAN_REQUESTS",
    "DUBAN_SEED",
    "DUBAN_SEEDS",
    "DUBAN_SHARED",
    "DUBAN_TEST_DATABASE_URL",
}


class SettingsError(Exception):
    """A setting is wrong; the message names the variable and what it should be."""


def _reachable(url: SecretStr) -> SecretStr:
    try:
        conninfo_to_dict(url.get_secret_value())
    except ProgrammingError:
        raise ValueError("should be like postgresql://user:password@host:5432/database") from None
    return url


def _with_password(url: str | SecretStr, password: str | SecretStr) -> str:
    url, password = (text.get_secret_value() if isinstance(text, SecretStr) else text for text in (url, password))
    try:
        return url if conninfo_to_dict(url).get("password") else make_conninfo(url, password=password)
    except ProgrammingError:
        return url  # the field's own check says what is wrong with it


def _long_enough(key: SecretStr) -> SecretStr:
    if len(key.get_secret_value()) < SHORTEST_KEY:
        raise ValueError(f"should have at least {SHORTEST_KEY} characters")
    return key


def _place(path: Path) -> Path:
    return path.expanduser().absolute()


DatabaseUrl = Annotated[SecretStr, AfterValidator(_reachable)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=63)]


def _variable(field: str) -> str:
    return f"{PREFIX}{field.upper()}"


def _set_twice(field: str) -> bool:
    return bool(os.environ.get(_variable(field)) and os.environ.get(_variable(field) + FILE))


class _Files(PydanticBaseSettingsSource):
    """Values kept in files, as container platforms hand over secrets."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The content of the file that DUBAN_<NAME>_FILE names."""
        del field
        if not (place := os.environ.get(_variable(field_name) + FILE)):
            return None, field_name, False
        try:
            return Path(place).read_text(encoding="utf-8").rstrip("\r\n"), field_name, False
        except (OSError, UnicodeDecodeError) as trouble:
            raise SettingsError(f"{_variable(field_name)}{FILE}={place}: the file cannot be read: {trouble}") from None

    def __call__(self) -> dict[str, Any]:
        """Every value that a file holds."""
        found = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in found.items() if value is not None}


class Settings(BaseSettings):
    """Everything an installation may choose."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        validate_default=True,
        hide_input_in_errors=True,
    )

    database_url: DatabaseUrl | None = Field(
        None, description="The PostgreSQL server; without it one runs inside the data directory"
    )
    migration_url: DatabaseUrl | None = Field(
        None, description="The same server as the owner of the tables; by default the database URL"
    )
    database_password: SecretStr | None = Field(
        None, description="The password for the URLs that name none, so that it can be kept in a file of its own"
    )
    data_dir: Annotated[Path, AfterValidator(_place)] = Field(
        Path(".duban"), description="The folder of everything that is kept"
    )
    wal_archive: Annotated[Path, AfterValidator(_place)] | None = Field(
        None,
        description="A folder for the database's write-ahead log, from which a backup is restored to any later point",
    )
    host: str = Field("127.0.0.1", min_length=1, description="The address that the web server listens on")
    port: int = Field(8000, ge=1, le=65535, description="The port that the web server listens on")
    database_schema: Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_]*$", max_length=63)] = Field(
        "duban", description="The schema of the tables"
    )
    ledger: Name = Field("main", description="The ledger that is written to")
    jurisdiction: Code = Field("cn-999900", description="The jurisdiction whose rules and units apply")
    secret_key: Annotated[SecretStr, AfterValidator(_long_enough)] | None = Field(
        None, description="What sessions and cursors are signed with; by default made once, in the data directory"
    )
    pool_size: int = Field(10, ge=1, le=500, description="Connections to the database, for each process")
    web_workers: int = Field(1, ge=1, le=64, description="Processes that answer requests")
    projector: bool = Field(default=True, description="Whether `duban serve` starts a projector beside the web server")
    sealer: bool = Field(default=True, description="Whether `duban serve` starts a sealer, which signs the audit log")
    log_name: Annotated[str, Field(pattern=r"^[^\s+]+$", max_length=200)] | None = Field(
        None, description="The name of the audit log, such as duban.example/main; by default made of the installation's"
    )
    log_key: SecretStr | None = Field(
        None, description="The private key that signs the audit log; by default made once, in the data directory"
    )
    personal_key: Annotated[SecretStr, AfterValidator(_long_enough)] | None = Field(
        None, description="What wraps the keys of persons' data; by default made once, in the data directory"
    )
    keys_dir: Annotated[Path, AfterValidator(_place)] | None = Field(
        None, description="The folder of the keys of persons' data; by default `keys` in the data directory"
    )
    timestamp_url: Annotated[str, Field(pattern=r"^https?://\S+$", max_length=2000)] | None = Field(
        None, description="A time-stamping authority (RFC 3161) that stamps the day's checkpoint"
    )
    log_format: Literal["console", "json"] = Field("console", description="For people, or for machines")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="The least that is logged")
    request_retention_days: int = Field(90, ge=1, le=3650, description="How long a repeated request is recognised")
    access_retention_days: int = Field(
        1_095, ge=180, le=36_500, description="How long the access log tells who was refused what, and who read of whom"
    )
    one_time_hours: int = Field(72, ge=1, le=8_760, description="How long a one-time password may be used")
    file_size: int = Field(50_000_000, ge=1_000, le=2_000_000_000, description="The largest attachment, in bytes")
    case_files_size: int = Field(
        200_000_000, ge=1_000, le=100_000_000_000, description="What the attachments of one case may have, in bytes"
    )
    account_files_size: int = Field(
        500_000_000, ge=1_000, le=100_000_000_000, description="What an account may hand in within 24 hours, in bytes"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then variables, then the files that variables name."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, _Files(settings_cls)

    @model_validator(mode="before")
    @classmethod
    def _complete_urls(cls, values: dict[str, Any]) -> dict[str, Any]:
        if not (password := values.get("database_password")):
            return values
        complete = {name: _with_password(values[name], password) for name in URLS if values.get(name)}
        return values | complete


class Effective(NamedTuple):
    """One setting as it is in force; a secret is masked."""

    name: str
    value: str
    source: Literal["default", "environment", "file"]
    description: str


def load_settings() -> Settings:
    """The settings of this process; a SettingsError says which variable is wrong, and why."""
    _refuse_unknown()
    for field in Settings.model_fields:
        if _set_twice(field):
            raise SettingsError(f"{_variable(field)} and {_variable(field)}{FILE} are both set; keep one of them")
    try:
        return Settings()
    except ValidationError as trouble:
        raise SettingsError("\n".join(_said(error) for error in trouble.errors())) from None


def effective(settings: Settings) -> list[Effective]:
    """Every setting with its value and where the value came from."""
    return [
        Effective(_variable(name), _shown(getattr(settings, name)), _source(settings, name), field.description or "")
        for name, field in Settings.model_fields.items()
    ]


def secret_key(settings: Settings) -> SecretStr:
    """The key that signs sessions and cursors; made once, readable by its owner alone, where none is set."""
    return settings.secret_key or _kept(settings, "secret.key", "DUBAN_SECRET_KEY", lambda: secrets.token_urlsafe(48))


def personal_key(settings: Settings) -> SecretStr:
    """The key that wraps those of persons' data; made once, readable by its owner alone, where none is set."""
    return settings.personal_key or _kept(
        settings, "personal.key", "DUBAN_PERSONAL_KEY", lambda: secrets.token_urlsafe(48)
    )


def log_key(settings: Settings, fresh: Callable[[], str]) -> SecretStr:
    """The private key that signs the audit log; made once, readable by its owner alone, where none is set."""
    return settings.log_key or _kept(settings, LOG_KEY, "DUBAN_LOG_KEY", fresh)


def _kept(settings: Settings, name: str, variable: str, fresh: Callable[[], str]) -> SecretStr:
    place = settings.data_dir / name
    try:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not place.exists():
            write_once(place, fresh())
        return SecretStr(place.read_text(encoding="ascii").strip())
    except PermissionError:
        raise
    except OSError as trouble:
        raise SettingsError(f"A key cannot be kept in {place}: {trouble}. Set {variable}.") from None


def write_once(place: Path, text: str) -> None:
    """Write a private file whole; where two processes do so at once, both go on with the first one's."""
    new = place.with_name(f".{place.name}.{os.getpid()}")
    new.touch(mode=0o600)
    try:
        new.write_text(text, encoding="ascii")
        with contextlib.suppress(FileExistsError):
            place.hardlink_to(new)
    finally:
        new.unlink()


def _refuse_unknown() -> None:
    names = [_variable(field) for field in Settings.model_fields]
    known = {*names, *(name + FILE for name in names), *FOR_TESTS}
    for name in sorted(os.environ):
        if name.upper().startswith(PREFIX) and name not in known:
            nearest = get_close_matches(name.upper(), known - FOR_TESTS, n=1, cutoff=0.0)[0]
            raise SettingsError(f"{name} is not a setting; did you mean {nearest}? (duban config show lists them all)")


def _said(error: ErrorDetails) -> str:
    return f"{_variable(str(error['loc'][0]))}: {error['msg'].removeprefix('Value error, ')}"


def _shown(value: object) -> str:
    return "" if value is None else str(value)


def _source(settings: Settings, name: str) -> Literal["default", "environment", "file"]:
    if name not in settings.model_fields_set:
        return "default"
    return "file" if os.environ.get(_variable(name) + FILE) else "environment"
