"""The registry on the command line: what it says on any day, and entering a jurisdiction that ships as a file."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from api.commands.common import (
    AsOf,
    Json,
    KnownAt,
    database,
    echoed,
    emit,
    example,
    instant,
    moment_line,
    services,
    settings_in_force,
    table,
    told,
    zone_of,
)

registry = typer.Typer(
    no_args_is_help=True,
    help=told("Units, deputies, groups and seats, on any day.", "任一时点的单位、代表、小组和任职。"),
)


class Kind(StrEnum):
    """What the registry has entries of."""

    UNITS = "units"
    DEPUTIES = "deputies"
    GROUPS = "groups"
    SEATS = "seats"


@registry.command(
    "list",
    help=told(
        "Who and what was in being on a day, as known at another.", "按某日已登记的情况，列出某日在册的单位和人员。"
    ),
    epilog=example("duban registry list units --as-of 2019-02-28"),
)
def list_(
    kind: Annotated[Kind, typer.Argument(help=told("Entries of what.", "名册种类。"))],
    jurisdiction: Annotated[
        str | None,
        typer.Option(help=told("Jurisdiction; by default this installation's.", "地区；默认为本安装的地区。")),
    ] = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    as_json: Json = False,
) -> None:
    from domain.moment import day_of

    with services() as found:
        zone = zone_of(found, jurisdiction)
        moment = found.views.moment(instant(as_of, zone, "--as-of"), instant(known_at, zone, "--known-at"))
        known = found.registry.jurisdiction(jurisdiction or found.settings.jurisdiction, moment.known)
    day = day_of(moment.as_of, zone)
    entries = known.units_on(day) if kind is Kind.UNITS else [e for e in getattr(known, kind) if e.on(day)]
    if as_json:
        emit({"moment": echoed(moment, known_at), kind: [entry.model_dump(mode="json") for entry in entries]})
        return
    columns = [name for name in type(entries[0]).model_fields if name != "order"] if entries else ["code"]
    table(" | ".join(columns), [[getattr(entry, name) for name in columns] for entry in entries])
    typer.echo(told(f"{len(entries)} entries", f"共 {len(entries)} 条") + "; " + moment_line(moment, known_at, zone))


@registry.command(
    help=told(
        "Enter a jurisdiction from a file, with its units and deputies. What was entered before stays.",
        "按文件登记地区及其单位和代表；已登记的内容保持不变。",
    ),
    epilog=example("duban registry enter my-city.toml"),
)
def enter(
    source: Annotated[
        str,
        typer.Argument(metavar="FILE", help=told("A file, or the code of one that ships.", "文件，或随附地区的代码。")),
    ],
    actor: Annotated[str, typer.Option(help=told("Who enters it.", "登记人。"))] = "duban",
) -> None:
    from contextlib import closing

    from adapters import wiring
    from adapters.exchange import jurisdictions
    from api.commands.common import named

    who, settings, file = named(actor), settings_in_force(), Path(source)
    with database(settings, make=True) as (conninfo, _):
        wiring.prepare(settings, conninfo)
        with closing(wiring.build(settings, conninfo, name="duban-cli")) as found:
            if file.suffix == ".toml":
                count = jurisdictions.enter_file(found.docket, file.read_bytes(), actor=who)
            else:
                count = jurisdictions.enter(found.docket, source, actor=who)
    typer.echo(told(f"{count} steps recorded.", f"已登记 {count} 个步骤。"))
