"""The document store's contract: written once, the same bytes every time, verified when read."""

import hashlib
import json
from dataclasses import replace
from functools import partial

import pytest
from botocore.exceptions import ClientError

from orders.adapters.clients import s3_client
from orders.adapters.codec import canonical_json
from orders.adapters.documents import BucketDocuments, S3Bucket, document_bytes
from orders.adapters.memory import MemoryBucket
from orders.domain.errors import CorruptDocumentError, WriteConflictError
from orders.domain.model import DocumentRef, Line, OrderId, Sku
from tests.adapters.stand import BUCKET, Adapters, at_once
from tests.builders import a_document, at


class CountingBucket(MemoryBucket):
    """A bucket that counts how often it is read."""

    reads = 0

    def get(self, key: str) -> bytes | None:
        """The object, counted."""
        self.reads += 1
        return super().get(key)


def test_a_document_that_nobody_wrote_is_none(adapters: Adapters) -> None:
    """Its absence is an answer, not an error."""
    assert adapters.documents.get(OrderId("order-404")) is None


def test_a_document_comes_back_with_what_names_it(adapters: Adapters) -> None:
    """The reference says where the bytes are, how many, and what they hash to."""
    document = a_document(note="Grüße, 注文", submitted_at=at(0.123))
    adapters.documents.put_if_absent(document)
    found = adapters.documents.get(document.order_id)
    assert found is not None
    body = adapters.bucket.get(f"orders/{document.order_id}/document.json")
    assert body == document_bytes(document)
    ref = DocumentRef(f"orders/{document.order_id}/document.json", hashlib.sha256(body).hexdigest(), len(body))
    assert found == (document, ref)
    assert adapters.documents.read(ref) == document


def test_a_task_token_is_kept_in_the_document_and_shown_by_nothing(adapters: Adapters) -> None:
    """Whoever has it can answer the state machine; a document without one has no place for it."""
    document = a_document(task_token="a-capability")
    adapters.documents.put_if_absent(document)
    found = adapters.documents.get(document.order_id)
    assert found is not None
    assert found[0].task_token == "a-capability"
    assert "a-capability" not in f"{found}"
    assert b"taskToken" not in document_bytes(a_document())


def test_the_first_document_stays(adapters: Adapters) -> None:
    """A retry finds what is there, and compares."""
    first, second = a_document(), a_document(customer="another")
    adapters.documents.put_if_absent(first)
    adapters.documents.put_if_absent(second)
    found = adapters.documents.get(first.order_id)
    assert found is not None
    assert found[0] == first


def test_many_writers_at_once_leave_one_document(adapters: Adapters) -> None:
    """Every reader gets the same document, whichever write won."""
    versions = [a_document(customer=f"customer-{n}") for n in range(6)]
    results = at_once([partial(adapters.documents.put_if_absent, version) for version in versions])
    assert results == [None] * 6
    found = adapters.documents.get(versions[0].order_id)
    assert found is not None
    assert found[0] in versions


def test_another_document_than_the_accepted_one_is_refused(adapters: Adapters) -> None:
    """Neither changed bytes nor a missing object are ever taken for the order."""
    document = a_document()
    adapters.documents.put_if_absent(document)
    found = adapters.documents.get(document.order_id)
    assert found is not None
    for ref in (replace(found[1], sha256="f" * 64), replace(found[1], key="orders/gone/document.json")):
        with pytest.raises(CorruptDocumentError):
            adapters.documents.read(ref)


@pytest.mark.parametrize("body", [b"not json", b"[]", b"{}", b'{"orderId": "order-1"}', b"\xff"])
def test_an_object_that_is_no_document_is_refused(adapters: Adapters, body: bytes) -> None:
    """Also when its hash is the one that was asked for."""
    key = "orders/order-1/document.json"
    adapters.bucket.put_if_absent(key, body)
    with pytest.raises(CorruptDocumentError):
        adapters.documents.get(OrderId("order-1"))
    with pytest.raises(CorruptDocumentError):
        adapters.documents.read(DocumentRef(key, hashlib.sha256(body).hexdigest(), len(body)))


def test_a_receipt_is_written_once(adapters: Adapters) -> None:
    """Every try says the same key, and the first bytes stay."""
    order_id = OrderId("order-1")
    key = adapters.documents.put_receipt(order_id, {"total": 100, "approvals": [{"by": "ann"}]})
    assert adapters.documents.put_receipt(order_id, {"total": 100, "approvals": [{"by": "ann"}]}) == key
    assert key == "orders/order-1/receipt.json"
    assert adapters.bucket.get(key) == b'{"approvals":[{"by":"ann"}],"total":100}'


def test_steps_that_read_again_do_not_ask_the_bucket_again() -> None:
    """A verified document is remembered by what names it; a failure is not."""
    bucket = CountingBucket()
    documents, document = BucketDocuments(bucket), a_document()
    documents.put_if_absent(document)
    found = documents.get(document.order_id)
    assert found is not None
    bucket.reads = 0
    assert [documents.read(found[1]) for _ in range(5)] == [document] * 5
    assert bucket.reads == 1
    for _ in range(2):
        with pytest.raises(CorruptDocumentError):
            documents.read(replace(found[1], sha256="f" * 64))
    assert bucket.reads == 3


def test_the_same_value_always_has_the_same_bytes() -> None:
    """Keys are sorted, nothing is indented, and half a surrogate pair cannot break the writing."""
    assert (
        canonical_json({"b": [1, None], "a": {"d": "é", "c": True}}) == b'{"a":{"c":true,"d":"\\u00e9"},"b":[1,null]}'
    )
    assert document_bytes(a_document(note="\ud800")).isascii()


def test_the_largest_order_is_stored_whole(adapters: Adapters) -> None:
    """Ten thousand lines come back, and the object contains the total."""
    document = a_document(lines=tuple(Line(Sku(f"BULK-{n % 1000 + 1:04}"), n, 10) for n in range(1, 10_001)))
    adapters.documents.put_if_absent(document)
    found = adapters.documents.get(document.order_id)
    assert found is not None
    assert found[0] == document
    assert json.loads(document_bytes(document))["total"] == document.total
    assert found[1].bytes < 1_000_000


def test_a_put_that_meets_another_is_tried_again(aws: Adapters, monkeypatch: pytest.MonkeyPatch) -> None:
    """S3 answers 409 while another conditional put is under way; afterwards one of the two is there."""
    answers = [_conflict(), _conflict()]
    put = s3_client().put_object

    def busy(**parameters: object) -> object:
        if answers:
            raise answers.pop()
        return put(**parameters)  # type: ignore[arg-type]

    monkeypatch.setattr(s3_client(), "put_object", busy)
    aws.documents.put_if_absent(a_document())
    assert aws.documents.get(a_document().order_id) is not None
    answers += [_conflict() for _ in range(3)]
    with pytest.raises(WriteConflictError):
        S3Bucket(BUCKET).put_if_absent("orders/other/document.json", b"{}")


def _conflict() -> ClientError:
    return ClientError({"Error": {"Code": "ConditionalRequestConflict", "Message": ""}}, "PutObject")


def test_a_missing_bucket_is_not_taken_for_a_missing_document(aws: Adapters) -> None:
    """A mistake of the deployment stays visible."""
    with pytest.raises(ClientError):
        S3Bucket("no-such-bucket").get("orders/order-1/document.json")
    with pytest.raises(ClientError):
        S3Bucket("no-such-bucket").put_if_absent("orders/order-1/document.json", b"{}")
