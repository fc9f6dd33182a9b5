"""What may happen to the orders on a stage: kinds of deeds, what each may be done to, and how common it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from hypothesis import strategies as st

from tests.races.model import FINAL, Model
from tests.races.stage import PEOPLE, Stage
from tests.races.steps import STEPS, waits_for_people

T = TypeVar("T")
Choices = Callable[[Stage], Sequence[T]]
Method = TypeVar("Method", bound=Callable[..., None])


@dataclass(frozen=True)
class Kind:
    """A kind of deed: the method that does it, what it is done to, what else must be said, and how common it is."""

    method: Callable[..., None]
    choices: Choices[Any]
    others: dict[str, st.SearchStrategy[Any]]
    weight: int

    def deeds(self, stage: Stage) -> st.SearchStrategy[Deed]:
        """Return every deed of this kind that is possible now."""
        which = st.sampled_from(self.choices(stage))
        return st.fixed_dictionaries({"which": which, **self.others}).map(lambda said: Deed(self.method, said))


@dataclass(frozen=True)
class Deed:
    """Something that happens, once."""

    method: Callable[..., None]
    said: dict[str, Any]

    def __repr__(self) -> str:
        """Say it as a call."""
        return f"{self.method.__name__}({', '.join(f'{name}={value!r}' for name, value in self.said.items())})"


DEEDS: list[Kind] = []


def may(choices: Choices[Any], weight: int = 2, **others: st.SearchStrategy[Any]) -> Callable[[Method], Method]:
    """Let a method be a kind of deed that takes one of `choices`, and is possible while there are any."""

    def register(method: Method) -> Method:
        DEEDS.append(Kind(method, choices, others, weight))
        return method

    return register


def possible(stage: Stage) -> st.SearchStrategy[Deed]:
    """Return every deed that is possible now."""
    found = [kind for kind in DEEDS if kind.choices(stage)]
    return st.sampled_from([kind for kind in found for _ in range(kind.weight)]).flatmap(lambda kind: kind.deeds(stage))


# --- what there is to choose from -------------------------------------------------------------------------------------


def those(fits: Callable[[Model], bool]) -> Choices[int]:
    """Return the orders of which that is true."""
    return lambda stage: [number for number in stage.in_sight if fits(stage.model(number))]


def due(step: str) -> Choices[int]:
    """Return the orders whose workflow would take that step now."""
    return those(STEPS[step].is_due)


anything, alive = those(lambda _: True), those(lambda model: model.status not in FINAL)
held = those(lambda model: model.status == "NEEDS_ATTENTION")


def votes(stage: Stage) -> list[tuple[int, str, int]]:
    """Return whose word is asked for, on which order and level."""
    open_now = {number: stage.model(number).current for number in those(waits_for_people)(stage)}
    return [vote for vote in untimely_votes(stage) if open_now.get(vote[0]) == vote[2]]


def untimely_votes(stage: Stage) -> list[tuple[int, str, int]]:
    """Return whose word is asked for, was, or will be next."""
    return [
        (number, name, at)
        for number, model in ((number, stage.model(number)) for number in stage.in_sight)
        for at, level in enumerate(model.levels[: model.current + 1], 1)
        for name, who in PEOPLE.items()
        if who.roles & level.roles
    ]


def moments(stage: Stage) -> list[float]:
    """Return the next two instants at which something will be due, in seconds since the beginning."""
    found: set[float | None] = set()
    for number in alive(stage):
        model = stage.model(number)
        if waits_for_people(model):
            level = model.levels[model.current - 1]
            found |= {level.deadline, level.escalates_at, level.reminds_at}
        found |= {job.lost_at or job.claim_deadline for job in model.jobs if job.state in {"open", "claimed"}}
        if model.status == "COOLING_OFF" and model.rested_at is not None:
            found.add(model.rested_at + model.waits.rest)
    return sorted(moment for moment in found if moment is not None and moment > stage.now)[:2]
