"""The function in worker processes of its own, as Lambda runs it, over the AWS adapters and the local data service."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from local import template
from local.resources import Clients, make_missing
from orders.adapters.memory import MemoryStarter
from orders.adapters.reference import load_catalogue, load_policy
from orders.settings import Settings
from orders.wiring import assemble, aws_ports, installed
from tests.api.world import Answer, call

ROOT = Path(__file__).resolve().parents[2]
_in_this_worker = ExitStack()


@contextmanager
def workers(count: int, data: Path) -> Iterator[ProcessPoolExecutor]:
    """So many worker processes that share a data service, all of them ended at the end."""
    declared = template.read(ROOT / "template.yaml")
    with data_service(data) as url:
        make_missing(Clients.of(url, declared.region), declared)
        environment = {
            "AWS_ENDPOINT_URL_DYNAMODB": url,
            "AWS_ENDPOINT_URL_S3": url,
            "AWS_DEFAULT_REGION": declared.region,
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
        }
        names = {table.logical_id: table.name for table in declared.tables}
        settings = {
            "ORDERS_TABLE": names["OrdersTable"],
            "REQUESTS_TABLE": names["RequestsTable"],
            "DOCUMENTS_BUCKET": declared.buckets[0].name,
        }
        with ProcessPoolExecutor(count, get_context("spawn"), _begin, (environment, settings)) as pool:
            yield pool


@contextmanager
def data_service(data: Path) -> Iterator[str]:
    """A data service that ends with the test; its URL."""
    command = [sys.executable, "-m", "local.data", "--port", "0", "--data", str(data), "--ephemeral"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1]
        process.stdin.close()


def _begin(environment: dict[str, str], settings: dict[str, str]) -> None:
    """Be a worker: AWS adapters for everything but the start of executions, which needs no process here."""
    os.environ.update(environment)
    read, catalogue = Settings.from_env(settings), load_catalogue()
    ports = replace(aws_ports(read, catalogue), starter=MemoryStarter())
    _in_this_worker.enter_context(installed(assemble(read, catalogue, load_policy(), ports)))


def ask(event: dict[str, Any]) -> Answer:
    """Invoke the function in this worker."""
    return call(event)
