"""Order documents and receipts as JSON objects in a bucket, each written once and verified by its sha256."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Protocol

from botocore.exceptions import ClientError

from orders.adapters.aws_errors import code_of, translated
from orders.adapters.clients import s3_client
from orders.adapters.codec import canonical_json, document_from_json, document_to_json
from orders.domain.errors import CorruptDocumentError, WriteConflictError
from orders.domain.model import DocumentRef, OrderDocument, OrderId

DOCUMENTS_KEPT = 16
PUT_TRIES = 3


class Bucket(Protocol):
    """What a bucket can do for us."""

    def put_if_absent(self, key: str, body: bytes) -> None:
        """Write the object unless one is there."""
        ...

    def get(self, key: str) -> bytes | None:
        """Return the object's bytes, None when there is none."""
        ...


class BucketDocuments:
    """Documents at `orders/{orderId}/document.json`, receipts beside them."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._verified = lru_cache(maxsize=DOCUMENTS_KEPT)(self._verify)

    def put_if_absent(self, document: OrderDocument) -> None:
        """Write the document unless the order has one; leave an existing document as it is."""
        self._bucket.put_if_absent(_document_key(document.order_id), document_bytes(document))

    def get(self, order_id: OrderId) -> tuple[OrderDocument, DocumentRef] | None:
        """Return the document that is stored, and what its bytes hash to."""
        key = _document_key(order_id)
        body = self._bucket.get(key)
        if body is None:
            return None
        return _parse(key, body), DocumentRef(key, hashlib.sha256(body).hexdigest(), len(body))

    def read(self, ref: DocumentRef) -> OrderDocument:
        """Return the document that `ref` names, from memory when this process has read it before.

        Raises CorruptDocumentError when the stored bytes hash to something else, or are gone.
        """
        return self._verified(ref)

    def put_receipt(self, order_id: OrderId, receipt: Mapping[str, Any]) -> str:
        """Write the receipt unless it is there and return its key."""
        key = f"orders/{order_id}/receipt.json"
        self._bucket.put_if_absent(key, canonical_json(receipt))
        return key

    def _verify(self, ref: DocumentRef) -> OrderDocument:
        body = self._bucket.get(ref.key)
        if body is None or hashlib.sha256(body).hexdigest() != ref.sha256:
            raise CorruptDocumentError(f"{ref.key} is not the document that was accepted.")
        return _parse(ref.key, body)


class S3Bucket:
    """A bucket in S3."""

    def __init__(self, name: str) -> None:
        self._name = name

    def put_if_absent(self, key: str, body: bytes) -> None:
        """Write the object unless one is there; WriteConflictError when others keep writing it at this very moment."""
        for attempt in range(1, PUT_TRIES + 1):
            try:
                self._put(key, body)
            except WriteConflictError:
                if attempt == PUT_TRIES:
                    raise
            else:
                return

    def get(self, key: str) -> bytes | None:
        """Return the object's bytes, None when there is none."""
        try:
            with translated():
                return s3_client().get_object(Bucket=self._name, Key=key)["Body"].read()
        except ClientError as error:
            if code_of(error) == "NoSuchKey":
                return None
            raise

    def _put(self, key: str, body: bytes) -> None:
        try:
            with translated():
                s3_client().put_object(
                    Bucket=self._name, Key=key, Body=body, ContentType="application/json", IfNoneMatch="*"
                )
        except ClientError as error:
            if code_of(error) != "PreconditionFailed":  # it is there already, which is all that was asked
                raise


def document_bytes(document: OrderDocument) -> bytes:
    """Return the document as it is stored."""
    return canonical_json(document_to_json(document))


def _document_key(order_id: OrderId) -> str:
    return f"orders/{order_id}/document.json"


def _parse(key: str, body: bytes) -> OrderDocument:
    try:
        return document_from_json(json.loads(body))
    except (ValueError, KeyError, TypeError) as error:
        raise CorruptDocumentError(f"{key} is not an order document.") from error
