"""What can be ordered and at what price. The goods are data (`orders/reference/catalogue.json`), validated here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from orders.domain.model import Sku
from orders.domain.reference import Entry

MAX_SKU_LENGTH = 64
MAX_SERIES = 9999
_EVERY_GOOD = ("name", "unitPrice", "digital")


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


def catalogue_from_json(data: object) -> Catalogue:
    """Read the catalogue, spelling out its series; raise InvalidReferenceDataError naming the place that is wrong."""
    given = Entry("orders/reference/catalogue.json", data).members(
        "version", "currency", "defaultStock", "goods", "series"
    )
    default_stock = given["defaultStock"].whole_number(0)
    goods: dict[Sku, Good] = {}
    for entry in given["goods"].entries():
        _add(goods, entry, _good(entry, default_stock))
    for entry in given["series"].entries():
        for good in _series(entry, default_stock):
            _add(goods, entry, good)
    return Catalogue(given["version"].text(), given["currency"].currency(), goods)


def _add(goods: dict[Sku, Good], entry: Entry, good: Good) -> None:
    if good.sku in goods:
        raise entry.wrong(f"must have another sku: {good.sku} is there already")
    goods[good.sku] = good


def _good(entry: Entry, default_stock: int) -> Good:
    given = entry.members("sku", *_EVERY_GOOD, optional=("stock",))
    return Good(Sku(given["sku"].text(MAX_SKU_LENGTH)), given["name"].text(), *_terms(given, default_stock))


def _series(entry: Entry, default_stock: int) -> list[Good]:
    """Spell out numbered goods, such as BULK-0001 to BULK-1000."""
    given = entry.members("prefix", "count", *_EVERY_GOOD, optional=("stock",))
    prefix, name = given["prefix"].text(MAX_SKU_LENGTH - len("0001")), given["name"].text()
    numbers, terms = range(1, given["count"].whole_number(1, MAX_SERIES) + 1), _terms(given, default_stock)
    return [Good(Sku(f"{prefix}{number:04}"), f"{name} {number}", *terms) for number in numbers]


def _terms(given: Mapping[str, Entry], default_stock: int) -> tuple[int, bool, int]:
    """Return the price, whether the good is digital, and the stock."""
    stock = given["stock"].whole_number(0) if "stock" in given else default_stock
    return given["unitPrice"].whole_number(1), given["digital"].flag(), stock
