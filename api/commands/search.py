"""Search on the command line: duban search, duban similar."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.commands.cases import jurisdiction_of, no_case_then
from api.commands.common import (
    AsOf,
    Code,
    Deputy,
    Failed,
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

if TYPE_CHECKING:
    from domain.moment import Moment
    from domain.office import Jurisdiction as Region

app = typer.Typer()


def _basis(region: "Region", moment: "Moment", known_at: str | None) -> dict[str, Any]:
    """The moment of an answer, with the rulebook and the calendar that were in force then."""
    from domain.moment import day_of

    book = region.book_on(day_of(moment.as_of, region.time_zone))
    return {"moment": echoed(moment, known_at), "rulebook": book.ref, "calendar": region.working_calendar.ref}


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
    from projections.wording import terms_of

    sought = terms_of(" ".join(terms))
    with services() as found:
        place = jurisdiction or found.settings.jurisdiction
        moment, zone = moment_of(found, as_of, known_at, place), zone_of(found, place)
        wanted = filter_of(kind, place, stage, unit, deputy, session, state, None)
        hits = Search(found.views, moment).hits(sought, wanted, limit=limit)
        region, teller = as_known(found, place, moment), tell(found, place, moment)
    if as_json:
        emit(
            {
                **_basis(region, moment, known_at),
                "terms": [term.text for term in sought],
                "total": hits.total,
                "exact": hits.exact,
                "found": [hit_answer(hit).model_dump(mode="json") for hit in hits.page],
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
            for hit in hits.page
        ],
        whole=(0,),
    )
    shown = told(
        f"{len(hits.page)} of {'' if hits.exact else 'at least '}{hits.total}",
        f"{'共' if hits.exact else '至少'} {hits.total} 件，列出 {len(hits.page)} 件",
    )
    say(f"{shown} · {moment_line(moment, known_at, zone)}")


@app.command(
    "similar",
    help=told(
        "The suggestions that are most like one, or like a title and a text, with what had become of them.",
        "与一件建议（或一段标题、正文）最相似的建议及其办理结果。",
    ),
    epilog=example('duban similar --title "关于老旧小区加装电梯的建议"'),
)
def similar(
    case: Annotated[
        str | None, typer.Argument(metavar="CASE", help=told("The id of a suggestion.", "建议的编号（ID）。"))
    ] = None,
    *,
    title: Annotated[str, typer.Option(help=told("A title, instead of a case.", "标题（代替案件）。"))] = "",
    text: Annotated[str, typer.Option(help=told("What it says.", "正文。"))] = "",
    jurisdiction: Jurisdiction = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    as_json: Json = False,
) -> None:
    from api.looking import as_known
    from api.search import Search
    from api.v1.search import similar_answer
    from domain.cases.suggestion import Suggestion

    if (case is None) is (title == ""):
        raise Failed(Code.USAGE, told("Name either a case or a --title.", "请指定案件，或用 --title 给出标题。"))
    with services() as found:
        place = jurisdiction or found.settings.jurisdiction
        read = found.docket.case_file
        case_file = None if case is None else read(case)
        if case_file is not None:
            place = jurisdiction_of(case_file)
        moment, zone = moment_of(found, as_of, known_at, place), zone_of(found, place)
        search = Search(found.views, moment)
        if case_file is None:
            likes = search.similar_to(title, text, place, read)
        else:
            then = case_file.at(known=moment.known, as_of=moment.as_of)
            if then is None:
                raise no_case_then(case_file.id)
            likes = search.like(then, read) if isinstance(then, Suggestion) else []
        region, teller = as_known(found, place, moment), tell(found, place, moment)
    if as_json:
        emit(
            {
                **_basis(region, moment, known_at),
                "similar": [similar_answer(one).model_dump(mode="json") for one in likes],
            }
        )
        return
    table(
        told(
            "case | score | in common | number | title | stage | outcome",
            "案件 | 相似度 | 共有词语 | 编号 | 标题 | 阶段 | 结果",
        ),
        [
            (
                one.case_id,
                f"{one.score:.0%}",
                " ".join(one.words),
                one.number,
                one.title,
                teller.word(Suggestion.Stage(one.stage)),
                " ".join(filter(None, (one.outcome, one.grade and teller.say.label("page.grade", one.grade)))),
            )
            for one in likes
        ],
        whole=(0,),
    )
    say(moment_line(moment, known_at, zone))
