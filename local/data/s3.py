"""S3: objects are journalled as they became, buckets as they were asked for."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree as ET

from moto.s3.models import FakeKey, S3Backend, s3_backends
from moto.s3.responses import S3Response

from local.data import moto_bridge
from local.data.encoding import original, plain
from local.data.exchange import Answer, ApiRequest, ApiResponse, Record

READS = frozenset({"GET", "HEAD", "OPTIONS"})


class S3:
    """Answers S3's API for buckets named in the path."""

    def __init__(self) -> None:
        self._backend: S3Backend = s3_backends[moto_bridge.ACCOUNT][moto_bridge.PARTITION]
        self._buckets: list[Record] = []

    def answer(self, request: ApiRequest) -> Answer:
        """Carry out one request."""
        bucket, key = _place(request.path)
        response = self._call(request, key)
        if request.method in READS or not response.succeeded or "partNumber=" in request.query:
            return Answer(response)
        if key:
            return Answer(response, (self._object(bucket, key),))
        if request.method == "POST":
            return Answer(response, tuple(self._object(bucket, deleted) for deleted in _keys_in(request.body)))
        record: Record = {
            "kind": "bucket",
            "method": request.method,
            "path": request.path,
            "query": request.query,
            "headers": {name: value for name, value in request.headers.items() if name.startswith("x-amz-bucket")},
            "body": request.body.decode(),
        }
        self._buckets.append(record)
        return Answer(response, (record,))

    def restore(self, record: Record) -> None:
        """Bring back what one journal record says."""
        if record["kind"] == "bucket":
            fields = {name: record[name] for name in ("method", "path", "query", "headers")}
            self.answer(ApiRequest(**fields, body=record["body"].encode()))
        elif record["state"] is None:
            self._backend.delete_object(record["bucket"], record["key"])
        else:
            self._restore_object(record["bucket"], record["key"], record["state"])

    def snapshot(self) -> Iterator[Record]:
        """Every bucket and the present state of every object; older versions are not kept over a restart."""
        yield from self._buckets
        for name, bucket in self._backend.buckets.items():
            for key in list(bucket.keys):
                yield self._object(name, key)

    def size(self) -> int:
        """How many records a snapshot has."""
        return len(self._buckets) + sum(len(bucket.keys) for bucket in self._backend.buckets.values())

    def _object(self, bucket: str, key: str) -> Record:
        found = self._backend.get_object(bucket, key)
        state = _state(found) if isinstance(found, FakeKey) else None
        return {"kind": "object", "bucket": bucket, "key": key, "state": state}

    def _restore_object(self, bucket: str, key: str, state: Mapping[str, Any]) -> None:
        stored = self._backend.put_object(
            bucket,
            key,
            original(state["content"]),
            storage=state["storage"],
            etag=state["etag"],
            encryption=state["encryption"],
            checksum_value=state["checksum"],
            disable_notification=True,
        )
        stored.set_metadata(dict(state["metadata"]), replace=False)
        stored.checksum_algorithm = state["checksumAlgorithm"]
        stored.last_modified = datetime.fromisoformat(state["lastModified"])
        self._backend.put_object_tagging(stored, state["tags"])

    def _call(self, request: ApiRequest, key: str) -> ApiResponse:
        if request.method == "POST" and not key and "delete" not in request.query:
            return ApiResponse(501, {"content-type": "text/plain"}, b"NotImplemented")
        handler = S3Response.key_dispatch if key else S3Response.ambiguous_dispatch
        return moto_bridge.call(handler, request, "s3")


def _state(stored: FakeKey) -> dict[str, Any]:
    backend: S3Backend = s3_backends[moto_bridge.ACCOUNT][moto_bridge.PARTITION]
    return {
        "content": plain(stored.value),
        "metadata": dict(stored.metadata),
        "tags": backend.tagger.get_tag_dict_for_resource(stored.arn),
        "etag": stored.etag.strip('"'),
        "storage": stored.storage_class,
        "encryption": stored.encryption,
        "checksum": stored.checksum_value,
        "checksumAlgorithm": stored.checksum_algorithm,
        "lastModified": stored.last_modified.isoformat(),
    }


def _place(path: str) -> tuple[str, str]:
    """Bucket and key of a path-style address; either may be empty."""
    bucket, _, key = path.lstrip("/").partition("/")
    return unquote(bucket), unquote(key)


def _keys_in(body: bytes) -> list[str]:
    """The keys of a DeleteObjects request."""
    namespace = "{http://s3.amazonaws.com/doc/2006-03-01/}"
    document = ET.fromstring(body)  # noqa: S314 - moto has read it before
    return [key.text or "" for key in document.iter() if key.tag in {"Key", f"{namespace}Key"}]
