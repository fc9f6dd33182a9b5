"""Messages to people, each written once."""

from __future__ import annotations

from datetime import timedelta

from orders.adapters import times
from orders.adapters.aws_errors import RefusedWriteError
from orders.adapters.codec import recipients_text
from orders.adapters.dynamodb.items import partition_of, sharded
from orders.adapters.dynamodb.table import ABSENT, Key, OrdersTable, put, update
from orders.domain.messages import Message

KEPT = timedelta(days=30)


class DynamoOutbox:
    """Outbox items are stored with their order; the table's TTL deletes them after thirty days."""

    def __init__(self, table: OrdersTable, shards: int) -> None:
        self._table = table
        self._shards = shards

    def record(self, message: Message) -> bool:
        """Write the message unless its key is there; return whether it still has to be published."""
        pk, sk = _key(message)
        item = {
            "pk": pk,
            "sk": sk,
            "listPk": sharded("outbox", message.order_id, self._shards),
            "listSk": f"{times.written(message.at)}#{message.key}",
            "kind": message.kind,
            "level": message.level,
            "k": message.k,
            "to": recipients_text(message.to),
            "subject": message.subject,
            "body": message.body,
            "at": times.written(message.at),
            "published": False,
            "expiresAt": int((message.at + KEPT).timestamp()),
        }
        try:
            self._table.write(put(item, ABSENT))
        except RefusedWriteError:
            written = self._table.get((pk, sk))
            return written is not None and not written["published"]
        return True

    def mark_published(self, message: Message) -> None:
        """Mark the message as published."""
        self._table.write(update(_key(message), "SET #published = :yes", "attribute_exists(#pk)", {":yes": True}))


def _key(message: Message) -> Key:
    return partition_of(message.order_id), f"OUTBOX#{message.key}"
