"""The year's meetings: six of the standing committee, one of them moved, and twelve of its chairmen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from adapters.exchange.sample.happening import JURISDICTION, Happening
from adapters.exchange.sample.year.telling import YEAR, chairmen, general_office, meeting, named, standing_committee
from domain.ballot import BallotMode
from domain.cases.registry.meeting import (
    AgendaItemDealtWith,
    AgendaItemTakenOff,
    AgendaSet,
    AttendanceRecorded,
    DeputiesSatIn,
    ItemForAgenda,
    MaterialsDistributed,
    MeetingCalled,
    MeetingHeld,
    MeetingKind,
    MeetingMoved,
    MemberSpoke,
    MinutesIssued,
    Speech,
)
from domain.matter import Scheduled

MEMBERS = (
    *("甲三", "甲四", "乙三", "丙三", "丁三", "戊一", "甲五", "甲六", "甲七", "甲八", "甲九", "甲十", "甲十一"),
    *("乙四", "乙五", "乙六", "乙七", "乙八", "乙九", "乙十", "丙四", "丙五", "丙六", "丙七", "丙八"),
    *("丁四", "丁五", "丁六", "丁七", "戊二", "己一"),
)
"""The standing committee, as its seats have it all the year: the chairmen's meeting first."""
CHAIRMEN = MEMBERS[:6]
GOVERNMENT_MOTION = "审议人事任免案（市人民政府提请）"
COURT_MOTION = "审议人事任免案（市中级人民法院提请）"
PROCURATORATE_MOTION = "审议人事任免案（市人民检察院提请）"
SUPERVISORY_MOTION = "审议人事任免案（市监察委员会提请）"
CHAIRMENS_MOTION = "审议人事任免案（主任会议提请）"
"""What a motion is called on an agenda, which everybody reads: no candidate is named before the vote."""


def _day(month: int, day: int) -> date:
    return date(YEAR, month, day)


@dataclass(frozen=True, slots=True)
class Sitting:
    """A meeting of the standing committee: its days, its agenda, who came, who sat in, who spoke on what."""

    code: str
    title: str
    called_on: date
    materials_on: date
    agenda_on: date
    held_on: date
    minutes_on: date
    agenda: tuple[tuple[str, str | None], ...]
    """What is on it, and the case that it is about."""
    sitting_in: tuple[str, ...]
    on_leave: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    spoken_on: int = 1
    """On which item the members spoke: one at its centre, two prepared, others freely (1+2+X)."""
    speakers: tuple[str, ...] = ()
    first_called_for: date | None = None
    moved_on: date | None = None
    moved_because: str = ""
    taken_off: int | None = None
    """Which item was not dealt with."""

    @property
    def case_id(self) -> str:
        """The id of the meeting."""
        return meeting(self.code)

    @property
    def present(self) -> tuple[str, ...]:
        """The members who came."""
        away = {*self.on_leave, *self.absent}
        return tuple(name for name in MEMBERS if name not in away)

    def votes(self, *, against: int = 0, abstentions: int = 0) -> dict[str, object]:
        """The tallies of a vote at it: all who are present are in favour, but for those who are counted here."""
        present = len(self.present)
        return {
            "mode": BallotMode.ELECTRONIC,
            "members": len(MEMBERS),
            "present": present,
            "votes_for": present - against - abstentions,
            "votes_against": against,
            "abstentions": abstentions,
        }

    def polled(self, satisfied: int, basically: int, dissatisfied: int, invalid: int = 0) -> dict[str, object]:
        """The tallies of a poll at it."""
        return {
            "voters": f"{self.title}出席人员",
            "eligible": len(MEMBERS),
            "present": len(self.present),
            "satisfied": satisfied,
            "basically_satisfied": basically,
            "dissatisfied": dissatisfied,
            "invalid": invalid,
        }

    def scheduled(self) -> Scheduled:
        """The step that puts a case on its agenda."""
        return Scheduled(meets_on=self.held_on, meeting=self.case_id)

    def scheduled_first(self) -> Scheduled:
        """The same for the day for which it was called first."""
        return Scheduled(meets_on=self.first_called_for or self.held_on, meeting=self.case_id)

    def told(self) -> Iterator[Happening]:
        """Its steps."""
        called = MeetingCalled(
            jurisdiction=JURISDICTION,
            code=self.code,
            kind=MeetingKind.STANDING_COMMITTEE,
            title=self.title,
            starts_on=self.first_called_for or self.held_on,
            place="市人大常委会会议厅",
        )
        yield general_office(self.called_on.month, self.called_on.day, called)
        if self.moved_on is not None:
            moved = MeetingMoved(starts_on=self.held_on, reason=self.moved_because)
            yield general_office(self.moved_on.month, self.moved_on.day, moved)
        items = tuple(_items(self.agenda))
        yield chairmen(self.agenda_on.month, self.agenda_on.day, AgendaSet(items=items))
        yield general_office(self.materials_on.month, self.materials_on.day, MaterialsDistributed())
        yield from self._sat(items)
        number = f"云人常〔{YEAR}〕{int(self.code.removeprefix('cwh-'))}号"
        yield general_office(self.minutes_on.month, self.minutes_on.day, MinutesIssued(minutes_number=number))

    def _sat(self, items: tuple[ItemForAgenda, ...]) -> Iterator[Happening]:
        month, day = self.held_on.month, self.held_on.day
        yield general_office(month, day, MeetingHeld())
        attendance = AttendanceRecorded(
            present=self.present,
            on_leave=self.on_leave,
            absent=self.absent,
            attending=("市人民政府负责人", "市监察委员会负责人", "市中级人民法院负责人", "市人民检察院负责人"),
        )
        yield general_office(month, day, attendance)
        yield general_office(month, day, DeputiesSatIn(sitting_in=self.sitting_in))
        for item in items:
            if item.item == str(self.taken_off):
                off = AgendaItemTakenOff(item=item.item, reason="提请机关撤回议案，不再列入本次会议议程。")
                yield standing_committee(month, day, off)
            else:
                yield standing_committee(month, day, AgendaItemDealtWith(item=item.item))
        for which, speaker in enumerate(self.speakers):
            speech = _SPEECHES[which] if which < len(_SPEECHES) else Speech.FREE
            spoke = MemberSpoke(speaker=speaker, speech=speech, item=str(self.spoken_on))
            yield standing_committee(month, day, spoke)


_SPEECHES = Speech.KEY, Speech.DESIGNATED, Speech.DESIGNATED

FEBRUARY = Sitting(
    code="cwh-30",
    title="市九届人大常委会第三十次会议",
    called_on=_day(1, 22),
    agenda_on=_day(2, 13),
    materials_on=_day(2, 14),
    held_on=_day(2, 26),
    minutes_on=_day(3, 4),
    agenda=(
        ("听取2025年度备案审查工作情况的报告", "report-filing"),
        (GOVERNMENT_MOTION, None),
        (COURT_MOTION, None),
    ),
    sitting_in=("d-001", "d-002", "d-018", "d-019", "d-047", "d-071", "d-094", "d-109"),
    on_leave=("己一",),
    speakers=("乙八", "甲五", "乙四", "丙六"),
)
APRIL = Sitting(
    code="cwh-31",
    title="市九届人大常委会第三十一次会议",
    called_on=_day(3, 24),
    agenda_on=_day(4, 16),
    materials_on=_day(4, 21),
    held_on=_day(4, 29),
    minutes_on=_day(5, 8),
    agenda=(
        ("听取和审议全市学前教育普惠发展情况的报告", "report-preschool"),
        ("听取和审议市中级人民法院民事执行工作情况的报告", "report-court"),
        ("讨论决定促进先进制造业高质量发展事项", "decision-industry"),
        ("审议《云江市城市绿化条例（草案）》", "law-greening"),
        (GOVERNMENT_MOTION, None),
        (COURT_MOTION, None),
        (SUPERVISORY_MOTION, None),
        (PROCURATORATE_MOTION, None),
    ),
    sitting_in=("d-003", "d-004", "d-020", "d-021", "d-048", "d-072", "d-095", "d-110"),
    on_leave=("丁七", "己一"),
    speakers=("乙六", "乙七", "丁四", "甲六", "丙四", "戊二"),
    taken_off=8,
)
JUNE = Sitting(
    code="cwh-32",
    title="市九届人大常委会第三十二次会议",
    called_on=_day(5, 19),
    agenda_on=_day(6, 11),
    materials_on=_day(6, 17),
    held_on=_day(6, 25),
    minutes_on=_day(7, 2),
    agenda=(
        ("审查和批准2025年市级决算", "money-accounts"),
        ("听取和审议2025年度市级预算执行和其他财政收支的审计工作报告", "money-audit"),
        ("听取和审议2025年度环境状况和环境保护目标完成情况的报告", "report-environment"),
        ("听取城市更新三年行动方案的出台前报告", "decision-renewal"),
        ("评议市人力资源和社会保障局工作", "appraisal"),
        ("养老服务体系建设专题询问", "inquiry"),
        (GOVERNMENT_MOTION, None),
        (PROCURATORATE_MOTION, None),
        (CHAIRMENS_MOTION, None),
    ),
    sitting_in=("d-005", "d-006", "d-022", "d-023", "d-049", "d-073", "d-096", "d-111"),
    on_leave=("乙十", "戊二"),
    spoken_on=2,
    speakers=("甲七", "乙五", "丙四", "丙五", "丁六", "甲八"),
)
AUGUST = Sitting(
    code="cwh-33",
    title="市九届人大常委会第三十三次会议",
    called_on=_day(7, 14),
    first_called_for=_day(8, 20),
    moved_on=_day(8, 10),
    moved_because="防汛抗台应急响应期间，会议延期一周召开。",
    agenda_on=_day(8, 13),
    materials_on=_day(8, 19),
    held_on=_day(8, 27),
    minutes_on=_day(9, 3),
    agenda=(
        ("听取和审议全市物业管理工作情况的报告", "report-property"),
        ("听取和审议检查《云江市市容和环境卫生管理条例》实施情况的报告", "inspection"),
        ("听取和审议上半年国民经济和社会发展计划执行情况的报告", "money-plan"),
        ("听取和审议上半年预算执行情况的报告", "money-budget"),
        ("审议和表决《云江市城市绿化条例（草案）》", "law-greening"),
        ("审议《云江市电动自行车停放充电管理规定（草案）》", "law-e-bikes"),
        ("讨论决定加强古树名木保护事项", "decision-trees"),
        ("听取市农业农村局局长述职", "duty-farming"),
        ("表决特定问题调查委员会组成人员", None),
        ("审议学前教育审议意见办理情况的报告并测评", "opinion-preschool"),
        ("审议民事执行审议意见办理情况的报告并测评", "opinion-court"),
        (GOVERNMENT_MOTION, None),
        (COURT_MOTION, None),
    ),
    sitting_in=("d-007", "d-024", "d-025", "d-050", "d-051", "d-074", "d-097", "d-112"),
    on_leave=("丙八", "丁五"),
    absent=("乙九",),
    speakers=("甲八", "丙五", "甲九", "乙四", "丁七", "丙七"),
)
OCTOBER = Sitting(
    code="cwh-34",
    title="市九届人大常委会第三十四次会议",
    called_on=_day(9, 22),
    agenda_on=_day(10, 16),
    materials_on=_day(10, 21),
    held_on=_day(10, 29),
    minutes_on=_day(11, 5),
    agenda=(
        ("听取和审议民生实事项目办理情况的报告", "report-livelihood"),
        ("听取和审议2025年度国有资产管理情况的报告", "money-assets"),
        ("审查和批准2026年市级预算调整方案", "money-adjustment"),
        ("审议和表决《云江市电动自行车停放充电管理规定（草案）》", "law-e-bikes"),
        ("表决《云江市市容和环境卫生管理条例》第十二条的解释", "interpretation"),
        ("听取市教育局局长述职", "duty-education"),
        ("学前教育审议意见整改情况二次测评", "opinion-preschool"),
        ("部门评议整改情况测评", "appraisal"),
        ("专题询问整改情况二次测评", "inquiry"),
        ("听取云江大桥改造质询案的再次答复", "interpellation"),
        ("审议撤职案", None),
        (GOVERNMENT_MOTION, None),
        (COURT_MOTION, None),
        (PROCURATORATE_MOTION, None),
    ),
    sitting_in=("d-026", "d-027", "d-052", "d-053", "d-075", "d-098", "d-113", "d-114"),
    on_leave=("甲十一",),
    speakers=("甲七", "丙六", "丁六", "甲十", "乙五"),
)
DECEMBER = Sitting(
    code="cwh-35",
    title="市九届人大常委会第三十五次会议",
    called_on=_day(11, 17),
    agenda_on=_day(12, 10),
    materials_on=_day(12, 15),
    held_on=_day(12, 23),
    minutes_on=_day(12, 30),
    agenda=(
        ("听取和审议审计查出问题整改情况的报告并测评", "money-audit"),
        ("审议《云江市饮用水水源保护条例（修正草案）》", "law-water"),
        ("审议物业管理审议意见办理情况的报告并测评", "opinion-property"),
        ("执法检查审议意见整改情况测评", "inspection"),
        ("听取特定问题调查委员会的报告", None),
        (GOVERNMENT_MOTION, None),
        (CHAIRMENS_MOTION, None),
    ),
    sitting_in=("d-028", "d-029", "d-054", "d-055", "d-076", "d-077", "d-099", "d-100"),
    speakers=("甲七", "丙四", "乙八", "丁五"),
)
SITTINGS = FEBRUARY, APRIL, JUNE, AUGUST, OCTOBER, DECEMBER

_CHAIRMENS: tuple[tuple[date, date, tuple[tuple[str, str | None], ...]], ...] = (
    (
        _day(1, 19),
        _day(1, 22),
        (("审议2026年度各项工作计划", "plan-supervision"), ("审议2026年度立法计划", "plan-legislative")),
    ),
    (_day(2, 10), _day(2, 13), (("研究常委会第三十次会议议程", None),)),
    (
        _day(3, 2),
        _day(3, 5),
        (("听取执法检查准备情况", "inspection"), ("研究2026年重大事项议题", "decision-industry")),
    ),
    (_day(4, 13), _day(4, 16), (("研究常委会第三十一次会议议程", None),)),
    (
        _day(5, 8),
        _day(5, 11),
        (("讨论学前教育审议意见", "opinion-preschool"), ("讨论民事执行审议意见", "opinion-court")),
    ),
    (_day(6, 8), _day(6, 11), (("研究常委会第三十二次会议议程", None), ("通报规范性文件报备情况", "filing-late"))),
    (_day(6, 29), _day(7, 3), (("讨论部门评议意见", "appraisal"), ("讨论专题询问意见", "inquiry"))),
    (_day(8, 10), _day(8, 13), (("研究常委会第三十三次会议议程", None), ("研究执法检查报告", "inspection"))),
    (_day(9, 1), _day(9, 4), (("讨论物业管理审议意见", "opinion-property"), ("讨论执法检查审议意见", "inspection"))),
    (_day(10, 12), _day(10, 16), (("研究常委会第三十四次会议议程", None),)),
    (_day(11, 3), _day(11, 6), (("讨论民生实事审议意见", "opinion-livelihood"),)),
    (_day(12, 7), _day(12, 10), (("研究常委会第三十五次会议议程", None),)),
)
"""When each was called, when it was held, and what was on its agenda."""


def chairmens_meetings() -> Iterator[tuple[str, Iterator[Happening]]]:
    """The meetings of the chairmen by their codes, each with its steps."""
    for called_on, held_on, agenda in _CHAIRMENS:
        code = f"zr-{YEAR}{held_on.month:02}"
        yield code, _chairmens(code, called_on, held_on, agenda)


def _chairmens(
    code: str, called_on: date, held_on: date, agenda: tuple[tuple[str, str | None], ...]
) -> Iterator[Happening]:
    month, day = held_on.month, held_on.day
    called = MeetingCalled(
        jurisdiction=JURISDICTION,
        code=code,
        kind=MeetingKind.CHAIRMEN,
        title=f"市九届人大常委会{YEAR}年{month}月主任会议",
        starts_on=held_on,
    )
    yield general_office(called_on.month, called_on.day, called)
    items = tuple(_items(agenda))
    yield chairmen(month, day, AgendaSet(items=items))
    yield general_office(month, day, MeetingHeld())
    yield general_office(month, day, AttendanceRecorded(present=CHAIRMEN))
    for item in items:
        yield chairmen(month, day, AgendaItemDealtWith(item=item.item))


def conference() -> Iterator[Happening]:
    """The Party committee's conference on the congress's work: there is one in a term."""
    called = MeetingCalled(
        jurisdiction=JURISDICTION,
        code=f"dwhy-{YEAR}",
        kind=MeetingKind.PARTY_CONFERENCE,
        title="市委人大工作会议",
        starts_on=_day(3, 6),
    )
    yield general_office(2, 27, called)
    yield general_office(3, 6, MeetingHeld())


def _items(agenda: tuple[tuple[str, str | None], ...]) -> Iterator[ItemForAgenda]:
    for number, (title, case) in enumerate(agenda, 1):
        yield ItemForAgenda(item=str(number), title=title, case_id=None if case is None else named(case))
