"""The configuration as one typed value. `Settings.from_env` is the only reader of environment variables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from orders.domain.errors import InvalidReferenceDataError
from orders.domain.policy import Waits

LARGEST: Mapping[str, int] = {
    "SHARDS": 64,
    "DECISION_WINDOW_SECONDS": 604_800,
    "REMINDER_SECONDS": 604_800,
    "ESCALATION_SECONDS": 604_800,
    "COOLING_OFF_SECONDS": 259_200,
    "CLAIM_SECONDS": 259_200,
    "BEAT_SECONDS": 3_600,
}
"""The upper bound of each number. The template's parameters have the same bounds; the lower bound is 1."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What template.yaml hands to a function. A function that does not use a resource is not given its name."""

    orders_table: str
    requests_table: str
    documents_bucket: str
    messages_topic_arn: str
    workflow_arn: str
    notifier_arn: str
    shards: int
    waits: Waits

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Settings:
        """Read the settings; raise InvalidReferenceDataError naming the variable that cannot be used."""
        return cls(
            orders_table=env.get("ORDERS_TABLE", ""),
            requests_table=env.get("REQUESTS_TABLE", ""),
            documents_bucket=env.get("DOCUMENTS_BUCKET", ""),
            messages_topic_arn=env.get("MESSAGES_TOPIC_ARN", ""),
            workflow_arn=env.get("WORKFLOW_ARN", ""),
            notifier_arn=env.get("NOTIFIER_ARN", ""),
            shards=_whole_number(env, "SHARDS", 1),
            waits=Waits(
                window=_whole_number(env, "DECISION_WINDOW_SECONDS", 259_200),
                reminder=_whole_number(env, "REMINDER_SECONDS", 86_400),
                escalation=_whole_number(env, "ESCALATION_SECONDS", 172_800),
                cooling_off=_whole_number(env, "COOLING_OFF_SECONDS", 86_400),
                claim=_whole_number(env, "CLAIM_SECONDS", 259_200),
                beat=_whole_number(env, "BEAT_SECONDS", 300),
            ),
        )


def _whole_number(env: Mapping[str, str], name: str, default: int) -> int:
    """Read a number as the template's parameters do: decimal digits only, within the bounds."""
    text, largest = env.get(name, str(default)), LARGEST[name]
    # Few digits first: int() refuses thousands of them with a message of its own.
    if not re.fullmatch("[1-9][0-9]{0,9}", text) or int(text) > largest:
        message = f"{name} must be a whole number from 1 to {largest}, not {text!r}"
        raise InvalidReferenceDataError(message)
    return int(text)
