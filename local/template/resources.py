"""Tables, buckets, topics, queues and rules."""

from collections.abc import Iterator, Mapping

from local.template.declared import Declared
from local.template.document import Node, TemplateError
from local.template.model import (
    Bucket,
    EventSource,
    Index,
    KeyAttribute,
    Queue,
    Rule,
    Subscription,
    Table,
    Target,
    Topic,
)

_EVENTBRIDGE_RETRIES = 185
_VISIBILITY_SECONDS, _RETENTION_SECONDS = 30, 345_600
_BATCH_SIZE = 10


def read_tables(declared: Declared) -> tuple[Table, ...]:
    """Every DynamoDB table."""
    return tuple(
        _table(declared, logical_id, properties) for logical_id, properties in declared.of_type("AWS::DynamoDB::Table")
    )


def read_buckets(declared: Declared) -> tuple[Bucket, ...]:
    """Every S3 bucket."""
    found = declared.of_type("AWS::S3::Bucket")
    return tuple(Bucket(logical_id, declared.names.physical(logical_id)) for logical_id, _ in found)


def read_topics(declared: Declared) -> tuple[Topic, ...]:
    """Every SNS topic, with subscriptions written in it, beside it, or as a function's event."""
    listeners = [
        (properties.at("TopicArn").text(), _subscription(properties))
        for _, properties in declared.of_type("AWS::SNS::Subscription")
    ]
    for logical_id, event in _events(declared, "SNS"):
        arn = _alias_or_function(declared, logical_id)
        listeners.append((event.at("Topic").text(), Subscription("lambda", arn)))
    topics = []
    for logical_id, properties in declared.of_type("AWS::SNS::Topic"):
        arn = declared.names.arn(logical_id)
        own = [_subscription(item) for item in properties.at("Subscription").items()]
        subscriptions = (*own, *(listener for topic, listener in listeners if topic == arn))
        topics.append(Topic(logical_id, declared.names.physical(logical_id), arn, subscriptions))
    return tuple(topics)


def read_queues(declared: Declared) -> tuple[Queue, ...]:
    """Every SQS queue."""
    return tuple(
        _queue(declared, logical_id, properties) for logical_id, properties in declared.of_type("AWS::SQS::Queue")
    )


def read_event_sources(declared: Declared) -> tuple[EventSource, ...]:
    """Every enabled event source mapping; each reads a queue of the template."""
    queues = {queue.arn: queue for queue in read_queues(declared)}
    sources = []
    for logical_id, properties in declared.of_type("AWS::Lambda::EventSourceMapping"):
        queue = queues.get(properties.at("EventSourceArn").text())
        if queue is None:
            raise properties.at("EventSourceArn").wrong("the ARN of a queue of this template")
        if not properties.at("Enabled").flag(default=True):
            continue
        names_failures = "ReportBatchItemFailures" in properties.at("FunctionResponseTypes").texts()
        function, size = properties.at("FunctionName").text(), properties.at("BatchSize").integer(_BATCH_SIZE)
        sources.append(EventSource(logical_id, queue.name, queue.arn, function, size, names_failures))
    return tuple(sources)


def _queue(declared: Declared, logical_id: str, properties: Node) -> Queue:
    redrive = properties.at("RedrivePolicy")
    return Queue(
        logical_id=logical_id,
        name=declared.names.physical(logical_id),
        arn=declared.names.arn(logical_id),
        visibility_seconds=properties.at("VisibilityTimeout").integer(_VISIBILITY_SECONDS),
        retention_seconds=properties.at("MessageRetentionPeriod").integer(_RETENTION_SECONDS),
        dead_letter_arn=None if redrive.missing else redrive.at("deadLetterTargetArn").text(),
        maximum_receives=0 if redrive.missing else redrive.at("maxReceiveCount").integer(),
    )


def read_rules(declared: Declared) -> tuple[Rule, ...]:
    """Every enabled EventBridge rule with a pattern, standing alone or written as a function's event."""
    rules = []
    for logical_id, properties in declared.of_type("AWS::Events::Rule"):
        enabled = properties.at("State").text("ENABLED") != "DISABLED"
        if enabled and not properties.at("EventPattern").missing:
            name = declared.names.physical(logical_id)
            targets = tuple(_target(item) for item in properties.at("Targets").items())
            rules.append(_rule(name, logical_id, properties, targets, "EventPattern"))
    for kind in ("EventBridgeRule", "CloudWatchEvent"):
        for logical_id, event in _events(declared, kind):
            arn = _alias_or_function(declared, logical_id)
            name = f"{declared.names.physical(logical_id)}-{event.path.split('.')[2]}"
            rules.append(_rule(name, logical_id, event, (_event_target(event, arn),), "Pattern"))
    return tuple(rules)


def _rule(name: str, logical_id: str, node: Node, targets: tuple[Target, ...], pattern: str) -> Rule:
    plain = node.at(pattern).plain()
    if not isinstance(plain, dict):
        raise node.at(pattern).wrong("a mapping")
    return Rule(logical_id, name, plain, targets)


def _target(node: Node) -> Target:
    dead_letters = node.at("DeadLetterConfig").at("Arn")
    return Target(
        target_id=node.at("Id").text(),
        arn=node.at("Arn").text(),
        dead_letter_arn=None if dead_letters.missing else dead_letters.text(),
        maximum_retries=node.at("RetryPolicy").at("MaximumRetryAttempts").integer(_EVENTBRIDGE_RETRIES),
    )


def _event_target(event: Node, arn: str) -> Target:
    dead_letters = event.at("DeadLetterConfig").at("Arn")
    return Target(
        target_id=event.at("Target").at("Id").text("function"),
        arn=arn,
        dead_letter_arn=None if dead_letters.missing else dead_letters.text(),
        maximum_retries=event.at("RetryPolicy").at("MaximumRetryAttempts").integer(_EVENTBRIDGE_RETRIES),
    )


def _events(declared: Declared, kind: str) -> Iterator[tuple[str, Node]]:
    for logical_id, properties in declared.of_type("AWS::Serverless::Function"):
        for _, event in properties.at("Events").members():
            if event.at("Type").text() == kind:
                yield logical_id, event.at("Properties")


def _alias_or_function(declared: Declared, logical_id: str) -> str:
    """What SAM points an event source at: the published alias where there is one."""
    return declared.names.reference(f"{logical_id}.Alias") or declared.names.arn(logical_id)


def _subscription(node: Node) -> Subscription:
    return Subscription(node.at("Protocol").text(), node.at("Endpoint").text())


def _table(declared: Declared, logical_id: str, properties: Node) -> Table:
    kinds = {
        item.at("AttributeName").text(): item.at("AttributeType").text()
        for item in properties.at("AttributeDefinitions").items()
    }
    partition_key, sort_key = _keys(properties.at("KeySchema"), kinds)
    ttl = properties.at("TimeToLiveSpecification")
    expires = not ttl.missing and ttl.at("Enabled").flag(default=True)
    return Table(
        logical_id=logical_id,
        name=declared.names.physical(logical_id),
        arn=declared.names.arn(logical_id),
        partition_key=partition_key,
        sort_key=sort_key,
        indexes=tuple(_index(item, kinds) for item in properties.at("GlobalSecondaryIndexes").items()),
        ttl_attribute=ttl.at("AttributeName").text() if expires else None,
    )


def _index(node: Node, kinds: Mapping[str, str]) -> Index:
    partition_key, sort_key = _keys(node.at("KeySchema"), kinds)
    projection = node.at("Projection")
    return Index(
        name=node.at("IndexName").text(),
        partition_key=partition_key,
        sort_key=sort_key,
        projection=projection.at("ProjectionType").text("ALL"),
        attributes=projection.at("NonKeyAttributes").texts(),
    )


def _keys(schema: Node, kinds: Mapping[str, str]) -> tuple[KeyAttribute, KeyAttribute | None]:
    keys: dict[str, KeyAttribute] = {}
    for item in schema.items():
        name = item.at("AttributeName").text()
        if name not in kinds:
            raise TemplateError(f"{item.path}: {name} is missing from AttributeDefinitions")
        keys[item.at("KeyType").text()] = KeyAttribute(name, kinds[name])
    if "HASH" not in keys:
        raise TemplateError(f"{schema.path}: expected a key of type HASH")
    return keys["HASH"], keys.get("RANGE")
