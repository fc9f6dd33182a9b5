"""The declared system: functions, routes, tables, buckets, topics, queues and rules, every reference resolved."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Durable:
    """Durable execution settings of a function; both are limits of one execution."""

    execution_timeout_seconds: int
    retention_days: int


@dataclass(frozen=True, slots=True)
class Logging:
    """How Lambda's runtime writes a function's log records: `Text` or `JSON`, the latter from a level on."""

    log_format: str = "Text"
    level: str | None = None


@dataclass(frozen=True, slots=True)
class Function:
    """One Lambda function. `name` is what an Invoke calls it, `arn` carries no qualifier."""

    logical_id: str
    name: str
    arn: str
    handler: str
    code: Path
    layers: tuple[Path, ...]
    environment: Mapping[str, str]
    timeout_seconds: int
    memory_mb: int
    alias: str | None
    durable: Durable | None
    logging: Logging = Logging()
    version: str = "1"

    @property
    def qualified_arn(self) -> str:
        """The ARN callers use: of the alias when one is published, else of the function."""
        return f"{self.arn}:{self.alias}" if self.alias else self.arn


@dataclass(frozen=True, slots=True)
class JwtAuthorizer:
    """A JWT authorizer. On AWS the issuer is Cognito; locally the development issuer takes its place."""

    name: str
    issuer: str
    audience: tuple[str, ...]
    identity_source: str


@dataclass(frozen=True, slots=True)
class Route:
    """`method` is upper case or `ANY`; `path` is a template (`/orders/{orderId}`) or `$default`."""

    method: str
    path: str
    function: str
    authorizer: JwtAuthorizer | None
    scopes: tuple[str, ...]

    @property
    def key(self) -> str:
        """The route key of payload v2: `GET /orders`, or `$default`."""
        return self.path if self.path == "$default" else f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Cors:
    """Cross-origin rules of the HTTP API, as API Gateway applies them."""

    allow_origins: tuple[str, ...] = ()
    allow_methods: tuple[str, ...] = ()
    allow_headers: tuple[str, ...] = ()
    expose_headers: tuple[str, ...] = ()
    allow_credentials: bool = False
    max_age_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Throttling:
    """How many requests a route takes a second, and how many of them at once."""

    per_second: float
    burst: int


@dataclass(frozen=True, slots=True)
class HttpApi:
    """The one HTTP API: its id, routes, cross-origin rules, and the limits of each route."""

    api_id: str
    routes: tuple[Route, ...]
    cors: Cors | None
    throttling: Throttling | None = None


@dataclass(frozen=True, slots=True)
class KeyAttribute:
    """A key attribute of a table or index; `kind` is DynamoDB's S, N or B."""

    name: str
    kind: str


@dataclass(frozen=True, slots=True)
class Index:
    """A global secondary index. `projection` is ALL, KEYS_ONLY or INCLUDE, then with `attributes`."""

    name: str
    partition_key: KeyAttribute
    sort_key: KeyAttribute | None
    projection: str
    attributes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A DynamoDB table; `ttl_attribute` holds epoch seconds when the template enables expiry."""

    logical_id: str
    name: str
    arn: str
    partition_key: KeyAttribute
    sort_key: KeyAttribute | None
    indexes: tuple[Index, ...]
    ttl_attribute: str | None


@dataclass(frozen=True, slots=True)
class Bucket:
    """An S3 bucket."""

    logical_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Subscription:
    """Who hears a topic: SNS's own protocol and endpoint words."""

    protocol: str
    endpoint: str


@dataclass(frozen=True, slots=True)
class Topic:
    """An SNS topic with its subscriptions."""

    logical_id: str
    name: str
    arn: str
    subscriptions: tuple[Subscription, ...]


@dataclass(frozen=True, slots=True)
class Queue:
    """An SQS queue; what was received `maximum_receives` times goes to `dead_letter_arn`."""

    logical_id: str
    name: str
    arn: str
    visibility_seconds: int
    retention_seconds: int
    dead_letter_arn: str | None
    maximum_receives: int


@dataclass(frozen=True, slots=True)
class EventSource:
    """A queue whose messages a function takes in batches; `names_failures` is ReportBatchItemFailures."""

    logical_id: str
    queue_name: str
    queue_arn: str
    function_arn: str
    batch_size: int
    names_failures: bool


@dataclass(frozen=True, slots=True)
class Target:
    """Where a rule sends an event; `dead_letter_arn` takes what could not be delivered."""

    target_id: str
    arn: str
    dead_letter_arn: str | None
    maximum_retries: int


@dataclass(frozen=True, slots=True)
class Rule:
    """An EventBridge rule on the default bus; `pattern` is the JSON event pattern."""

    logical_id: str
    name: str
    pattern: Mapping[str, object]
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class Template:
    """Everything the local stack stands up. `folder` is where the template and its code live."""

    folder: Path
    region: str
    account: str
    parameters: Mapping[str, str]
    functions: tuple[Function, ...]
    http_api: HttpApi
    tables: tuple[Table, ...]
    buckets: tuple[Bucket, ...]
    topics: tuple[Topic, ...]
    rules: tuple[Rule, ...]
    response_headers: Mapping[str, str]
    queues: tuple[Queue, ...] = ()
    event_sources: tuple[EventSource, ...] = ()

    def function(self, reference: str) -> Function | None:
        """Find a function by name or ARN, bare or with a qualifier that exists; None when there is none."""
        for function in self.functions:
            names = (function.name, function.arn)
            qualifiers = ("", ":$LATEST", f":{function.version}", f":{function.alias}")
            if any(reference == name + qualifier for name in names for qualifier in qualifiers):
                return function
        return None
