"""The course of a played suggestion: what may be done next, on a day when whoever does it is at work."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from random import Random

from adapters.exchange.sample.happening import JURISDICTION, Happening, Story, sample_case_id
from adapters.exchange.sample.matters import Theme, Wording
from domain.calendar import WorkingCalendar, add_days, add_months
from domain.case import Role, Step
from domain.cases.suggestion import (
    Channel,
    CommitmentAbandoned,
    CommitmentFulfilled,
    CommitmentRevised,
    ContactConfirmed,
    ContactMade,
    ContactMode,
    CoOpinionSubmitted,
    CoSignConfirmed,
    EvaluationInvited,
    EvaluationSubmitted,
    Grade,
    HandedOver,
    PersonLevel,
    Phase,
    ProgressReported,
    Promise,
    ReHandlingOrdered,
    ReplyIssued,
    ReplyPublished,
    SignedFor,
    SuggestionClosed,
    SuggestionReviewed,
    SuggestionSubmitted,
    UnitGrades,
    UnitUrged,
)
from domain.office import Jurisdiction

_LOGINS = {
    Role.DEPUTY_AFFAIRS: "dbgw",
    Role.GENERAL_OFFICE: "bgs",
    Role.STANDING_COMMITTEE: "cwh",
    Role.CHAIRMEN_MEETING: "zrhy",
    Role.SPECIAL_COMMITTEE: "zmwyh",
    Role.GOVERNMENT_OFFICE: "zfbgs",
    Role.THIRD_PARTY: "dsf",
}
_DEPUTYS_WORD = {Grade.SATISFIED: "pleased", Grade.BASICALLY_SATISFIED: "fair", Grade.DISSATISFIED: "displeased"}


@dataclass(frozen=True)
class Place:
    """A jurisdiction as its suggestions need it."""

    jurisdiction: Jurisdiction
    wording: Wording
    hand_over_meetings: dict[int, date]
    """On which day of a year what a session brought is handed over."""

    @property
    def code(self) -> str:
        """Its code."""
        return self.jurisdiction.code

    @property
    def name(self) -> str:
        """What it is called, without saying that it is a sample."""
        return self.jurisdiction.zh.partition("（")[0]

    @property
    def calendar(self) -> WorkingCalendar:
        """When its offices work."""
        return self.jurisdiction.working_calendar

    def login(self, name: str) -> str:
        """As whom somebody of an office signs in; outside the city with the place before."""
        if self.code == JURISDICTION:
            return name
        return f"{self.jurisdiction.all_deputies()[0].id.partition('-')[0]}-{name}"


@dataclass
class Course:
    """A suggestion as it goes: each step moves the day on and is kept with who took it."""

    place: Place
    theme: Theme
    number: str
    opened_on: date
    in_session: bool
    deputies: Sequence[str]
    """Who brings it: the lead deputy first."""
    chance: Random
    linked: Course | None = None
    """An earlier suggestion of about the same time, where it is about that too."""
    happenings: list[Happening] = field(default_factory=list)
    lead: str | None = None
    co_units: tuple[str, ...] = ()
    separate: tuple[str, ...] = ()
    promises: list[tuple[str, str, date]] = field(default_factory=list)
    """What was promised: key, unit and date."""
    contacts: int = 0

    def __post_init__(self) -> None:
        self.day = self.handed_over_on = self.due_on = self.opened_on

    @property
    def story(self) -> Story:
        """The suggestion as it was told in the end."""
        return Story(self.place.code, self.number, tuple(self.happenings))

    @property
    def case_id(self) -> str:
        """The id of the case."""
        return sample_case_id(self.number, self.place.code)

    @property
    def other(self) -> Course:
        """The suggestion that it is about too."""
        assert self.linked is not None  # noqa: S101 - plots that need it are given one
        return self.linked

    @property
    def deputy(self) -> str:
        """The lead deputy."""
        return self.deputies[0]

    @property
    def answering(self) -> tuple[str, ...]:
        """The units that the deputy is to hear from."""
        return self.separate if self.lead is None else (self.lead, *self.separate)

    @property
    def last(self) -> int:
        """The number of the last step."""
        return len(self.happenings)

    def say(self, kind: str) -> str:
        """A sentence of that kind, about the work that is asked for."""
        return self.place.wording.one(self.chance, kind, work=self.theme.work, month=self.day.month)

    def likely(self, share: float) -> bool:
        """Whether something comes about that does so in that share of the cases."""
        return self.chance.random() < share

    # Time, and who acts

    def after(self, least: int, most: int) -> None:
        """So many working days go by."""
        self.day = self.place.calendar.add_working_days(self.day, self.chance.randint(least, most))

    def later(self, least: int, most: int) -> None:
        """So many days go by."""
        self.day = add_days(self.day, self.chance.randint(least, most))

    def until(self, day: date) -> None:
        """The days go by until that one, if it is still to come."""
        self.day = max(self.day, day)

    def office(self, step: Step, role: Role = Role.DEPUTY_AFFAIRS) -> None:
        """An office of the congress or of the government takes a step, on a working day."""
        self.day = self.place.calendar.roll_forward(self.day)
        self._keep(step, self.place.login(_LOGINS[role]), role, self.place.code)

    def by(self, unit: str, step: Step) -> None:
        """A unit takes a step, on a working day."""
        self.day = self.place.calendar.roll_forward(self.day)
        self._keep(step, self.place.login(f"{unit}-1"), Role.HANDLING_UNIT, unit)

    def himself(self, step: Step, deputy: str | None = None) -> None:
        """A deputy takes a step: the lead deputy, unless another is named."""
        self._keep(step, deputy or self.deputy, Role.DEPUTY, self.place.code)

    def recorded_late(self, step: Step, unit: str, on: date) -> None:
        """The office learns today of what a unit did on an earlier day."""
        self.by(unit, step)
        self.happenings[-1] = replace(self.happenings[-1], on=self.place.calendar.roll_forward(on), late=True)

    def _keep(self, step: Step, actor: str, role: Role, office: str) -> None:
        self.happenings.append(Happening(self.day, step, actor, role, office))

    # The usual steps

    @property
    def submission(self) -> dict[str, object]:
        """What every way of bringing it says."""
        where = {"县": "县", "区": "区"}.get(self.place.name[-1], "市")
        chance, on_paper = self.chance, Channel.PAPER if self.likely(0.3) else Channel.ON_LINE
        return {
            "jurisdiction": self.place.code,
            "number": self.number,
            "session": f"{self.opened_on.year}年{where}人民代表大会",
            "title": self.theme.title,
            "body": self.place.wording.body(chance, self.theme),
            "lead_deputy": self.deputy,
            "co_signers": tuple(self.deputies[1:]),
            "in_session": self.in_session,
            "channel": Channel.MEETING if self.in_session else on_paper,
            "survey_basis": self.say("surveys") if self.likely(0.4) else None,
            "wants_public": self.likely(0.8),
            "wants_face_to_face": self.likely(0.4) or None,
        }

    def submit(self, **otherwise: object) -> None:
        """The deputy submits it, and most of the co-signers confirm."""
        step = SuggestionSubmitted.model_validate(self.submission | otherwise)
        if step.channel is Channel.PAPER:
            self.office(step)
        else:
            self.himself(step)
        for deputy in self.deputies[1:]:
            if self.likely(0.8):
                self.himself(CoSignConfirmed(deputy=deputy), deputy)

    def review(self) -> None:
        """The office accepts it."""
        self.after(1, 4)
        self.office(SuggestionReviewed(one_matter=True))

    def hand_over(self, *, co: int | None = None, separate: int = 0) -> None:
        """The office hands it to its units: one leads and some help it, or several handle it separately."""
        units = self.theme.units
        if separate:
            self.separate = tuple(units[:separate])
        else:
            most = len(units) - 1
            count = self.chance.choice((0, 1, 1, 2)) if co is None else co
            self.lead, self.co_units = units[0], tuple(self.chance.sample(units[1:], min(count, most)))
        if self.in_session:
            self.until(self.place.hand_over_meetings[self.opened_on.year])
        else:
            self.after(1, 4)
        meeting = f"{self.opened_on.year}年代表建议交办会" if self.in_session else None
        step = HandedOver(lead_unit=self.lead, co_units=self.co_units, separate_units=self.separate, meeting=meeting)
        self.office(step, Role.DEPUTY_AFFAIRS if self.in_session else Role.GOVERNMENT_OFFICE)
        self.handed_over_on = self.day
        self._due(add_months(self.day, 3))

    def _due(self, day: date) -> None:
        self.due_on = self.place.calendar.roll_forward(day)

    def sign(self, *units: str) -> None:
        """The units sign for their shares, all of them unless some are named."""
        self.after(1, 2)
        for unit in units or (*self.answering, *self.co_units):
            self.by(unit, SignedFor(unit=unit, signed_by="办公室"))
            if self.likely(0.4):
                self.after(0, 1)

    def talk(self, phase: Phase = Phase.BEFORE_REPLY, unit: str | None = None) -> None:
        """A unit speaks with the deputy, who confirms it more often than not."""
        self.after(2, 8)
        unit = unit or self.answering[0]
        self.by(unit, self.talked(phase, unit))
        if self.likely(0.6):
            self.later(0, 3)
            self.himself(ContactConfirmed(contact=f"c-{self.contacts}"))

    def talked(self, phase: Phase, unit: str) -> ContactMade:
        """One more talk of a unit with the deputy."""
        self.contacts += 1
        return ContactMade(
            contact=f"c-{self.contacts}",
            phase=phase,
            mode=self.chance.choice(list(ContactMode)),
            unit=unit,
            person_level=self.chance.choice(list(PersonLevel)),
            place=self.theme.place if self.likely(0.3) else None,
            summary=self.say("talks"),
        )

    def help(self) -> None:
        """The co-handlers give their opinions."""
        for unit in self.co_units:
            self.after(1, 4)
            self.by(unit, CoOpinionSubmitted(unit=unit, opinion=self.say("opinions")))

    def report(self) -> None:
        """A unit reports how far it has come."""
        self.after(3, 10)
        unit = self.answering[0]
        self.by(unit, ProgressReported(unit=unit, summary=self.say("progress")))

    def prepare(self) -> None:
        """What goes before an answer: the shares are signed for, the deputy is spoken with, opinions come in."""
        self.sign()
        self.talk()
        self.help()
        if self.likely(0.3):
            self.report()

    def urge(self) -> None:
        """The day after the date, whoever handed it over urges the units that owe the answer."""
        self.until(add_days(self.due_on, 1))
        for unit in self.answering:
            self.office(UnitUrged(unit=unit, channel=Channel.TELEPHONE), Role.GOVERNMENT_OFFICE)

    def reply(self, outcome: str | None = None, *, late: bool = False, promises: int | None = None) -> None:
        """The units answer, in time or late; who has not solved it yet often says by when."""
        left = max((self.due_on - self.day).days, 1)
        if late:
            self.urge()
            self.until(add_days(self.due_on, self.chance.randint(3, 40)))
        else:
            self.day = add_days(self.day, self.chance.randint(left // 4, left * 3 // 4))
        for unit in self.answering:
            letter = outcome or self.chance.choice("AAAAAABBBCD")
            self.by(unit, self.answered(unit, letter, promises))
            if len(self.answering) > 1:
                self.later(0, 5)

    def answered(self, unit: str, letter: str, promises: int | None = None) -> ReplyIssued:
        """The letter of a unit to the deputy."""
        self.day = self.place.calendar.roll_forward(self.day)
        count = promises if promises is not None else self.chance.choice((0, 1, 1, 2)) if letter == "B" else 0
        kind = {"A": "done", "B": "doing", "C": "not_now", "D": "reference"}[letter]
        return ReplyIssued(
            unit=unit,
            outcome=letter,
            document_number=f"{self.place.name[:2]}代复〔{self.day.year}〕{self.chance.randint(1, 300)}号",
            signer=self.chance.choice(("局长", "主任", "副局长")),
            letter=f"您提出的{self.theme.title}收悉，现答复如下：{self.say(kind)}感谢您对我们工作的关心和支持。",
            commitments=tuple(self._promise(unit, which + 1, count) for which in range(count)),
            face_to_face=self.likely(0.6),
            public=self.likely(0.7),
        )

    def _promise(self, unit: str, which: int, count: int) -> Promise:
        key = f"k-{len(self.promises) + 1}"
        due_on = self.place.calendar.roll_forward(add_days(self.day, 60 * which + self.chance.randint(0, 60)))
        self.promises.append((key, unit, due_on))
        part = f"第{'一二三四'[which - 1]}批" if count > 1 else ""
        return Promise(commitment=key, text=f"完成{self.theme.work}{part}任务", due_on=due_on)

    def invite(self) -> None:
        """The office asks the deputy for his word."""
        self.after(1, 3)
        channel = self.chance.choice((Channel.ON_LINE, Channel.ON_LINE, Channel.TELEPHONE, Channel.PAPER))
        self.office(EvaluationInvited(channel=channel))

    def evaluate(self, grade: Grade | None = None) -> None:
        """The deputy says what he thinks of it; where he is content, he says of which degree by chance."""
        self.later(1, 24)
        grade = grade or self.chance.choice((Grade.SATISFIED, Grade.SATISFIED, Grade.BASICALLY_SATISFIED))
        self.himself(EvaluationSubmitted.model_validate(self.word(grade)))

    def word(self, grade: Grade) -> dict[str, object]:
        """What a deputy says who gives that grade."""
        attitude = Grade.SATISFIED if grade is not Grade.DISSATISFIED or self.likely(0.5) else grade
        other = self.chance.choice((Grade.SATISFIED, Grade.BASICALLY_SATISFIED))
        by_unit = [(unit, grade if which == 0 else other) for which, unit in enumerate(self.separate)]
        dissent = [deputy for deputy in self.deputies[1:] if self.likely(0.05)]
        return {
            "result": grade,
            "attitude": attitude,
            "solved": grade is Grade.SATISFIED,
            "reason": self.say(_DEPUTYS_WORD[grade]) if grade is Grade.DISSATISFIED or self.likely(0.4) else None,
            "by_unit": tuple(UnitGrades(unit=unit, result=of_unit) for unit, of_unit in by_unit),
            "dissenters": tuple(dissent),
        }

    def answer_and_close(self, outcome: str | None = None, *, late: bool = False) -> None:
        """The units answer, the deputy is content, and the office closes it."""
        self.reply(outcome, late=late)
        self.hear_and_close()

    def hear_and_close(self, grade: Grade | None = None) -> None:
        """The deputy is asked and says his word, and the office closes it."""
        self.invite()
        self.evaluate(grade)
        self.close()

    def close(self) -> None:
        """The office closes it; what was promised is followed, and many a reply is made public."""
        self.after(2, 10)
        self.office(SuggestionClosed(note="转入承诺事项跟踪。" if self.promises else None))
        if self.likely(0.35):
            self.after(1, 10)
            unit = self.answering[0]
            self.by(unit, ReplyPublished(unit=unit, place=f"{self.place.name}人民政府网站"))
        self.follow()

    def again(self, units: Iterable[str] = (), role: Role = Role.DEPUTY_AFFAIRS) -> None:
        """The deputy is not content: it is handled once more, within a month."""
        self.after(1, 5)
        self.office(ReHandlingOrdered(units=tuple(units), reason="代表对办理结果不满意，重新办理。"), role)
        self._due(add_months(self.day, 1))

    def follow(self) -> None:
        """What was promised is done in time or late, put off, given up, or left undone."""
        for key, unit, due_on in sorted(self.promises, key=lambda promise: promise[2]):
            fate = self.chance.choice(("kept", "kept", "kept", "kept", "late", "late", "put off", "given up", "left"))
            if fate == "kept":
                self.until(due_on - timedelta(days=self.chance.randint(0, 30)))
            elif fate == "late":
                self.until(due_on + timedelta(days=self.chance.randint(3, 40)))
            elif fate == "put off":
                self.put_off(key, unit, due_on)
            elif fate == "given up":
                self.give_up(key, due_on)
            if fate not in {"given up", "left"}:
                self.keep(key, unit)
        self.promises = []

    def keep(self, key: str, unit: str) -> None:
        """What was promised is done."""
        self.by(
            unit, CommitmentFulfilled(commitment=key, evidence=f"{self.theme.work}验收记录", verified_by="代表工委")
        )

    def put_off(self, key: str, unit: str, due_on: date) -> None:
        """What was promised is to be done later."""
        self.until(due_on - timedelta(days=self.chance.randint(5, 15)))
        day = self.place.calendar.roll_forward(add_days(max(due_on, self.day), self.chance.randint(30, 60)))
        self.by(unit, CommitmentRevised(commitment=key, due_on=day, reason=self.say("revise")))
        self.until(day - timedelta(days=self.chance.randint(1, 10)))

    def give_up(self, key: str, due_on: date) -> None:
        """What was promised will not be done, and the deputy is told why."""
        self.until(due_on + timedelta(days=self.chance.randint(1, 20)))
        number = f"{self.place.name[:2]}代函〔{self.day.year}〕{self.chance.randint(1, 60)}号"
        reason = "上位规划调整，该项工作不再实施，已书面向代表说明。"
        self.office(CommitmentAbandoned(commitment=key, reason=reason, document_number=number))
