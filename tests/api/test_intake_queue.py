"""The second way in: messages of the intake queue become orders, one by one, whatever is wrong with the others."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from approval_api.handler import handler
from approval_api.handler import logger as api_logger
from orders.domain.errors import TransientFaultError
from orders.wiring import assemble, installed
from tests.api.world import (
    AUTOMATIC,
    ONE_LEVEL,
    SAMPLE,
    Context,
    World,
    a_key,
    a_message,
    an_event,
    call,
    order_of,
    take,
)
from tests.workflow.scenarios import Instead

TOKEN, OTHER = "AQCkAAAAKgAAAAMAAAAA+/=", "AQCkAAAAKgAAAAMAAAAB+/="
TOO_MUCH: dict[str, Any] = {"customer": "acme", "currency": "EUR", "lines": [{"sku": "NO-SUCH-GOOD", "quantity": 0}]}


def counted(capsys: pytest.CaptureFixture[str], metric: str) -> float:
    """Return what a metric of this invocation comes to."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith('{"_aws"')]
    return sum(sum(line.get(metric, [])) for line in lines)


def test_the_sample_message_becomes_an_order(world: World) -> None:
    event = json.loads(SAMPLE.read_text())
    content = json.loads(event["Records"][0]["body"])

    assert handler(event, Context()) == {"batchItemFailures": []}

    row = world.row(order_of(content))
    assert (row.requester, row.customer) == (content["requester"], content["order"]["customer"])
    assert row.order_id in world.starter.started


def test_the_same_key_by_queue_and_by_http_is_one_order(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    content = a_message()

    assert take(content, content) == []
    assert counted(capsys, "OrdersSubmitted") == 2
    answer = call(an_event("POST", "/orders", body=ONE_LEVEL, key=content["idempotencyKey"]))

    assert (answer.status, answer.json["orderId"]) == (202, order_of(content))
    assert [*world.starter.started] == [order_of(content)]


def test_a_message_makes_a_requester_of_nobody_else(world: World) -> None:
    """The order is theirs, and they may do with it what any requester may; what they are besides plays no part."""
    content = a_message(requester="manager-1")
    take(content)

    row = world.row(order_of(content))

    assert row.requester == "manager-1"
    world.open_level(row.order_id)
    own = call(
        an_event(
            "POST", f"/orders/{row.order_id}/decisions", person="manager-1", body={"level": 1, "verdict": "approve"}
        )
    )
    assert (own.status, own.json["code"]) == (403, "segregation-of-duties")


@pytest.mark.parametrize(
    "wrong",
    [
        "not json",
        "[]",
        '{"requester": "a", "requester": "b"}',
        a_message(order=None),
        a_message(TOO_MUCH),
        a_message(requester="two words"),
        a_message(requester="two\nlines"),
        a_message(requester=""),
        a_message(key="too short"),
        a_message(price=1),
        a_message(taskToken=7),
        a_message(taskToken=""),
        a_message(taskToken="x" * 2_049),
    ],
)
def test_a_message_that_can_never_be_taken_comes_again_and_holds_up_nobody(
    world: World, capsys: pytest.CaptureFixture[str], wrong: Any
) -> None:
    """Until the queue puts it among its dead letters."""
    before, after = a_message(), a_message(AUTOMATIC)

    assert take(before, wrong, after) == ["m1"]

    assert {*world.starter.started} == {order_of(before), order_of(after)}
    assert world.tasks.reports == {}
    assert counted(capsys, "MessagesRefused") == 1


def test_a_batch_in_which_everything_is_wrong_is_no_crash(world: World) -> None:
    assert take("{", "}") == ["m0", "m1"]


def test_a_task_hears_at_once_what_is_wrong_with_its_message(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert take(a_message(TOO_MUCH, taskToken=TOKEN), a_message()) == []

    report = world.tasks.reports[TOKEN]
    assert report.error == "validation"
    problem = json.loads(report.cause or "")
    assert (problem["status"], problem["traceId"]) == (422, "m0")
    assert [each["pointer"] for each in problem["errors"]] == ["/order/lines/0/quantity"]
    assert len(world.starter.started) == 1
    assert counted(capsys, "MessagesRefused") == 1


def test_a_task_hears_that_its_key_belongs_to_another_order(world: World) -> None:
    key = a_key()
    take(a_message(key=key))

    assert take(a_message(AUTOMATIC, key=key, taskToken=TOKEN)) == []

    assert world.tasks.reports[TOKEN].error == "idempotency-key-reused"


def test_a_second_task_hears_that_somebody_else_will_be_told(world: World) -> None:
    """A retry of the same message is none: it has the same token."""
    key = a_key()
    take(a_message(key=key, taskToken=TOKEN))

    assert take(a_message(key=key, taskToken=TOKEN), a_message(key=key, taskToken=OTHER)) == []

    assert [(token, report.error) for token, report in world.tasks.reports.items()] == [(OTHER, "already-submitted")]


def test_a_task_that_comes_after_the_end_is_told_the_end(world: World) -> None:
    content = a_message()
    take(content)
    call(an_event("POST", f"/orders/{order_of(content)}/withdrawal", body={}))

    assert take({**content, "taskToken": TOKEN}) == []

    assert world.tasks.reports[TOKEN].error == "WITHDRAWN"


def test_a_message_whose_task_is_over_goes_to_the_dead_letters(world: World) -> None:
    """Nobody would hear of it otherwise."""
    world.tasks.close(TOKEN)

    assert take(a_message(TOO_MUCH, taskToken=TOKEN)) == ["m0"]


def test_a_fault_that_may_pass_is_told_to_nobody_and_the_message_comes_again(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    def start(*_: object) -> str:
        raise TransientFaultError("busy")

    content = a_message(taskToken=TOKEN)
    services = world.services()
    ports = replace(world.ports(), starter=Instead(world.starter, start=start))
    with installed(assemble(services.settings, services.catalogue, services.policy, ports)):
        assert take(content) == ["m0"]
    assert world.tasks.reports == {}
    assert counted(capsys, "MessagesDeferred") == 1

    assert take(content) == []

    assert world.row(order_of(content)).awaited is True


def test_a_defect_of_ours_is_told_to_nobody_and_the_message_comes_again(world: World) -> None:
    services = world.services()
    ports = replace(world.ports(), documents=Instead(object()))
    with installed(assemble(services.settings, services.catalogue, services.policy, ports)):
        assert take(a_message(taskToken=TOKEN)) == ["m0"]
    assert world.tasks.reports == {}


def test_no_log_line_has_anything_of_what_a_message_says(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(
        api_logger.handlers[0], "emit", lambda record: said.append(api_logger.handlers[0].format(record))
    )
    secrets = {"requester": "ada.lovelace", "taskToken": TOKEN}
    order = {**ONE_LEVEL, "customer": "Ada Lovelace Ltd", "note": "at home"}

    take(a_message(order, **secrets), a_message({**order, "email": "ada@example.com"}, **secrets), "ada@example.com")

    log = "".join(said) + capsys.readouterr().out
    assert "order taken" in log
    assert "message refused" in log
    assert "message not taken" in log
    assert not [word for word in ("ada", "Ada", "at home", TOKEN) if word in log]


def test_no_answer_of_the_api_shows_the_token(world: World) -> None:
    content = a_message(taskToken=TOKEN)
    take(content)
    order_id = order_of(content)
    arn = world.row(order_id).execution_arn
    assert arn is not None
    world.history.tell(arn, {"Status": "RUNNING", "StartTimestamp": world.clock.now()}, [])

    said = [
        call(an_event("GET", f"/orders/{order_id}{part}", person=person))
        for person in ("requester-1", "manager-1", "auditor-1")
        for part in ("", "/document", "/audit", "/execution")
    ]

    assert {answer.status for answer in said} <= {200, 304, 404}
    assert TOKEN in world.bucket.objects[f"orders/{order_id}/document.json"].decode()
    assert not [answer.text for answer in said if TOKEN in answer.text or "askToken" in answer.text]
