"""The configuration as one typed value. `Settings.from_env` is the only reader of environment variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orders.domain.errors import InvalidReferenceDataError
from orders.domain.policy import Waits


@dataclass(frozen=True, slots=True)
class Settings:
    """What template.yaml hands to a function. A function that does not use a resource is not given its name."""

    orders_table: str
    requests_table: str
    documents_bucket: str
    messages_topic_arn: str
    workflow_arn: str
    notifier_arn: str
    currency: str
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
            currency=env.get("CURRENCY", "EUR"),
            shards=_positive(env, "SHARDS", 1),
            waits=Waits(
                window=_positive(env, "DECISION_WINDOW_SECONDS", 259_200),
                reminder=_positive(env, "REMINDER_SECONDS", 86_400),
                escalation=_positive(env, "ESCALATION_SECONDS", 172_800),
                cooling_off=_positive(env, "COOLING_OFF_SECONDS", 86_400),
                claim=_positive(env, "CLAIM_SECONDS", 259_200),
                beat=_positive(env, "BEAT_SECONDS", 300),
            ),
        )


def _positive(env: Mapping[str, str], name: str, default: int) -> int:
    text = env.get(name, str(default))
    if not text.isdecimal() or int(text) < 1:
        message = f"{name} must be a whole number of at least 1, not {text!r}"
        raise InvalidReferenceDataError(message)
    return int(text)
