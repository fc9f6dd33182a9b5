"""The catalogue and the policy that ship with the layer, read and validated once in a process."""

from __future__ import annotations

import json
from functools import cache, partial
from importlib.resources import files
from typing import Any

from orders.domain.catalogue import Catalogue, catalogue_from_json
from orders.domain.errors import InvalidReferenceDataError
from orders.domain.policy import Policy, policy_from_json


@cache
def load_catalogue() -> Catalogue:
    """Return the goods; raise InvalidReferenceDataError naming the place that is wrong."""
    return catalogue_from_json(_json("catalogue.json"))


@cache
def load_policy() -> Policy:
    """Return the tiers; raise InvalidReferenceDataError naming the place that is wrong."""
    return policy_from_json(_json("policy.json"))


def _json(name: str) -> Any:
    try:
        text = files("orders.reference").joinpath(name).read_text(encoding="utf-8")
        return json.loads(text, object_pairs_hook=partial(_object, name))
    except (OSError, ValueError) as error:
        raise InvalidReferenceDataError(f"orders/reference/{name}: cannot be read as JSON: {error}") from error


def _object(name: str, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; of two members with one name Python would drop the first silently."""
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(key for key, _ in pairs if [other for other, _ in pairs].count(key) > 1)
        raise InvalidReferenceDataError(f"orders/reference/{name}: {twice} must not occur twice in one object")
    return found
