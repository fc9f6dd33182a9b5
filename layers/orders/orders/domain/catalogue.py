"""What can be ordered and at what price. The goods are data (`orders/reference/catalogue.json`), validated here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orders.domain.errors import InvalidReferenceDataError
from orders.domain.model import Sku


@dataclass(frozen=True, slots=True)
class Good:
    """One thing for sale; `unit_price` in cents of the catalogue's currency, `stock` what the sandbox starts with."""

    sku: Sku
    name: str
    unit_price: int
    digital: bool
    stock: int


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Every good by SKU, in one currency, under a version that each order's document records."""

    version: str
    currency: str
    goods: Mapping[Sku, Good]


def catalogue_from_json(data: Mapping[str, Any]) -> Catalogue:
    """Read the catalogue, spelling out its series; raise InvalidReferenceDataError naming what is wrong."""
    try:
        goods = [_good(entry, data["defaultStock"]) for entry in [*data["goods"], *_series(data["series"])]]
        catalogue = Catalogue(str(data["version"]), str(data["currency"]), {good.sku: good for good in goods})
    except (KeyError, TypeError, ValueError) as error:
        message = f"catalogue: {error!r} is missing or not usable"
        raise InvalidReferenceDataError(message) from error
    if len(catalogue.goods) != len(goods):
        message = "catalogue: every sku must be unique"
        raise InvalidReferenceDataError(message)
    return catalogue


def _good(entry: Mapping[str, Any], default_stock: int) -> Good:
    good = Good(
        Sku(str(entry["sku"])),
        str(entry["name"]),
        int(entry["unitPrice"]),
        bool(entry["digital"]),
        int(entry.get("stock", default_stock)),
    )
    if good.unit_price <= 0 or good.stock < 0:
        message = f"unitPrice or stock of {good.sku}"
        raise ValueError(message)
    return good


def _series(series: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Spell out numbered goods, such as BULK-0001 to BULK-1000."""
    return [
        {**entry, "sku": f"{entry['prefix']}{number:04}", "name": f"{entry['name']} {number}"}
        for entry in series
        for number in range(1, int(entry["count"]) + 1)
    ]
