"""What an order costs, asserted: operations and invocations exactly, the rest as bounds. docs/costs.md shows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

from scripts.costs import PAGE, documented, exact
from tests.template.deployed import source
from tests.workflow.as_state_machine import definition
from tests.workflow.costs import LEVEL, MEASURED, Cost, Measured, measure_all

pytestmark = pytest.mark.timeout(180)  # the first test waits for all scenarios, on a machine that may be busy


class Budget(NamedTuple):
    """What one order may cost. How the SDK batches checkpoints varies by one or two; tries that fail are few."""

    operations: int
    metered: int
    invocations: int
    most_checkpoint_calls: int
    failed_tries: int = 0


BUDGETS = {
    "automatic": Budget(13, 15, 2, 16),
    "manager-approves": Budget(18, 20, 4, 21),
    "manager-rejects": Budget(16, 17, 4, 18),
    "withdrawn": Budget(16, 17, 4, 18),
    "withdrawn-while-screened": Budget(14, 15, 2, 16),
    "expired": Budget(16, 17, 4, 18),
    "reminded": Budget(22, 24, 6, 25),
    "escalated": Budget(22, 24, 6, 25),
    "manager-then-director": Budget(23, 25, 6, 26),
    "finance-and-cooling-off": Budget(25, 27, 7, 28),
    "withdrawn-at-rest": Budget(24, 25, 7, 26),
    "credit-refused": Budget(7, 8, 2, 8),
    "sold-out": Budget(12, 13, 2, 12),
    "card-declined": Budget(12, 13, 2, 14),
    "capture-declined": Budget(19, 20, 4, 22),
    "gateway-flaky": Budget(18, 24, 8, 27, failed_tries=4),
    "gateway-flaky-undone": Budget(16, 21, 8, 22, failed_tries=4),
    "settlement-slow": Budget(13, 18, 5, 19),
    "capture-unknown": Budget(18, 27, 12, 33, failed_tries=10),
    "capture-found-by-key": Budget(19, 25, 8, 30, failed_tries=5),
    "undo-fails": Budget(19, 31, 15, 33, failed_tries=12),
    "picked": Budget(19, 21, 4, 22),
    "job-lost": Budget(25, 27, 6, 28),
    "picking-failed-twice": Budget(27, 29, 6, 30),
    "unclaimed": Budget(21, 23, 3, 24, failed_tries=1),  # nobody listens to a station that never came
    "recovery": Budget(16, 18, 4, 17),
    "held-and-recovered": Budget(22, 32, 14, 37, failed_tries=10),
    "notifier-fails": Budget(21, 23, 4, 24),
    "signals-lost": Budget(18, 20, 4, 21),
    "stray-signal": Budget(21, 23, 5, 24),
    "ten-thousand-lines": Budget(34, 36, 7, 37),
}
# In bytes, for one order. The promise is 5,000 for one level and 10,000 for any order; they should not be in sight.
MOST_PAYLOAD, MOST_PAYLOAD_OF_ANY = 3_000, 4_000
MOST_LOG = {"workflow": 5_000, "notifier": 1_500}
MOST_LOG_OF_A_BRANCH = 500
MOST_LOG_OF_A_REQUEST = 1_000
# The log of a failed try is the SDK's: a message and a trace.
MOST_LOG_OF_A_FAILED_TRY = 2_000
# Where the state machine goes another way than the durable workflow, and by how many states.
CLOSES_AS_WELL = {"close-order": 1}  # its last undo does not ask whether the row is final: a choice would cost as much
DIFFERENCES = {
    **dict.fromkeys(("manager-rejects", "withdrawn", "expired", "withdrawn-at-rest"), CLOSES_AS_WELL),
    "gateway-flaky-undone": CLOSES_AS_WELL,
    "withdrawn-while-screened": {**CLOSES_AS_WELL, "settle-level": 1},
    "undo-fails": {"close-order": 1, "hold-order": -1},  # the same worker, told what is not undone
    "unclaimed": {"pick-order": -1},
    "recovery": {"register-order": 1},
    "held-and-recovered": {"register-order": 1},
}
Record = Callable[[str, object], None]


@pytest.fixture(scope="module")
def measured() -> Measured:
    """Every scenario, played once."""
    return measure_all()


def cost_of(measured: Measured, name: str) -> Cost:
    """Return what a scenario cost."""
    return measured.costs[name][0]


@pytest.mark.parametrize("name", MEASURED)
def test_an_order_stays_within_its_budget(name: str, measured: Measured, record_testsuite_property: Record) -> None:
    cost, budget = cost_of(measured, name), BUDGETS[name]
    record_testsuite_property(f"cost of {name}", cost)

    assert (cost.operations, cost.metered, cost.invocations) == budget[:3]
    assert cost.checkpoint_calls <= budget.most_checkpoint_calls
    assert cost.payload_bytes <= (MOST_PAYLOAD_OF_ANY if name == "ten-thousand-lines" else MOST_PAYLOAD)


@pytest.mark.parametrize("name", MEASURED)
def test_an_order_does_not_talk_much(name: str, measured: Measured) -> None:
    """Every record says something that happened once: none is written again by a replay."""
    cost, budget = cost_of(measured, name), BUDGETS[name]

    branches = 10 if name == "ten-thousand-lines" else 1
    assert cost.logs["workflow"].bytes <= MOST_LOG["workflow"] + (branches - 1) * MOST_LOG_OF_A_BRANCH
    assert cost.logs["notifier"].bytes <= MOST_LOG["notifier"]
    assert cost.logs["SDK"].records == budget.failed_tries
    assert cost.logs["SDK"].bytes <= budget.failed_tries * MOST_LOG_OF_A_FAILED_TRY


def test_a_request_does_not_talk_much(measured: Measured, record_testsuite_property: Record) -> None:
    record_testsuite_property("log of a request", {kind: log.bytes for kind, log in measured.api.items()})

    assert {kind: log.records for kind, log in measured.api.items()} == dict.fromkeys(measured.api, 2)
    assert max(log.bytes for log in measured.api.values()) <= MOST_LOG_OF_A_REQUEST


def test_logs_are_measured_at_the_level_that_is_deployed() -> None:
    assert source()["Parameters"]["LogLevel"]["Default"] == LEVEL


@pytest.mark.parametrize(
    ("part", "with_it", "without_it", "operations"),
    [
        ("a level", "manager-approves", "automatic", 5),
        ("a second level", "manager-then-director", "manager-approves", 5),
        ("a rest", "finance-and-cooling-off", "manager-then-director", 2),
        ("a reminder", "reminded", "manager-approves", 4),
        ("an escalation", "escalated", "manager-approves", 4),
        ("physical goods", "picked", "automatic", 6),
        ("nine more branches of stock", "ten-thousand-lines", "finance-and-cooling-off", 9),
    ],
)
def test_each_part_of_the_process_adds_its_own(
    part: str, with_it: str, without_it: str, operations: int, measured: Measured
) -> None:
    added = cost_of(measured, with_it).operations - cost_of(measured, without_it).operations

    assert added == operations, part


@pytest.mark.parametrize("name", MEASURED)
def test_the_state_machine_does_what_the_durable_workflow_did(name: str, measured: Measured) -> None:
    """Its transitions are counted over the same tasks: state by state, operation by operation."""
    assert cost_of(measured, name).differences == DIFFERENCES.get(name, {})


def test_together_the_scenarios_enter_every_state(measured: Measured) -> None:
    """A late duplicate start is the one way that no scenario goes; its state machine ends at once."""
    entered = {state for costs in measured.costs.values() for state in costs[0].entered}

    assert {*definition()["States"]} - entered == {"unchanged"}


def test_the_page_says_what_is_measured(measured: Measured) -> None:
    """`make costs` rewrites it."""
    assert documented(PAGE.read_text("utf-8")) == {name: exact(costs[0]) for name, costs in measured.costs.items()}


def test_every_scenario_has_a_budget() -> None:
    assert [*BUDGETS] == [*MEASURED]
