"""`python -m local` over real processes: it starts, says so, survives deaths, and leaves nothing behind."""

import contextlib
import http.client
import io
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.local import small_system
from tests.stack import ROOT, Stack, alive, eventually, fetch, ps

INVOKE = "2015-03-31/functions/countersign-Greeter/invocations"


@pytest.fixture
def system(tmp_path: Path) -> Path:
    """The small system's template."""
    return small_system.write(tmp_path / "system")


@pytest.fixture
def stack(tmp_path: Path, system: Path) -> Iterator[Stack]:
    """The small system, running, for a test that stops or kills parts of it."""
    with Stack(tmp_path / "data", template=system) as running:
        yield running


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The small system, running, for the tests that only look at it."""
    folder = tmp_path_factory.mktemp("steady")
    with Stack(folder / "data", template=small_system.write(folder / "system")) as running:
        yield running


def refused(*options: str) -> tuple[int, str]:
    """Exit code and standard error of a start that must not succeed."""
    command = [sys.executable, "-m", "local", *options]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20, check=False)
    assert "ready" not in ended.stdout
    return ended.returncode, ended.stderr


def test_it_gets_ready_and_answers_through_the_function(steady: Stack) -> None:
    """`ready` means that GET /health works, and everything is where endpoints.json says."""
    answer = steady.request("GET", "/health")
    assert (answer.status, answer.json()["route"]) == (200, "GET /health")
    assert set(steady.endpoints) == {"gateway", "lambda", "environments", "data", "pids"}
    assert steady.endpoints["gateway"] == steady.base_url
    assert all(alive(pid) for pids in steady.pids().values() for pid in pids)


def test_what_the_template_declares_is_there(steady: Stack) -> None:
    """Tables with their indexes, buckets and topics, made before anyone asks."""
    table = client_of(steady, "dynamodb").describe_table(TableName="countersign-Things")["Table"]
    assert [index["IndexName"] for index in table["GlobalSecondaryIndexes"]] == ["kinds"]
    buckets = client_of(steady, "s3").list_buckets()["Buckets"]
    assert [bucket["Name"] for bucket in buckets] == ["countersign-papers"]
    topics = client_of(steady, "sns").list_topics()["Topics"]
    assert [topic["TopicArn"].rpartition(":")[2] for topic in topics] == ["countersign-News"]


def test_a_message_of_a_topic_reaches_the_function_that_subscribed(steady: Stack) -> None:
    """Published where the functions publish; the data service has it, too, and calls nobody itself."""
    topic = "arn:aws:sns:us-east-1:123456789012:countersign-News"
    session = boto3.Session("test", "test", region_name="us-east-1")
    sns = session.client("sns", endpoint_url=f"{steady.endpoints['environments']}/sns/")

    sent = sns.publish(
        TopicArn=topic,
        Subject="Today",
        Message="It rains.",
        MessageAttributes={"kind": {"DataType": "String", "StringValue": "headline"}},
    )

    def heard() -> list[str]:
        lines = steady.log.read_text("utf-8").splitlines()
        return [line for line in lines if sent["MessageId"] in line]

    (line,) = eventually(heard)
    assert '"Subject": "Today"' in line
    assert '"kind": {"Type": "String", "Value": "headline"}' in line
    protocols = [each["Protocol"] for each in sns.list_subscriptions()["Subscriptions"]]
    assert protocols == ["email"]


PROBE = """\
  Probe:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: probe
      Handler: probe.handler
      Environment: {Variables: {ADDED: !Ref Added}}
      Events:
        Added:
          Type: HttpApi
          Properties: {ApiId: !Ref HttpApi, Path: "/added/{thing}", Method: GET, Auth: {Authorizer: NONE}}
  Added:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
"""
PROBE_CODE = """\
import os
def handler(event, context):
    return {"table": os.environ["ADDED"], "thing": event["pathParameters"]["thing"]}
"""


def test_a_route_a_table_and_a_variable_added_to_the_template_are_running(tmp_path: Path) -> None:
    """On a copy of the real template, with nothing else changed."""
    folder = tmp_path / "copy"
    (folder / "probe").mkdir(parents=True)
    (folder / "probe/probe.py").write_text(PROBE_CODE, "utf-8")
    for name in ("functions", "layers", "frontend", "samconfig.toml"):
        (folder / name).symlink_to(ROOT / name)
    text = (ROOT / "template.yaml").read_text("utf-8")
    assert text.count("\nResources:\n") == 1
    template = folder / "template.yaml"
    template.write_text(text.replace("\nResources:\n", f"\nResources:\n{PROBE}"), "utf-8")
    with Stack(tmp_path / "data", template=template) as stack:
        assert stack.request("GET", "/me", identity="manager-1").json()["groups"] == ["managers"]
        added = stack.request("GET", "/added/this").json()
        assert added == {"table": "countersign-Added", "thing": "this"}
        table = client_of(stack, "dynamodb").describe_table(TableName=added["table"])["Table"]
        assert table["KeySchema"] == [{"AttributeName": "id", "KeyType": "HASH"}]


def test_an_event_reaches_the_functions_of_the_rules_it_matches(steady: Stack) -> None:
    """It is answered when they have run; an event that no rule wants is taken, too."""
    worker = "arn:aws:lambda:us-east-1:123456789012:function:countersign-Worker"
    url = f"{steady.endpoints['environments']}/events"
    for name in (f"{worker}Other:1", f"{worker}:1"):
        event = {"source": "aws.lambda", "detail": {"functionArn": name}, "do": "print"}
        assert fetch("POST", url, event).status == 200
    (printed,) = eventually(lambda: [line for line in steady.log.open("rb") if b"a line of output" in line])
    assert json.loads(printed)["source"] == "countersign-Greeter"


def test_state_survives_a_stop(stack: Stack) -> None:
    """What was written is read after the next start, on the same port."""
    url = stack.base_url
    item = {"pk": {"S": "one"}, "sk": {"N": "1"}}
    client_of(stack, "dynamodb").put_item(TableName="countersign-Things", Item=item)
    stack.restart()
    assert stack.base_url == url
    found = client_of(stack, "dynamodb").get_item(TableName="countersign-Things", Key=item)
    assert found["Item"] == item


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_every_process(stack: Stack, number: signal.Signals) -> None:
    """Exit code 0, no process left, no description of a stack that is gone."""
    pids = [pid for part in stack.pids().values() for pid in part]
    assert len(pids) >= 4
    os.kill(pids[0], number)
    assert stack.stop() == 0
    assert [pid for pid in pids if alive(pid)] == []
    assert not (stack.data / "endpoints.json").exists()


def test_a_signal_during_the_start_stops_every_process(tmp_path: Path, system: Path) -> None:
    """Whatever has been started by then is stopped again."""
    command = [
        sys.executable,
        "-m",
        "local",
        "--port",
        "0",
        "--data",
        str(tmp_path / "data"),
        "--template",
        str(system),
    ]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as starting:
        assert next(iter(starting.stdout or ())).startswith("starting 2 functions, 3 routes, 1 tables")
        children = eventually(lambda: children_of(starting.pid))
        starting.terminate()
        assert starting.wait(10) == 0
        assert "ready" not in (starting.stdout or io.StringIO()).read()
    assert [pid for pid in children if alive(pid)] == []


def children_of(parent: int) -> list[int]:
    """The child processes of a process."""
    listing = subprocess.run(["ps", "-o", "pid=", "--ppid", str(parent)], capture_output=True, text=True, check=False)
    return [int(pid) for pid in listing.stdout.split()]


def test_kill_9_of_the_supervisor_leaves_nothing(stack: Stack) -> None:
    """Not even a function that is busy; and the next start works on the same state and port."""
    greet = f"{stack.endpoints['environments']}/{INVOKE}"
    address = greet.split("/")[2]
    with socket.create_connection(("127.0.0.1", int(address.partition(":")[2]))) as caller:
        body = b'{"do": "sleep", "seconds": 30}'
        head = f"POST /{INVOKE} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {len(body)}\r\n\r\n"
        caller.sendall(head.encode() + body)
        eventually(lambda: "busy" in [worker["state"] for worker in stack.environments()])
        pids = [pid for part in stack.pids().values() for pid in part]
        stack.kill("supervisor")
    eventually(lambda: not any(alive(pid) for pid in pids), 5)
    stack.restart()
    assert stack.request("GET", "/health").status == 200


def test_the_next_stack_waits_until_the_last_writer_of_the_old_one_is_gone(stack: Stack, system: Path) -> None:
    """Two processes writing one journal would lose orders."""
    data = stack.endpoints["pids"]["data"]
    os.kill(data, signal.SIGSTOP)
    eventually(lambda: ps(data, "state").startswith("T"))  # until then it could still notice that the supervisor died
    try:
        stack.kill("supervisor")
        status, line = refused("--port", "0", "--data", str(stack.data), "--template", str(system))
        assert (status, "is in use by another stack" in line) == (2, True)
    finally:
        os.kill(data, signal.SIGCONT)
    stack.restart()
    assert stack.request("GET", "/health").status == 200


@pytest.mark.timeout(240)
def test_after_kill_9_under_load_the_next_stack_starts_at_once(stack: Stack) -> None:
    """Ten times, on the same folder and port: the old one's processes are waited for, not taken for another stack."""
    url = f"{stack.endpoints['environments']}/{INVOKE}"
    over = threading.Event()

    def call() -> None:
        while not over.is_set():
            with contextlib.suppress(OSError, http.client.HTTPException, KeyError):
                stack.request("GET", "/health")
                fetch("POST", url, {"do": "sleep", "seconds": 1})

    callers = [threading.Thread(target=call) for _ in range(4)]
    for caller in callers:
        caller.start()
    try:
        for _ in range(10):
            eventually(lambda: "busy" in [worker["state"] for worker in stack.environments()])
            stack.kill("supervisor")
            stack.restart()
            url = f"{stack.endpoints['environments']}/{INVOKE}"
    finally:
        over.set()
        for caller in callers:
            caller.join()
    assert stack.request("GET", "/health").status == 200


def test_the_processes_of_a_dead_supervisor_are_given_time_to_end(stack: Stack) -> None:
    """More than another stack that lives is waited for: a busy machine may need it."""
    data = stack.endpoints["pids"]["data"]
    os.kill(data, signal.SIGSTOP)
    eventually(lambda: ps(data, "state").startswith("T"))
    stack.kill("supervisor")
    waking = threading.Timer(4, os.kill, [data, signal.SIGCONT])
    waking.start()
    stack.restart()
    waking.join()
    assert stack.request("GET", "/health").status == 200


@pytest.mark.parametrize("part", ["data", "executions"])
def test_a_service_process_that_dies_is_started_again(stack: Stack, part: str) -> None:
    """On its port, and the new process is written down."""
    before = stack.endpoints
    os.kill(before["pids"][part], signal.SIGKILL)
    eventually(lambda: stack.endpoints["pids"][part] != before["pids"][part])
    after = stack.endpoints
    assert (after["data"], after["lambda"]) == (before["data"], before["lambda"])
    tables = client_of(stack, "dynamodb").list_tables()["TableNames"]
    assert tables == ["countersign-Things"]


def test_a_worker_that_dies_is_replaced(stack: Stack) -> None:
    """The next request finds another one."""
    stack.kill("workers")
    assert eventually(lambda: stack.request("GET", "/health").status == 200)


def test_two_stacks_run_side_by_side(steady: Stack, tmp_path: Path, system: Path) -> None:
    """Each with its own ports and state."""
    with Stack(tmp_path / "other", template=system) as other:
        assert other.base_url != steady.base_url
        assert other.request("GET", "/health").status == 200
        client_of(other, "s3").create_bucket(Bucket="only-there")
    assert [bucket["Name"] for bucket in client_of(steady, "s3").list_buckets()["Buckets"]] == ["countersign-papers"]
    assert steady.request("GET", "/health").status == 200


def test_a_folder_in_use_is_refused(steady: Stack, system: Path) -> None:
    """One clear line and exit code 2; the running stack does not notice."""
    status, line = refused("--port", "0", "--data", str(steady.data), "--template", str(system))
    assert (status, line.count("\n")) == (2, 1)
    assert "is in use by another stack" in line
    assert steady.request("GET", "/health").status == 200


def test_a_taken_port_is_refused(tmp_path: Path, system: Path) -> None:
    """One clear line that names the port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, line = refused("--port", str(port), "--data", str(tmp_path / "data"), "--template", str(system))
    assert (status, line) == (2, f"countersign: port {port} is taken: choose another PORT\n")


def test_a_broken_template_is_refused(tmp_path: Path, system: Path) -> None:
    """One clear line that names the property; nothing was started or written."""
    system.write_text(system.read_text("utf-8").replace("Timeout: 2", "Timeout: soon"), "utf-8")
    status, line = refused("--port", "0", "--data", str(tmp_path / "data"), "--template", str(system))
    assert (status, line) == (2, "countersign: Worker.Timeout: expected a whole number, found 'soon'\n")
    assert not (tmp_path / "data").exists()


def test_a_function_that_cannot_be_loaded_is_named(tmp_path: Path, system: Path) -> None:
    """The start ends with the reason, not with a stack that answers 500."""
    (system.parent / "code/greeter/handler.py").write_text("import nowhere\n", "utf-8")
    status, text = refused("--port", "0", "--data", str(tmp_path / "data"), "--template", str(system))
    assert status == 2
    assert text.splitlines()[-1] == "countersign: countersign-Greeter does not start: No module named 'nowhere'"


def test_state_with_another_shape_of_table_is_refused(stack: Stack, system: Path) -> None:
    """Changing keys under stored items would lose them silently."""
    stack.stop()
    system.write_text(system.read_text("utf-8").replace("IndexName: kinds", "IndexName: sorts"), "utf-8")
    status, text = refused("--port", "0", "--data", str(stack.data), "--template", str(system))
    assert status == 2
    assert "countersign-Things with other keys or indexes" in text.splitlines()[-1]


def test_an_ephemeral_stack_leaves_no_file(tmp_path: Path, system: Path) -> None:
    """Its state is in a temporary folder that goes with it."""
    command = [sys.executable, "-m", "local", "--port", "0", "--ephemeral", "--template", str(system)]
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=os.environ | {"TMPDIR": str(temporary)}
    ) as running:
        lines = running.stdout or ()
        ready = next(line for line in lines if line.startswith("ready "))
        assert fetch("GET", f"{ready.split()[1]}/health").status == 200
        assert len(list(temporary.glob("countersign-*"))) == 1
        running.terminate()
        assert running.wait(10) == 0
    assert list(temporary.iterdir()) == []


def client_of(stack: Stack, service: Any) -> Any:
    """A boto3 client of the stack's data service."""
    session = boto3.Session("local", "local", region_name="us-east-1")
    return session.client(service, endpoint_url=stack.endpoints["data"])


def test_a_reader_that_goes_away_does_not_take_the_stack_with_it(tmp_path: Path, system: Path) -> None:
    """`make run | head -1`: the stack serves on, and says nothing about it."""
    options = ["--port", "0", "--data", str(tmp_path / "data"), "--template", str(system)]
    with (tmp_path / "log").open("w+b") as log:
        running = subprocess.Popen(
            [sys.executable, "-m", "local", *options], cwd=ROOT, stdout=subprocess.PIPE, stderr=log
        )
        assert running.stdout is not None
        assert running.stdout.readline().startswith(b"starting ")
        running.stdout.close()
        address = eventually(lambda: (tmp_path / "data/endpoints.json").exists() and address_in(tmp_path / "data"))
        assert fetch("GET", f"{address}/health").status == 200
        running.terminate()
        assert running.wait(10) == 0
    assert b"BrokenPipe" not in (tmp_path / "log").read_bytes()


def address_in(data: Path) -> str:
    """Where the stack of a folder answers."""
    return str(json.loads((data / "endpoints.json").read_text("utf-8"))["gateway"])
