"""Bulk: one step for many cases, with a report for each of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, Field, create_model

from api import bulk
from api.noting import also_refused
from api.principal import Asker
from api.problems import status_of, words_for
from api.services import services_of
from api.v1 import answers
from api.v1.body import Body, canonical, parse
from api.v1.finding import answer, zone_of
from api.v1.operations import operations
from api.v1.recording import (
    IDEMPOTENCY_KEY,
    ActGiven,
    act_of,
    body_of,
    pointer_of,
    ref,
    request_key,
    validated,
)
from api.words import Words
from domain import procedure
from domain.case import Step
from domain.values import Code


class BulkCase(BaseModel):
    """One of the cases."""

    model_config = ConfigDict(extra="forbid")

    case_id: Code
    version: int | None = Field(
        None, ge=1, description="As you have seen it; left out, the step is recorded whatever has happened since"
    )


class BulkGiven(BaseModel):
    """What was decided for all of the cases, and the circumstances of the act."""

    model_config = ConfigDict(extra="forbid")

    step: Step
    act: ActGiven = ActGiven()
    cases: list[BulkCase] = Field(min_length=1, max_length=bulk.MOST)


BODIES: dict[str, type[BulkGiven]] = {
    name: create_model(f"{step.__name__}InBulk", __base__=BulkGiven, __doc__=BulkGiven.__doc__, step=(step, ...))
    for name, step in bulk.STEPS.items()
}

router = operations(400, 401, 403, 413, 415, 422, 500, 503, tag="steps")


def _operation(name: str, step: type[Step]) -> Callable[..., Response]:
    """The endpoint of one step."""

    def record_in_bulk(request: Request, asker: Asker, body: Body) -> Response:
        services, tell = services_of(request), words_for(request)
        procedure.require_role(step, step.declared.case_type, asker.role)
        key, fields = request_key(request), parse(body)
        given, zone = validated(BODIES[name], fields, tell), zone_of(services, asker)
        tasks = [bulk.Task(row.case_id, given.step, row.version) for row in given.cases]
        said = canonical({what: value for what, value in fields.items() if what != "cases"})
        act = act_of(given.act, asker, tell, zone)
        outcomes = list(bulk.take_each(services, asker, tasks, act, key=key, said=said))
        also_refused(request, [(one.why.message_id, one.task.case_id) for one in outcomes if one.why is not None])
        return answer(answers.BulkAnswer(rows=[_row(tell, outcome, fields, zone) for outcome in outcomes]), {})

    return record_in_bulk


def _row(tell: Words, outcome: bulk.Outcome, fields: dict[str, Any], zone: str) -> answers.BulkRow:
    receipt, why = outcome.receipt, outcome.why
    stale = outcome.status == "stale"
    since = [step for step in answers.history_answer(outcome.history, None, zone) if step.number > outcome.seen]
    return answers.BulkRow(
        case_id=outcome.task.case_id,
        status=outcome.status,
        version=len(outcome.history) if stale else None if receipt is None else receipt.version,
        position=None if receipt is None else receipt.position,
        problem=None
        if why is None
        else answers.BulkProblem(
            type=f"/problems/{why.message_id}",
            title=tell(f"title.{why.message_id}"),
            status=status_of(why.message_id),
            detail=tell(why.message_id, **why.params),
            pointer=pointer_of(why, type(outcome.task.step), fields["step"]),
        ),
        steps_since=since if stale else None,
    )


for _name, _step in bulk.STEPS.items():
    router.add_api_route(
        f"/bulk/{_name}",
        _operation(_name, _step),
        methods=["POST"],
        operation_id=f"bulk_{_name}",
        summary=f"批量{_step.declared.zh} · {_step.declared.en}, many cases",
        description=(
            f"{(_step.__doc__ or '').strip()}\n\nFor at most {bulk.MOST} cases, each by a step of its own: one that"
            " is refused or stale stops no other, and the report says so. Sent again under the same key, nothing is"
            " recorded twice, and what was not recorded is tried again.\n\nBy: " + ", ".join(sorted(_step.declared.by))
        ),
        response_model=answers.BulkAnswer,
        openapi_extra={"parameters": [IDEMPOTENCY_KEY], "requestBody": body_of(ref(BODIES[_name]))},
    )
