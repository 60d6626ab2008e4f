"""An office's own list of suggestions (建议清单), one row each, under the headers that offices use."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Protocol, TypeVar

from adapters.exchange.layout import Layout, plain
from adapters.exchange.source import Row, SourceCase, SourceStep
from domain.case import Step
from domain.casefile import CaseFile
from domain.cases.suggestion import EvaluationRecordedByProxy, Grade, HandedOver, ReplyIssued, SuggestionSubmitted
from domain.moment import start_of_day
from domain.office import Jurisdiction
from domain.refusal import Refused

NAMES: Mapping[str, tuple[str, ...]] = {
    "number": ("编号", "建议编号", "建议号", "代表建议编号", "件号"),
    "title": ("案由", "标题", "案由/标题", "建议标题", "建议名称", "题目", "建议案由"),
    "body": ("内容", "建议内容", "正文", "建议正文"),
    "lead_deputy": ("领衔代表", "领衔人", "领衔代表姓名", "第一提出人", "提出代表", "提出人", "代表姓名"),
    "co_signers": ("联名代表", "附议代表", "联名人", "附议人"),
    "session": ("届次会议", "届次", "会次", "届次/会议", "会议名称", "会议"),
    "in_session": ("提出时段", "会议期间", "会期", "大会/闭会"),
    "submitted_on": ("提出日期", "提出时间", "提交日期", "提交时间"),
    "lead_unit": ("主办单位", "主办", "主办部门", "牵头单位", "牵头办理单位", "承办单位"),
    "co_units": ("会办单位", "会办", "会办部门", "协办单位", "协办", "协办部门"),
    "handed_over_on": ("交办日期", "交办时间", "转办日期", "转办时间"),
    "replied_on": ("答复日期", "答复时间", "复文日期", "办复日期", "办复时间"),
    "outcome": ("办理结果", "答复类别", "答复分类", "结果分类", "办理结果分类", "结果类别", "办理类别"),
    "document_number": ("答复文号", "复文号", "答复函号", "文号"),
    "signer": ("签发人",),
    "evaluated_on": ("评价日期", "评价时间", "反馈日期", "反馈时间"),
    "result": ("评价", "代表评价", "满意度", "满意程度", "评价结果", "测评结果", "结果评价", "对办理结果评价"),
    "attitude": ("态度评价", "办理态度", "对办理态度评价", "工作评价"),
    "reason": ("评价意见", "不满意原因", "评价理由"),
    "evidence": ("评价依据", "评价凭据"),
    "consent": ("代表同意情况", "代录同意"),
}
"""What offices write above each column; the first is what a template writes. The field's own name is understood too."""

REQUIRED = ("number", "title", "lead_deputy", "submitted_on")
DATES = ("submitted_on", "handed_over_on", "replied_on", "evaluated_on")

GRADES: Mapping[str, Grade] = {
    "满意": Grade.SATISFIED,
    "基本满意": Grade.BASICALLY_SATISFIED,
    "不满意": Grade.DISSATISFIED,
    "未表态": Grade.NOT_STATED,
    **{grade.value: grade for grade in Grade},
}
IN_SESSION: Mapping[str, bool] = {
    "会议期间": True, "大会期间": True, "会中": True, "大会": True, "是": True,
    "闭会期间": False, "闭会": False, "会后": False, "否": False, "": False,
}  # fmt: skip

_SAID_WITH: tuple[tuple[str, str], ...] = (
    ("lead_unit", "handed_over_on"),
    ("handed_over_on", "lead_unit"),
    ("co_units", "handed_over_on"),
    ("replied_on", "lead_unit"),
    ("outcome", "replied_on"),
    ("document_number", "replied_on"),
    ("signer", "replied_on"),
    ("result", "evaluated_on"),
    ("evaluated_on", "result"),
    ("result", "replied_on"),
    ("attitude", "result"),
    ("reason", "result"),
    ("evidence", "result"),
    ("consent", "result"),
)
"""Of two columns the first means nothing without the second."""

_ROUND = 1
"""A list has one reply of a suggestion: the first round's."""
_NOT_STATED = "清单未载明"
_WHY_PROXY = "由清单导入"
_LONGEST_KEY = 100
_SHOWN = 100
_CANDIDATES = 10

_DAYS = (
    re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})\Z"),
    re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})\Z"),
    re.compile(r"(\d{4})\.(\d{1,2})\.(\d{1,2})\Z"),
    re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日\Z"),
    re.compile(r"(\d{4})(\d{2})(\d{2})\Z"),
)
_OUTCOME = re.compile(r"([A-Z]\d{0,2})类?(?:[（(\-:：、.].*)?\Z", re.DOTALL)
_LINE_BREAKS = re.compile(r"\s*[\r\n]+\s*")
_SEVERAL = re.compile(r"[、，,;；\r\n]+")


Value = TypeVar("Value")


class _Named(Protocol):
    """A unit or a deputy: known for a time."""

    def on(self, day: date) -> bool:
        """Whether it is known on a day."""


class SuggestionsSheet:
    """One row is one suggestion: submitted, perhaps handed over, answered, evaluated, as far as the row says so."""

    name = "suggestions-xlsx"

    def __init__(self, place: Jurisdiction, mapping: Mapping[str, str]) -> None:
        self.jurisdiction = place.code
        self._place = place
        told = {field: names[0] for field, names in NAMES.items()} | dict(mapping)
        self.layout = Layout(tuple(NAMES), frozenset((*REQUIRED, *mapping)), _headers(mapping), others=True, told=told)
        self.fields: Mapping[str, str] = {"unit": "lead_unit", "lead_units": "lead_unit", "round": "replied_on"}

    def key(self, row: Row) -> str:
        """The suggestion's number, which is its own in the jurisdiction over all sessions."""
        key = row.values["number"].strip()
        if not key:
            raise Refused("import-missing", field="number")
        if len(key) > _LONGEST_KEY:
            raise Refused("value-not-allowed", field="number", reason="string_too_long", max_length=_LONGEST_KEY)
        if not key.isprintable():
            raise Refused("value-not-allowed", field="number", reason="string_pattern_mismatch")
        return key

    def case(self, row: Row, key: str) -> SourceCase:
        """The steps that the row tells of, in the order of the procedure, on its dates; nothing is added."""
        values = {column: text.strip() for column, text in row.values.items()}
        _require_whole(values)
        days = {column: _day(values[column], column) for column in DATES if values[column]}
        steps = [self._submitted(values, key, days["submitted_on"])]
        if "handed_over_on" in days:
            steps.append(self._handed_over(values, days["handed_over_on"]))
        if "replied_on" in days:
            steps.append(self._replied(values, days["replied_on"], days["handed_over_on"]))
        if "evaluated_on" in days:
            steps.append(self._evaluated(values, days["evaluated_on"], days["submitted_on"]))
        joined = [Refused("import-lines-joined", field="title")] if _LINE_BREAKS.search(values["title"]) else []
        return SourceCase(steps, joined)

    def figures(self, case_file: CaseFile) -> Iterator[str]:
        """What a report on a list tells beside the number of steps."""
        if (case := case_file.case) is None:
            return
        facts = case.facts()
        if facts.handed_over_on is None:
            yield "not_handed_over"
        elif facts.answered_on is None:
            yield "not_answered"
        if facts.grade is not None:
            yield f"grade_{facts.grade}"

    def _submitted(self, values: Mapping[str, str], key: str, day: date) -> SourceStep:
        deputy = self._deputy(values["lead_deputy"], day, "lead_deputy")
        step = SuggestionSubmitted(
            jurisdiction=self.jurisdiction,
            title=_LINE_BREAKS.sub("", values["title"]),
            lead_deputy=deputy,
            co_signers=tuple(self._deputy(name, day, "co_signers") for name in _several(values["co_signers"])),
            number=key,
            session=values["session"] or None,
            in_session=_one_of(IN_SESSION, values["in_session"], "in_session"),
            body=values["body"] or None,
        )
        return self._step(step, day, "submitted_on", deputy)

    def _handed_over(self, values: Mapping[str, str], day: date) -> SourceStep:
        step = HandedOver(
            lead_unit=self._unit(values["lead_unit"], day, "lead_unit"),
            co_units=tuple(self._unit(name, day, "co_units") for name in _several(values["co_units"])),
        )
        return self._step(step, day, "handed_over_on")

    def _replied(self, values: Mapping[str, str], day: date, handed_over_on: date) -> SourceStep:
        unit = self._unit(values["lead_unit"], handed_over_on, "lead_unit")
        step = ReplyIssued(
            unit=unit,
            round=_ROUND,
            outcome=_outcome(values["outcome"]),
            document_number=values["document_number"] or None,
            signer=values["signer"] or None,
        )
        return self._step(step, day, "replied_on", unit)

    def _evaluated(self, values: Mapping[str, str], day: date, submitted_on: date) -> SourceStep:
        attitude = _one_of(GRADES, values["attitude"], "attitude") if values["attitude"] else None
        step = EvaluationRecordedByProxy(
            round=_ROUND,
            result=_one_of(GRADES, values["result"], "result"),
            attitude=attitude,
            reason=values["reason"] or None,
            evidence=values["evidence"] or _NOT_STATED,
            consent=values["consent"] or _NOT_STATED,
            proxy_reason=_WHY_PROXY,
        )
        return self._step(step, day, "evaluated_on", self._deputy(values["lead_deputy"], submitted_on, "lead_deputy"))

    def _step(self, step: Step, day: date, column: str, on_behalf_of: str | None = None) -> SourceStep:
        return SourceStep(step, start_of_day(day, self._place.time_zone), "day", column, on_behalf_of)

    def _unit(self, text: str, day: date, column: str) -> str:
        """The code of the one unit of that code or name on that day."""
        if (unit := self._place.unit(text)) is not None:
            return unit.code
        known = [(unit.code, (unit.zh, unit.en), unit) for unit in self._place.units]
        return _found(text, day, column, known)

    def _deputy(self, text: str, day: date, column: str) -> str:
        """The id of the one deputy of that id or name on that day; the name, where any name is known."""
        if (deputy := self._place.deputy(text)) is not None:
            return deputy.id
        if self._place.registry == "open":
            return _closed_up(text)
        known = [(deputy.id, (deputy.name,), deputy) for deputy in self._place.deputies]
        return _found(text, day, column, known)


def read_mapping(path: Path) -> dict[str, str]:
    """A mapping file: our field = the header of the file at hand, one a line (TOML)."""
    try:
        told = tomllib.loads(path.read_text("utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise Refused("import-mapping-unreadable", field="mapping", file=path.name) from None
    if wrong := sorted(field for field, header in told.items() if not isinstance(header, str) or not header.strip()):
        raise Refused("import-mapping-unreadable", field="mapping", file=path.name, fields=wrong)
    return told


def _headers(mapping: Mapping[str, str]) -> dict[str, str]:
    """From header to field; a field that is mapped is known under no other header, and a header means one field."""
    if unknown := sorted(mapping.keys() - NAMES.keys()):
        raise Refused("import-mapping-unknown-field", field="mapping", fields=unknown, known=list(NAMES))
    mapped = [plain(header) for header in mapping.values()]
    if twice := sorted({header for header in mapping.values() if mapped.count(plain(header)) > 1}):
        raise Refused("import-mapping-twice", field="mapping", headers=twice)
    found = {plain(name): field for field, names in NAMES.items() if field not in mapping for name in (field, *names)}
    return found | {plain(header): field for field, header in mapping.items()}


def _require_whole(values: Mapping[str, str]) -> None:
    """Refuse a row that lacks what every suggestion has, or what something else that it says needs."""
    for column in REQUIRED:
        if not values[column]:
            raise Refused("import-missing", field=column)
    for said, needed in _SAID_WITH:
        if values[said] and not values[needed]:
            raise Refused("import-needs-column", field=said, needed=NAMES[needed][0])


def _day(text: str, column: str) -> date:
    """A day, written with the year first in one of the ways that leave no doubt; a time of day is left out."""
    told = unicodedata.normalize("NFKC", text).split(" ")[0]
    for form in _DAYS:
        if (found := form.match(told)) is not None:
            try:
                return date(*map(int, found.groups()))
            except ValueError:
                break
    raise Refused("import-unreadable-date", field=column, text=text[:_SHOWN])


def _outcome(text: str) -> str | None:
    """The letter of A, Ａ, A类 or A（已解决）; anything else as it stands, to be refused by the office's scheme."""
    if not text:
        return None
    told = unicodedata.normalize("NFKC", text).strip().upper()
    found = _OUTCOME.match(told)
    return found[1] if found else text


def _one_of(known: Mapping[str, Value], text: str, column: str) -> Value:
    told = _closed_up(text)
    if told not in known:
        raise Refused("import-unknown-value", field=column, text=text[:_SHOWN], known=[name for name in known if name])
    return known[told]


def _several(text: str) -> list[str]:
    return [name for part in _SEVERAL.split(text) if (name := part.strip())]


def _closed_up(name: str) -> str:
    """A name without blanks: 王　明 is 王明."""
    return "".join(name.split())


def _found(text: str, day: date, column: str, known: Sequence[tuple[str, Iterable[str], _Named]]) -> str:
    """The code of the one of that name on a day; none, and several, are refused with those that may be meant."""
    name = _closed_up(text)
    named = [(code, names, one) for code, names, one in known if name in map(_closed_up, names)]
    codes = [code for code, _, one in named if one.on(day)]
    if len(codes) == 1:
        return codes[0]
    if codes:
        raise Refused("import-name-ambiguous", field=column, text=text[:_SHOWN], day=day.isoformat(), candidates=codes)
    near = {_closed_up(n): code for code, names, one in known if one.on(day) for n in names}
    meant = [f"{near[n]} {n}" for n in get_close_matches(name[:_SHOWN], near, _CANDIDATES, 0.5)]
    raise Refused("import-name-unknown", field=column, text=text[:_SHOWN], day=day.isoformat(), candidates=meant)
