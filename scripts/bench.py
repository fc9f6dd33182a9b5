"""Measure this machine's stack and print what it takes: `make bench`, or `make bench QUICK=1`.

Figures are printed beside their targets and never asserted: a busy machine is not a defect. The quick one takes about a
minute and leaves out the thousand waiting orders and the large tables.
"""

import os
import platform
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import boto3

from local.choices import Options
from local.template import read
from orders.adapters.dynamodb.attributes import encoded
from orders.adapters.dynamodb.items import inbox_items, row_item
from orders.domain.model import LevelTerms, OrderId, Role
from scripts import growth, packages
from tests.builders import a_pending_order
from tests.orders import ATLAS, Orders
from tests.stack import ROOT, Stack, ps

TABLE = "countersign-OrdersTable"
HANDS = 12
"""People who submit and decide at the same time."""
REQUESTERS = ("requester-1", "requester-2")
"""Each may have 500 orders open: a thousand that wait take both."""
BATCH = 25
LIST_QUESTIONS = 30
TEN_YEARS = 315_360_000
PATIENT = LevelTerms(Role.MANAGERS, 1, window_seconds=TEN_YEARS, reminder_seconds=3_600, escalation_seconds=TEN_YEARS)
SILENCE = {name: str(604_800) for name in ("DECISION_WINDOW_SECONDS", "REMINDER_SECONDS", "ESCALATION_SECONDS")}
"""Waits under which a waiting order is left alone: a thousand reminders would be measured instead."""
FINAL_SECONDS = 600
REST_SECONDS = 300
FUNCTIONS = len(read(ROOT / "template.yaml").functions)


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    starts: int
    idle_orders: int
    throughput: int
    waiting: int
    tables: tuple[int, ...]
    growth: tuple[int, ...]


FULL = Plan(
    starts=5, idle_orders=30, throughput=200, waiting=1_000, tables=(100, 10_000, 100_000), growth=growth.COUNTS
)
QUICK = Plan(starts=2, idle_orders=10, throughput=30, waiting=0, tables=(100, 1_000), growth=())


def main() -> int:
    """Run every measurement, printing each figure as soon as it is known."""
    parser = Options(prog="python -m scripts.bench", description=__doc__)
    parser.add_switch("--quick", "a minute's worth")
    plan = QUICK if parser.parse_args().quick else FULL
    say("machine", machine())
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        home = Path(folder)
        say("make run to ready", spread(measure_starts(home, plan.starts)), "3 s")
        with Stack(home / "orders") as stack:
            measure_idle_orders(stack, plan.idle_orders)
            measure_throughput(stack, plan.throughput)
        if plan.waiting:
            with Stack(home / "waiting", environment=SILENCE) as stack:
                measure_waiting(stack, plan.waiting)
        measure_lists(home, plan.tables)
    if plan.growth:
        growth.grow(plan.growth)
    for line in packages.report():
        say(*line)
    return 0


def say(what: str, figure: str, target: str = "") -> None:
    """Print one line of the table."""
    print(f"{what:<44} {figure:<58} {f'target {target}' if target else ''}".rstrip(), flush=True)


def machine() -> str:
    """What the figures belong to."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [line.partition(":")[2].strip() for line in info.read_text().splitlines() if "model name" in line]
        cpu = names[0] if names else cpu
    load = os.getloadavg()[0]
    return f"{os.cpu_count()} cores, {cpu}, {platform.system()}, Python {platform.python_version()}, load {load:.1f}"


def spread(seconds: Sequence[float]) -> str:
    """The fastest, the median and the slow end of a sample of durations."""
    ordered = sorted(seconds)
    slow = ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]
    parts = (("min", ordered[0]), ("p50", statistics.median(ordered)), ("p95", slow))
    return ", ".join(f"{name} {1000 * value:.0f} ms" for name, value in parts) + f" ({len(ordered)} times)"


# --- starting ---------------------------------------------------------------------------------------------------------


def measure_starts(home: Path, times: int) -> list[float]:
    """Seconds from `make run` to `ready`, each on a fresh folder."""
    return [measure_start(home / f"start-{number}") for number in range(times)]


def measure_start(folder: Path) -> float:
    """Seconds of one start; the stack is stopped afterwards as Ctrl-C does."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    began = time.perf_counter()
    with subprocess.Popen(
        ["make", "--no-print-directory", "run", "PORT=0", f"DATA={folder}"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as process:
        ready = any(line.startswith("ready ") for line in process.stdout or ())
        seconds = time.perf_counter() - began
        os.killpg(process.pid, signal.SIGINT)
    if not ready:
        raise RuntimeError("make run did not get ready")
    return seconds


# --- orders -----------------------------------------------------------------------------------------------------------


class Rows:
    """Looks at orders where they lie, so that looking costs the functions nothing."""

    def __init__(self, stack: Stack) -> None:
        session = boto3.Session("bench", "bench", region_name="us-east-1")
        self._client = session.client("dynamodb", endpoint_url=stack.endpoints["data"])

    def status(self, order_id: str) -> str:
        """The status of an order; empty while there is no row."""
        key = {"pk": {"S": f"ORDER#{order_id}"}, "sk": {"S": "ORDER"}}
        item = self._client.get_item(TableName=TABLE, Key=key, ConsistentRead=True).get("Item", {})
        return str(item.get("status", {}).get("S", ""))

    def until(self, order_id: str, status: str, pause: float) -> None:
        """Wait for a status, looking every `pause` seconds."""
        deadline = time.monotonic() + FINAL_SECONDS
        while self.status(order_id) != status:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{order_id} is {self.status(order_id)} and not {status}")
            time.sleep(pause)


def submit(orders: Orders, number: int = 0) -> str:
    """A new one-level order that no other resembles; numbered orders are shared out among the requesters."""
    by = REQUESTERS[number % len(REQUESTERS)]
    return orders.submit(ATLAS, customer=f"customer-{uuid.uuid4().hex[:12]}", by=by)


def measure_idle_orders(stack: Stack, count: int) -> None:
    """One order after another, with nothing else to do."""
    orders, rows = Orders(stack), Rows(stack)
    submitted, pending, decided, final = [], [], [], []
    for number in range(count + 2):
        began = time.perf_counter()
        order_id = submit(orders)
        answered = time.perf_counter()
        rows.until(order_id, "PENDING_APPROVAL", 0.004)
        waiting = time.perf_counter()
        time.sleep(0.4)  # its manager reads
        clicked = time.perf_counter()
        orders.decide(order_id, "approve")
        accepted = time.perf_counter()
        rows.until(order_id, "COMPLETED", 0.004)
        if number >= 2:  # noqa: PLR2004 - the first ones warm every process up
            submitted.append(answered - began)
            pending.append(waiting - began)
            decided.append(accepted - clicked)
            final.append(time.perf_counter() - clicked)
        orders.until_ended(order_id)
    say("idle: submit answered", spread(submitted))
    say("idle: submit to PENDING visible", spread(pending), "p50 150 ms")
    say("idle: decision answered", spread(decided))
    say("idle: approval to final row", spread(final), "p50 150 ms")


def measure_throughput(stack: Stack, count: int) -> None:
    """Orders from submission to outcome, a dozen at a time."""
    orders, rows = Orders(stack), Rows(stack)

    def one(_: int) -> None:
        order_id = submit(orders)
        rows.until(order_id, "PENDING_APPROVAL", 0.2)
        orders.decide(order_id, "approve")
        rows.until(order_id, "COMPLETED", 0.2)

    before, ours, began = cpu_seconds(stack), client_cpu(), time.perf_counter()
    with ThreadPoolExecutor(HANDS) as hands:
        list(hands.map(one, range(count)))
    seconds = time.perf_counter() - began
    say(f"{count} orders, {HANDS} at a time", f"{count / seconds:.1f} orders per second", "8 per second")
    used = {part: spent - before.get(part, 0) for part, spent in cpu_seconds(stack).items()}
    shares = ", ".join(f"{part} {1000 * spent / count:.0f}" for part, spent in sorted(used.items()))
    say("  CPU per order, ms", f"{shares}, this client {1000 * (client_cpu() - ours) / count:.0f}")


def measure_waiting(stack: Stack, count: int) -> None:
    """Many orders that wait at once: what they weigh, what they cost, and whether all of them go on."""
    orders, rows, began = Orders(stack), Rows(stack), time.perf_counter()
    with ThreadPoolExecutor(HANDS) as hands:
        waiting = list(hands.map(lambda number: submit(orders, number), range(count)))
        list(hands.map(lambda order_id: rows.until(order_id, "PENDING_APPROVAL", 0.1), waiting))
    opened = time.perf_counter() - began
    come_to_rest(stack)
    before = sum(cpu_seconds(stack).values())
    time.sleep(10)
    idle = (sum(cpu_seconds(stack).values()) - before) / 10
    weight = ", ".join(f"{part} {megabytes:.0f}" for part, megabytes in memory(stack).items())
    say(f"{count} waiting: memory, MB", f"{sum(memory(stack).values()):.0f} = {weight}", "400 MB")
    say(f"{count} waiting: idle CPU", f"{100 * idle:.1f} % of a core", "none")
    again = time.perf_counter()
    with ThreadPoolExecutor(HANDS) as hands:
        list(hands.map(lambda order_id: orders.decide(order_id, "approve"), waiting))
        list(hands.map(lambda order_id: rows.until(order_id, "COMPLETED", 0.1), waiting))
    closed = time.perf_counter() - again
    resumed = sum(rows.status(order_id) == "COMPLETED" for order_id in waiting)
    say(f"{count} waiting: resumed", f"{resumed} of {count}", "all")
    say(f"{count} orders, phase by phase", f"{count / (opened + closed):.1f} orders per second")


def come_to_rest(stack: Stack) -> None:
    """Wait until the stack has ended the processes that it no longer needs, as it does after two quiet minutes."""
    deadline = time.monotonic() + REST_SECONDS
    while len(stack.environments()) > FUNCTIONS and time.monotonic() < deadline:
        time.sleep(1)


# --- lists ------------------------------------------------------------------------------------------------------------


def measure_lists(home: Path, sizes: Sequence[int]) -> None:
    """What a page of a list costs with more and more orders in the table."""
    medians: dict[str, list[float]] = {"list": [], "inbox": []}
    with Stack(home / "lists") as stack:
        there = 0
        for size in sizes:
            fill(stack, there, size)
            there = size
            questions = (("list", "/orders?limit=25", "auditor-1"), ("inbox", "/inbox?limit=25", "manager-1"))
            for name, path, identity in questions:
                taken = ask(stack, path, identity)
                medians[name].append(statistics.median(taken))
                say(f"{name} with {size} orders", spread(taken))
    for name, values in medians.items():
        say(f"{name}: {sizes[-1]} orders against {sizes[0]}", f"{values[-1] / values[0]:.2f} times", "under 1.3")


def ask(stack: Stack, path: str, identity: str) -> list[float]:
    """Seconds that each of a number of equal questions took."""

    def once() -> float:
        began = time.perf_counter()
        answer = stack.request("GET", path, identity=identity)
        if not answer.json()["items"]:
            raise ValueError(f"{path} is empty")
        return time.perf_counter() - began

    return [once() for _ in range(LIST_QUESTIONS + 3)][3:]


def fill(stack: Stack, first: int, end: int) -> None:
    """Write rows of waiting orders into the table, as the adapter writes them, without their workflows."""
    client = boto3.Session("bench", "bench", region_name="us-east-1").client(
        "dynamodb", endpoint_url=stack.endpoints["data"]
    )
    items = (item for number in range(first, end) for item in items_of(number))
    for batch in iter(lambda: list(islice(items, BATCH)), []):
        requests: Any = [{"PutRequest": {"Item": encoded(item)}} for item in batch]
        client.batch_write_item(RequestItems={TABLE: requests})


def items_of(number: int) -> Iterator[dict[str, Any]]:
    """A waiting order's row and its places in the inboxes."""
    order = a_pending_order(order_id=OrderId(f"o{number:026}"), requester="requester-2", levels_terms=(PATIENT,))
    for item in (row_item(order, 1), *inbox_items(order, 1).values()):
        yield {name: value for name, value in item.items() if value is not None}


# --- processes --------------------------------------------------------------------------------------------------------


def by_part(stack: Stack, measure: Callable[[int], float]) -> dict[str, float]:
    """A measure of every process, summed by part of the stack."""
    return {part: sum(map(measure, pids)) for part, pids in stack.pids().items()}


def cpu_seconds(stack: Stack) -> dict[str, float]:
    """CPU time that the parts have used."""
    return by_part(stack, _cpu)


def memory(stack: Stack) -> dict[str, float]:
    """Megabytes of the parts: each one's share of what it has in memory where the system tells, else all of it."""
    return by_part(stack, _megabytes)


def client_cpu() -> float:
    """CPU seconds of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _megabytes(pid: int) -> float:
    try:
        shares = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
    except OSError:
        return float(ps(pid, "rss") or 0) / 1024
    return sum(int(line.split()[1]) for line in shares if line.startswith("Pss:")) / 1024


def _cpu(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    except OSError:
        return _clock(ps(pid, "time"))
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _clock(text: str) -> float:
    """Seconds of `[[days-]hours:]minutes:seconds`."""
    days, _, rest = text.rpartition("-")
    total = 0.0
    for part in (rest or "0").split(":"):
        total = 60 * total + float(part)
    return total + 86_400 * int(days or 0)


if __name__ == "__main__":
    sys.exit(main())
