"""Custom serializers. Each changes what it writes, so that a history shows whether the SDK used it."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from aws_durable_execution_sdk_python.concurrency.models import BatchItem, BatchResult, CompletionReason
from aws_durable_execution_sdk_python.config import BatchItemStatus
from aws_durable_execution_sdk_python.serdes import SerDes, SerDesContext


class UpperCase(SerDes[str]):
    """Writes text in upper case and reads it as it is."""

    def serialize(self, value: str, _: SerDesContext) -> str:
        """Return the text in upper case."""
        return value.upper()

    def deserialize(self, data: str, _: SerDesContext) -> str:
        """Return the text."""
        return data


class UpperCaseJson(SerDes[Any]):
    """Writes JSON with upper-case texts, and reads any payload in upper case without parsing it."""

    def serialize(self, value: Any, _: SerDesContext) -> str:
        """Return JSON in upper case."""
        return json.dumps(value).upper()

    def deserialize(self, data: str, _: SerDesContext) -> str:
        """Return the raw payload in upper case."""
        return data.upper()


class Enveloped(SerDes[Any]):
    """Writes a value as `{"wrapped": value}`."""

    def serialize(self, value: Any, _: SerDesContext) -> str:
        """Return the envelope."""
        return json.dumps({"wrapped": value})

    def deserialize(self, data: str, _: SerDesContext) -> Any:
        """Return what is in the envelope."""
        return json.loads(data)["wrapped"]


class Prefixed(SerDes[str]):
    """Writes text behind the prefix `wrapped:`."""

    def serialize(self, value: str, _: SerDesContext) -> str:
        """Return the prefixed text."""
        return f"wrapped:{value}"

    def deserialize(self, data: str, _: SerDesContext) -> str:
        """Return the text without the prefix."""
        return data.removeprefix("wrapped:")


class WholeBatch(SerDes[BatchResult[str]]):
    """Writes a whole batch of texts as `OPSERDE:` and the results, separated by commas."""

    def serialize(self, value: BatchResult[str], _: SerDesContext) -> str:
        """Return the results in one line."""
        return f"OPSERDE:{','.join(value.get_results())}"

    def deserialize(self, data: str, _: SerDesContext) -> BatchResult[str]:
        """Return a batch in which every item succeeded."""
        texts = data.removeprefix("OPSERDE:").split(",")
        items = [BatchItem(index, BatchItemStatus.SUCCEEDED, text) for index, text in enumerate(texts)]
        return BatchResult(items, CompletionReason.ALL_COMPLETED)


class TimestampedMessage(SerDes[dict[str, Any]]):
    """Reads a JSON message whose `timestamp` becomes seconds since 1970."""

    def serialize(self, value: dict[str, Any], _: SerDesContext) -> str:
        """Return JSON."""
        return json.dumps(value)

    def deserialize(self, data: str, _: SerDesContext) -> dict[str, Any]:
        """Return the message with its timestamp as a number."""
        message: dict[str, Any] = json.loads(data)
        return {**message, "timestamp": int(datetime.fromisoformat(message["timestamp"]).timestamp())}


class Number(SerDes[int]):
    """Reads a whole number."""

    def serialize(self, value: int, _: SerDesContext) -> str:
        """Return its digits."""
        return str(value)

    def deserialize(self, data: str, _: SerDesContext) -> int:
        """Return the number."""
        return int(data)
