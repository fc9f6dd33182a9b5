"""What people do on the page, by what they can see: the small steps that journeys are made of."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, Page, expect

ONE_LEVEL = re.compile("^Needs a manager €")


def act_as(page: Page, identity: str) -> None:
    """Switch the tab to another person."""
    page.get_by_label("Acting as").select_option(identity)


def place_example(page: Page, base_url: str, example: str | re.Pattern[str]) -> None:
    """Place one of the example orders and arrive at it."""
    page.goto(f"{base_url}/#/new")
    page.get_by_role("button", name=example).click()
    page.get_by_role("button", name="Place order").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Order o")


def approve(page: Page, identity: str) -> None:
    """Sign the order on the page as somebody."""
    act_as(page, identity)
    page.get_by_role("button", name="Approve", exact=True).click()
    page.get_by_role("button", name="Approve €").click()
    expect(page.get_by_role("region", name="Signatures").get_by_text(identity)).to_be_visible()


def summary(page: Page) -> Locator:
    """The part of an order's page that says how it stands."""
    return page.get_by_role("region", name="Summary")


def short_id(page: Page) -> str:
    """The part of the order's id that lists show."""
    return page.url.rpartition("/")[2][:9]


def operations(page: Page) -> Locator:
    """The rows of the execution timeline."""
    return page.get_by_role("list", name="Operations").get_by_role("listitem")
