"""The requests table in memory: the conditions that Powertools sets on DynamoDB, and leases that a test can end."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from threading import Lock

from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyItemAlreadyExistsError,
    IdempotencyItemNotFoundError,
)
from aws_lambda_powertools.utilities.idempotency.persistence.base import BasePersistenceLayer
from aws_lambda_powertools.utilities.idempotency.persistence.datarecord import DataRecord

UNDER_WAY = "INPROGRESS"


@dataclass
class _Records:
    lock: Lock = field(default_factory=Lock)
    by_key: dict[str, DataRecord] = field(default_factory=dict)


class MemoryRequests(BasePersistenceLayer):
    """Requests and their answers; may be shared by threads."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Powertools does not type it
        self._records = _Records()

    def end_leases(self) -> None:
        """Let every attempt that has not answered be as old as it may become."""
        with self._records.lock:
            records = self._records.by_key
            for key in [key for key, record in records.items() if record.status == UNDER_WAY]:
                del records[key]

    def _get_record(self, idempotency_key: str) -> DataRecord:
        with self._records.lock:
            found = self._records.by_key.get(idempotency_key)
        if found is None:
            raise IdempotencyItemNotFoundError
        return found

    def _put_record(self, data_record: DataRecord) -> None:
        with self._records.lock:
            there = self._records.by_key.get(data_record.idempotency_key)
            if there is not None and not _is_over(there):
                self._validate_payload(data_payload=data_record, stored_data_record=there)
                raise IdempotencyItemAlreadyExistsError(old_data_record=there)
            self._records.by_key[data_record.idempotency_key] = data_record

    def _update_record(self, data_record: DataRecord) -> None:
        with self._records.lock:
            self._records.by_key[data_record.idempotency_key] = data_record

    def _delete_record(self, data_record: DataRecord) -> None:
        with self._records.lock:
            self._records.by_key.pop(data_record.idempotency_key, None)


def _is_over(record: DataRecord) -> bool:
    until = record.in_progress_expiry_timestamp
    return record.is_expired or (record.status == UNDER_WAY and until is not None and until < time.time() * 1000)
