"""Run each function in SAM's own containers and take one order to its outcome: `make sam-check`.

Needs `sam build`, a container engine, and nothing else: an ephemeral data service stands for DynamoDB, S3 and SNS, on
an address that containers can reach. Two things differ from AWS, since SAM offers them to no function: the workflow
cannot invoke the notifier (such a message is noted as lost and the order goes on), and the API cannot reach Lambda (its
signals are lost, and it could start no new order). So the order is started by `sam local invoke` and woken by
`sam local callback`, which is what this shows: a decision that was written, and then a signal, complete an order; a
signal alone changes nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import yaml

from local import resources
from local.template import Template, read

ROOT = Path(__file__).resolve().parent.parent
EVENTS = ROOT / "events"
BUILT = ROOT / ".aws-sam" / "build" / "template.yaml"
DERIVED = BUILT.with_name("template.check.yaml")
PATIENCE_SECONDS = 120
REFUSED = "http://127.0.0.1:9"  # refused at once, inside a container as anywhere


@dataclass(frozen=True, slots=True)
class Address:
    """Where the data service listens, and what containers call that."""

    bind: str
    seen_as: str

    @classmethod
    def choose(cls, wanted: str | None) -> Address:
        """The wanted address, else the bridge's; loopback where the engine lives in a virtual machine, as on macOS."""
        if wanted:
            return cls(wanted, wanted)
        if platform.system() != "Linux":
            return cls("127.0.0.1", "host.docker.internal")
        subnet = output_of("docker", "network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Subnet}}")
        gateway = str(next(ip_network(subnet.strip()).hosts()))  # the engine's own end of its bridge
        return cls(gateway, gateway)


@dataclass(frozen=True, slots=True)
class Api:
    """What the approval API answered."""

    status: int
    body: dict[str, Any]


def output_of(*command: str) -> str:
    """What a command prints; exits with what it complained about when it fails."""
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    except FileNotFoundError:
        sys.exit(f"sam-check needs {command[0]} on PATH")
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr}{done.stdout}")
    return done.stdout


def invocation(function: str, event: str) -> list[str]:
    """The command that runs one function once."""
    path = EVENTS / f"{event}.json"
    return ["sam", "local", "invoke", function, "--template", str(DERIVED), "--event", str(path), "--skip-pull-image"]


def invoke(function: str, event: str) -> dict[str, Any]:
    """Run a function with its sample event and return what it answered."""
    answer = output_of(*invocation(function, event)).strip().splitlines()
    result: dict[str, Any] = json.loads(answer[-1])
    return result


def api(case: str) -> Api:
    """Send a sample request through the approval API."""
    answer = invoke("ApprovalApi", f"approval_api/{case}")
    return Api(answer["statusCode"], json.loads(answer.get("body") or "{}"))


def show(what: str, *, holds: bool, seen: object = "") -> None:
    """Print one line of the story, or end it."""
    if not holds:
        sys.exit(f"NOT SO  {what}: {seen}")
    print(f"ok      {what}", flush=True)


def expect(case: str, status: HTTPStatus) -> None:
    """Send a sample request, and show that it is answered as it should be."""
    answer = api(case)
    show(f"approval_api/{case}.json is answered {status}", holds=answer.status == status, seen=answer)


def expect_order(what: str, status: str) -> None:
    """Read the sample order, and show where it stands."""
    answer = api("read")
    show(f"{what}: {status}", holds=answer.body.get("status") == status, seen=answer)


def wait_for(what: str, look: Callable[[], Any]) -> Any:
    """The first answer that is something; exits when none comes."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(1)
    sys.exit(f"NOT SO  {what} within {PATIENCE_SECONDS} s")


@contextmanager
def data_service(address: Address, template: Template) -> Iterator[str]:
    """Run the data service with the template's tables, bucket and topic; yields the address containers use."""
    with tempfile.TemporaryDirectory() as folder:
        options = ["--port", "0", "--data", folder, "--ephemeral", "--bind", address.bind, "--name", address.seen_as]
        service = subprocess.Popen(
            [sys.executable, "-m", "local.data", *options],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert service.stdout is not None  # noqa: S101 - a pipe was asked for
            here = service.stdout.readline().split()[-1]
            clients = resources.Clients.of(here, template.region)
            resources.make_missing(clients, template)
            key = json.loads((EVENTS / "workflow" / "start.json").read_text())["document"]["key"]
            document = (EVENTS / "workflow" / "document.json").read_bytes()
            clients.s3.put_object(Bucket=template.buckets[0].name, Key=key, Body=document)
            yield here.replace(address.bind, address.seen_as)
        finally:
            service.terminate()
            service.wait()


def derive(template: Template, data_url: str) -> None:
    """Write a copy of the built template whose functions call the data service; SAM sets declared variables only."""
    derived = yaml.safe_load(BUILT.read_text())
    endpoints = {f"AWS_ENDPOINT_URL_{service}": data_url for service in ("DYNAMODB", "S3", "SNS")}
    for function in template.functions:
        variables = {**function.environment, **endpoints, "AWS_ENDPOINT_URL_LAMBDA": REFUSED}
        if "NOTIFIER_ARN" in variables:
            variables["NOTIFIER_ARN"] = "Notifier:live"  # the emulator has no such function, and only this form says so
        derived["Resources"][function.logical_id]["Properties"]["Environment"] = {"Variables": variables}
    DERIVED.write_text(yaml.safe_dump(derived, sort_keys=False))


@dataclass(frozen=True, slots=True)
class Workflow:
    """A run of the workflow that `sam local invoke` holds until the order is closed."""

    process: subprocess.Popen[bytes]
    log: Path

    def arn(self) -> str:
        """The execution's ARN, which SAM prints to its log."""
        found: str = wait_for("the execution starts", self._printed_arn)
        return found

    def _printed_arn(self) -> str | None:
        lines = [line.split() for line in self.log.read_text().splitlines() if line.startswith("ARN:")]
        return lines[0][1] if lines else None

    def callbacks(self) -> list[str]:
        """The ids of every callback so far, the awaited one last."""
        history = json.loads(output_of("sam", "local", "execution", "history", self.arn(), "--format", "json"))
        started = [event for event in history["Events"] if event["EventType"] == "CallbackStarted"]
        return [event["CallbackStartedDetails"]["CallbackId"] for event in started]

    def status(self) -> str:
        """The execution's status; SAM's exit code is 0 whatever happened."""
        described = json.loads(output_of("sam", "local", "execution", "get", self.arn(), "--format", "json"))
        return str(described["Status"])


@contextmanager
def workflow(folder: Path) -> Iterator[Workflow]:
    """Start the sample order's execution in the background."""
    log = folder / "workflow.log"
    with log.open("wb") as out:
        command = invocation("OrderWorkflow", "workflow/start")
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=out)
        try:
            yield Workflow(process, log)
        except SystemExit:
            print(log.read_text()[-6000:], file=sys.stderr)
            raise
        finally:
            process.terminate()
            process.wait()


def tell_the_story(run: Workflow) -> None:
    """One order, from its start to its outcome."""
    asked = wait_for("the workflow asks for a decision", run.callbacks)
    expect_order("the order waits for its manager", "PENDING_APPROVAL")
    signal(run.callbacks()[-1])
    wait_for("one more look", lambda: len(run.callbacks()) > len(asked))
    expect_order("a signal alone leads to one more look and changes nothing", "PENDING_APPROVAL")
    expect("approve", HTTPStatus.OK)
    signal(run.callbacks()[-1])
    run.process.wait(timeout=PATIENCE_SECONDS)
    show("the decision, and then a signal, end the execution", holds=run.status() == "SUCCEEDED", seen=run.status())
    expect_order("the order is closed", "COMPLETED")


def signal(callback: str) -> None:
    """Complete a callback with the SAM CLI, as an operator could."""
    output_of("sam", "local", "callback", "succeed", callback, "-r", "{}")


def try_every_event() -> None:
    """What the remaining samples answer once the order is final; submitting it again returns it as it is."""
    expect("health", HTTPStatus.OK)
    expect("list", HTTPStatus.OK)
    expect("submit", HTTPStatus.ACCEPTED)
    expect("reject", HTTPStatus.CONFLICT)
    expect("withdraw", HTTPStatus.CONFLICT)
    sent = invoke("Notifier", "notifier/request_decision")
    show("the notifier sends a message once by its key", holds="request-decision" in sent.get("key", ""), seen=sent)
    late = invoke("Notifier", "notifier/execution_failed")
    show("a late status event leaves the order COMPLETED", holds=late.get("status") == "COMPLETED", seen=late)


def main() -> None:
    """Set up, tell the story, take down."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bind", help="address for the data service that function containers can reach")
    address = Address.choose(parser.parse_args().bind)
    os.environ |= {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local", "AWS_DEFAULT_REGION": "us-east-1"}
    template = read(ROOT / "template.yaml")
    with data_service(address, template) as url, tempfile.TemporaryDirectory() as folder:
        derive(template, url)
        with workflow(Path(folder)) as run:
            tell_the_story(run)
        try_every_event()


if __name__ == "__main__":
    main()
