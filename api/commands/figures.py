"""Figures on the command line: duban figures."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from api.commands.common import (
    AsOf,
    Deputy,
    Json,
    Jurisdiction,
    Kind,
    KnownAt,
    Session,
    Stage,
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

app = typer.Typer()


@app.command(
    "figures",
    help=told(
        "Metrics at a moment of both clocks: in whole, by a dimension, or over time.",
        "某一时点的统计指标：总数、按某一维度，或走势。",
    ),
    epilog=example("duban figures satisfied_rate resolution_rate --by unit --as-of 2026-06-30"),
)
def figures(
    metrics: Annotated[
        list[str] | None, typer.Argument(help=told("Metrics; by default all of them.", "指标；默认为全部。"))
    ] = None,
    *,
    by: Annotated[
        str | None,
        typer.Option(
            help=told(
                "Dimension, such as unit, group, committee, session.", "维度，如 unit、group、committee、session。"
            )
        ),
    ] = None,
    kind: Kind = None,
    unit: Unit = None,
    deputy: Deputy = None,
    group: Annotated[str | None, typer.Option(help=told("Deputies' group.", "代表小组。"))] = None,
    committee: Annotated[str | None, typer.Option(help=told("Committee in charge.", "对口委员会。"))] = None,
    stage: Stage = None,
    session: Session = None,
    year: Annotated[
        int | None, typer.Option(min=1949, max=9998, help=told("Year in which it was brought.", "提出的年份。"))
    ] = None,
    since: Annotated[
        str | None, typer.Option(help=told("Over time, from this day on (one metric).", "自该日起的走势（一项指标）。"))
    ] = None,
    pace: Annotated[
        str,
        typer.Option(help=told("Of a course: day, month, quarter or year.", "走势的间隔：day、month、quarter、year。")),
    ] = "month",
    what_if: Annotated[
        Path | None,
        typer.Option(
            "--what-if",
            exists=True,
            dir_okay=False,
            help=told(
                "Simulate: a JSON file with what is supposed: rulebook, limits, letters, targets.",
                "假设推演：写明所假设内容的 JSON 文件：rulebook、limits、letters、targets。",
            ),
        ),
    ] = None,
    jurisdiction: Jurisdiction = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    as_json: Json = False,
) -> None:
    from typing import cast, get_args

    from api.figures import Figures, Pace
    from api.looking import as_known
    from api.v1.figures import figure_answer, told_answer
    from api.web.viewmodels import value_name
    from domain.refusal import Refused
    from projections.asked import Asked, By
    from projections.metrics import metric_named

    asked = Asked(
        unit=unit, person=deputy, group=group, committee=committee, kind=kind, stage=stage, session=session, year=year
    )
    if by not in {None, *get_args(By)}:
        raise Refused("unknown-dimension", field="by", by=by, known=sorted(get_args(By)))
    if pace not in get_args(Pace):
        raise Refused("unknown-pace", field="pace", pace=pace, known=list(get_args(Pace)))
    if what_if is not None:
        _simulated(what_if, asked, metrics or [], by, (jurisdiction, as_of, known_at), as_json=as_json)
        return
    points: list[tuple[date, Any]] = []
    with services() as found:
        place = jurisdiction or found.settings.jurisdiction
        moment, zone = moment_of(found, as_of, known_at, place), zone_of(found, place)
        region = as_known(found, place, moment)
        at = Figures(found, found.views, region, moment)
        teller = tell(found, place, moment)
        if since is None:
            rows = at.told(asked, metrics or [], cast("By | None", by))
        else:
            [metric] = metrics if metrics and len(metrics) == 1 else [_one_metric(metrics)]
            day = instant(since, zone, "--since").astimezone(region.zone).date()
            points = at.series(asked, metric, day, at.day, cast("Pace", pace))
            rows = []
    moment_told = {"moment": echoed(moment, known_at), "rulebook": region.book_on(at.day).ref}
    if as_json and since is not None:
        emit({**moment_told, "points": [{"day": day.isoformat(), **figure_answer(one)} for day, one in points]})
        return
    if as_json:
        emit({**moment_told, "figures": [told_answer(one) for one in rows]})
        return
    language = teller.say.language
    if since is not None:
        table(
            told("day | value | numerator | denominator", "日期 | 值 | 分子 | 分母"),
            [(day.isoformat(), *_shown(one)) for day, one in points],
            right=(1, 2, 3),
        )
        say(f"{getattr(metric_named(metric), language)} · {moment_line(moment, known_at, zone)}")
        return
    lines: list[Sequence[object]] = []
    for one in rows:
        lines.append((getattr(one.metric, language), "", *_shown(one.figure), _range(one.figure)))
        lines += [("", value_name(teller, by, key), *_shown(part), _range(part)) for key, part in one.parts]
    table(
        told(
            "metric | of | value | numerator | denominator | floor–ceiling",
            "指标 | 范围 | 值 | 分子 | 分母 | 下限–上限",
        ),
        lines,
        right=(2, 3, 4, 5),
    )
    say(f"{region.book_on(at.day).ref} · {moment_line(moment, known_at, zone)}")


def _simulated(
    file: Path,
    asked: Any,
    metrics: Sequence[str],
    by: Any,
    at: tuple[str | None, str | None, str | None],
    *,
    as_json: bool,
) -> None:
    """Figures as they are beside what they would be; each line says that it is a simulation."""
    from pydantic import ValidationError

    from api.looking import as_known
    from api.v1.what_if import what_if_answer
    from api.web.viewmodels import value_name
    from api.what_if import simulate, words_of
    from domain.refusal import refused_by
    from projections.supposition import Supposition

    try:
        supposition = Supposition.model_validate_json(file.read_bytes())
    except ValidationError as error:
        raise refused_by(error) from None
    jurisdiction, as_of, known_at = at
    with services() as found:
        place = jurisdiction or found.settings.jurisdiction
        moment, zone = moment_of(found, as_of, known_at, place), zone_of(found, place)
        region = as_known(found, place, moment)
        simulation = simulate(found, found.views, place, moment, asked, metrics, by, supposition)
        teller = tell(found, place, moment)
    words = teller.say
    book = region.book_on(moment.as_of.astimezone(region.zone).date()).ref
    if as_json:
        meant = {"simulation": True, "note": words("what_if.simulation"), "rulebook": book}
        emit(meant | {"moment": echoed(moment, known_at), **_plain(what_if_answer(simulation))})
        return
    lines: list[Sequence[object]] = []
    for one in simulation.told:
        name = getattr(one.metric, words.language)
        for of, part in [("", one.figure), *((value_name(teller, by, key), part) for key, part in one.parts)]:
            sides = (*_fraction(part.real), *_fraction(part.simulated))
            lines.append((words("what_if.mark"), "" if of else name, of, *sides))
    table(
        told("nature | metric | of | real | n | simulated | n", "性质 | 指标 | 范围 | 实际 | 件数 | 模拟 | 件数"),
        lines,
        right=(3, 4, 5, 6),
    )
    say(words("what_if.simulation"))
    for what, how in words_of(teller, supposition):
        say(words("page.pair", label=what, value=how))
    say(f"{book} · {moment_line(moment, known_at, zone)}")


def _plain(answer: dict[str, Any]) -> Any:
    from pydantic_core import to_jsonable_python

    return to_jsonable_python(answer)


def _fraction(figure: Any) -> tuple[str, str]:
    value, numerator, denominator = _shown(figure)
    return value, f"{numerator}/{denominator}" if denominator else ""


def _one_metric(metrics: Sequence[str] | None) -> str:
    from domain.refusal import Refused

    raise Refused("one-metric-over-time", field="metrics", given=len(metrics or ()))


def _shown(figure: Any) -> tuple[str, str, str]:
    """Value, numerator, denominator; a rate of few is marked."""
    if figure.denominator is None:
        return str(figure.numerator), "", ""
    value = "—" if figure.value is None else f"{figure.value:.1%}{' *' if figure.few else ''}"
    return value, str(figure.numerator), str(figure.denominator)


def _range(figure: Any) -> str:
    return "" if figure.floor is None else f"{figure.floor:.1%}–{figure.ceiling:.1%}"
