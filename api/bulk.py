"""Bulk: the same step for many cases, each a step of its own; one that cannot be taken stops no other."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from api.services import Services
from api.v1.finding import case_file_of
from domain.case import Act, Recorded, Role, Step
from domain.cases.suggestion import EvaluationReminded, HandedOver, UnitUrged
from domain.docket import CaseNotFoundError, Receipt, Request, StaleError
from domain.principal import Principal
from domain.refusal import Refused

MOST = 200
"""Rows at most."""

STEPS: dict[str, type[Step]] = {step.declared.name: step for step in (HandedOver, EvaluationReminded, UnitUrged)}
"""The steps that may be taken for many cases at once, by name."""
REMINDERS = (EvaluationReminded, UnitUrged)

Status = Literal["recorded", "repeated", "unchanged", "refused", "stale"]


@dataclass(frozen=True)
class Task:
    """A step that is to be taken of a case, and the version that whoever asks has seen; None takes it as it stands."""

    case_id: str
    step: Step
    seen: int | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of a task: its receipt, or why it was refused, or what happened since the version that was seen."""

    task: Task
    status: Status
    receipt: Receipt | None = None
    why: Refused | None = None
    history: Sequence[Recorded] = ()
    """Of a stale one: the case's steps."""
    seen: int = 0

    @property
    def since(self) -> list[Recorded]:
        """What happened since the version that was seen."""
        return [record for record in self.history if record.version > self.seen]


def may_take(role: Role) -> bool:
    """Whether the role may take one of the steps at all."""
    return any(role in step.declared.by for step in STEPS.values())


def preview(services: Services, asker: Principal, task: Task, act: Act) -> Outcome:
    """What would become of a task now, by the same checks. Nothing is recorded."""
    try:
        case_file = case_file_of(services, asker, task.case_id)
        changed = services.docket.foresee(services.docket.case_file(case_file.id), task.step, act) is not None
    except CaseNotFoundError:
        return _missing(task)
    except Refused as refused:
        return Outcome(task, "refused", why=refused)
    return Outcome(task, "recorded" if changed else "unchanged")


def take_each(
    services: Services, asker: Principal, tasks: Iterable[Task], act: Act, *, key: str, said: bytes
) -> Iterator[Outcome]:
    """Take each task under a key of its own, which follows from the caller's `key`; `said` is all that was asked.

    Asked again, what was recorded is not recorded twice, and what was not is tried again.
    """
    reached: dict[str, int] = {}
    for task in tasks:
        seen = reached.get(task.case_id, task.seen) if task.seen is not None else None
        outcome = _taken(services, asker, task, act, seen, _request(services.secret, asker, task, key, said))
        if outcome.receipt is not None:
            reached[task.case_id] = outcome.receipt.version
        yield outcome


def _taken(services: Services, asker: Principal, task: Task, act: Act, seen: int | None, request: Request) -> Outcome:
    try:
        case_file_of(services, asker, task.case_id)
        if (receipt := services.docket.answered(request)) is not None:
            return Outcome(task, "repeated", receipt)
        receipt = services.docket.record(
            task.case_id, task.step, act, expected_version=seen, request=request, asked=True
        )
    except CaseNotFoundError:
        return _missing(task)
    except Refused as refused:
        return Outcome(task, "refused", why=refused)
    except StaleError as stale:
        history = case_file_of(services, asker, task.case_id).history
        return Outcome(task, "stale", history=history, seen=stale.expected)
    if receipt.repeated:
        return Outcome(task, "repeated", receipt)
    return Outcome(task, "recorded" if receipt.changed else "unchanged", receipt)


def _missing(task: Task) -> Outcome:
    return Outcome(task, "refused", why=Refused("case-not-found", case_id=task.case_id))


def _request(secret: bytes, asker: Principal, task: Task, key: str, said: bytes) -> Request:
    who = [asker.actor, asker.role, asker.office, asker.jurisdiction]
    what = [task.case_id, task.step.declared.wire, task.step.part_key]
    name = hmac.digest(secret, b"bulk-key\n" + json.dumps([*who, key, *what], ensure_ascii=False).encode(), "sha256")
    asked = b"bulk\n" + json.dumps([*who, *what], ensure_ascii=False).encode() + b"\n" + said
    return Request(f"bulk:{name.hex()}", hmac.digest(secret, asked, hashlib.sha256))
