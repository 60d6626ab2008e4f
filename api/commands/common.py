"""What the commands share: language, exit codes, output, the moment, and the way to the database."""

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

if TYPE_CHECKING:
    from adapters.settings import Settings
    from adapters.wiring import Services
    from api.web.viewmodels import Teller
    from domain.moment import Moment
    from projections.reading import Filter


class Code(IntEnum):
    """The exit codes, documented in `duban --help` and docs/cli.md."""

    OK = 0
    REFUSED = 1
    USAGE = 2
    CONFLICT = 3
    NOT_FOUND = 4
    NO_PERMISSION = 5
    UNAVAILABLE = 6
    CANCELLED = 130


class Failed(Exception):  # noqa: N818 - how a command ends
    """A command could not do it: the exit code, and what, why and what next in one line."""

    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code


def language() -> Literal["zh", "en"]:
    """The person's language, as LC_ALL, LC_MESSAGES or LANG say; English when unsure."""
    chosen = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := os.environ.get(name))), "")
    return "zh" if chosen.lower().startswith("zh") else "en"


def told(en: str, zh: str) -> str:
    """The one of two texts that the person reads."""
    return zh if language() == "zh" else en


def example(line: str) -> str:
    """What stands below the help of a command: one call that works."""
    return told("Example: ", "示例：") + line


Json = Annotated[bool, typer.Option("--json", help=told("Print JSON.", "输出 JSON。"))]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="WHEN",
        help=told("What was true then: a date (all of it) or an instant.", "当时的实际情况：日期（含全天）或时刻。"),
    ),
]
KnownAt = Annotated[
    str | None,
    typer.Option(
        "--known-at",
        metavar="WHEN",
        help=told("What had been recorded by then: a date or an instant.", "截至当时已登记的情况：日期或时刻。"),
    ),
]

Kind = Annotated[str | None, typer.Option(help=told("Case type, such as suggestion.", "案件类型，如 suggestion。"))]
Jurisdiction = Annotated[str | None, typer.Option(help=told("Jurisdiction.", "地区。"))]
Stage = Annotated[str | None, typer.Option(help=told("Stage, such as handed_over.", "阶段，如 handed_over。"))]
Unit = Annotated[str | None, typer.Option(help=told("A unit that takes part.", "承办单位。"))]
Deputy = Annotated[str | None, typer.Option(help=told("The lead deputy.", "领衔代表。"))]
Session = Annotated[str | None, typer.Option(help=told("Session.", "届次。"))]
State = Annotated[
    str | None,
    typer.Option(help=told("unassigned, waiting, overdue or answered.", "unassigned、waiting、overdue 或 answered。")),
]
Text = Annotated[str | None, typer.Option(help=told("Part of the title or the number.", "标题或编号的一部分。"))]
Sort = Annotated[
    str,
    typer.Option(
        help=told(
            "opened_on, due_on, number or title; - is descending.", "opened_on、due_on、number 或 title；- 为降序。"
        )
    ),
]


@dataclass
class Options:
    """What was said before the command."""

    debug: bool = False


options = Options()


# Output


def emit(data: object) -> None:
    """Data as JSON on standard output."""
    from pydantic_core import to_json

    typer.echo(to_json(data, indent=2, fallback=str))


def say(line: str) -> None:
    """A line for the person on standard error, where it disturbs no data."""
    typer.echo(line, err=True)


def table(columns: str, rows: Sequence[Sequence[object]], right: Sequence[int] = (), whole: Sequence[int] = ()) -> None:
    """A table on standard output, columns named between bars; an empty cell is a dash; `whole` columns never fold."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for i, column in enumerate(columns.split("|")):
        shown.add_column(column.strip(), justify="right" if i in right else "left", overflow="fold", no_wrap=i in whole)
    for row in rows:
        shown.add_row(*(_cell(value) for value in row))
    # Where no person looks on, nothing is folded: a script may cut columns.
    console = Console(file=sys.stdout, markup=False, highlight=False, width=None if sys.stdout.isatty() else 240)
    console.print(shown)


def _cell(value: object) -> str:
    if value is None or (isinstance(value, str | list) and not value):
        return "—"
    if isinstance(value, bool):
        return told("yes", "是") if value else told("no", "否")
    return str(value)


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error, fed with (done, total), with rate and time left; silent where nobody looks on."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Any) -> Text:
            return Text(f"{task.speed or 0:,.0f}/s")

    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        Rate(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
        redirect_stdout=False,
        redirect_stderr=False,
    ) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def words(message_id: str, params: Mapping[str, object]) -> str:
    """A message of the domain in the person's language."""
    from api.words import words as in_language

    return in_language(language())(message_id, **params)


def tell(found: "Services", jurisdiction: str, moment: "Moment") -> "Teller":
    """Tells the values of a jurisdiction in the person's language, as the pages do."""
    from api.web.viewmodels import Teller
    from api.words import words as in_language

    registry = found.registry
    return Teller(in_language(language()), registry.jurisdiction(jurisdiction), as_of=moment.as_of)


def named(actor: str) -> str:
    """An actor as steps name one; anything else is a usage error."""
    from pydantic import TypeAdapter, ValidationError

    from domain.refusal import refused_by
    from domain.values import Code as Identifier

    try:
        return TypeAdapter(Identifier).validate_python(actor)
    except ValidationError as error:
        refusal = refused_by(error)
        raise Failed(Code.USAGE, f"--actor: {words(refusal.message_id, refusal.params)}") from None


def label(table_name: str, name: str) -> str:
    """What a stage or a role is called."""
    from api.words import words as in_language

    return in_language(language()).label(table_name, name)


# The installation


def settings_in_force() -> "Settings":
    """The settings, with logs set up for a command: warnings, or everything with --debug."""
    from adapters import logs
    from adapters.settings import load_settings

    settings = load_settings()
    logs.configure(settings.log_format, "debug" if options.debug else "warning")
    return settings


@contextmanager
def database(settings: "Settings", *, make: bool = False) -> Iterator[tuple[str, bool]]:
    """The database's conninfo, and whether it runs only for this command. `make` it where there is none yet."""
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value(), False
        return
    from adapters.embedded import running, serving

    place = settings.data_dir
    if not make and not (place / "postgres").is_dir():
        raise Failed(
            Code.UNAVAILABLE,
            told(
                f"There is no installation in {place}: `duban serve` makes one. "
                "Or let DUBAN_DATA_DIR name another folder.",
                f"{place} 中尚无安装：运行 `duban serve` 即可建立，或用 DUBAN_DATA_DIR 指定其他目录。",
            ),
        )
    if (found := running(place)) is not None:
        yield found, False
        return
    with serving(place) as conninfo:
        yield conninfo, True


@contextmanager
def services() -> Iterator["Services"]:
    """The services of this installation; projections that nobody keeps up to date are brought to the head first."""
    from adapters import wiring

    settings = settings_in_force()
    with database(settings) as (conninfo, alone), closing(wiring.build(settings, conninfo, name="duban-cli")) as found:
        if alone or not found.views.status():
            catch_up(settings, conninfo)
        yield found


def catch_up(settings: "Settings", conninfo: str) -> None:
    """Bring every projection to the head of the ledger."""
    from adapters.postgres.projector import Projector

    Projector(conninfo, schema=settings.database_schema, ledger_id=settings.ledger).catch_up()


def filter_of(
    kind: str | None,
    jurisdiction: str | None,
    stage: str | None,
    unit: str | None,
    deputy: str | None,
    session: str | None,
    state: str | None,
    text: str | None,
    *,
    tied_to: str | None = None,
) -> "Filter":
    """Which cases the options name."""
    from projections.reading import Filter

    return Filter(
        kind=kind,
        jurisdiction=jurisdiction,
        stage=stage,
        unit=unit,
        deputy=deputy,
        session=session,
        state=state,
        text=text,
        tied_to=tied_to,
    )


# The moment


def instant(text: str | None, zone: str, option: str) -> Any:
    """A moment that was given as text; an unreadable one is a usage error that names its option."""
    from domain.moment import UnreadableTimeError, parse_moment

    try:
        return None if text is None else parse_moment(text, zone)
    except UnreadableTimeError:
        raise Failed(
            Code.USAGE,
            told(
                f"{option} {text}: neither a date nor an instant. Write 2026-03-31, or 2026-03-31T09:30:00+08:00.",
                f"{option} {text}：既不是日期也不是时刻。请写作 2026-03-31 或 2026-03-31T09:30:00+08:00。",
            ),
        ) from None


def zone_of(found: "Services", jurisdiction: str | None = None) -> str:
    """The time zone in which a date is meant."""
    return found.registry.jurisdiction(jurisdiction or found.settings.jurisdiction).time_zone


def moment_of(found: "Services", as_of: str | None, known_at: str | None, jurisdiction: str | None = None) -> "Moment":
    """The moment that the options name; what they leave open is now."""
    zone = zone_of(found, jurisdiction)
    return found.views.moment(instant(as_of, zone, "--as-of"), instant(known_at, zone, "--known-at"))


def echoed(moment: "Moment", known_at: str | None) -> dict[str, object]:
    """What every answer says of its moment."""
    return {"as_of": moment.as_of, "known_at": known_at, "position": moment.known}


def moment_line(moment: "Moment", known_at: str | None, zone: str) -> str:
    """The same for people."""
    from zoneinfo import ZoneInfo

    as_of = f"{moment.as_of.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M %z}"
    known = known_at or told("now", "现在")
    return told(
        f"as of {as_of}, known at {known} (position {moment.known})",
        f"截至 {as_of}，按 {known} 已登记的情况（位置 {moment.known}）",
    )
