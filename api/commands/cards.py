"""Cards and integrity signals on the command line: duban card, duban integrity."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer

from api.commands.common import (
    AsOf,
    Json,
    Jurisdiction,
    KnownAt,
    Session,
    echoed,
    emit,
    example,
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

Year = Annotated[
    int | None, typer.Option(min=1949, max=9998, help=told("Year in which it was brought.", "提出的年份。"))
]


class Of(StrEnum):
    """Of whom there are cards."""

    UNIT = "unit"
    DEPUTY = "deputy"
    COMMITTEE = "committee"
    DISTRICT = "district"


@app.command(
    "card",
    help=told(
        "The card of a unit, a deputy, a committee or a district, at a moment of both clocks.",
        "承办单位、代表、委员会或区划在某一时点的卡片。",
    ),
    epilog=example("duban card unit jtj --as-of 2026-06-30"),
)
def card(
    of: Annotated[Of, typer.Argument(help=told("Of whom.", "哪一类。"))],
    id: Annotated[
        str,
        typer.Argument(help=told("Code, id, name or division, such as jtj.", "代码、编号、名称或区划代码，如 jtj。")),
    ],
    *,
    session: Session = None,
    year: Year = None,
    jurisdiction: Jurisdiction = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    as_json: Json = False,
) -> None:
    from api.cards import cards_of, district_card
    from api.looking import as_known
    from api.v1.cards import committee_told, deputy_told, district_told, unit_told
    from domain.moment import day_of
    from domain.policy import EVERYTHING
    from projections.asked import Asked

    asked = Asked(session=session, year=year)
    narrowed = {name: str(value) for name, value in (("session", session), ("year", year)) if value is not None}
    with services() as found:
        place = jurisdiction or found.settings.jurisdiction
        moment, zone = moment_of(found, as_of, known_at, place), zone_of(found, place)
        region = as_known(found, place, moment)
        teller = tell(found, place, moment)
        if of is Of.DISTRICT:
            data = district_told(district_card(found, EVERYTHING, id, moment, asked), moment, narrowed)
        else:
            cards = cards_of(found, found.views, place, moment)
            if of is Of.UNIT:
                data = unit_told(cards.unit(id, asked, ranked=True), moment, {"unit": id, **narrowed})
            elif of is Of.DEPUTY:
                data = deputy_told(cards.deputy(id, asked, EVERYTHING), moment, {"person": id, **narrowed})
            else:
                data = committee_told(cards.committee(id, asked), moment, {"committee": id, **narrowed})
    book, calendar = region.book_on(day_of(moment.as_of, zone)).ref, region.working_calendar.ref
    if as_json:
        emit({"moment": echoed(moment, known_at), "rulebook": book, "calendar": calendar, **data})
        return
    _lines(teller, [("", data["lines"]), *((getattr(one, teller.lang), one.lines) for one in data.get("places", ()))])
    if of is Of.UNIT:
        _hands(teller, data)
    elif of is Of.DEPUTY:
        _duties(teller, data)
    say(f"{book} · {calendar} · {moment_line(moment, known_at, zone)}")


def _lines(teller: Any, places: Sequence[tuple[str, Sequence[Any]]]) -> None:
    """The metrics of a card; those of a district's places, which are named, below those of all together."""
    from api.web.figures import value_of
    from projections.metrics import Figure, metric_named

    rows = []
    for place, line in ((place, line) for place, lines in places for line in lines):
        figure = Figure(line.numerator, line.denominator, line.population)
        trend = [value_of(Figure(one.numerator, one.denominator, one.population)) for one in line.trend]
        rank = None if line.rank is None or line.rank.place is None else f"{line.rank.place}/{line.rank.of}"
        value = f"{value_of(figure)}{' *' if figure.few and figure.denominator else ''}"
        fraction = None if line.denominator is None else f"{line.numerator} / {line.denominator}"
        name = getattr(metric_named(line.metric), teller.lang)
        target = None if line.target is None else f"{line.target.value:.1%}"
        rows.append((place, name, value, fraction, rank, target, " ".join(trend)))
    table(
        told(
            "of | metric | value | numerator / denominator | rank | target | last six months",
            "范围 | 指标 | 值 | 分子 / 分母 | 名次 | 目标 | 近六个月",
        ),
        rows,
        right=(2, 3, 4, 5),
    )


def _hands(teller: Any, data: dict[str, Any]) -> None:
    spans = [(teller.say(f"cards.hands.{name}"), data[name]) for name in ("handling", "opinions")]
    table(
        told(
            "days in hands | suggestions | there | days | working days | median | median working",
            "在手天数 | 件数 | 现在手中 | 日历天 | 工作日 | 日历天中位数 | 工作日中位数",
        ),
        [
            (
                name,
                span.suggestions,
                span.there,
                span.days,
                span.working_days,
                span.median_days,
                span.median_working_days,
            )
            for name, span in spans
        ],
        right=(1, 2, 3, 4, 5, 6),
    )
    table(
        told("number | title | days | working days | there", "编号 | 标题 | 日历天 | 工作日 | 在手中"),
        [(one.number, one.title, one.days, one.working_days, one.there) for one in data["held"]],
        right=(2, 3),
    )


def _duties(teller: Any, data: dict[str, Any]) -> None:
    table(
        told("duty | times | points", "履职行为 | 次数 | 履职积分"),
        [(getattr(one, teller.lang), one.count, one.points) for one in data["duties"]],
        right=(1, 2),
    )
    say(teller.say("cards.points.version", version=data["points_version"]))


@app.command(
    "integrity",
    help=told(
        "Questions about how evaluations came about, each with how often it is so among all. None is a verdict.",
        "诚信提示：对评价如何作出的提问，每项注明在全部中的占比。均非结论。",
    ),
    epilog=example("duban integrity --year 2026 --json"),
)
def integrity(
    *,
    session: Session = None,
    year: Year = None,
    jurisdiction: Jurisdiction = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    as_json: Json = False,
) -> None:
    from api.integrity import integrity_of
    from api.looking import as_known
    from api.v1.integrity import integrity_told
    from domain.moment import day_of
    from projections.asked import Asked

    with services() as found:
        place = jurisdiction or found.settings.jurisdiction
        moment, zone = moment_of(found, as_of, known_at, place), zone_of(found, place)
        region = as_known(found, place, moment)
        signals = integrity_of(found, found.views, region, moment, Asked(session=session, year=year))
        teller = tell(found, place, moment)
    data = integrity_told(signals)
    book, calendar = region.book_on(day_of(moment.as_of, zone)).ref, region.working_calendar.ref
    if as_json:
        emit({"moment": echoed(moment, known_at), "rulebook": book, "calendar": calendar, **data})
        return
    table(
        told("signal | so | among | share | question", "提示 | 有 | 基数 | 占比 | 问题"),
        [
            (
                getattr(one.name, teller.lang),
                one.count,
                one.base,
                None if one.rate is None else f"{one.rate:.1%}",
                getattr(one.question, teller.lang),
            )
            for one in data["signals"]
        ],
        right=(1, 2, 3),
    )
    table(
        told("signal | number | title | step | recorded | by", "提示 | 编号 | 标题 | 步骤 | 登记时间 | 登记人"),
        [
            (
                getattr(one.name, teller.lang),
                row.number,
                row.title,
                teller.say.step(step.type),
                teller.when(step.recorded_at),
                teller.acting(step.actor),
            )
            for one in data["signals"]
            for row in one.suggestions
            for step in row.steps
        ],
    )
    say(f"{data['signals_version']} · {book} · {calendar} · {moment_line(moment, known_at, zone)}")
