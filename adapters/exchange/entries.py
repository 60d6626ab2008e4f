"""An office's own lists of units, deputies and seats: what is new is entered, what changed becomes the step it was."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any, ClassVar

from adapters.exchange.office_list import OfficeList, one_of
from adapters.exchange.source import Row, SourceCase, SourceStep
from domain.cases.registry.deputy import (
    DeputyDescribed,
    DeputyReElected,
    DeputyRegistered,
    EndReason,
    GroupJoined,
    Mandate,
    QualificationEnded,
)
from domain.cases.registry.seat import Incumbency, LeaveReason, PostChanged, SeatDescribed, SeatLeft, SeatTaken
from domain.cases.registry.unit import Organ, UnitClosed, UnitMerged, UnitOpened, UnitRenamed, UnitReordered
from domain.office import Background, Body, Engagement, Level, Tenure
from domain.refusal import Refused
from domain.registry import KEEPERS, RegistryCase

LEVELS: Mapping[str, Level] = {
    "设区的市": Level.CITY, "市": Level.CITY, "市级": Level.CITY,
    "县（市、区）": Level.COUNTY, "县": Level.COUNTY, "区": Level.COUNTY, "县级": Level.COUNTY, "区级": Level.COUNTY,
    "乡镇": Level.TOWN, "乡": Level.TOWN, "镇": Level.TOWN, "乡镇级": Level.TOWN, "乡级": Level.TOWN,
    "省": Level.PROVINCE, "省级": Level.PROVINCE, "全国": Level.NATION, "国家": Level.NATION,
    **{level.value: level for level in Level if level is not Level.ZONE},
}  # fmt: skip
BODIES: Mapping[str, Body] = {
    "人大常委会": Body.STANDING_COMMITTEE, "常委会": Body.STANDING_COMMITTEE,
    "主任会议": Body.CHAIRMEN_MEETING, "专门委员会": Body.SPECIAL_COMMITTEE, "工作机构": Body.WORKING_ORGAN,
    "市委常委会": Body.PARTY_STANDING_COMMITTEE, "县委常委会": Body.PARTY_STANDING_COMMITTEE,
    "区委常委会": Body.PARTY_STANDING_COMMITTEE, "党委常委会": Body.PARTY_STANDING_COMMITTEE,
    **{body.value: body for body in Body},
}  # fmt: skip
END_REASONS: Mapping[str, EndReason] = {
    "任期届满": EndReason.TERM_OVER, "届满": EndReason.TERM_OVER, "辞职": EndReason.RESIGNED,
    "辞职被接受": EndReason.RESIGNED, "调离": EndReason.MOVED_AWAY, "迁出": EndReason.MOVED_AWAY,
    "迁出或调离本行政区域": EndReason.MOVED_AWAY, "被罢免": EndReason.RECALLED, "罢免": EndReason.RECALLED,
    "两次未经批准缺席会议": EndReason.ABSENT_TWICE, "丧失国籍": EndReason.LOST_NATIONALITY,
    "被剥夺政治权利": EndReason.LOST_POLITICAL_RIGHTS, "丧失行为能力": EndReason.INCAPACITATED,
    "去世": EndReason.DIED, "死亡": EndReason.DIED,
    **{reason.value: reason for reason in EndReason},
}  # fmt: skip
LEAVE_REASONS: Mapping[str, LeaveReason] = {
    "任期届满": LeaveReason.TERM_OVER, "届满": LeaveReason.TERM_OVER, "辞职": LeaveReason.RESIGNED,
    "辞职被接受": LeaveReason.RESIGNED, "调动": LeaveReason.TRANSFERRED, "调离": LeaveReason.TRANSFERRED,
    "免职": LeaveReason.REMOVED, "撤职": LeaveReason.DISMISSED, "退休": LeaveReason.RETIRED,
    "去世": LeaveReason.DIED, "死亡": LeaveReason.DIED,
    **{reason.value: reason for reason in LeaveReason},
}  # fmt: skip
BACKGROUNDS: Mapping[str, Background] = {
    "是": Background.GRASS_ROOTS, "基层": Background.GRASS_ROOTS, "基层代表": Background.GRASS_ROOTS,
    "否": Background.OTHER, "其他": Background.OTHER,
    **{background.value: background for background in Background},
}  # fmt: skip
ENGAGEMENTS: Mapping[str, Engagement] = {
    "专职": Engagement.FULL_TIME, "是": Engagement.FULL_TIME,
    "兼职": Engagement.PART_TIME, "否": Engagement.PART_TIME, "非专职": Engagement.PART_TIME,
    **{engagement.value: engagement for engagement in Engagement},
}  # fmt: skip
TENURES: Mapping[str, Tenure] = {
    "连任": Tenure.RE_ELECTED, "是": Tenure.RE_ELECTED,
    "新任": Tenure.NEWLY_ELECTED, "否": Tenure.NEWLY_ELECTED,
    **{tenure.value: tenure for tenure in Tenure},
}  # fmt: skip

_ABOUT = ("fill_entries", "changes", "dates", "empty", "again")
_TERM = re.compile(r"第?([0-9]{1,3}|[一二三四五六七八九十]{1,3})届?\Z")
_DIGITS = {digit: number for number, digit in enumerate("一二三四五六七八九", 1)}


class _EntryList(OfficeList):
    """A list of the registry: a row is one entry, which may be there already."""

    by = KEEPERS
    about = _ABOUT
    case_type: ClassVar[type[RegistryCase]]
    after_since: ClassVar[tuple[str, ...]]
    """Days that cannot lie before the one on which it began."""

    def case(self, row: Row, key: str) -> SourceCase:
        """The steps of an entry that is new, or those that make of the one there is what the row says."""
        values, days = self.read(row)
        for column in self.after_since:
            if days.get(column, days["since"]) < days["since"]:
                raise Refused("import-day-too-early", field=column, since=days["since"].isoformat())
        if (known := self._known.get(key)) is None:
            return SourceCase(list(self._new(values, days, key)))
        return SourceCase(list(self._changes(values, days, known)), goes_on=known.id)

    @cached_property
    def _known(self) -> Mapping[str, Any]:
        return {self._key_of(entry): entry for entry in self.entries if isinstance(entry, self.case_type)}

    def _key_of(self, entry: Any) -> str:
        return str(entry.code)

    def _new(self, values: Mapping[str, str], days: Mapping[str, date], key: str) -> Iterator[SourceStep]:
        raise NotImplementedError

    def _changes(self, values: Mapping[str, str], days: Mapping[str, date], known: Any) -> Iterator[SourceStep]:
        raise NotImplementedError

    def _same(self, column: str, said: object, known: object) -> None:
        """Refuse what no step changes: it was entered wrongly, there or here."""
        if said is not None and said != known:
            raise Refused("import-differs", field=column, known=_told(known))

    def _still(self, column: str, said: object, known: object) -> None:
        """Refuse what is otherwise than was stated; what nobody has stated may be said at any time."""
        if known is not None:
            self._same(column, said, known)

    def _day_of_change(self, column: str, known: object, days: Mapping[str, date], needed: str) -> date:
        """The day from which on it is otherwise, which the row must say."""
        if needed not in days:
            raise Refused("import-change-without-day", field=column, known=_told(known), needed=self.names[needed][0])
        return days[needed]

    @staticmethod
    def _ended(column: str, known: RegistryCase) -> Refused:
        return Refused("import-entry-ended", field=column, day=_told(known.ended_on))


class UnitsSheet(_EntryList):
    """One row is one unit: set up, renamed, put in another place of the order, merged or closed."""

    name = "units-xlsx"
    title = "registry.units"
    words = "unit"
    names: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "code": ("代码", "单位代码", "机构代码", "编码"),
        "zh_name": ("单位名称", "名称", "单位", "单位全称", "机构名称"),
        "en_name": ("英文名称", "英文名"),
        "order": ("次序", "序号", "排序", "顺序"),
        "since": ("设立日期", "成立日期", "启用日期"),
        "changed_on": ("变更日期", "更名日期"),
        "closed_on": ("撤销日期", "合并日期", "撤并日期"),
        "into": ("并入单位", "并入"),
    }
    required = ("code", "zh_name", "since")
    dates = ("since", "changed_on", "closed_on")
    after_since = ("changed_on", "closed_on")
    said_with = (("into", "closed_on"),)
    key_column = "code"
    case_type = Organ
    looked_up: ClassVar[Mapping[str, str]] = {"into": "unit"}

    def examples(self, today: date) -> Sequence[Mapping[str, str | date]]:
        """Two units in the office's order."""
        since = today - timedelta(days=365)
        return [
            {"code": f"sl-{n}", "zh_name": f"示例单位{n}", "en_name": f"Example {n}", "order": str(n), "since": since}
            for n in (1, 2)
        ]

    def _new(self, values: Mapping[str, str], days: Mapping[str, date], key: str) -> Iterator[SourceStep]:
        step = UnitOpened(
            jurisdiction=self.jurisdiction,
            code=key,
            zh_name=values["zh_name"],
            en_name=values["en_name"] or values["zh_name"],
            order=_number(values["order"], "order") or 0,
        )
        yield self.step(step, days["since"], "since")
        yield from self._closed(values, days)

    def _changes(self, values: Mapping[str, str], days: Mapping[str, date], known: Organ) -> Iterator[SourceStep]:
        self._same("since", days["since"], known.opened_on)
        en_name = values["en_name"] or (values["zh_name"] if known.en_name == known.zh_name else known.en_name)
        order = _number(values["order"], "order")
        renamed = (values["zh_name"], en_name) != (known.zh_name, known.en_name)
        reordered = order is not None and order != known.order
        if known.stage is not Organ.Stage.IN_BEING:
            if renamed or reordered or days.get("closed_on", known.ended_on) != known.ended_on:
                raise self._ended("closed_on", known)
            return
        if renamed:
            column, was = (
                ("zh_name", known.zh_name) if values["zh_name"] != known.zh_name else ("en_name", known.en_name)
            )
            day = self._day_of_change(column, was, days, "changed_on")
            yield self.step(UnitRenamed(zh_name=values["zh_name"], en_name=en_name), day, "changed_on")
        if order is not None and reordered:
            day = self._day_of_change("order", known.order, days, "changed_on")
            yield self.step(UnitReordered(order=order), day, "changed_on")
        yield from self._closed(values, days)

    def _closed(self, values: Mapping[str, str], days: Mapping[str, date]) -> Iterator[SourceStep]:
        if (day := days.get("closed_on")) is None:
            return
        into = self.unit(values["into"], day, "into") if values["into"] else None
        yield self.step(UnitClosed() if into is None else UnitMerged(into=into), day, "closed_on")


class DeputiesSheet(_EntryList):
    """One row is one deputy: registered, elected again, in a group, no deputy any more."""

    name = "deputies-xlsx"
    title = "registry.deputies"
    words = "deputy"
    names: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "id": ("代表编号", "编号", "代表证号", "代表代码", "代码"),
        "name": ("姓名", "代表姓名"),
        "term": ("届次", "届", "第几届"),
        "level": ("层级", "代表层级", "级别"),
        "constituency": ("选区或选举单位", "选区", "选举单位", "选举单位（选区）"),
        "group": ("代表小组", "小组", "所在小组"),
        "background": ("基层代表", "是否基层代表", "代表构成"),
        "tenure": ("连任", "是否连任", "连任情况"),
        "since": ("任职日期", "当选日期", "资格确认日期", "本届任职日期"),
        "group_since": ("编组日期", "入组日期"),
        "ended_on": ("终止日期", "资格终止日期"),
        "ended_because": ("终止原因", "资格终止原因"),
    }
    required = ("id", "name", "since")
    dates = ("since", "group_since", "ended_on")
    after_since = ("ended_on",)
    said_with = (("group_since", "group"), ("ended_on", "ended_because"), ("ended_because", "ended_on"))
    key_column = "id"
    case_type = Mandate
    looked_up: ClassVar[Mapping[str, str]] = {"group": "group"}
    fields: ClassVar[Mapping[str, str]] = {"reason": "ended_because"}

    def choices(self) -> Mapping[str, Sequence[str]]:
        """Tiers, and why a qualification ends."""
        return {
            "level": _first_names(LEVELS),
            "background": _first_names(BACKGROUNDS),
            "tenure": _first_names(TENURES),
            "ended_because": _first_names(END_REASONS),
        }

    def examples(self, today: date) -> Sequence[Mapping[str, str | date]]:
        """A deputy of the present term, in a group if there is one, and one of whom only the least is known."""
        since = today - timedelta(days=365)
        groups = [group.zh for group in self.place.groups if group.on(since)]
        whole: dict[str, str | date] = {"id": "示例-001", "name": "示例甲", "term": "1", "constituency": "示例选区"}
        whole |= {"since": since, **({"group": groups[0]} if groups else {})}
        return [whole, {"id": "示例-002", "name": "示例乙", "since": since}]

    def _new(self, values: Mapping[str, str], days: Mapping[str, date], key: str) -> Iterator[SourceStep]:
        group, joined_on = self._group(values, days), days.get("group_since", days["since"])
        step = DeputyRegistered(
            jurisdiction=self.jurisdiction,
            id=key,
            name=values["name"],
            level=self._level(values),
            term=_term(values["term"]),
            constituency=values["constituency"] or None,
            group=group if joined_on <= days["since"] else None,
        )
        yield self.step(step, days["since"], "since")
        if group is not None and joined_on > days["since"]:
            yield self.step(GroupJoined(group=group), joined_on, "group_since")
        if (described := _deputy_described(values)) != DeputyDescribed():
            yield self.step(described, days["since"], "background")
        yield from self._no_more(values, days)

    def _changes(self, values: Mapping[str, str], days: Mapping[str, date], known: Mandate) -> Iterator[SourceStep]:
        self._same("name", values["name"], known.full_name)
        self._same("level", self._level(values), known.level)
        term, group, described = _term(values["term"]), self._group(values, days), _deputy_described(values)
        ended = known.stage is Mandate.Stage.ENDED
        before = known.ended_on if ended else known.elected_on
        later = before is None or days["since"] > before
        again = later and (ended or (term is not None and term > (known.term or 0)))
        if again:
            elected = DeputyReElected(term=term, constituency=values["constituency"] or None)
            yield self.step(elected, days["since"], "since")
        else:
            self._same("term", term, known.term)
            self._same("since", days["since"], known.elected_on)
            self._same("constituency", values["constituency"] or None, known.constituency)
            self._still("background", described.background, known.background)
            self._still("tenure", described.tenure, known.tenure)
            if ended:
                if days.get("ended_on", known.ended_on) != known.ended_on or group not in {None, known.group}:
                    raise self._ended("ended_on", known)
                return
        if group is not None and group != known.group:
            since = {"group_since": days["since"]} if again else {}
            left = None if known.group is None else self.place.group(known.group)
            was = known.group if left is None else left.zh
            day = self._day_of_change("group", was, {**since, **days}, "group_since")
            yield self.step(GroupJoined(group=group), day, "group_since")
        if not described.already(known):
            yield self.step(described, days["since"], "background")
        yield from self._no_more(values, days)

    def _no_more(self, values: Mapping[str, str], days: Mapping[str, date]) -> Iterator[SourceStep]:
        if "ended_on" in days:
            reason = one_of(END_REASONS, values["ended_because"], "ended_because")
            yield self.step(QualificationEnded(reason=reason), days["ended_on"], "ended_on")

    def _group(self, values: Mapping[str, str], days: Mapping[str, date]) -> str | None:
        if not values["group"]:
            return None
        return self.group(values["group"], days.get("group_since", days["since"]), "group")

    @staticmethod
    def _level(values: Mapping[str, str]) -> Level | None:
        return one_of(LEVELS, values["level"], "level") if values["level"] else None


class SeatsSheet(_EntryList):
    """One row is one post on a body: taken, changed for another on it, left."""

    name = "seats-xlsx"
    title = "registry.seats"
    words = "seat"
    names: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "body": ("任职机构", "机构"),
        "organ": ("所在机构", "委员会", "所在委员会"),
        "holder": ("姓名", "任职人", "任职人姓名"),
        "deputy": ("代表编号", "代表证号", "代表代码"),
        "post": ("职务", "常委会职务"),
        "engagement": ("专职情况", "专职", "是否专职"),
        "tenure": ("连任情况", "连任", "是否连任"),
        "since": ("任职日期", "任职时间"),
        "changed_on": ("变更日期", "职务变动日期"),
        "left_on": ("离任日期", "免职日期"),
        "left_because": ("离任原因", "免职原因"),
    }
    required = ("body", "holder", "post", "since")
    dates = ("since", "changed_on", "left_on")
    after_since = ("changed_on", "left_on")
    said_with = (("left_on", "left_because"), ("left_because", "left_on"))
    key_column = "holder"
    case_type = Incumbency
    looked_up: ClassVar[Mapping[str, str]] = {}
    fields: ClassVar[Mapping[str, str]] = {"reason": "left_because"}

    def choices(self) -> Mapping[str, Sequence[str]]:
        """Bodies, and why a post is left."""
        return {
            "body": _first_names(BODIES),
            "engagement": _first_names(ENGAGEMENTS),
            "tenure": _first_names(TENURES),
            "left_because": _first_names(LEAVE_REASONS),
        }

    def examples(self, today: date) -> Sequence[Mapping[str, str | date]]:
        """A member of the standing committee, and one of the Party's."""
        since = today - timedelta(days=365)
        return [
            {"body": "人大常委会", "holder": "示例甲", "post": "委员", "since": since},
            {"body": "市委常委会", "holder": "示例丙", "post": "市委常委", "since": since},
        ]

    def key(self, row: Row) -> str:
        """Who took a post on which body, and when."""
        holder = super().key(row)
        values, days = self.read(row)
        return _seat_key(one_of(BODIES, values["body"], "body"), values["organ"], holder, days["since"])

    def _key_of(self, entry: Any) -> str:
        return _seat_key(entry.body, entry.organ or "", entry.holder, entry.opened_on)

    def _new(self, values: Mapping[str, str], days: Mapping[str, date], key: str) -> Iterator[SourceStep]:
        del key
        step = SeatTaken(
            jurisdiction=self.jurisdiction,
            body=one_of(BODIES, values["body"], "body"),
            organ=values["organ"] or None,
            holder=values["holder"],
            deputy=self._deputy(values, days),
            post=values["post"],
        )
        yield self.step(step, days["since"], "since")
        if (described := _seat_described(values)) != SeatDescribed():
            yield self.step(described, days["since"], "engagement")
        yield from self._left(values, days)

    def _changes(self, values: Mapping[str, str], days: Mapping[str, date], known: Incumbency) -> Iterator[SourceStep]:
        self._same("deputy", self._deputy(values, days), known.deputy)
        if known.stage is not Incumbency.Stage.IN_POST:
            if values["post"] != known.post or days.get("left_on", known.ended_on) != known.ended_on:
                raise self._ended("left_on", known)
            return
        if values["post"] != known.post:
            day = self._day_of_change("post", known.post, days, "changed_on")
            yield self.step(PostChanged(post=values["post"]), day, "changed_on")
        described = _seat_described(values)
        self._still("tenure", described.tenure, known.tenure)
        if not described.already(known):
            changed = known.engagement is not None and described.engagement not in {None, known.engagement}
            day = self._day_of_change("engagement", known.engagement, days, "changed_on") if changed else days["since"]
            yield self.step(described, day, "engagement")
        yield from self._left(values, days)

    def _left(self, values: Mapping[str, str], days: Mapping[str, date]) -> Iterator[SourceStep]:
        if "left_on" in days:
            reason = one_of(LEAVE_REASONS, values["left_because"], "left_because")
            yield self.step(SeatLeft(reason=reason), days["left_on"], "left_on")

    def _deputy(self, values: Mapping[str, str], days: Mapping[str, date]) -> str | None:
        return self.deputy(values["deputy"], days["since"], "deputy") if values["deputy"] else None


def _deputy_described(values: Mapping[str, str]) -> DeputyDescribed:
    return DeputyDescribed(
        background=one_of(BACKGROUNDS, values["background"], "background") if values["background"] else None,
        tenure=one_of(TENURES, values["tenure"], "tenure") if values["tenure"] else None,
    )


def _seat_described(values: Mapping[str, str]) -> SeatDescribed:
    return SeatDescribed(
        engagement=one_of(ENGAGEMENTS, values["engagement"], "engagement") if values["engagement"] else None,
        tenure=one_of(TENURES, values["tenure"], "tenure") if values["tenure"] else None,
    )


def _seat_key(body: Body, organ: str, holder: str, since: date | None) -> str:
    return f"{body}/{organ}/{holder}/{since}"


def _term(text: str) -> int | None:
    """The number of a term: 9, 九届, 第十届, 第10届."""
    if not text:
        return None
    told = unicodedata.normalize("NFKC", "".join(text.split()))
    if (match := _TERM.match(told)) is None:
        raise Refused("import-unreadable-number", field="term", text=text[:100])
    if match[1].isascii():
        return int(match[1])
    tens, ten, ones = match[1].rpartition("十")
    if not ten:
        tens, ones = "", match[1]
    if len(tens) > 1 or len(ones) > 1 or "十" in tens:
        raise Refused("import-unreadable-number", field="term", text=text[:100])
    return (10 * _DIGITS.get(tens, 1) if ten else 0) + _DIGITS.get(ones, 0)


def _number(text: str, column: str) -> int | None:
    told = unicodedata.normalize("NFKC", text)
    if told and not (told.isascii() and told.isdigit()):
        raise Refused("import-unreadable-number", field=column, text=text[:100])
    return int(told) if told else None


def _first_names(known: Mapping[str, StrEnum]) -> list[str]:
    """What offices call each value; a mapping has the usual name first, and the value itself last."""
    names: dict[str, str] = {}
    for text, value in known.items():
        names.setdefault(value, text)
    return list(names.values())


def _told(known: object) -> str:
    """What the registry has, as a list would write it."""
    if isinstance(known, Level):
        return next((text for text, level in LEVELS.items() if level is known), str(known))
    return "—" if known is None else str(known)
