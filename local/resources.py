"""Makes the tables, buckets, topics and queues that the template declares and the data service does not have yet."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from local.folder import StartError
from local.template import Index, KeyAttribute, Queue, Table, Template, Topic

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient


_FOR_PEOPLE = frozenset({"email", "email-json", "sms"})


@dataclass(frozen=True, slots=True)
class Clients:
    """The AWS clients that make resources, pointed at the data service."""

    dynamodb: "DynamoDBClient"
    s3: "S3Client"
    sns: "SNSClient"
    sqs: "SQSClient"

    @classmethod
    def of(cls, url: str, region: str) -> "Clients":
        """Clients of a data service; making them costs more time than using them."""
        import boto3
        from botocore.config import Config

        session = boto3.session.Session("local", "local", region_name=region)
        # Few tries: nobody should wait for a start that was interrupted.
        config = Config(retries={"mode": "standard", "total_max_attempts": 3}, connect_timeout=5, read_timeout=30)
        return cls(
            session.client("dynamodb", endpoint_url=url, config=config),
            session.client("s3", endpoint_url=url, config=config),
            session.client("sns", endpoint_url=url, config=config),
            session.client("sqs", endpoint_url=url, config=config),
        )


def make_missing(clients: Clients, template: Template) -> None:
    """Make what is missing, and leave alone what is there.

    Raises StartError when a table that is there has other keys or indexes than the template gives it.
    """
    tables = set(clients.dynamodb.list_tables()["TableNames"])
    for table in template.tables:
        if table.name in tables:
            _compare(clients.dynamodb, table)
        else:
            _make_table(clients.dynamodb, table)
    buckets = {bucket["Name"] for bucket in clients.s3.list_buckets()["Buckets"]}
    for bucket in template.buckets:
        if bucket.name not in buckets:
            clients.s3.create_bucket(Bucket=bucket.name)
    topics = {topic["TopicArn"] for topic in clients.sns.list_topics()["Topics"]}
    for topic in template.topics:
        if topic.arn not in topics:
            _make_topic(clients.sns, topic)
    queues = {url.rpartition("/")[2] for url in clients.sqs.list_queues().get("QueueUrls", [])}
    # A queue must be there before another one sends it its dead letters.
    for queue in sorted(template.queues, key=lambda queue: queue.dead_letter_arn is not None):
        if queue.name not in queues:
            _make_queue(clients.sqs, queue)


def _make_table(client: "DynamoDBClient", table: Table) -> None:
    request: dict[str, Any] = {
        "TableName": table.name,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": _schema(table.partition_key, table.sort_key),
        "AttributeDefinitions": _attributes(table),
    }
    if table.indexes:
        request["GlobalSecondaryIndexes"] = [_index(index) for index in table.indexes]
    client.create_table(**request)
    if table.ttl_attribute is not None:
        client.update_time_to_live(
            TableName=table.name,
            TimeToLiveSpecification={"Enabled": True, "AttributeName": table.ttl_attribute},
        )


def _make_topic(client: "SNSClient", topic: Topic) -> None:
    """Make a topic; of its subscriptions only those that people read, so that the service itself calls nobody."""
    client.create_topic(Name=topic.name)
    for subscription in topic.subscriptions:
        if subscription.protocol not in _FOR_PEOPLE:
            continue
        client.subscribe(TopicArn=topic.arn, Protocol=subscription.protocol, Endpoint=subscription.endpoint)


def _make_queue(client: "SQSClient", queue: Queue) -> None:
    attributes: dict[Any, str] = {
        "VisibilityTimeout": str(queue.visibility_seconds),
        "MessageRetentionPeriod": str(queue.retention_seconds),
    }
    if queue.dead_letter_arn is not None:
        redrive = {"deadLetterTargetArn": queue.dead_letter_arn, "maxReceiveCount": queue.maximum_receives}
        attributes["RedrivePolicy"] = json.dumps(redrive)
    client.create_queue(QueueName=queue.name, Attributes=attributes)


def _compare(client: "DynamoDBClient", table: Table) -> None:
    found: Mapping[str, Any] = client.describe_table(TableName=table.name)["Table"]
    there = {index["IndexName"]: index["KeySchema"] for index in found.get("GlobalSecondaryIndexes", [])}
    declared = {index.name: _schema(index.partition_key, index.sort_key) for index in table.indexes}
    if found["KeySchema"] != _schema(table.partition_key, table.sort_key) or there != declared:
        raise StartError(f"the state holds {table.name} with other keys or indexes: choose another DATA")


def _schema(partition_key: KeyAttribute, sort_key: KeyAttribute | None) -> list[dict[str, str]]:
    schema = [{"AttributeName": partition_key.name, "KeyType": "HASH"}]
    if sort_key is not None:
        schema.append({"AttributeName": sort_key.name, "KeyType": "RANGE"})
    return schema


def _attributes(table: Table) -> list[dict[str, str]]:
    keys = [table.partition_key, table.sort_key]
    keys += [key for index in table.indexes for key in (index.partition_key, index.sort_key)]
    kinds = {key.name: key.kind for key in keys if key is not None}
    return [{"AttributeName": name, "AttributeType": kind} for name, kind in kinds.items()]


def _index(index: Index) -> dict[str, Any]:
    projection: dict[str, Any] = {"ProjectionType": index.projection}
    if index.attributes:
        projection["NonKeyAttributes"] = list(index.attributes)
    return {
        "IndexName": index.name,
        "KeySchema": _schema(index.partition_key, index.sort_key),
        "Projection": projection,
    }
