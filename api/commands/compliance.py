"""The board of the articles on the command line: duban compliance."""

from typing import Annotated

import typer

from api.commands.common import (
    AsOf,
    Json,
    Jurisdiction,
    KnownAt,
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


@app.command(
    "compliance",
    help=told(
        "Each article of the jurisdiction's set for a year: whether it is met, and how many steps prove it.",
        "逐条对照检查某年的制度要求：是否做到，有多少步骤证明。",
    ),
    epilog=example("duban compliance --year 2026 --as-of 2026-06-30"),
)
def compliance(
    *,
    year: Annotated[
        int | None, typer.Option(min=1949, max=9998, help=told("By default this year.", "默认为当年。"))
    ] = None,
    jurisdiction: Jurisdiction = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    as_json: Json = False,
) -> None:
    from api.compliance import board_of
    from api.looking import as_known
    from api.v1.compliance import article_answer

    with services() as found:
        place = jurisdiction or found.settings.jurisdiction
        moment, zone = moment_of(found, as_of, known_at, place), zone_of(found, place)
        board = board_of(found, found.views, as_known(found, place, moment), moment, year)
        teller = tell(found, place, moment)
    if as_json:
        articles = [article_answer(state).model_dump(mode="json") for state in board.articles]
        emit(
            {
                "moment": echoed(moment, known_at),
                "year": board.year,
                "rulebook": board.rulebook,
                "articles": articles,
            }
        )
        return
    words = teller.say
    table(
        told(
            "article | what it asks | status | reached | asked | of | not known | not in accordance",
            "条 | 要求 | 状态 | 已做 | 应做 | 总数 | 未登记 | 不符合",
        ),
        [
            (
                state.article.number,
                getattr(duty.duty, words.language),
                words(f"compliance.status.{duty.status}"),
                duty.reached,
                duty.asked,
                duty.base,
                duty.unknown or None,
                len(duty.breaches),
            )
            for state in board.articles
            for duty in state.duties
        ],
        right=(0, 3, 4, 5, 6, 7),
    )
    say(f"{board.year} · {board.rulebook} · {moment_line(moment, known_at, zone)}")
