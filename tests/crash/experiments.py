"""The experiments: each plays one scenario many times at once, disturbs every order at another place, and reports.

They run in processes of their own (see `conftest`), so they take and return plain values.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from orders.domain.model import OrderId
from tests.crash.faults import EFFECTS, Crash, CrashWith, Death, Fault, LostSignal, Repeat, Throttle
from tests.crash.field import Field, Played, a_field
from tests.crash.invariants import ESSENCE
from tests.workflow.scenarios import BY_NAME

# How calls are batched varies by one or two from run to run.
SPARE_CALLS = 2
SIDES = (False, True)  # before the service has the call, and after
AT_ONCE = 50
# A lost signal costs the time until somebody looks again: here that is soon.
SOON = {"reminder": 2, "claim": 5, "beat": 4}


@dataclass(frozen=True, slots=True)
class Finding:
    """What an experiment found: orders played, faults that came by kind, places that never met theirs, and troubles."""

    played: int
    came: Mapping[str, int]
    missed: tuple[str, ...]
    troubles: tuple[str, ...]

    @property
    def points(self) -> int:
        """How many faults came."""
        return sum(self.came.values())


def crash_everywhere(name: str) -> Finding:
    """Let the worker die before and after every checkpoint call, and on either side of every update."""
    with a_field(BY_NAME[name]) as field:
        calm, expected = field.undisturbed()
        told = field.disturbance.checkpoints[calm]
        calls = range(1, len(told) + SPARE_CALLS + 1)
        played = field.play_all([[Crash(call, after)] for call in calls for after in SIDES])
        # The n-th call need not carry the same updates every time: what no crash has met yet gets one of its own.
        missed = _unhurt(told, played)
        if missed:
            played += field.play_all([[fault] for fault in missed])
        missed_still = [str(each) for each in _unhurt(told, played)]
        return _finding(played, missed_still, field.troubles(played, expected))


def _unhurt(told: Iterable[Iterable[str]], played: Iterable[Played]) -> list[CrashWith]:
    """Return the crashes, on either side of every update of the undisturbed order, that did not happen."""
    wanted = {CrashWith(update, after) for updates in told for update in updates for after in SIDES}
    for each in played:
        for fault, carried in each.struck.items():
            if isinstance(fault, Crash | CrashWith):
                wanted -= {CrashWith(update, fault.after) for update in carried}
    return sorted(wanted, key=str)


def die_behind_every_effect(name: str) -> Finding:
    """Let the process die behind each call that changes something, before anybody has written down that it returned."""
    with a_field(BY_NAME[name]) as field:
        calm, expected = field.undisturbed()
        played = field.play_all([[death] for death in _deaths(field, calm)])
        return _finding(played, _missed(played), field.troubles(played, expected))


def _deaths(field: Field, calm: OrderId) -> list[Death]:
    """Return a death behind each effect that the undisturbed order had."""
    returned = field.disturbance.returned[calm]
    effects = sorted(f"{port}.{method}" for port, methods in EFFECTS.items() for method in methods)
    return [Death(effect, time) for effect in effects for time in range(1, returned[effect] + 1)]


def throttle_every_call(name: str) -> Finding:
    """Turn each call to a port away once, whoever makes it and whatever it asks."""
    with a_field(BY_NAME[name]) as field:
        calm, expected = field.undisturbed()
        calls = field.disturbance.calls[calm].total()
        played = field.play_all([[Throttle(call)] for call in range(1, calls + 1)])
        return _finding(played, _missed(played), field.troubles(played, expected))


def pairs_of_faults(name: str, seed: int, count: int) -> Finding:
    """Bring two faults down on each of `count` orders; `seed` and `name` decide which."""
    scenario = BY_NAME[name]
    with a_field(replace(scenario, waits={**SOON, **scenario.waits})) as field:
        calm, expected = field.undisturbed()
        chance = random.Random(f"{seed} {name}")  # noqa: S311  # places, not secrets
        plans = [_two_faults(field, calm, chance) for _ in range(count)]
        played = [each for at in range(0, count, AT_ONCE) for each in field.play_all(plans[at : at + AT_ONCE])]
        return _finding(played, (), field.troubles(played, expected, ESSENCE))


def _two_faults(field: Field, calm: OrderId, chance: random.Random) -> list[Fault]:
    """Choose two of: a crash, a death behind an effect, a throttled call, a lost signal, status events in disorder."""
    seen = field.disturbance
    faults: list[Fault] = [
        Crash(chance.randint(1, len(seen.checkpoints[calm])), chance.choice(SIDES)),
        chance.choice(_deaths(field, calm)),
        Throttle(chance.randint(1, seen.calls[calm].total())),
        Repeat(tuple(chance.choices(("RUNNING", "SUCCEEDED"), k=3))),
    ]
    if signals := seen.calls[calm]["signaller.wake"]:
        faults.append(LostSignal(chance.randint(1, signals)))
    return chance.sample(faults, 2)


def _missed(played: Sequence[Played]) -> list[str]:
    return [str(fault) for each in played for fault in each.plan if fault not in each.struck]


def _finding(played: Sequence[Played], missed: Iterable[str], troubles: Iterable[str]) -> Finding:
    came = Counter(type(fault).__name__ for each in played for fault in each.struck)
    return Finding(len(played), came, tuple(missed), tuple(troubles))
