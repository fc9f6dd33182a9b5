"""The contract of the quota counters: claimed under a limit and once for each key, given back once."""

from collections.abc import Callable
from functools import partial

import pytest

from orders.adapters.sandbox import SandboxWarehouse
from orders.domain.errors import TransientFaultError
from orders.domain.model import Sku
from orders.domain.quotas import Claim
from tests.adapters.stand import Adapters, at_once, items

PAT, KIM = "requester-pat", "requester-kim"
MOST = 10


def claim(adapters: Adapters, key: str, amount: int, *, requester: str = PAT) -> tuple[str, ...]:
    """Claim so much of one counter, whose limit is ten."""
    return adapters.quotas.claim(key, requester, {"units": Claim(amount, MOST)})


def used(adapters: Adapters, requester: str = PAT) -> int:
    """What the counter has come to."""
    return adapters.quotas.used(requester, ["units"]).get("units", 0)


def test_a_claim_counts_once_however_often_it_is_made(adapters: Adapters) -> None:
    for _ in range(3):
        assert claim(adapters, "order-1:0", 4) == ()

    assert used(adapters) == 4


def test_claims_may_come_to_the_limit_and_not_beyond(adapters: Adapters) -> None:
    assert claim(adapters, "order-1:0", 6) == ()
    assert claim(adapters, "order-2:0", 5) == ("units",)
    assert claim(adapters, "order-2:0", 4) == ()
    assert claim(adapters, "order-3:0", 1) == ("units",)

    assert used(adapters) == MOST


@pytest.mark.parametrize("before", [0, 1])
def test_a_claim_larger_than_the_limit_is_refused(before: int, adapters: Adapters) -> None:
    """Also by a counter that is not there yet."""
    if before:
        claim(adapters, "order-1:0", before)

    assert claim(adapters, "order-2:0", MOST + 1) == ("units",)
    assert used(adapters) == before


def test_a_claim_is_made_as_a_whole_or_not_at_all(adapters: Adapters) -> None:
    """The answer names every counter that is too full, by name."""
    adapters.quotas.claim("order-1:0", PAT, {"b": Claim(1, 1), "d": Claim(2, 2)})
    wanted = {"d": Claim(1, 2), "c": Claim(1, 1), "b": Claim(1, 1), "a": Claim(1, 1)}

    assert adapters.quotas.claim("order-2:0", PAT, wanted) == ("b", "d")
    assert adapters.quotas.used(PAT, ["a", "b", "c", "d"]) == {"b": 1, "d": 2}


def test_each_requester_has_counters_of_their_own(adapters: Adapters) -> None:
    assert claim(adapters, "order-1:0", MOST) == ()
    assert claim(adapters, "order-2:0", MOST, requester=KIM) == ()

    assert (used(adapters), used(adapters, KIM)) == (MOST, MOST)


def test_a_release_gives_back_exactly_what_was_claimed_and_once(adapters: Adapters) -> None:
    claim(adapters, "order-1:0", 4)
    claim(adapters, "order-2:0", 3)
    for _ in range(3):
        adapters.quotas.release("order-1:0")

    assert used(adapters) == 3
    assert claim(adapters, "order-3:0", 7) == ()


def test_a_released_key_can_never_claim(adapters: Adapters) -> None:
    """A worker that was slow, and goes on after the order has ended, holds nothing."""
    claim(adapters, "order-1:0", 4)
    adapters.quotas.release("order-1:0")
    adapters.quotas.release("order-2:0")

    assert claim(adapters, "order-1:0", 4) == ("units",)
    assert claim(adapters, "order-2:0", 4) == ("units",)
    assert used(adapters) == 0


def test_a_claim_that_was_refused_gives_nothing_back(adapters: Adapters) -> None:
    claim(adapters, "order-1:0", MOST)
    assert claim(adapters, "order-2:0", 1) == ("units",)
    adapters.quotas.release("order-2:0")

    assert used(adapters) == MOST


def test_more_counters_than_one_batch_are_read(adapters: Adapters) -> None:
    names = [f"good-{number:03}" for number in range(150)]
    for at in range(0, len(names), 50):
        adapters.quotas.claim(f"order-1:{at}", PAT, {name: Claim(1, 1) for name in names[at : at + 50]})

    assert adapters.quotas.used(PAT, [*names, "another"]) == dict.fromkeys(names, 1)


def test_fifty_one_counters_fit_into_one_claim(adapters: Adapters) -> None:
    """Fifty goods and the place among the open orders: what the first chunk of a large order claims."""
    claims = {f"good-{number:02}": Claim(number, 50) for number in range(1, 52)}

    assert adapters.quotas.claim("order-1:0", PAT, claims) == ("good-51",)
    assert adapters.quotas.claim("order-1:0", PAT, claims | {"good-51": Claim(50, 50)}) == ()


# --- races -----------------------------------------------------------------------------------------------------------


def insisting(call: Callable[[], tuple[str, ...]]) -> Callable[[], tuple[str, ...]]:
    """Make the call again, as a step does, when another write was in its way."""

    def insist() -> tuple[str, ...]:
        while True:
            try:
                return call()
            except TransientFaultError:
                continue

    return insist


def test_orders_placed_at_once_come_to_the_limit_and_not_beyond(adapters: Adapters) -> None:
    calls = [insisting(partial(claim, adapters, f"order-{number}:0", 3)) for number in range(12)]
    answers = at_once(calls)

    assert sorted(map(str, answers)) == ["('units',)"] * 9 + ["()"] * 3
    assert used(adapters) == 9


def test_a_claim_and_its_release_at_once_leave_nothing(adapters: Adapters) -> None:
    """A release that comes before the claim closes the key."""

    def release(key: str) -> tuple[str, ...]:
        adapters.quotas.release(key)
        return ()

    keys = [f"order-{number}:0" for number in range(10)]
    claims = [insisting(partial(claim, adapters, key, 1)) for key in keys]
    releases = [insisting(partial(release, key)) for key in keys]
    at_once([*claims, *releases])
    for key in keys:
        adapters.quotas.release(key)

    assert used(adapters) == 0


# --- in the table ----------------------------------------------------------------------------------------------------


def test_claims_lie_beside_reservations_of_the_same_key(aws: Adapters) -> None:
    """Neither is taken for the other."""
    assert isinstance(aws.warehouse, SandboxWarehouse)
    aws.warehouse.reserve("order-1:0", {Sku("ATLAS-ED"): 1})
    claim(aws, "order-1:0", 4)
    aws.warehouse.release("order-1:0", {})

    kept = {(item["pk"]["S"], item["sk"]["S"]): item.get("state", item.get("used")) for item in items()}
    assert kept["RESERVATION#order-1:0", "RESERVATION"] == {"S": "released"}
    assert kept["CLAIM#order-1:0", "CLAIM"] == {"S": "reserved"}
    assert kept[f"QUOTA#{PAT}", "units"] == {"N": "4"}
