"""A field of orders: one world, one scenario, many orders at once, each disturbed in a way of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from itertools import count

from orders.domain.model import OrderId, Sku
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

    def troubles(
        self, played: Iterable[Played], expected: Outcome, only: frozenset[str] = EVERYTHING
    ) -> tuple[str, ...]:
        """Return everything that is wrong, with any of the orders or with the shelves they all took from."""
        return (
            *(trouble for each in played for trouble in each.trouble(expected, only)),
            *self._wrong_shelves(),
            *self._wrong_quotas(),
        )

    def _play(self, plan: Sequence[Fault]) -> Played:
        key = f"disturbed-{next(self.numbers)}"
        order_id = order_id_of(key)
        self.disturbance.plan[order_id] = [*plan]
        struck = self.disturbance.struck[order_id]
        try:
            people = play(self.scenario, self.world, key)
        except Exception as error:  # noqa: BLE001  # an order that people could not see through is a finding
            return Played(order_id, tuple(plan), struck, None, (f"somebody was refused, or waited in vain: {error!r}",))
        for fault in plan:
            if isinstance(fault, Repeat) and self.disturbance.strikes(order_id, fault):
                for status in fault.statuses:
                    tell(order_id, status)
        evidence = evidence_of(people)
        return Played(order_id, tuple(plan), struck, outcome_of(evidence), tuple(violations(evidence)))

    def _wrong_shelves(self) -> Iterator[str]:
        """Yield the goods of which more or fewer are gone than reservations hold, over all orders of the field."""
        warehouse = self.world.ports.warehouse
        held: Counter[Sku] = Counter()
        for quantities in warehouse._reservations.values():  # type: ignore[attr-defined]  # memory
            held.update(quantities or {})
        for sku, good in self.world.services.catalogue.goods.items():
            gone = good.stock - warehouse.available(sku)  # type: ignore[attr-defined]  # memory
            if gone != held[sku]:
                yield f"{gone} of {sku} are gone, reservations hold {held[sku]}"

    def _wrong_quotas(self) -> Iterator[str]:
        """Yield the counters that say something else than the claims on them, over all orders of the field."""
        quotas = self.world.ports.quotas
        held: Counter[tuple[str, str]] = Counter()
        for amounts in quotas._claims.values():  # type: ignore[attr-defined]  # memory
            held.update(amounts or {})
        for counter, used in quotas._used.items():  # type: ignore[attr-defined]  # memory
            if used != held[counter]:
                yield f"{counter} says {used}, claims hold {held[counter]}"


@dataclass(frozen=True, slots=True)
class Played:
    """What became of one order: the faults planned, those that came and what they hit, its end, the rules broken."""

    order_id: OrderId
    plan: tuple[Fault, ...]
    struck: Mapping[Fault, tuple[str, ...]]
    outcome: Outcome | None
    broken: tuple[str, ...]

    def trouble(self, expected: Outcome, only: frozenset[str] = EVERYTHING) -> list[str]:
        """Return what is wrong with it, each with the faults that brought it about; empty when all is well."""
        names = sorted(only) if self.outcome else ()
        pairs = ((name, getattr(self.outcome, name), getattr(expected, name)) for name in names)
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
