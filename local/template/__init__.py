"""What the deployment template declares, as typed and frozen descriptions.

`read(path)` is the way in; every other part of the local stack is driven by the `Template` it returns.
"""

from local.template.document import TemplateError
from local.template.model import (
    Bucket,
    Cors,
    Durable,
    EventSource,
    Function,
    HttpApi,
    Index,
    JwtAuthorizer,
    KeyAttribute,
    Queue,
    Route,
    Rule,
    Subscription,
    Table,
    Target,
    Template,
    Throttling,
    Topic,
)
from local.template.reader import read

__all__ = [
    "Bucket",
    "Cors",
    "Durable",
    "EventSource",
    "Function",
    "HttpApi",
    "Index",
    "JwtAuthorizer",
    "KeyAttribute",
    "Queue",
    "Route",
    "Rule",
    "Subscription",
    "Table",
    "Target",
    "Template",
    "TemplateError",
    "Throttling",
    "Topic",
    "read",
]
