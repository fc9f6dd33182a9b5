"""What a person may see of an order and do with it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from orders.domain.approval import Decide, Withdraw
from orders.domain.errors import CountersignError
from orders.domain.model import Order, Person, Role, Verdict
from orders.domain.policy import APPROVER_LADDER
from orders.domain.recovery import BeginRecovery, RequestStop
from orders.domain.rules import Command
from orders.domain.table import judge
from orders.domain.usernames import same_person


@dataclass(frozen=True, slots=True)
class Access:
    """What a person may see of one order."""

    document: bool
    payloads: bool


def access_of(order: Order, person: Person) -> Access | None:
    """Return what the person may see, or None when the order does not exist for them."""
    if Role.AUDITORS in person.roles:
        return Access(document=True, payloads=True)
    if same_person(order.requester, person.username) or _decides_some_level(order, person):
        return Access(document=True, payloads=False)
    if Role.OPERATORS in person.roles:
        return Access(document=False, payloads=False)
    return None


def _decides_some_level(order: Order, person: Person) -> bool:
    return any(person.roles & level.deciding_roles for level in order.levels)


def actions_of(order: Order, person: Person, now: datetime) -> tuple[str, ...]:
    """Return what the person may do now: exactly the commands that the table would accept."""
    level = order.current_level
    actions = []
    if level is not None and _accepted(order, Decide(person, level.number, Verdict.APPROVE, None), now):
        actions += ["approve", "reject"]
    offered: dict[str, Command] = {
        "withdraw": Withdraw(person, None),
        "stop": RequestStop(person, ""),
        "recover": BeginRecovery(person, order.recoveries + 1, ""),
    }
    actions += [name for name, command in offered.items() if _accepted(order, command, now)]
    return tuple(actions)


def _accepted(order: Order, command: Command, now: datetime) -> bool:
    try:
        judge(order, command, now)
    except CountersignError:
        return False
    return True


def audiences_of(order: Order) -> frozenset[str]:
    """Return the lists an order belongs to; an order never leaves a list."""
    roles = {role for level in order.levels for role in level.deciding_roles}
    return frozenset({"all", f"requester:{order.requester}"} | {f"role:{role}" for role in roles})


def audience_for(person: Person, *, mine: bool) -> tuple[str, ...]:
    """Return the lists a person reads: everything for auditors and operators, else own orders and their roles'."""
    own = tuple(f"requester:{name}" for name in person.names)
    if mine:
        return own
    if person.roles & {Role.AUDITORS, Role.OPERATORS}:
        return ("all",)
    roles = sorted(person.roles & set(APPROVER_LADDER))
    return (*own, *(f"role:{role}" for role in roles))
