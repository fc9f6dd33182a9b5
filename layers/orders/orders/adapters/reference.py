"""The catalogue and the policy that ship with the layer, read and validated once in a process."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

from orders.domain.catalogue import Catalogue, catalogue_from_json
from orders.domain.policy import Policy, policy_from_json


@cache
def load_catalogue() -> Catalogue:
    """Return the goods; raise InvalidReferenceDataError naming what is wrong with them."""
    return catalogue_from_json(_json("catalogue.json"))


@cache
def load_policy() -> Policy:
    """Return the tiers; raise InvalidReferenceDataError naming what is wrong with them."""
    return policy_from_json(_json("policy.json"))


def _json(name: str) -> Any:
    return json.loads(files("orders.reference").joinpath(name).read_text(encoding="utf-8"))
