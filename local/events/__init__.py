"""Events of the stack and the rules of the template that take them to functions."""

from local.events.bus import EventBus
from local.events.pattern import PatternError, matches

__all__ = ["EventBus", "PatternError", "matches"]
