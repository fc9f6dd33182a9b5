"""Every port that a stack opens: on loopback only, closed to web pages, and not held by a caller that does not finish.

The ports are not listed here: they are what the processes of a running stack listen on.
"""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest
import urllib3
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.local import small_system
from tests.local.sockets import exchange, family, is_cut_off, listening, seconds_open
from tests.stack import Stack, fetch

REQUEST_SECONDS = 0.6
INVOKE = "/2015-03-31/functions/countersign-Greeter/invocations"
FORM = "Content-Type: application/x-www-form-urlencoded"
EVIL = "https://evil.example"

OURS = "Host: 127.0.0.1:{port}"
FOREIGN = f"Origin: {EVIL}"
CROSS = "Sec-Fetch-Site: cross-site"
IMAGE = ["Sec-Fetch-Mode: no-cors", "Sec-Fetch-Dest: image"]
FRAME = ["Sec-Fetch-Mode: navigate", "Sec-Fetch-Dest: iframe"]
WEB_SOCKET = [
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: MDEyMzQ1Njc4OQ==",
]

# Each row: what it stands for, the request line, the headers. {port} is the port, {other} another one.
REFUSED = [
    ("DNS rebinding", "GET / HTTP/1.1", ["Host: evil.example:{port}"]),
    ("DNS rebinding, as its own page", "GET / HTTP/1.1", ["Host: evil.example:{port}", "Sec-Fetch-Site: same-origin"]),
    ("DNS rebinding, POST", "POST / HTTP/1.1", ["Host: evil.example:{port}", "Origin: http://evil.example:{port}"]),
    ("a foreign host without a port", "GET / HTTP/1.1", ["Host: evil.example"]),
    ("a host that begins like ours", "GET / HTTP/1.1", ["Host: 127.0.0.1:{port}.evil.example"]),
    ("a host behind a user name", "GET / HTTP/1.1", ["Host: 127.0.0.1:{port}@evil.example"]),
    ("a subdomain of localhost", "GET / HTTP/1.1", ["Host: bucket.localhost:{port}"]),
    ("another loopback address", "GET / HTTP/1.1", ["Host: 127.0.0.2:{port}"]),
    ("every address", "GET / HTTP/1.1", ["Host: 0.0.0.0:{port}"]),
    ("IPv6 loopback", "GET / HTTP/1.1", ["Host: [::1]:{port}"]),
    ("another port", "GET / HTTP/1.1", ["Host: 127.0.0.1:{other}"]),
    ("no port", "GET / HTTP/1.1", ["Host: 127.0.0.1"]),
    ("a trailing dot", "GET / HTTP/1.1", ["Host: localhost.:{port}"]),
    ("two hosts", "GET / HTTP/1.1", [OURS, "Host: evil.example"]),
    ("no host", "GET / HTTP/1.1", []),
    ("no host, HTTP/1.0", "GET / HTTP/1.0", []),
    ("a foreign host, HTTP/1.0", "GET / HTTP/1.0", ["Host: evil.example:{port}"]),
    ("a proxy's target", "GET http://evil.example/ HTTP/1.1", [OURS]),
    ("a proxy's target, ours", "GET http://127.0.0.1:{port}/ HTTP/1.1", [OURS]),
    ("a form of a page", "POST / HTTP/1.1", [OURS, FOREIGN, FORM]),
    ("a form of a sandboxed frame or a file", "POST / HTTP/1.1", [OURS, "Origin: null", FORM]),
    ("a page on another port", "POST / HTTP/1.1", [OURS, "Origin: http://127.0.0.1:{other}"]),
    ("our name with another scheme", "POST / HTTP/1.1", [OURS, "Origin: https://127.0.0.1:{port}"]),
    ("an origin beside ours", "POST / HTTP/1.1", [OURS, "Origin: http://127.0.0.1:{port}", FOREIGN]),
    ("no Origin, another site", "POST / HTTP/1.1", [OURS, CROSS, FORM]),
    ("no Origin, another port", "POST / HTTP/1.1", [OURS, "Sec-Fetch-Site: same-site", FORM]),
    ("an image of a page", "GET / HTTP/1.1", [OURS, CROSS, *IMAGE]),
    ("a fetch of a page", "GET / HTTP/1.1", [OURS, FOREIGN, CROSS]),
    ("a frame of a page", "GET / HTTP/1.1", [OURS, CROSS, *FRAME]),
    ("a web socket of a page", "GET / HTTP/1.1", [OURS, FOREIGN, *WEB_SOCKET]),
    ("a method of WebDAV", "PROPFIND / HTTP/1.1", [OURS, FOREIGN]),
]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The small system, whose callers have less than a second for a request."""
    folder = tmp_path_factory.mktemp("ports")
    options = ("--request-seconds", str(REQUEST_SECONDS))
    with Stack(folder / "data", template=small_system.write(folder / "system"), options=options) as running:
        yield running


@pytest.fixture(scope="module")
def ports(stack: Stack) -> list[int]:
    """Every port that a process of the stack listens on."""
    return sorted({found.port for found in listening(family(stack.endpoints["pids"]["supervisor"]))})


def client(stack: Stack, service: Any) -> Any:
    """A boto3 client of the data service."""
    session = boto3.Session("local", "local", region_name="us-east-1")
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=5)
    return session.client(service, endpoint_url=stack.endpoints["data"], config=config)


def test_the_stack_listens_on_loopback_only_and_on_the_ports_it_writes_down(stack: Stack) -> None:
    """Four servers, and nothing else: no other address, no IPv6, no datagrams."""
    found = listening(family(stack.endpoints["pids"]["supervisor"]))
    written = {int(stack.endpoints[name].rpartition(":")[2]) for name in ("gateway", "lambda", "environments", "data")}

    assert {(each.protocol, each.address) for each in found} == {("tcp", "127.0.0.1")}
    assert {each.port for each in found} == written
    assert len(written) == 4


@pytest.mark.parametrize(("line", "headers"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_no_port_answers_a_web_page_or_another_name(ports: list[int], line: str, headers: list[str]) -> None:
    """Refused by status, whatever the port does; by this rule unless the server's parser was first."""
    for port in ports:
        content = ["Content-Length: 0", *headers] if line.startswith("POST") else headers
        text = "\r\n".join([line, *content, "", ""]).replace("{port}", str(port)).replace("{other}", str(port + 1))
        status, _, rest = exchange(port, text.encode()).partition(b"\r\n")
        assert status.split()[1] in {b"400", b"403", b"501"}, (port, status, rest[:300])
        if status.split()[1] == b"403":
            message = json.loads(rest.partition(b"\r\n\r\n")[2])["message"]
            assert message.endswith(".")
            assert b"access-control-allow-origin" not in rest.lower()


def test_every_port_answers_a_program_by_both_names(ports: list[int]) -> None:
    """The refusals above are not those of servers that refuse everything."""
    for port in ports:
        for name in ("127.0.0.1", "localhost"):
            answer = exchange(port, f"GET /health HTTP/1.1\r\nHost: {name}:{port}\r\n\r\n".encode())
            assert answer.split()[1] in {b"200", b"404"}, answer[:300]


def test_a_page_can_neither_read_nor_change_rows_subscribe_or_delete(stack: Stack) -> None:
    """The attacks that worked on the data service: a rebound name reads, a plain form writes."""
    data = stack.endpoints["data"]
    client(stack, "s3").put_object(Bucket="countersign-papers", Key="kept", Body=b"1")
    topic = client(stack, "sns").list_topics()["Topics"][0]["TopicArn"]
    before = client(stack, "sns").list_subscriptions()["Subscriptions"]
    port = data.rpartition(":")[2]
    rebound = {"Host": f"evil.example:{port}", "X-Amz-Target": "DynamoDB_20120810.Scan"}
    form = {"Origin": EVIL, "Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "cross-site"}
    subscribe = f"Action=Subscribe&TopicArn={topic}&Protocol=email&Endpoint=evil@evil.example".encode()
    deletion = b"<Delete><Object><Key>kept</Key></Object></Delete>"

    for target, body, headers in (
        (f"{data}/", b'{"TableName": "countersign-Things"}', rebound),
        (f"{data}/", subscribe, form),
        (f"{data}/countersign-papers?delete", deletion, form | {"Content-Type": "text/plain"}),
    ):
        answer = urllib3.request("POST", target, body=body, headers=headers, retries=False)
        assert (answer.status, "message" in answer.json()) == (403, True)

    assert client(stack, "sns").list_subscriptions()["Subscriptions"] == before
    assert client(stack, "s3").get_object(Bucket="countersign-papers", Key="kept")["Body"].read() == b"1"


def test_an_aws_client_names_buckets_in_the_path(stack: Stack) -> None:
    """So no client needs a host name of the bucket's, which is refused."""
    seen: list[str] = []
    s3 = client(stack, "s3")
    s3.meta.events.register("before-send.s3.*", lambda request, **_: seen.append(request.url))
    s3.put_object(Bucket="countersign-papers", Key="a/b", Body=b"1")

    assert seen == [f"{stack.endpoints['data']}/countersign-papers/a/b"]


HEAD = b"POST / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
HALF_OPEN = [
    ("a connection without a request", b"", b""),
    ("half a request line", b"GET /hea", b""),
    ("headers without an end", HEAD, b""),
    ("headers that drip", HEAD, b"X-Y: 1\r\n"),
    ("a body that never comes", HEAD + b"Content-Length: 9\r\n\r\n", b""),
    ("a body that drips", HEAD + b"Content-Length: 999999\r\n\r\n", b"x"),
    ("chunks without an end", HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    ("half a second request", HEAD + b"Content-Length: 0\r\n\r\nGET /", b""),
]


def test_no_port_is_held_by_a_caller_that_does_not_finish_its_request(ports: list[int]) -> None:
    """All at once, on every port; thirty seconds as shipped, less than one here."""
    cases = [
        (name, port, first.replace(b"%d", str(port).encode()), drip)
        for name, first, drip in HALF_OPEN
        for port in ports
    ]
    with ThreadPoolExecutor(len(cases)) as callers:
        took = list(callers.map(lambda case: seconds_open(*case[1:]), cases))

    held = {case[:2]: seconds for case, seconds in zip(cases, took, strict=True) if seconds > REQUEST_SECONDS + 3}
    assert held == {}


def test_a_caller_that_is_too_slow_is_given_the_reason(ports: list[int]) -> None:
    for port in ports:
        head = f"POST /health HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 9\r\n\r\n"
        answer = exchange(port, head.encode() + b"half")
        if b" 404 " not in answer:  # a server that needed no body to answer
            assert b" 408 " in answer.partition(b"\r\n")[0]
            assert b"was not complete after 0.6 seconds" in answer


@pytest.mark.parametrize(("name", "path"), [("data", "/countersign-papers/large"), ("lambda", "/none")])
def test_a_caller_that_takes_no_answer_is_ended(stack: Stack, name: str, path: str) -> None:
    """Its answers would stay in memory for as long as it likes; one large one, or very many. Both kinds of server."""
    client(stack, "s3").put_object(Bucket="countersign-papers", Key="large", Body=bytes(20_000_000))
    port = int(stack.endpoints[name].rpartition(":")[2])
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"
    assert is_cut_off(port, head.encode() * 100, 20)


def test_a_caller_that_takes_its_answer_slowly_gets_all_of_it(stack: Stack) -> None:
    """Each part within the time, the whole not."""
    client(stack, "s3").put_object(Bucket="countersign-papers", Key="large", Body=bytes(20_000_000))
    url = f"{stack.endpoints['data']}/countersign-papers/large"
    answer = urllib3.request("GET", url, preload_content=False, retries=False)
    read = 0
    while part := answer.read(4_000_000):
        read += len(part)
        time.sleep(REQUEST_SECONDS / 2)
    assert read == 20_000_000


def test_what_is_slow_on_purpose_is_not_ended(stack: Stack) -> None:
    """A handler that works, an environment that waits for work, a connection that is idle between two requests."""
    before = {worker["id"] for worker in stack.environments()}
    pool = urllib3.HTTPConnectionPool("127.0.0.1", int(stack.endpoints["environments"].rpartition(":")[2]), maxsize=1)
    body = json.dumps({"do": "sleep", "seconds": 3 * REQUEST_SECONDS}).encode()
    assert pool.request("POST", INVOKE, body=body, retries=False).status == 200
    time.sleep(2 * REQUEST_SECONDS)
    assert pool.request("POST", INVOKE, body=b"{}", retries=False).status == 200

    assert pool.num_connections == 1
    assert before <= {worker["id"] for worker in stack.environments()}


LARGE = [("gateway", "/"), ("lambda", INVOKE), ("environments", INVOKE), ("data", "/")]


@pytest.mark.parametrize(("name", "path"), LARGE, ids=[row[0] for row in LARGE])
def test_a_body_larger_than_aws_takes_is_refused_before_it_is_read(stack: Stack, name: str, path: str) -> None:
    port = int(stack.endpoints[name].rpartition(":")[2])
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Length: 99999999999\r\n\r\n"
    assert exchange(port, head.encode()).split()[1] == b"413"


@pytest.mark.parametrize("protocol", ["http", "https", "lambda", "firehose", "application"])
def test_a_topic_sends_no_message_to_another_server(stack: Stack, protocol: str) -> None:
    """The data service would wait for a subscriber that never answers, and everything with it."""
    sns = client(stack, "sns")
    topic = sns.list_topics()["Topics"][0]["TopicArn"]
    with pytest.raises(ClientError, match=f"sends no message to a subscriber over {protocol}") as refused:
        sns.subscribe(TopicArn=topic, Protocol=protocol, Endpoint="http://127.0.0.1:9/never")

    assert refused.value.response["Error"]["Code"] == "InvalidParameter"
    assert sns.publish(TopicArn=topic, Message="still here")["MessageId"]


def test_settings_of_the_shell_reach_no_process_of_the_stack(tmp_path: Path) -> None:
    """A profile, an endpoint or a proxy of the developer's would lead calls past it; this one leads nowhere."""
    nowhere = "http://127.0.0.1:9"
    names = [
        *("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SQS", "AWS_ENDPOINT_URL_STEPFUNCTIONS", "aws_profile"),
        *("AWS_SESSION_TOKEN", "AWS_CA_BUNDLE", "AWS_USE_FIPS_ENDPOINT", "AWS_MAX_ATTEMPTS"),
        *("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"),
    ]
    shell = dict.fromkeys(names, nowhere) | {"NO_PROXY": "evil.example", "no_proxy": "evil.example"}
    with Stack(tmp_path / "data", template=small_system.write(tmp_path / "system"), environment=shell) as stack:
        supervisor = stack.endpoints["pids"]["supervisor"]
        processes = [pid for pid in family(supervisor) if pid != supervisor]  # of itself the kernel knows the start
        environments = [environment_of(pid) for pid in processes]
        answered = fetch(
            "POST", f"{stack.endpoints['environments']}/2015-03-31/functions/countersign-Greeter/invocations", {}
        ).json()

    assert len(environments) >= 3
    for found in [*environments, answered["environment"]]:
        assert {name: value for name, value in found.items() if value in {nowhere, "evil.example"}} == {}


def environment_of(pid: int) -> dict[str, str]:
    """The environment that a process was started with."""
    pairs = (Path("/proc") / str(pid) / "environ").read_bytes().decode().split("\0")
    return dict(pair.partition("=")[::2] for pair in pairs if pair)
