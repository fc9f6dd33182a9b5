"""Delivery of events to the functions that rules name, at least once."""

import asyncio
import json
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.disk import append_line
from local.environments import Invoke, UnknownFunctionError
from local.events.pattern import PatternError, matches
from local.template import Rule, Target, TemplateError

logger = logging.getLogger(__name__)

PAUSES = (1.0, 4.0)
"""Seconds before the second and the third attempt; Lambda makes as many, a minute and two minutes apart."""


@dataclass(frozen=True, slots=True)
class EventBus:
    """The default event bus: its rules, and where events go that no function would take.

    `dead_letters` is a file of JSON lines: what the targets' dead-letter queues hold on AWS.
    """

    rules: Sequence[Rule]
    invoke: Invoke
    dead_letters: Path
    pauses: tuple[float, ...] = PAUSES

    def __post_init__(self) -> None:
        """Refuse rules that could not be followed.

        Raises TemplateError.
        """
        for rule in self.rules:
            try:
                matches(rule.pattern, {})
            except PatternError as error:
                raise TemplateError(f"{rule.logical_id}.EventPattern: {error}") from error

    async def deliver(self, event: dict[str, Any]) -> None:
        """Take an event to every target of every rule that wants it.

        Returns when each target has run, or its event is among the dead letters. Raises OSError when that file cannot
        be written: the event then has to be delivered again.
        """
        wanted = [(rule, target) for rule in self.rules if matches(rule.pattern, event) for target in rule.targets]
        outcomes = await asyncio.gather(*(self._run(rule, target, event) for rule, target in wanted))
        for error in outcomes:
            if error is not None:
                raise error

    async def _run(self, rule: Rule, target: Target, event: dict[str, Any]) -> OSError | None:
        """One target's share; a dead letter that could not be written is returned, so that the others are heard."""
        failure = ""
        for pause in (*self.pauses, None):
            failed = await self._attempt(target, event)
            if failed is None:
                return None
            failure = failed
            logger.warning("%s did not take event %s: %s", target.arn, event.get("id"), failure)
            if pause is not None:
                await asyncio.sleep(pause)
        try:
            self._give_up(rule, target, event, failure)
        except OSError as error:
            return error
        return None

    async def _attempt(self, target: Target, event: dict[str, Any]) -> str | None:
        """Run a target's function once; what went wrong, or None."""
        try:
            outcome = await self.invoke(target.arn, json.dumps(event).encode())
        except UnknownFunctionError:
            return "there is no such function"
        return None if outcome.function_error is None else outcome.payload.decode(errors="replace")

    def _give_up(self, rule: Rule, target: Target, event: dict[str, Any], failure: str) -> None:
        letter = {"at": time.time(), "rule": rule.name, "target": target.arn, "error": failure, "event": event}
        self.dead_letters.parent.mkdir(parents=True, exist_ok=True)
        append_line(self.dead_letters, json.dumps(letter))
        logger.error("event %s for %s is in %s", event.get("id"), target.arn, self.dead_letters)
