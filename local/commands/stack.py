"""The running stack, as a person at a keyboard reaches it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import urllib3

from local.output import visible
from local.supervisor import ENDPOINTS, FUNCTIONS

_PATIENCE = urllib3.Timeout(connect=2, read=30)
_ID_LENGTH = 27
_LISTED = 100
_DURABLE = "2025-12-01"


class CommandError(Exception):
    """The command cannot be done; the message is one line that says what to change."""


class ProblemError(CommandError):
    """The API said no; `code` is its word for why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class RunningStack:
    """A stack that is up, and who asks it."""

    data: Path
    gateway: str
    lambda_api: str
    pool: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(retries=False, timeout=_PATIENCE))
    tokens: dict[str, str] = field(default_factory=dict)

    @classmethod
    def at(cls, data: Path) -> RunningStack:
        """Find the stack that keeps its state in a folder; raises CommandError when none is running there."""
        try:
            endpoints = json.loads((data / ENDPOINTS).read_text("utf-8"))
            return cls(data, endpoints["gateway"], endpoints["lambda"])
        except (OSError, ValueError, KeyError, TypeError):
            raise CommandError(f"no stack is running on {data}: start one with make run, or name its --data") from None

    def get(self, path: str, person: str, **query: object) -> Any:
        """What is at an address of the API, parsed and with visible texts; None when nothing is new there."""
        given = {name: value for name, value in query.items() if value is not None}
        address = f"{path}?{urlencode(given)}" if given else path
        return _visible(self._ask("GET", self.gateway + address, None, self._signed_in(person)))

    def post(self, path: str, person: str, body: Mapping[str, object], key: str) -> Any:
        """The API's answer, with visible texts, to a request that is done once however often it comes with this key."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        return _visible(self._ask("POST", self.gateway + path, body, {**headers, **self._signed_in(person)}))

    def order_id(self, beginning: str, person: str) -> str:
        """The whole id of an order; raises CommandError unless exactly one of the newest begins like this."""
        if len(beginning) == _ID_LENGTH:
            return beginning
        items = self.get("/orders", person, limit=_LISTED)["items"]
        found = [item["orderId"] for item in items if item["orderId"].startswith(beginning)]
        if len(found) != 1:
            count = "none" if not found else f"{len(found)}"
            raise CommandError(f"{count} of the {_LISTED} newest orders begin with {beginning}: give the whole id")
        return str(found[0])

    # --- the durable service ------------------------------------------------------------------------------------------

    @cached_property
    def workflow(self) -> str:
        """The durable function's name."""
        described = json.loads((self.data / FUNCTIONS).read_text("utf-8"))
        return next(str(each["name"]) for each in described["functions"] if each["durable"])

    def execution(self, name: str) -> dict[str, Any]:
        """The execution of this name as the durable service lists it; raises CommandError when there is none."""
        query = urlencode({"DurableExecutionName": name})
        found = self._durable(f"functions/{self.workflow}/durable-executions?{query}")["DurableExecutions"]
        if not found:
            raise CommandError(f"the durable service knows no execution {name}")
        return dict(found[0])

    def history(self, arn: str) -> list[dict[str, Any]]:
        """Every event of an execution with its data, oldest first."""
        events: list[dict[str, Any]] = []
        marker: str | None = ""
        while marker is not None:
            query = urlencode({"IncludeExecutionData": "true", "MaxItems": 1000, "Marker": marker})
            page = self._durable(f"durable-executions/{quote(arn, safe='')}/history?{query}")
            events += page["Events"]
            marker = page.get("NextMarker")
        return events

    def _durable(self, path: str) -> Any:
        return self._ask("GET", f"{self.lambda_api}/{_DURABLE}/{path}", None, {})

    # --- HTTP ---------------------------------------------------------------------------------------------------------

    def _signed_in(self, person: str) -> dict[str, str]:
        if person not in self.tokens:
            address = f"{self.gateway}/local/token?{urlencode({'identity': person})}"
            self.tokens[person] = self._ask("GET", address, None, {})["accessToken"]
        return {"Authorization": f"Bearer {self.tokens[person]}"}

    def _ask(self, method: str, address: str, body: object, headers: Mapping[str, str]) -> Any:
        content = None if body is None else json.dumps(body).encode()
        try:
            answer = self.pool.request(method, address, body=content, headers=headers)
        except urllib3.exceptions.HTTPError as error:
            raise CommandError(f"the stack on {self.data} does not answer ({type(error).__name__})") from error
        if answer.status == HTTPStatus.NOT_MODIFIED:
            return None
        document = _parsed(answer.data)
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise _problem(answer.status, document)
        return document


def _visible(value: Any) -> Any:
    """The answer with every text in the form that a terminal shows; here, so that no command can forget it."""
    if isinstance(value, Mapping):
        return {name: _visible(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_visible(inner) for inner in value]
    return visible(value) if isinstance(value, str) else value


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _problem(status: int, document: Any) -> ProblemError:
    """One line about a refusal: a problem of ours, or what a gateway says by itself."""
    said = document if isinstance(document, dict) else {}
    words = said.get("detail") or said.get("message") or said.get("Message") or "no reason given"
    findings = [f"{each['pointer']}: {each['detail']}" for each in said.get("errors", ())]
    code = said.get("code", "")
    return ProblemError(code, f"{'; '.join([words, *findings])} ({code or status})")
