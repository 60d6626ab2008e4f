"""Clocks on the command line: duban clocks."""

from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from api.commands.common import (
    AsOf,
    Code,
    Failed,
    Json,
    Jurisdiction,
    Kind,
    KnownAt,
    Unit,
    echoed,
    emit,
    example,
    instant,
    moment_line,
    moment_of,
    say,
    services,
    table,
    tell,
    told,
    zone_of,
)

if TYPE_CHECKING:
    from projections.reading import ClockState

app = typer.Typer()


@app.command(
    "clocks",
    help=told(
        "Every deadline at a moment of both clocks, nearest due date first: which run, which are overdue, which were "
        "met or missed.",
        "某一时点的全部办理时限，按到期先后：进行中、已逾期、按期完成、逾期完成。",
    ),
    epilog=example("duban clocks --state overdue --unit jtj --as-of 2026-06-30"),
)
def clocks(
    *,
    state: Annotated[
        str | None,
        typer.Option(
            help=told(
                "running, overdue, soon, met, missed or dropped.", "running、overdue、soon、met、missed 或 dropped。"
            )
        ),
    ] = None,
    clock: Annotated[str | None, typer.Option(help=told("Id of the rule.", "期限规则的编号。"))] = None,
    unit: Unit = None,
    kind: Kind = None,
    due_from: Annotated[str | None, typer.Option(help=told("Due no earlier.", "到期日不早于。"))] = None,
    due_to: Annotated[str | None, typer.Option(help=told("Due no later.", "到期日不晚于。"))] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help=told("At most so many.", "最多列出的项数。"))] = 50,
    jurisdiction: Jurisdiction = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    as_json: Json = False,
) -> None:
    from api.clocks import Clocks
    from api.looking import as_known
    from api.v1.clocks import listed_clock
    from api.web.viewmodels import clock_view
    from domain.policy import EVERYTHING
    from domain.procedure import case_type_named
    from projections.clocks import Clocks as Projection
    from projections.reading import ClockFilter

    if kind is not None:
        case_type_named(kind)
    with services() as found:
        place = jurisdiction or found.settings.jurisdiction
        moment, zone = moment_of(found, as_of, known_at, place), zone_of(found, place)
        region = as_known(found, place, moment)
        first, last = (_day(text, zone, option) for text, option in ((due_from, "--due-from"), (due_to, "--due-to")))
        wanted = ClockFilter(place, _state(state), clock, unit, kind, first, last)
        at = Clocks(found, found.views, EVERYTHING, region, moment)
        rows, counts = at.page(wanted, limit=limit), at.counts(wanted)
        teller = tell(found, place, moment)
    if as_json:
        emit(
            {
                "moment": echoed(moment, known_at),
                "definition": Projection.version,
                "rulebook": region.book_on(at.day).ref,
                "calendar": region.working_calendar.ref,
                "counts": asdict(counts),
                "clocks": [listed_clock(one, at, zone).model_dump(mode="json") for one in rows],
            }
        )
        return
    shown = [(one.row, clock_view(teller, one.running, at.day)) for one in rows]
    table(
        told(
            "case | number | title | clock | part | started | due | stands | unit",
            "案件 | 编号 | 标题 | 时限 | 部分 | 起算日 | 到期日 | 状态 | 单位",
        ),
        [
            (
                row.case_id,
                row.number,
                row.title,
                view.name,
                view.part,
                row.started_on,
                f"{row.due_on}{told(' (estimate)', '（预估）') if row.estimate else ''}",
                view.light.text,
                teller.unit(row.unit),
            )
            for row, view in shown
        ],
        whole=(0, 1),
    )
    typer.echo(
        told(
            f"{len(rows)} of {counts.total}; {counts.running} running, of them {counts.overdue} overdue and "
            f"{counts.soon} due within 7 days; {counts.met} met, {counts.missed} missed, {counts.dropped} dropped",
            f"共 {counts.total} 项，列出 {len(rows)} 项；进行中 {counts.running} 项，其中逾期 {counts.overdue} 项、"
            f"7 日内到期 {counts.soon} 项；按期完成 {counts.met} 项，逾期完成 {counts.missed} 项，"
            f"不再等待 {counts.dropped} 项",
        )
    )
    say(f"{region.book_on(at.day).ref} · {moment_line(moment, known_at, zone)}")


def _day(text: str | None, zone: str, option: str) -> date | None:
    from domain.moment import day_of

    at = instant(text, zone, option)
    return None if at is None else day_of(at, zone)


def _state(name: str | None) -> "ClockState | None":
    from projections.reading import ClockState

    found = next((state for state in get_args(ClockState) if state == name), None)
    if name is not None and found is None:
        known = ", ".join(get_args(ClockState))
        raise Failed(Code.USAGE, told(f"--state {name}: there are {known}.", f"--state {name}：可用 {known}。"))
    return found
