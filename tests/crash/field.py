"""A field of orders: one world, one scenario, many orders at once, each disturbed in a way of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from itertools import count

from orders.domain.model import OrderId
from tests.crash.faults import PEOPLE, Disturbance, Fault, Repeat
from tests.crash.invariants import Outcome, evidence_of, outcome_of, violations
from tests.workflow.harness import World, a_world
from tests.workflow.scenarios import Scenario, order_id_of, play, tell

EVERYTHING = frozenset(each.name for each in fields(Outcome))


@dataclass(frozen=True, slots=True)
class Field:
    """A scenario's world, and what disturbs it."""

    scenario: Scenario
    world: World
    disturbance: Disturbance
    numbers: Iterator[int] = field(default_factory=count)

    def undisturbed(self) -> tuple[OrderId, Outcome]:
        """Play one order that nothing happens to, and return it with its outcome; that must be the scenario's."""
        people = play(self.scenario, self.world, "undisturbed")
        evidence = evidence_of(people)
        assert violations(evidence) == []
        assert evidence.row.status is self.scenario.ends
        return people.order_id, outcome_of(evidence)

    def play_all(self, plans: Sequence[Sequence[Fault]]) -> list[Played]:
        """Play one order for each plan, all at the same time."""
        with ThreadPoolExecutor(len(plans), thread_name_prefix=PEOPLE) as pool:
            return list(pool.map(self._play, plans))

    def _play(self, plan: Sequence[Fault]) -> Played:
        key = f"disturbed-{next(self.numbers)}"
        order_id = order_id_of(key)
        self.disturbance.plan[order_id] = [*plan]
        people = play(self.scenario, self.world, key)
        for fault in plan:
            if isinstance(fault, Repeat) and self.disturbance.strikes(order_id, fault):
                for status in fault.statuses:
                    tell(order_id, status)
        evidence = evidence_of(people)
        struck = self.disturbance.struck[order_id]
        return Played(order_id, tuple(plan), struck, outcome_of(evidence), tuple(violations(evidence)))


@dataclass(frozen=True, slots=True)
class Played:
    """What became of one order: the faults planned, those that came and what they hit, its end, the rules broken."""

    order_id: OrderId
    plan: tuple[Fault, ...]
    struck: Mapping[Fault, tuple[str, ...]]
    outcome: Outcome
    broken: tuple[str, ...]

    def trouble(self, expected: Outcome, only: frozenset[str] = EVERYTHING) -> list[str]:
        """Return what is wrong with it, each with the faults that brought it about; empty when all is well."""
        pairs = ((name, getattr(self.outcome, name), getattr(expected, name)) for name in sorted(only))
        differences = [f"{name} is {had}, undisturbed {wanted}" for name, had, wanted in pairs if had != wanted]
        found = [*self.broken, *differences]
        return [f"{self.plan}: {each}" for each in found]


@contextmanager
def a_field(scenario: Scenario) -> Iterator[Field]:
    """Make the scenario's world, ready to be disturbed."""
    disturbance = Disturbance()
    with a_world(
        skip_time=scenario.skip_time,
        between=lambda ports: scenario.broken(disturbance.between(ports)),
        **scenario.waits,
    ) as world:
        disturbance.disturb(world)
        yield Field(scenario, world, disturbance)
