"""The composition root: the only place that picks adapters and the only one that reads `os.environ`.

Nothing happens when it is imported. `services()` builds everything at its first call; a test installs its own with
`installed`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from orders.adapters.clock import SystemClock, jittered_pause
from orders.adapters.documents import BucketDocuments, S3Bucket
from orders.adapters.durable_lambda import LambdaHistory, LambdaSignaller, LambdaStarter
from orders.adapters.dynamodb import (
    DynamoDuplicates,
    DynamoOrderRepository,
    DynamoOutbox,
    DynamoQuotaCounters,
    OrdersTable,
)
from orders.adapters.reference import load_catalogue, load_policy
from orders.adapters.sandbox import DynamoLedger, SandboxBureau, SandboxGateway, SandboxWarehouse
from orders.adapters.sns import SnsPublisher
from orders.adapters.step_functions import StepFunctionsTasks
from orders.domain.catalogue import Catalogue
from orders.domain.errors import InvalidReferenceDataError
from orders.domain.policy import Policy
from orders.domain.quotas import Quotas
from orders.domain.submission import Terms
from orders.services.approval import ApprovalService
from orders.services.closing import ClosingService
from orders.services.intake import IntakeService, RegistrationService
from orders.services.notification import NotificationService
from orders.services.operating import OperatingService
from orders.services.payment import PaymentService
from orders.services.picking import PickingService
from orders.services.ports import (
    Clock,
    CreditBureau,
    DocumentStore,
    Duplicates,
    ExecutionHistory,
    ExecutionStarter,
    OrderRepository,
    Outbox,
    Pause,
    PaymentGateway,
    PickingList,
    Publisher,
    QuotaCounters,
    Signaller,
    Tasks,
    Warehouse,
)
from orders.services.quotas import QuotaService
from orders.services.reading import ReadingService
from orders.services.reporting import ReportingService
from orders.services.screening import ScreeningService
from orders.services.stock import StockService
from orders.services.writing import OrderWriter
from orders.settings import Settings


class Repository(OrderRepository, PickingList, Protocol):
    """The order repository as one adapter implements it, for the services of orders and for the warehouse."""


@dataclass(frozen=True, slots=True)
class Ports:
    """One adapter for each port."""

    clock: Clock
    pause: Pause
    orders: Repository
    documents: DocumentStore
    starter: ExecutionStarter
    signaller: Signaller
    history: ExecutionHistory
    bureau: CreditBureau
    duplicates: Duplicates
    warehouse: Warehouse
    quotas: QuotaCounters
    gateway: PaymentGateway
    outbox: Outbox
    publisher: Publisher
    tasks: Tasks


@dataclass(frozen=True, slots=True)
class Services:
    """Every use case, ready to be called."""

    settings: Settings
    catalogue: Catalogue
    policy: Policy
    intake: IntakeService
    registration: RegistrationService
    approval: ApprovalService
    screening: ScreeningService
    stock: StockService
    quotas: QuotaService
    payment: PaymentService
    closing: ClosingService
    notification: NotificationService
    picking: PickingService
    operating: OperatingService
    reading: ReadingService
    reporting: ReportingService


def aws_ports(settings: Settings, catalogue: Catalogue) -> Ports:
    """Return the adapters of the deployed system. Clients connect at their first use."""
    clock = _clocks[-1] if _clocks else SystemClock()
    table = OrdersTable(settings.orders_table)
    return Ports(
        clock=clock,
        pause=jittered_pause,
        orders=DynamoOrderRepository(table, settings.shards),
        documents=BucketDocuments(S3Bucket(settings.documents_bucket)),
        starter=LambdaStarter(settings.workflow_arn),
        signaller=LambdaSignaller(),
        history=LambdaHistory(),
        bureau=SandboxBureau(),
        duplicates=DynamoDuplicates(table),
        warehouse=SandboxWarehouse(table, catalogue),
        quotas=DynamoQuotaCounters(table),
        gateway=SandboxGateway(DynamoLedger(table), clock),
        outbox=DynamoOutbox(table, settings.shards),
        publisher=SnsPublisher(settings.messages_topic_arn),
        tasks=StepFunctionsTasks(),
    )


def assemble(settings: Settings, catalogue: Catalogue, policy: Policy, ports: Ports) -> Services:
    """Return the services over any set of adapters."""
    writer = OrderWriter(ports.orders, ports.pause)
    quotas = QuotaService(ports.documents, ports.quotas, Quotas(catalogue, policy.pending))
    return Services(
        settings=settings,
        catalogue=catalogue,
        policy=policy,
        intake=IntakeService(
            ports.orders, ports.documents, ports.starter, ports.clock, Terms(catalogue, policy, settings.waits), quotas
        ),
        registration=RegistrationService(ports.orders, ports.documents),
        approval=ApprovalService(writer, ports.clock, ports.signaller),
        screening=ScreeningService(ports.documents, ports.bureau, catalogue, ports.duplicates),
        stock=StockService(ports.documents, ports.warehouse),
        quotas=quotas,
        payment=PaymentService(ports.documents, ports.gateway),
        closing=ClosingService(writer, ports.documents, ports.clock),
        notification=NotificationService(writer, ports.outbox, ports.publisher, ports.clock),
        picking=PickingService(writer, ports.orders, ports.documents, ports.clock, ports.signaller),
        operating=OperatingService(writer, ports.starter, ports.history, ports.clock),
        reading=ReadingService(ports.orders, ports.documents, ports.history, ports.clock),
        reporting=ReportingService(ports.orders, ports.documents, ports.tasks),
    )


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a function must be able to read before it can work: its settings and the layer's reference data."""

    settings: Settings
    catalogue: Catalogue
    policy: Policy


def configuration() -> Configuration:
    """Read the environment and the reference data.

    Each function calls it while it is imported, so that a mistake fails the function's init and not its requests.

    Raises:
        InvalidReferenceDataError: A setting, the catalogue or the policy cannot be used; one line that says where.

    """
    settings, catalogue, policy = Settings.from_env(os.environ), load_catalogue(), load_policy()
    if policy.currency != catalogue.currency:
        rule = f"/currency must be {catalogue.currency!r}, as in catalogue.json, not {policy.currency!r}"
        raise InvalidReferenceDataError(f"orders/reference/policy.json: {rule}")
    return Configuration(settings, catalogue, policy)


_clocks: list[Clock] = []


def use_clock(clock: Clock) -> None:
    """Tell this process's time by another clock than the machine's; only before `services` is first called.

    Nothing that is deployed calls it: a local stack does, whose time can be put forward.
    """
    _clocks.append(clock)


_installed: list[Services] = []


def services() -> Services:
    """Return the services of this process, built from the environment at the first call."""
    if not _installed:
        read = configuration()
        ports = aws_ports(read.settings, read.catalogue)
        _installed.append(assemble(read.settings, read.catalogue, read.policy, ports))
    return _installed[-1]


@contextmanager
def installed(services: Services) -> Iterator[None]:
    """Use these services instead, for a test."""
    _installed.append(services)
    try:
        yield
    finally:
        _installed.remove(services)
