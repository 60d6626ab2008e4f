"""Search on the command line: duban search."""

from typing import Annotated

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
    State,
    Unit,
    echoed,
    emit,
    example,
    filter_of,
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
    "search",
    help=told(
        "The cases that say every term, in title, number or any step; a phrase stands in quotation marks.",
        "检索标题、编号或任一步骤中含有全部检索词的案件；短语加引号。",
    ),
    epilog=example("duban search 电梯 老旧小区 --as-of 2026-06-30"),
)
def search(
    terms: Annotated[list[str], typer.Argument(help=told("What is sought.", "检索词。"))],
    *,
    kind: Kind = None,
    stage: Stage = None,
    unit: Unit = None,
    deputy: Deputy = None,
    session: Session = None,
    state: State = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help=told("At most so many.", "最多列出的项数。"))] = 20,
    jurisdiction: Jurisdiction = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    as_json: Json = False,
) -> None:
    from api.looking import as_known
    from api.search import Search
    from api.v1.search import hit_answer
    from domain.case import CASE_TYPES
    from domain.moment import day_of
    from projections.wording import terms_of

    sought = terms_of(" ".join(terms))
    with services() as found:
        place = jurisdiction or found.settings.jurisdiction
        moment, zone = moment_of(found, as_of, known_at, place), zone_of(found, place)
        wanted = filter_of(kind, place, stage, unit, deputy, session, state, None)
        hits, total = Search(found.views, moment).hits(sought, wanted, limit=limit)
        region, teller = as_known(found, place, moment), tell(found, place, moment)
    if as_json:
        emit(
            {
                "moment": echoed(moment, known_at),
                "rulebook": region.book_on(day_of(moment.as_of, zone)).ref,
                "calendar": region.working_calendar.ref,
                "terms": [term.text for term in sought],
                "total": total,
                "found": [hit_answer(hit).model_dump(mode="json") for hit in hits],
            }
        )
        return
    table(
        told("case | number | title | stage | opened | what it says", "案件 | 编号 | 标题 | 阶段 | 提出日期 | 内容"),
        [
            (
                hit.row.case_id,
                hit.row.number,
                hit.row.title,
                teller.word(CASE_TYPES[hit.row.kind].Stage(hit.row.stage)),
                hit.row.opened_on,
                "".join(piece.text for piece in hit.excerpt),
            )
            for hit in hits
        ],
        whole=(0,),
    )
    shown = told(f"{len(hits)} of {total}", f"共 {total} 件，列出 {len(hits)} 件")
    say(f"{shown} · {moment_line(moment, known_at, zone)}")
