"""Who races, and from which positions: each the same for the system and for the model."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import count

from orders.domain.approval import Decide, OpenLevel, Withdraw
from orders.domain.charging import BeginCharge, BeginCoolingOff
from orders.domain.model import LevelTerms, Order, OrderId, PickingTerms, Role, Verdict
from orders.domain.picking import ClaimJob, OpenJob, ReportPicking
from orders.domain.rules import Command
from orders.domain.submission import register
from orders.domain.table import judge
from orders.wiring import Repository
from tests.builders import A_REF, a_document, a_person, approval, at
from tests.races import model_of_workflow as workflow
from tests.races.model import Answer, Level, Model, Waits, Who
from tests.races.track import Machine, Runner, heard, told

DEADLINE = 601.0  # a level opened one second after the submission, with a window of 600
SILENT_FROM = 34.0  # a job claimed four seconds after the submission, with beats every 30
REQUESTER = "requester-1"
_numbers = count(1)


def who(name: str) -> Who:
    """Return a person as the model knows them."""
    return Who(name, frozenset(str(role) for role in a_person(name).roles))


# --- positions --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Position:
    """An order in the book, and the same order in the model."""

    order: Order
    model: Model


def waiting(book: Repository, role: Role = Role.MANAGERS, quorum: int = 1, rest: int = 0) -> Position:
    """An order whose one level waits for `role`; once approved it rests for so many seconds."""
    terms = LevelTerms(role, quorum, window_seconds=600, reminder_seconds=700, escalation_seconds=700)
    order = _placed(book, levels=(terms,), cooling_off_seconds=rest)
    order = _moved(book, order, OpenLevel(1, "callback-1"), seconds=1)
    waits = Waits(reminder=700, escalation=700, rest=rest)
    model = Model(levels=(Level(str(role), quorum),), rests=rest > 0, waits=waits)
    return Position(order, workflow.open_level(model, 1, "callback-1", now=1)[1])


def approved(book: Repository, rest: int = 0) -> Position:
    """An order that finance-0 approved; next its charge begins, or its rest of so many seconds."""
    begun = waiting(book, Role.FINANCE, rest=rest)
    order = _moved(book, begun.order, approval("finance-0"), seconds=2)
    return Position(order, begun.model.decide(who("finance-0"), 1, "approve", 2)[1])


def resting(book: Repository) -> Position:
    """An order that cools off until second 33."""
    begun = approved(book, rest=30)
    order = _moved(book, begun.order, BeginCoolingOff(), seconds=3)
    return Position(order, workflow.begin_cooling_off(begun.model, now=3)[1])


def charged(book: Repository) -> Position:
    """An order of digital goods that is being charged."""
    order = _moved(book, _placed(book, levels=()), BeginCharge(), seconds=3)
    return Position(order, workflow.begin_charge(Model(), now=3)[1])


def to_be_picked(book: Repository) -> Position:
    """An order with a job that nobody has claimed; its claim may come until second 603."""
    order = _placed(book, levels=(), picking=PickingTerms(claim_seconds=600, beat_seconds=30))
    order = _moved(book, order, BeginCharge(), OpenJob(1, "callback-2"), seconds=3)
    charging = workflow.begin_charge(Model(physical=True), now=3)[1]
    return Position(order, workflow.open_job(charging, 1, now=3)[1])


def being_picked(book: Repository) -> Position:
    """An order with a job that warehouse-1 has claimed."""
    begun = to_be_picked(book)
    order = _moved(book, begun.order, ClaimJob(a_person("warehouse-1"), 1), seconds=4)
    return Position(order, begun.model.beat(who("warehouse-1"), 1, 4)[1])


def _placed(book: Repository, **terms: object) -> Order:
    order_id = OrderId(f"o{next(_numbers):026}")
    return book.create(register(a_document(order_id=order_id, **terms), A_REF, "arn:execution"))


def _moved(book: Repository, order: Order, *commands: Command, seconds: float) -> Order:
    for command in commands:
        change = judge(order, command, at(seconds))
        book.commit(change)
        order = change.after
    return order


# --- runners ----------------------------------------------------------------------------------------------------------


def decides(name: str, verdict: Verdict, seconds: float = 10) -> Runner:
    """Somebody's word on level 1."""
    command = Decide(a_person(name), 1, verdict, "Too dear" if verdict is Verdict.REJECT else None)

    def act(machine: Machine) -> Answer:
        return told(lambda: machine.services.approval.decide(machine.order_id, command))

    return Runner(f"{name} {verdict}s", act, lambda model: model.decide(who(name), 1, str(verdict), seconds), seconds)


approves, rejects = partial(decides, verdict=Verdict.APPROVE), partial(decides, verdict=Verdict.REJECT)


def withdraws(name: str = REQUESTER, seconds: float = 10) -> Runner:
    """Somebody takes the order back."""

    def act(machine: Machine) -> Answer:
        return told(lambda: machine.services.approval.withdraw(machine.order_id, Withdraw(a_person(name), None)))

    return Runner(f"{name} withdraws", act, lambda model: model.withdraw(who(name)), seconds)


def looks(seconds: float = 10) -> Runner:
    """The workflow looks at level 1 and writes what is due; what it sees is its answer."""

    def act(machine: Machine) -> Answer:
        return heard(lambda: machine.services.approval.settle_level(machine.order_id, 1))

    return Runner("the workflow looks", act, lambda model: workflow.settle_level(model, 1, seconds), seconds)


def charges(seconds: float = 10) -> Runner:
    """The workflow passes the point of no return."""

    def act(machine: Machine) -> Answer:
        return heard(lambda: machine.services.closing.begin_charge(machine.order_id))

    return Runner("the workflow charges", act, lambda model: workflow.begin_charge(model, seconds), seconds)


def rests(seconds: float = 10) -> Runner:
    """The workflow lets the order rest."""

    def act(machine: Machine) -> Answer:
        return heard(lambda: machine.services.closing.begin_cooling_off(machine.order_id))

    return Runner("the workflow rests", act, lambda model: workflow.begin_cooling_off(model, seconds), seconds)


def completes(seconds: float = 10) -> Runner:
    """The workflow closes an order that is paid."""

    def act(machine: Machine) -> Answer:
        return heard(lambda: machine.services.closing.complete(machine.order_id))

    return Runner("the workflow completes", act, workflow.complete, seconds)


def beats(name: str = "warehouse-1", seconds: float = 10) -> Runner:
    """A station's sign of life for job 1."""

    def act(machine: Machine) -> Answer:
        return told(lambda: machine.services.picking.beat(machine.order_id, a_person(name), 1))

    return Runner(f"{name} beats", act, lambda model: model.beat(who(name), 1, seconds), seconds)


def reports(name: str = "warehouse-1", outcome: str = "picked", seconds: float = 10) -> Runner:
    """What a station says became of job 1."""
    command = ReportPicking(a_person(name), 1, outcome == "picked", None)

    def act(machine: Machine) -> Answer:
        return told(lambda: machine.services.picking.report(machine.order_id, command))

    return Runner(f"{name} reports {outcome}", act, lambda model: model.report(who(name), 1, outcome), seconds)


def looks_at_the_job(seconds: float = 10) -> Runner:
    """The workflow looks at job 1 and writes what is due."""

    def act(machine: Machine) -> Answer:
        return heard(lambda: machine.services.picking.settle_job(machine.order_id, 1))

    return Runner("the workflow looks", act, lambda model: workflow.settle_job(model, 1, seconds), seconds)


def loses_it(seconds: float = 10) -> Runner:
    """The service tells that the execution was stopped."""

    def act(machine: Machine) -> Answer:
        return told(lambda: machine.services.notification.execution_lost(machine.order_id, "STOPPED"))

    return Runner("the event holds it", act, workflow.lose, seconds)


def publishes(callback_id: str, seconds: float = 10) -> Runner:
    """The workflow publishes a later look's callback for level 1, and is told whether to wait at all."""

    def act(machine: Machine) -> Answer:
        return heard(lambda: machine.services.approval.open_level(machine.order_id, 1, callback_id, None))

    def ask(model: Model) -> tuple[Answer, Model]:
        return workflow.open_level(model, 1, callback_id, seconds)

    return Runner("the workflow publishes", act, ask, seconds)
