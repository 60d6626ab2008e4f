"""What is found through PostgreSQL is, at every moment, what a reader of the texts would find with a pencil."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.postgres import scoped, search
from adapters.postgres.projector import Projector
from adapters.postgres.views import Views
from api.search import LEAST, REQUESTS
from domain import policy
from domain.case import Act, Corrected, Recorded, Role, Voided
from domain.casefile import CaseFile, file_of
from domain.cases import suggestion as s
from domain.docket import Docket, LedgerMapper
from domain.moment import Moment, start_of_day
from domain.principal import Principal
from domain.refusal import Refused
from projections.reading import Filter, FoundRow
from projections.search import open_texts
from projections.wording import Term, subject_of, terms_of
from tests.domain.support import DEPUTY, ZONE, role_for
from tests.faults.support import act, connect, ledger_on, opening
from tests.projections.support import MOMENTS, OWN, by_case, moment_of, naive_case, naive_order
from tests.registry import shipped_registry

pytestmark = pytest.mark.database

JURISDICTION = "cn-999900"
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
READERS = [
    *(Principal("u-1", role, JURISDICTION, JURISDICTION) for role in Role),
    *(Principal("u-1", Role.HANDLING_UNIT, unit, JURISDICTION) for unit in ("jtj", "czj")),
    *(Principal(deputy, Role.DEPUTY, JURISDICTION, JURISDICTION) for deputy in ("d-001", "d-002")),
    Principal("u-1", Role.DEPUTY_AFFAIRS, "jp-sangiin", "jp-sangiin"),
]

TEXTS = (
    "关于老旧小区加装电梯的建议",
    "电梯",
    "梯",
    "装电梯，小区老旧。电",
    "5G基站与ＢＵＳ专线 bus-12",
    "建设公交bus站：１２路",
    "电\n梯 小\n区",
    "ab_cd 12.5㎡",
)
QUERIES = (
    *(
        "电梯",
        "梯",
        "电",
        "装电",
        "老旧小区",
        "小区老",
        "小区加装电梯的",
        "区，老",
        "bus",
        "BUS 12",
        "us",
        "5g基站",
        "5g",
    ),
    *("电梯 老旧", '"bus 12"', '"12 路"', "12路", "路", "ab", "cd 12", "m2", "5㎡", "ab_cd", "站：12", "夜间"),
    *("电梯 bus", "路 梯", "区，老 12"),
)


# A search of its own, in the characters of the text, that knows nothing of lexemes


def plain(text: str) -> str:
    """Folded, with one blank for whatever is no letter, and blanks between scripts."""
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    text = "".join(char if char.isalnum() else " " for char in text)
    text = re.sub(r"([\u4e00-\u9fff])(?=[^\u4e00-\u9fff ])|([^\u4e00-\u9fff ])(?=[\u4e00-\u9fff])", r"\1\2 ", text)
    return f" {' '.join(text.split())} "


def says(text: str, term: str) -> bool:
    """Whether the characters stand there, and no word of letters is cut."""
    sought = plain(term).strip()
    for match in re.finditer(f"(?={re.escape(sought)})", found := plain(text)):
        before, after = found[match.start() - 1], found[match.start() + len(sought)]
        cut_before = not _is_han(sought[0]) and before != " "
        cut_after = not _is_han(sought[-1]) and after != " "
        if not cut_before and not cut_after:
            return True
    return False


def _is_han(char: str) -> bool:
    return "\u4e00" <= char <= "\u9fff"


TERMS: Mapping[str, Sequence[str]] = {
    "BUS 12": ("BUS", "12"), "电梯 老旧": ("电梯", "老旧"), '"bus 12"': ("bus 12",), '"12 路"': ("12 路",),
    "cd 12": ("cd", "12"), "电梯 bus": ("电梯", "bus"), "路 梯": ("路", "梯"), "区，老 12": ("区，老", "12"),
}  # fmt: skip


def finds(texts: Sequence[str], query: str) -> bool:
    return all(any(says(text, term) for text in texts) for term in TERMS.get(query, (query,)))


@contextmanager
def ledger(database: str) -> Iterator[tuple[Docket, Any, Views, str]]:
    ledger_id = uuid4().hex
    with connect(database) as owner:
        owner.execute("SELECT ledger_open(%s)", [ledger_id])
    with ledger_on(database, ledger_id, size=1) as found:
        yield Docket(found, shipped_registry(), lambda: NOW), found, Views(found._pool, found), ledger_id


FREQUENT = {"_LONG": 0, "_frequent": lambda *_: True}
BOUNDS: tuple[dict[str, Any], ...] = (
    {},
    {"_MOST": 1, "_MET": 1},
    {"_MOST": 1, "_MET": 1, "_DENSE": 0},
    {"_MOST": 1, "_MET": 1, "_DENSE": 0, **FREQUENT},
    {"_MET": 2, "_NARROW": 0, **FREQUENT},
)
"""As few, and as many: for a reader of few cases, by the index, and among what was said last."""

MOVES = st.lists(
    st.tuples(
        st.sampled_from(("title", "say", "say", "say", "reply", "correct", "correct", "void", "void", "unvoid")),
        st.sampled_from((0, 0, 1)),
        st.sampled_from(TEXTS),
        st.integers(0, 20),
        st.booleans(),
        st.integers(1, 6),
    ),
    min_size=6,
    max_size=16,
)


def record_all(docket: Docket, moves: Sequence[Any]) -> None:
    """What an office writes into two suggestions, corrects, voids, and enters late."""
    for number in (0, 1):
        docket.open(
            opening(body="老旧小区").model_copy(update={"number": f"{number}号"}), act(), case_id=f"case-{number}"
        )
        docket.record(f"case-{number}", s.HandedOver(lead_unit="jtj", co_units=("czj",)), act())
    for what, number, text, day, late, target in moves:
        history = docket.case_file(f"case-{number}").history
        voids = [record.version for record in history if isinstance(record.step, Voided)]
        step: Any = {
            "title": Corrected(corrects=1, changes={"title": text.split("\n")[0]}, reason="误", approved_by="主任"),
            "say": s.ProgressReported(unit="jtj", summary=text),
            "reply": s.ReplyIssued(unit="jtj", outcome="B", letter=text),
            "correct": Corrected(corrects=2 + target, changes={"summary": text}, reason="误", approved_by="主任"),
            "void": Voided(voids=target, reason="误", approved_by="主任"),
            "unvoid": Voided(voids=voids[-1] if voids else 99, reason="误", approved_by="主任"),
        }[what]
        when = start_of_day(date(2026, 3, 2 + day), ZONE)
        said = Act(actor=DEPUTY, role=role_for(step), office="rd", occurred_at=when, late=late)
        try:
            docket.record(f"case-{number}", step, said)
        except Refused:
            continue


def texts_at(history: Sequence[Recorded], known: int, as_of: datetime) -> list[str]:
    """What a case says at a moment, folded from its whole history; nothing where there is no case."""
    if naive_case(history, known, as_of) is None:
        return []
    return [text for r in naive_order(history, known) if r.occurred_at <= as_of for text in open_texts(r.step)]


def place(history: Sequence[Recorded], known: int, as_of: datetime, query: str) -> tuple[bool, datetime]:
    """Whether a title says it all, and when; else when one of the terms was said last."""
    steps = [record for record in naive_order(history, known) if record.occurred_at <= as_of]
    terms = TERMS.get(query, (query,))
    named = [(r, [getattr(r.step, name, None) or "" for name in ("title", "number")]) for r in steps]
    titles = [r.occurred_at for r, heading in named if all(says("\n".join(heading), term) for term in terms)]
    texts = [r.occurred_at for r in steps if any(says(text, term) for text in open_texts(r.step) for term in terms)]
    return bool(titles), max(titles or texts)


def covers(reader: Principal, history: Sequence[Recorded]) -> bool:
    case_file = file_of(None, history)
    assert isinstance(case_file, CaseFile)
    return policy.scope(reader).covers(case_file)


def everything(views: Any, terms: Sequence[Term], moment: Moment, limit: int) -> list[FoundRow]:
    """All pages, each as long as its limit says, the total the same on each."""
    found: list[FoundRow] = []
    after, totals = None, set()
    while True:
        page = views.found(terms, Filter(), moment, after=after, limit=limit)
        if not page.rows:
            break
        assert page.total >= len(page.rows)
        totals.add((page.total, page.exact))
        found += page.rows
        after = page.rows[-1].key
    assert len(totals) <= 1
    assert all(total == len(found) if exact else total <= len(found) for total, exact in totals)
    return found


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    moves=MOVES,
    drawn=st.lists(MOMENTS, min_size=3, max_size=5),
    queries=st.lists(st.sampled_from(QUERIES), min_size=4, max_size=6, unique=True),
    batch=st.integers(1, 9),
    bounds=st.sampled_from(BOUNDS),
    limit=st.integers(1, 2),
    few=OWN,
)
def test_just_the_cases_are_found_whose_texts_said_it_then_as_known_then(
    database: str,
    moves: Sequence[Any],
    drawn: list[Any],
    queries: list[str],
    batch: int,
    bounds: dict[str, Any],
    limit: int,
    few: int,
) -> None:
    looked_up = patch.object(scoped, "OWN_CASES", few)
    with ledger(database) as (docket, stored, views, ledger_id), patch.dict(vars(search), bounds), looked_up:
        record_all(docket, moves)
        Projector(database, ledger_id=ledger_id, batch=batch).catch_up()
        histories = by_case(LedgerMapper().to_domain_event(event) for event in stored.tail(0, 10_000))
        for query in queries:
            for known, as_of in [*(moment_of(one, stored.head()) for one in drawn), (stored.head(), NOW)]:
                expected = {
                    case_id for case_id, history in histories.items() if finds(texts_at(history, known, as_of), query)
                }
                rows = everything(views.search, terms_of(query), Moment(as_of, known), limit)
                assert {row.case_id for row in rows} == expected, (query, known, as_of)
                assert len(rows) == len(expected)
                assert [row.key for row in rows] == sorted((row.key for row in rows), reverse=True)
                if bounds in BOUNDS[:2] or query not in TERMS:
                    for row in rows:
                        assert row.key[:2] == place(histories[row.case_id], known, as_of, query), (query, known, as_of)
                said = views.search.said(terms_of(query), sorted(expected), Moment(as_of, known))
                assert {one.case_id for one in said} == expected
        for reader in READERS:
            own = views.within(policy.scope(reader)).search
            moment = Moment(NOW, stored.head())
            may = {
                case_id
                for case_id, history in histories.items()
                if covers(reader, history) and finds(texts_at(history, moment.known, NOW), "小区")
            }
            assert {row.case_id for row in everything(own, terms_of("小区"), moment, limit=5)} == may, reader


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=MOVES, batch=st.integers(1, 5))
def test_the_rows_are_the_same_however_batches_are_cut_and_when_built_anew(
    database: str, moves: Sequence[Any], batch: int
) -> None:
    with ledger(database) as (docket, _, _, ledger_id):
        record_all(docket, moves)
        Projector(database, ledger_id=ledger_id, batch=batch).catch_up()

        def rows() -> list[Any]:
            with connect(database) as conn:
                return sorted(conn.execute("SELECT * FROM search WHERE ledger_id = %s", [ledger_id]).fetchall())

        cut = rows()
        assert cut
        Projector(database).rebuild("search")
        assert rows() == cut


# Suggestions that are alike


def opened(docket: Docket, title: str, body: str = "", *, case_id: str | None = None, deputy: str = DEPUTY) -> str:
    step = opening(body=body or None).model_copy(update={"title": title, "lead_deputy": deputy})
    return docket.open(step, act(), case_id=case_id).case_id


LIFTS = "关于老旧小区加装电梯的建议", "老旧小区没有电梯，老年人上下楼不便。建议财政补贴加装电梯，简化审批手续。"
LIFTS_AGAIN = "关于加快推进老旧小区加装电梯工作的建议", "不少居民反映上下楼困难，建议加大加装电梯补贴力度。"
IN_OTHER_WORDS = (
    "关于解决高龄住户出行难的建议",
    "高层旧楼没有电梯，老年人上下楼不便，建议由财政补贴加装电梯，简化审批手续。",
)
BUS = "关于增开夜间公交线路的建议", "产业园区夜班职工下班后没有公交可乘，建议增开夜间线路。"
SCHOOL = "关于规范中小学校外培训的建议", "校外培训收费混乱，建议加强监管，完善备案制度。"


def scores(views: Any, title: str, body: str, **asked: Any) -> dict[str, float]:
    rows = views.similar(
        subject_of(title, body), Filter(kind="suggestion", jurisdiction=JURISDICTION), asked.pop("moment"),
        steps=REQUESTS, least=0.0, limit=100, **asked,
    )  # fmt: skip
    return {row.case_id: row.score for row in rows}


def test_the_same_again_is_most_alike_then_the_matter_in_other_words_and_the_unrelated_hardly(database: str) -> None:
    with ledger(database) as (docket, stored, views, ledger_id):
        again, other_words = opened(docket, *LIFTS_AGAIN), opened(docket, *IN_OTHER_WORDS)
        bus, school = opened(docket, *BUS), opened(docket, *SCHOOL)
        Projector(database, ledger_id=ledger_id).catch_up()
        found = scores(views.search, *LIFTS, moment=Moment(NOW, stored.head()))
        assert found[again] > LEAST < found[other_words]
        assert max(found.get(bus, 0), found.get(school, 0)) < LEAST / 2
        assert scores(views.search, *BUS, moment=Moment(NOW, stored.head()))[bus] == 1
        assert bus not in scores(views.search, *BUS, moment=Moment(NOW, stored.head()), but=bus)


def test_what_is_alike_is_alike_as_it_was_then_and_for_who_may_read_it(database: str) -> None:
    with ledger(database) as (docket, stored, views, ledger_id):
        first = opened(docket, *LIFTS)
        for number in range(6):
            opened(docket, f"关于第{number}件其他事项的建议")
        second = opened(docket, *BUS, deputy="d-002")
        docket.record(
            second, Corrected(corrects=1, changes={"title": LIFTS[0]}, reason="误", approved_by="主任"), act()
        )
        Projector(database, ledger_id=ledger_id).catch_up()
        now = Moment(NOW, stored.head())
        found = scores(views.search, *LIFTS, moment=now)
        assert found[first] == 1
        assert found[second] > LEAST
        before = scores(views.search, *LIFTS, moment=Moment(NOW, stored.head() - 1))
        assert before.get(second, 0) < LEAST
        assert scores(views.search, *LIFTS, moment=Moment(start_of_day(date(2026, 3, 1), ZONE), now.known)) == {}
        deputy = policy.scope(Principal("d-002", Role.DEPUTY, JURISDICTION, JURISDICTION))
        assert set(scores(views.within(deputy).search, *LIFTS, moment=now)) == {second}


def test_what_others_may_not_read_moves_no_score(database: str) -> None:
    with ledger(database) as (docket, stored, views, ledger_id):
        opened(docket, *LIFTS_AGAIN, deputy="d-002")
        opened(docket, *SCHOOL, deputy="d-002")
        own = views.within(policy.scope(Principal("d-002", Role.DEPUTY, JURISDICTION, JURISDICTION))).search
        Projector(database, ledger_id=ledger_id).catch_up()
        before = scores(own, *LIFTS, moment=Moment(NOW, stored.head()))
        for _ in range(5):
            opened(docket, *LIFTS)
        Projector(database, ledger_id=ledger_id).catch_up()
        assert scores(own, *LIFTS, moment=Moment(NOW, stored.head())) == before != {}


def test_a_case_that_is_found_is_one_row_of_all_that_it_ever_had(database: str) -> None:
    def fetched() -> int:
        with connect(database) as conn:
            told = "SELECT sum(idx_tup_fetch) FROM pg_stat_user_tables WHERE relname LIKE 'case_list_%'"
            return int(conn.execute(told).fetchall()[0][0] or 0)

    with ledger_on(database, size=1) as ledger:
        docket = Docket(ledger, shipped_registry())
        for number in range(20):
            docket.open(opening(number=f"{number}"), act(), case_id=f"case-{number}")
            docket.record(f"case-{number}", s.HandedOver(lead_unit="jtj"), act())
            docket.record(f"case-{number}", s.SignedFor(unit="jtj"), act())
            docket.record(f"case-{number}", s.ReplyIssued(unit="jtj", outcome="B"), act())
        Projector(database).catch_up()
        views = Views(ledger._pool, ledger)
        with connect(database) as conn:
            conn.execute("VACUUM ANALYZE")
        before = fetched()
        assert views.search.found(terms_of("夜间"), Filter(), views.moment(), limit=5).total == 20
        with ledger._pool.connection() as conn:
            conn.execute("SELECT pg_stat_force_next_flush()")
        assert fetched() - before == 20 + 5


def test_however_often_is_searched_the_database_knows_how_many_cases_it_looks_up(database: str) -> None:
    with ledger_on(database, size=1) as ledger:
        docket = Docket(ledger, shipped_registry())
        docket.open(opening(), act())
        Projector(database).catch_up()
        views = Views(ledger._pool, ledger)
        subject, steps = subject_of("关于增开夜间公交的建议", ""), ["suggestion.submitted.v1"]
        for _ in range(12):
            number = views.search.found(terms_of("夜间"), Filter(), views.moment()).total
            similar = views.search.similar(subject, Filter(), views.moment(), steps=steps, least=0.1, limit=5)
            assert (number, len(similar)) == (1, 1)
        with ledger._pool.connection() as conn:
            kept = conn.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement ~ 'search'").fetchone()
    assert kept == (0,)
