"""Many cases at once by forms: what is said for all, what would become of each, and what became of it."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from pydantic import ValidationError

from api import bulk
from api.problems import ProblemError
from api.services import Services
from api.v1.finding import case_file_of
from api.web.doing import act_of, first
from api.web.forms import TOKEN
from api.web.stepforms import FieldView, Form, Given, faults
from api.web.viewmodels import Fact, Shown, Teller, case_path
from domain import procedure
from domain.case import Act, Step
from domain.cases.suggestion import HandedOver, Suggestion, UnitUrged
from domain.docket import CaseNotFoundError
from domain.moment import day_of
from domain.principal import Principal
from domain.refusal import Refused, refused_by

What = Literal["hand_over", "remind"]
Stage = Literal["say", "check", "report"]

_FORMS: dict[str, type[Step]] = {"hand_over": HandedOver, "remind": UnitUrged}
"""The step whose form asks for what is said of all the cases."""
_ACT = ("act.occurred_on", "act.document", "act.title")
_OWN = {TOKEN, "key", "case", "task", "go"}
_OF_EACH = {"remind": {"unit"}}
"""Fields that each case has its own of."""
_KEY = re.compile(r"[0-9a-f]{32}\Z")
_WORDS = 4


@dataclass(frozen=True)
class RowView:
    """A case, or a step of it, and what would become or became of it."""

    case_id: str
    url: str
    number: str | None
    title: str
    step: str | None = None
    status: bulk.Status | None = None
    text: str | None = None
    meanwhile: tuple[str, ...] = ()
    task: str | None = None
    """The step as the form carries it on, where it can be taken."""
    problem: str | None = None
    """Message id of why it cannot."""


@dataclass(frozen=True)
class BulkView:
    """The page: what is said for all (`say`), what would become of each (`check`), what became of it (`report`)."""

    what: What
    stage: Stage
    rows: list[RowView]
    fields: list[FieldView]
    said: list[tuple[str, str]]
    """What was said for all, to be carried on."""
    told: list[Fact]
    """The same in words."""
    occurred_on: str
    document: str
    document_title: str
    key: str
    trouble: str | None = None
    wrong: str | None = None
    """What is wrong with the day."""

    @property
    def tasks(self) -> list[str]:
        """The steps that can be taken."""
        return [row.task for row in self.rows if row.task is not None]

    @property
    def cases(self) -> list[str]:
        """The cases, each once."""
        return list(dict.fromkeys(row.case_id for row in self.rows))

    def count(self, *statuses: bulk.Status) -> int:
        """How many rows it became so with."""
        return sum(row.status in statuses for row in self.rows)


def in_bulk(
    services: Services, tell: Teller, asker: Principal, what: str, values: Mapping[str, Sequence[str]]
) -> BulkView:
    """The page that follows a form: from the list the form for all, from that the check, from that the report."""
    if what not in _FORMS:
        raise ProblemError("not-found")
    procedure.require_role(_FORMS[what], Suggestion, asker.role)
    page = _Page(services, tell, asker, "hand_over" if what == "hand_over" else "remind", values)
    match first(values, "go"):
        case None:
            return page.say()
        case "check":
            return page.check()
        case "take":
            return page.take()
    raise ProblemError("form-unreadable")


class _Page:
    """One request of the three."""

    def __init__(
        self, services: Services, tell: Teller, asker: Principal, what: What, values: Mapping[str, Sequence[str]]
    ) -> None:
        self._services = services
        self._tell = tell
        self._asker = asker
        self._what = what
        self._values = values
        self._today = day_of(datetime.now(UTC), tell.zone)
        self._form = Form(_FORMS[what], tell, asker, None, self._today)
        offered = {one.name for one in self._form.fields()} - _OF_EACH.get(what, set())
        if any(name not in _ACT and name.partition(".")[0] not in offered | _OWN for name in values):
            raise ProblemError("form-unreadable")
        self._offered = offered

    def say(self, wrong: Mapping[str, str] | None = None, trouble: str | None = None) -> BulkView:
        """The form of what is said for all of the chosen cases."""
        return self._view("say", [self._row(case_id) for case_id in self._chosen()], wrong, trouble)

    def check(self) -> BulkView:
        """What would become of each; the form again, if what it says cannot be."""
        try:
            act, step = self._act(), self._said_for_all()
        except ValidationError as error:
            return self.say(faults(self._tell, error), self._tell.say("page.form.wrong"))
        except Refused as refused:
            why = self._tell.say(refused.message_id, **refused.params)
            return self.say({refused.field or "": why}, why)
        rows = [row for case_id in self._chosen() for row in self._foreseen(case_id, act, step)]
        return self._view("check", rows)

    def take(self) -> BulkView:
        """What became of each of the steps that were checked."""
        key = first(self._values, "key") or ""
        if not _KEY.match(key):
            raise ProblemError("form-unreadable")
        said = json.dumps(
            {name: list(texts) for name, texts in self._values.items() if name not in _OWN},
            ensure_ascii=False,
            sort_keys=True,
        )
        try:
            act, tasks = self._act(), [self._task(text) for text in self._given("task")]
        except ValidationError as error:
            raise refused_by(error) from None
        _require_some({task.case_id for task in tasks})
        outcomes = bulk.take_each(self._services, self._asker, tasks, act, key=key, said=said.encode())
        return self._view("report", [self._reported(outcome) for outcome in outcomes])

    def _act(self) -> Act:
        return act_of(self._asker, self._tell, self._values)

    def _said_for_all(self) -> Step | None:
        """The step that all cases get; None where each gets what fits it."""
        return self._form.read(self._values) if self._what == "hand_over" else None

    def _given(self, name: str) -> list[str]:
        return list(dict.fromkeys(self._values.get(name, ())))

    def _chosen(self) -> list[str]:
        chosen = self._given("case")
        _require_some(chosen)
        return chosen

    def _foreseen(self, case_id: str, act: Act, step: Step | None) -> Iterator[RowView]:
        try:
            case_file = case_file_of(self._services, self._asker, case_id)
            steps = [step] if step is not None else self._reminders(case_file.case, act)
        except CaseNotFoundError:
            yield self._row(case_id, "refused", self._tell.say("case-not-found", case_id=case_id))
            return
        except ValidationError as error:
            yield self._refused(case_id, refused_by(error))
            return
        if not steps:
            yield self._refused(case_id, Refused("nothing-to-remind"))
        for one in steps:
            outcome = bulk.preview(self._services, self._asker, bulk.Task(case_id, one, case_file.version), act)
            yield self._reported(outcome, ahead=True)

    def _reminders(self, case: object, act: Act) -> list[Step]:
        """The reminders that fit a case, as far as they are the asker's to send, with what is said for all."""
        fitting = case.reminders(act.occurred_on) if isinstance(case, Suggestion) else ()
        return [self._of_one(type(one), one.part_key) for one in fitting if self._asker.role in one.declared.by]

    def _of_one(self, step: type[Step], unit: str | None) -> Step:
        if step is HandedOver:
            return self._form.read(self._values)
        form = Form(step, self._tell, self._asker, None, self._today)
        return form.read({**self._values, "unit": [unit or ""]})

    def _task(self, text: str) -> bulk.Task:
        """A step that was checked, as the form carries it."""
        words = text.split(" ")
        steps = [HandedOver] if self._what == "hand_over" else bulk.REMINDERS
        step = next((one for one in steps if len(words) == _WORDS and one.declared.name == words[2]), None)
        if step is None or not re.fullmatch(r"\d{1,9}", words[1]):
            raise ProblemError("form-unreadable")
        return bulk.Task(words[0], self._of_one(step, words[3]), int(words[1]))

    def _reported(self, outcome: bulk.Outcome, *, ahead: bool = False) -> RowView:
        task, say = outcome.task, self._tell.say
        step, unit = type(task.step), task.step.part_key
        told = self._tell.step(step) + (f" · {self._tell.unit(unit)}" if unit else "")
        why, receipt = outcome.why, outcome.receipt
        if why is not None:
            text = say(why.message_id, **why.params)
        else:
            text = say(f"page.bulk.{'will_be' if ahead else 'is'}.{outcome.status}")
        carried = ahead and outcome.status == "recorded"
        row = self._row(task.case_id, outcome.status, text, told)
        return RowView(
            row.case_id,
            row.url if receipt is None or not receipt.changed else f"{row.url}#step-{receipt.version}",
            row.number,
            row.title,
            told,
            outcome.status,
            text,
            tuple(
                say(
                    "page.form.since",
                    n=r.version,
                    step=self._tell.step(type(r.step)),
                    when=self._tell.when(r.recorded_at),
                )
                for r in outcome.since
            ),
            f"{task.case_id} {task.seen} {step.declared.name} {unit or '-'}" if carried else None,
            None if why is None else why.message_id,
        )

    def _refused(self, case_id: str, why: Refused) -> RowView:
        row = self._row(case_id, "refused", self._tell.say(why.message_id, **why.params))
        return replace(row, problem=why.message_id)

    def _row(
        self, case_id: str, status: bulk.Status | None = None, text: str | None = None, step: str | None = None
    ) -> RowView:
        problem = None
        try:
            case = case_file_of(self._services, self._asker, case_id).case
        except CaseNotFoundError:
            case, problem = None, "case-not-found"
        facts = None if case is None else case.facts()
        number, title = (None, case_id) if facts is None else (facts.number, facts.title)
        return RowView(case_id, case_path(case_id), number, title, step, status, text, problem=problem)

    def _view(
        self,
        stage: Stage,
        rows: list[RowView],
        wrong: Mapping[str, str] | None = None,
        trouble: str | None = None,
    ) -> BulkView:
        given = {name: texts for name, texts in self._values.items() if name.partition(".")[0] in self._offered}
        fields = self._form.fields(Given(given, wrong or {}))
        key = first(self._values, "key") or ""
        said = [(name, text) for name, texts in self._values.items() if name not in _OWN for text in texts if text]
        return BulkView(
            what=self._what,
            stage=stage,
            rows=rows,
            fields=[one for one in fields if one.name in self._offered],
            said=said,
            told=list(self._told(fields)),
            occurred_on=first(self._values, "act.occurred_on") or self._today.isoformat(),
            document=first(self._values, "act.document") or "",
            document_title=first(self._values, "act.title") or "",
            key=key if _KEY.match(key) else secrets.token_hex(16),
            trouble=trouble,
            wrong=(wrong or {}).get("occurred_at"),
        )

    def _told(self, fields: list[FieldView]) -> Iterator[Fact]:
        """What was said for all, in words."""
        for one in fields:
            if one.name in self._offered and any(one.values):
                words = {option.value: option.text for option in one.options}
                comma = self._tell.say("page.comma")
                yield Fact(one.label, Shown(comma.join(words.get(value, value) for value in one.values)))
        for name, label in zip(_ACT, ("occurred_on", "document", "document_title"), strict=True):
            yield Fact(self._tell.say(f"page.form.{label}"), Shown(first(self._values, name) or ""))


def _require_some(chosen: Collection[str]) -> None:
    if not chosen:
        raise Refused("bulk-nothing-chosen")
    if len(chosen) > bulk.MOST:
        raise Refused("bulk-too-many", count=len(chosen), most=bulk.MOST)
