"""The appointment matters (人事案件) of Japan's House of Councillors, read as appointments."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from adapters.exchange.layout import Layout
from adapters.exchange.sangiin_questions import ZONE, day_in
from adapters.exchange.source import Row, SourceCase, SourceStep
from domain.ballot import BallotMode
from domain.case import SourceDocument, Step
from domain.casefile import CaseFile
from domain.cases.appointment import (
    ActKind,
    AppointmentApproved,
    AppointmentNotPassed,
    AppointmentProposed,
    CommitteeOpined,
    Margin,
)
from domain.moment import start_of_day
from domain.refusal import Refused

KIND, SESSION, NUMBER, TITLE = "種類", "提出回次", "提出番号", "件名"
_MATTER, _COMMITTEE, _PLENARY = "議案審議情報一覧 - ", "参議院委員会等経過情報 - ", "参議院本会議経過情報 - "
_OTHER_COMMITTEE, _OTHER_PLENARY, _REST = (
    "衆議院委員会等経過情報 - ",
    "衆議院本会議経過情報 - ",
    "その他の情報 - ",
)
SUBMITTED = f"{_MATTER}提出日"
COMMITTEE_DECIDED, COMMITTEE_VERDICT = f"{_COMMITTEE}議決日", f"{_COMMITTEE}議決・継続結果"
DECIDED, VERDICT, MARGIN, METHOD = (f"{_PLENARY}{name}" for name in ("議決日", "議決", "採決態様", "採決方法"))
TALLIES = f"{_PLENARY}投票結果"
OTHER_DECIDED, OTHER_VERDICT = f"{_OTHER_PLENARY}議決日", f"{_OTHER_PLENARY}議決"

APPOINTMENTS = "人事案件"
GOVERNMENT, HOUSE, COMMITTEE, OTHER_HOUSE = "内閣", "参議院", "参議院議院運営委員会", "衆議院"
AGREED = {"同意": True, "事後承認": True, "不同意": False}
"""What a verdict says; others, such as 未了 (not finished), decide nothing."""
MARGINS = {"全会一致": Margin.UNANIMOUS, "多数": Margin.MAJORITY, "少数": Margin.MINORITY}
METHODS = {"押しボタン": BallotMode.ELECTRONIC, "起立": BallotMode.SHOW_OF_HANDS, "記名": BallotMode.NAMED}

_KEY = re.compile(r"\d{1,4}-\d{1,4}")
_REQUEST = re.compile(r"(?P<posts>.+?君)を任命(?:する|した)こと")
_POST = re.compile(r"(?P<post>.+?)に(?P<names>.+)")
_AFTER_A_NAME = re.compile(r"(?<=君)(?:、|及び)")


class Named(NamedTuple):
    """Who is to hold a post."""

    post: str
    name: str


class SangiinAppointments:
    """One row is one matter: proposed, said something of by a committee and the other House, decided in the plenary.

    A matter may name several persons, who are decided on together: it stays one case, and the report says so.
    """

    name = "sangiin-appointments"
    jurisdiction = "jp-sangiin"
    columns: Sequence[str] = (
        "審議回次", KIND, SESSION, NUMBER, TITLE, "議案URL", "議案要旨", "提出法律案", SUBMITTED,
        f"{_MATTER}衆議院から受領／提出日", f"{_MATTER}衆議院へ送付／提出日", f"{_MATTER}先議区分",
        f"{_MATTER}継続区分",
        f"{_COMMITTEE}本付託日", f"{_COMMITTEE}付託委員会等", COMMITTEE_DECIDED, COMMITTEE_VERDICT,
        DECIDED, VERDICT, MARGIN, METHOD, TALLIES,
        f"{_OTHER_COMMITTEE}本付託日", f"{_OTHER_COMMITTEE}付託委員会等", f"{_OTHER_COMMITTEE}議決日",
        f"{_OTHER_COMMITTEE}議決・継続結果", OTHER_DECIDED, OTHER_VERDICT, f"{_OTHER_PLENARY}採決態様",
        f"{_OTHER_PLENARY}採決方法", f"{_REST}公布年月日", f"{_REST}法律番号", "成立法律",
    )  # fmt: skip
    layout = Layout.exactly(columns)
    fields: Mapping[str, str] = {
        "title": TITLE,
        "candidate": TITLE,
        "post": TITLE,
        "number": NUMBER,
        "agrees": VERDICT,
        "margin": MARGIN,
        "mode": METHOD,
    }

    def key(self, row: Row) -> str:
        """Session and number, such as `153-1`, of an appointment matter; rows of other kinds are refused by name."""
        if (kind := row.values[KIND].strip()) != APPOINTMENTS:
            raise Refused("import-of-another-kind", field=KIND, text=kind[:100], wanted=APPOINTMENTS)
        key = f"{row.values[SESSION].strip()}-{row.values[NUMBER].strip()}"
        if _KEY.fullmatch(key) is None:
            raise Refused("import-unreadable-number", field=NUMBER, text=key[:100])
        return key

    def case(self, row: Row, key: str) -> SourceCase:
        """The row's steps in the order of their dates; nothing is added."""
        values = row.values
        submitted_on = day_in(values, SUBMITTED)
        if submitted_on is None:
            raise Refused("import-missing", field=SUBMITTED)
        named = persons_of(values[TITLE])
        opening = AppointmentProposed(
            jurisdiction=self.jurisdiction,
            time_zone=ZONE,
            title="".join(values[TITLE].split()),
            number=key,
            candidate="、".join(dict.fromkeys(one.name for one in named)),
            post="、".join(dict.fromkeys(one.post for one in named)),
            kind=ActKind.APPROVE_APPOINTMENT,
            motion=key,
            proposer=GOVERNMENT,
        )
        steps = [_step(opening, submitted_on, SUBMITTED, GOVERNMENT)]
        steps += sorted(_later(values), key=lambda step: step.occurred_at)
        return SourceCase(steps, list(_remarks(values, named)))

    def figures(self, case_file: CaseFile) -> Iterator[str]:
        """What a report on the matters tells beside the number of steps."""
        steps = [record.step for record in case_file.history]
        verdicts = [step for step in steps if isinstance(step, (AppointmentApproved, AppointmentNotPassed))]
        if not verdicts:
            yield "without_a_verdict_of_the_plenary"
        for verdict in verdicts:
            yield "approved" if isinstance(verdict, AppointmentApproved) else "not_approved"
            if verdict.margin is Margin.UNANIMOUS:
                yield "unanimous"


def persons_of(title: str) -> list[Named]:
    """Who is to hold which post, of a title such as 甲委員会委員長に乙君を、同委員に丙君及び丁君を任命すること…."""
    request = _REQUEST.match("".join(title.split()))
    if request is None:
        raise Refused("import-unreadable-title", field=TITLE, text=title[:100])
    found: list[Named] = []
    for words in re.split("(?<=君)を、", request["posts"]):
        post = _POST.match(words)
        names = [] if post is None else _AFTER_A_NAME.split(post["names"])
        if post is None or not all(len(name) > 1 and name.endswith("君") for name in names):
            raise Refused("import-unreadable-title", field=TITLE, text=title[:100])
        found += [Named(_whole_post(post["post"], found), name.removesuffix("君")) for name in names]
    return found


def _whole_post(post: str, before: Sequence[Named]) -> str:
    """A post that is told as being on the same body (同…) with the name of that body."""
    if not post.startswith("同") or not before:
        return post
    body = re.sub("(?:委員長|会長|理事長|総裁|副総裁|議長|委員|理事|監事)$", "", before[0].post)
    return f"{body}{post.removeprefix('同')}"


def _later(values: Mapping[str, str]) -> Iterator[SourceStep]:
    """What the committee, the other House and the plenary said, where a day and a verdict stand."""
    for decided, verdict, body in (
        (COMMITTEE_DECIDED, COMMITTEE_VERDICT, COMMITTEE),
        (OTHER_DECIDED, OTHER_VERDICT, OTHER_HOUSE),
    ):
        day, said = day_in(values, decided), values[verdict].strip()
        if day is not None and said in AGREED:
            yield _step(CommitteeOpined(body=body, agrees=AGREED[said], note=said), day, decided, body)
    day, said = day_in(values, DECIDED), values[VERDICT].strip()
    if day is not None and said in AGREED:
        result = AppointmentApproved if AGREED[said] else AppointmentNotPassed
        step = result(margin=MARGINS.get(values[MARGIN].strip()), mode=METHODS.get(values[METHOD].strip()), note=said)
        tallies = values[TALLIES].strip()
        source = SourceDocument(title=f"投票結果：{tallies}") if tallies else None
        yield _step(step, day, DECIDED, HOUSE, source)


def _step(step: Step, day: date, column: str, body: str, source: SourceDocument | None = None) -> SourceStep:
    return SourceStep(step, start_of_day(day, ZONE), "day", column, body, source)


def _remarks(values: Mapping[str, str], named: Sequence[Named]) -> Iterator[Refused]:
    """What of the row is not one person's appointment, or was not understood."""
    if len(named) > 1:
        yield Refused("import-several-persons", field=TITLE, count=len(named))
    for decided, verdict in (
        (COMMITTEE_DECIDED, COMMITTEE_VERDICT),
        (DECIDED, VERDICT),
        (OTHER_DECIDED, OTHER_VERDICT),
    ):
        said = values[verdict].strip()
        if said not in AGREED and (said or values[decided].strip()):
            yield Refused("import-verdict-not-understood", field=verdict, text=said[:100])
        elif said in AGREED and not values[decided].strip():
            yield Refused("import-verdict-without-a-day", field=decided, text=said)
