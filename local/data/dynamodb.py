"""DynamoDB: what each action means for the journal, and the retries of transactions that AWS recognises."""

import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from botocore.model import StructureShape
from moto.core.common_types import TYPE_RESPONSE
from moto.core.responses import ActionResult
from moto.core.utils import get_service_model
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.responses import DynamoHandler, DynamoResult

from local.data import moto_bridge
from local.data.exchange import Answer, ApiRequest, ApiResponse, Record
from local.data.items import Key
from local.data.tables import LocalDynamoDB

READS = frozenset({"BatchGetItem", "GetItem", "ListTagsOfResource", "ListTables", "Query", "Scan", "TransactGetItems"})
READ_PREFIX = "Describe"
ITEM_WRITES = frozenset({"BatchWriteItem", "DeleteItem", "PutItem", "TransactWriteItems", "UpdateItem"})
TABLE_WRITES = frozenset(
    {"CreateTable", "DeleteTable", "TagResource", "UntagResource"}
    | {"UpdateContinuousBackups", "UpdateTable", "UpdateTimeToLive"}
)

ITEM_ANSWERS = frozenset(
    {"BatchGetItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan", "TransactGetItems", "UpdateItem"}
)
"""Actions whose answers moto has in the shape of the wire before it spends most of its time on writing them."""

TOKEN_SECONDS = 600
"""How long a ClientRequestToken is remembered, says DynamoDB's API reference of TransactWriteItems."""


@dataclass(frozen=True, slots=True)
class Token:
    """A transaction that was carried out."""

    token: str
    digest: str
    at: float


class QuickHandler(DynamoHandler):
    """Moto's handler; it writes items at once instead of looking for each attribute under a dozen names."""

    def serialized(self, action_result: ActionResult) -> TYPE_RESPONSE:
        """An answer with items as it is, any other as moto writes it: errors, tables, and items with bytes in them."""
        action = self._get_action()
        if not isinstance(action_result, DynamoResult) or action not in ITEM_ANSWERS:
            return super().serialized(action_result)
        shape = get_service_model("dynamodb").operation_model(action).output_shape
        result = action_result.result
        if not isinstance(shape, StructureShape) or not isinstance(result, dict):
            return super().serialized(action_result)
        known = {name: value for name, value in result.items() if name in shape.members and value is not None}
        try:
            text = json.dumps(known)
        except TypeError:
            return super().serialized(action_result)
        return 200, {"Content-Type": "application/x-amz-json-1.0", **self.response_headers}, text


class DynamoDB:
    """Answers DynamoDB's API; items are journalled as they became, tables as they were asked for."""

    def __init__(self) -> None:
        self._backend = LocalDynamoDB(moto_bridge.REGION, moto_bridge.ACCOUNT)
        dynamodb_backends[moto_bridge.ACCOUNT][moto_bridge.REGION] = self._backend
        self._tables: list[Record] = []
        self._tokens: dict[str, Token] = {}

    def answer(self, request: ApiRequest) -> Answer:
        """Carry out one action."""
        action = request.headers.get("x-amz-target", "").rpartition(".")[2]
        if action in READS or action.startswith(READ_PREFIX):
            return Answer(self._call(request))
        if action in ITEM_WRITES:
            return self._write_items(action, request)
        if action in TABLE_WRITES:
            return self._write_table(action, request)
        return Answer(_error("UnknownOperationException", f"The local data service has no {action or 'action'}"))

    def restore(self, record: Record) -> None:
        """Bring back what one journal record says."""
        if record["kind"] == "table":
            self._write_table(record["action"], _request(record["action"], record["body"]))
            return
        for table, key, text in record["changes"]:
            self._backend.local_table(table).restore(key, text)
        if token := record.get("token"):
            self._tokens[token["token"]] = Token(**token)

    def snapshot(self) -> Iterator[Record]:
        """Everything there is, without the past that led to it and without items that have expired."""
        yield from self._tables
        for name in self._backend.tables:
            yield from self._items_of(name)
        for token in self._tokens.values():
            yield {"kind": "items", "changes": [], "token": asdict(token)}

    def size(self) -> int:
        """About how many records a snapshot has."""
        return len(self._tables) + len(self._tokens) + sum(len(table) for table in self._backend.tables.values())

    def _items_of(self, name: str) -> Iterator[Record]:
        table = self._backend.local_table(name)
        expiry = table.ttl.get("AttributeName") if table.ttl["TimeToLiveStatus"] == "ENABLED" else None
        now = time.time()
        for item in table.stored_items():
            if expiry is None or not _expired(item.attrs.get(expiry), now):
                key = table.key_map(Key(item.hash_key, item.range_key))
                yield {"kind": "items", "changes": [[name, key, item.text]]}

    def _write_items(self, action: str, request: ApiRequest) -> Answer:
        token = self._token(request) if action == "TransactWriteItems" else None
        if token is not None and (known := self._recent(token.token)):
            return Answer(_repeated(known, token))
        response = self._call(request)
        if not response.succeeded:
            self._backend.changes.undo()
            return Answer(response)
        if (problem := self._backend.changes.problem()) is not None:
            self._backend.changes.undo()
            return Answer(_error("ValidationException", problem))
        changes = [[change.table, change.key, change.text] for change in self._backend.changes.commit()]
        record: Record = {"kind": "items", "changes": changes}
        if token is not None:
            self._tokens[token.token] = token
            record["token"] = asdict(token)
        return Answer(response, (record,) if changes else ())

    def _write_table(self, action: str, request: ApiRequest) -> Answer:
        response = self._call(request)
        if not response.succeeded:
            return Answer(response)
        record: Record = {"kind": "table", "action": action, "body": json.loads(request.body)}
        self._tables.append(record)
        return Answer(response, (record,))

    def _recent(self, token: str) -> Token | None:
        """A token that still counts; those that no longer do stand first and are forgotten on the way."""
        while self._tokens and (oldest := next(iter(self._tokens.values()))).at + TOKEN_SECONDS < time.time():
            del self._tokens[oldest.token]
        return self._tokens.get(token)

    @staticmethod
    def _token(request: ApiRequest) -> Token | None:
        try:
            body = json.loads(request.body)
        except ValueError:
            return None
        token = body.pop("ClientRequestToken", None) if isinstance(body, dict) else None
        if not isinstance(token, str):
            return None
        digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
        return Token(token, digest, time.time())

    @staticmethod
    def _call(request: ApiRequest) -> ApiResponse:
        return moto_bridge.call(QuickHandler.dispatch, request, "dynamodb")


def _expired(value: DynamoType | None, now: float) -> bool:
    return value is not None and value.type == "N" and float(value.value) < now


def _repeated(known: Token, token: Token) -> ApiResponse:
    """The answer to a transaction whose token was seen before."""
    if known.digest == token.digest:
        return ApiResponse(200, {"content-type": "application/x-amz-json-1.0"}, b"{}")
    return _error(
        "IdempotentParameterMismatchException",
        "The transaction was rejected: the token was used before with other parameters",
    )


def _error(code: str, message: str) -> ApiResponse:
    body = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message}
    return ApiResponse(400, {"content-type": "application/x-amz-json-1.0"}, json.dumps(body).encode())


def _request(action: str, body: dict[str, Any]) -> ApiRequest:
    headers = {"x-amz-target": f"DynamoDB_20120810.{action}", "content-type": "application/x-amz-json-1.0"}
    return ApiRequest("POST", "/", "", headers, json.dumps(body).encode())
