"""The order sheet under real hands: files, typing mistakes, examples over a draft, errors far down, two tabs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.browser.fake_server import Answer, Script, serving
from tests.browser.samples import a_catalogue, a_script

OpenPage = Callable[..., Page]
GOODS = 80


@pytest.fixture
def script() -> Script:
    """A server at which everything works, with many goods."""
    bulk = [
        {"sku": f"BULK-{number:04}", "name": f"Bulk {number}", "unitPrice": 10, "digital": True, "available": True}
        for number in range(GOODS)
    ]
    script = a_script()
    goods = [item for item in a_catalogue()["items"] if not item["sku"].startswith("BULK")]
    script.on("GET /catalogue", Answer({"currency": "EUR", "items": goods + bulk}))
    return script


@pytest.fixture
def sheet(script: Script, open_page: OpenPage) -> Iterator[Page]:
    """An empty order sheet with the import of a file opened."""
    with serving(script) as url:
        page = open_page(f"{url}/#/new")
        page.get_by_role("button", name="Take the lines from a CSV file").click()
        yield page


def choose(page: Page, content: str | bytes, name: str = "order.csv") -> None:
    """Choose a file of this content."""
    buffer = content.encode() if isinstance(content, str) else content
    file = FilePayload(name=name, mimeType="text/csv", buffer=buffer)
    page.get_by_label("Lines from a CSV file").set_input_files(file)


def lines(page: Page) -> Locator:
    """The lines on the sheet."""
    return page.get_by_role("list", name="Lines", exact=True).get_by_role("listitem")


def quantity(page: Page, name: str) -> Locator:
    """The input for the quantity of a good."""
    return page.get_by_label(f"Quantity of {name}", exact=True)


def test_a_file_is_previewed_and_taken_with_the_keyboard(sheet: Page) -> None:
    """The preview takes the focus, names each line that cannot be used, and gives it back; cancel changes nothing."""
    content = "JUNO-MAIL,3\nGHOST,1\nFJORD-DB,2\nJUNO-MAIL,1,000\nJUNO-MAIL,4\nFJORD-DB,1.5\nSOLD-OUT,many\n"
    control = sheet.get_by_label("Lines from a CSV file")
    preview = sheet.get_by_role("group", name="3 of 7 lines can be used.")
    for button, told, count in (("Cancel", "The file was not used.", 0), ("Take 3 lines", "3 lines taken", 2)):
        choose(sheet, content)
        expect(preview).to_be_focused()
        mistakes = preview.get_by_role("list", name="Lines that cannot be used").get_by_role("listitem")
        expect(mistakes).to_have_text([re.compile(f"^Line {number}: ") for number in (2, 4, 6, 7)])
        expect(lines(sheet)).to_have_count(0)
        for _ in range(1 if button.startswith("Take") else 2):
            sheet.keyboard.press("Tab")
        expect(sheet.get_by_role("button", name=button)).to_be_focused()
        sheet.keyboard.press("Enter")
        expect(preview).to_have_count(0)
        expect(control).to_be_focused()
        expect(sheet.get_by_role("status")).to_contain_text(told)
        expect(lines(sheet)).to_have_count(count)
    expect(quantity(sheet, "Juno mailbox, one year")).to_have_value("7")


def test_a_file_without_a_line_that_can_be_used_cannot_be_taken(sheet: Page) -> None:
    """There is only a way out, and the list of mistakes ends."""
    choose(sheet, "".join(f"GHOST-{number};1\n" for number in range(2_500)))
    preview = sheet.get_by_role("group", name="0 of 2,500 lines can be used.")
    expect(preview.get_by_role("button")).to_have_text(["Cancel"])
    expect(preview.get_by_role("listitem")).to_have_count(11)
    expect(preview.get_by_role("listitem").last).to_have_text("and 2,490 more lines that cannot be used.")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The file is empty."),
        (b"PK\x03\x04\x14\x00\x06\x00", "Excel workbook"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "not a text file"),
        (b"x" * 5_000_001, "larger than 5 MB"),
        (b'JUNO-MAIL,"3\n', "Line 1 opens a quote"),
        (b"JUNO-MAIL,1\n" * 10_001, "The file has 10,001 lines."),
    ],
)
def test_a_file_that_is_none_is_named_as_such(sheet: Page, content: bytes, words: str) -> None:
    """The control says what is wrong, the sheet keeps its lines, and the next file may be right."""
    choose(sheet, "JUNO-MAIL,3\n")
    sheet.get_by_role("button", name="Take 1 line").click()
    choose(sheet, content)
    control = sheet.get_by_label("Lines from a CSV file")
    expect(control).to_have_attribute("aria-invalid", "true")
    expect(control).to_have_accessible_description(re.compile(words))
    expect(sheet.get_by_role("status")).to_contain_text("The file cannot be used.")
    expect(quantity(sheet, "Juno mailbox, one year")).to_have_value("3")
    choose(sheet, "JUNO-MAIL\t5\n".encode("utf-16"))
    expect(sheet.get_by_role("group", name="1 of 1 line can be used.")).to_be_focused()
    expect(control).not_to_have_attribute("aria-invalid", "true")


def test_the_name_of_a_file_is_text(sheet: Page) -> None:
    """Neither markup nor a change of direction in a name or a cell reaches beyond it."""
    choose(sheet, "<b>GHOST</b>\u202e,1\nJUNO-MAIL,1\n", "<b>\u202evsc.csv")
    preview = sheet.get_by_role("group")
    expect(preview.locator("bdi")).to_have_text(["<b>\u202evsc.csv", '"<b>GHOST</b>\u202e" is not in the catalogue.'])
    assert preview.locator("b").count() == 0


def test_every_error_leads_to_its_own_line(sheet: Page, script: Script) -> None:
    """The eleventh line is not the second, and a line past the fiftieth is there when its error is."""
    pointers = ("/lines/1/quantity", "/lines/10", "/lines/73/sku", "/currency")
    errors = [{"pointer": pointer, "detail": f"Wrong at {pointer}."} for pointer in pointers]
    script.on("POST /orders", Answer({"code": "validation", "detail": "Wrong.", "errors": errors}, 422))
    choose(sheet, "".join(f"BULK-{number:04},2\n" for number in range(GOODS)))
    sheet.get_by_role("button", name=f"Take {GOODS} lines").click()
    expect(lines(sheet)).to_have_count(50)
    sheet.get_by_role("button", name="Place order").click()
    for number, pointer in ((73, "/lines/73/sku"), (10, "/lines/10"), (1, "/lines/1/quantity")):
        sheet.get_by_role("button", name=f"Bulk {number}: Wrong at {pointer}.").click()
        expect(quantity(sheet, f"Bulk {number}")).to_be_focused()
        expect(quantity(sheet, f"Bulk {number}")).to_have_accessible_description(f"Wrong at {pointer}.")
    expect(sheet.get_by_role("list", name="What to correct")).to_contain_text("Wrong at /currency.")
    sheet.get_by_role("button", name="Remove Bulk 0", exact=True).click()
    expect(quantity(sheet, "Bulk 10")).to_have_attribute("aria-invalid", "true")
    expect(quantity(sheet, "Bulk 11")).not_to_have_attribute("aria-invalid", "true")
    for number in (10, 73):
        quantity(sheet, f"Bulk {number}").fill("")
        quantity(sheet, f"Bulk {number}").press_sequentially("34")
        expect(quantity(sheet, f"Bulk {number}")).to_have_value("34")
        expect(sheet.get_by_role("button", name=f"Bulk {number}: ")).to_have_count(0)


def test_only_the_first_errors_are_listed(sheet: Page, script: Script) -> None:
    """Twenty ways to twenty lines, and how many more there are."""
    errors = [{"pointer": f"/lines/{index}/sku", "detail": "Wrong."} for index in range(GOODS)]
    script.on("POST /orders", Answer({"code": "validation", "detail": "Wrong.", "errors": errors}, 422))
    choose(sheet, "".join(f"BULK-{number:04},2\n" for number in range(GOODS)))
    sheet.get_by_role("button", name=f"Take {GOODS} lines").click()
    sheet.get_by_role("button", name="Place order").click()
    listed = sheet.get_by_role("list", name="What to correct").get_by_role("listitem")
    expect(listed).to_have_count(21)
    expect(listed.last).to_have_text("and 60 more mistakes. Correct these first.")


def test_lines_past_the_fiftieth_can_be_reached(sheet: Page) -> None:
    """More of them on request, the first of those focused; all can be removed, and brought back."""
    choose(sheet, "".join(f"BULK-{number:04},2\n" for number in range(GOODS)))
    sheet.get_by_role("button", name=f"Take {GOODS} lines").click()
    sheet.get_by_role("button", name="Show 30 more").click()
    expect(quantity(sheet, "Bulk 50")).to_be_focused()
    expect(lines(sheet)).to_have_count(GOODS)
    sheet.reload()
    sheet.get_by_role("button", name="Remove all lines").click()
    expect(lines(sheet)).to_have_count(0)
    sheet.get_by_role("button", name="Bring it back").click()
    expect(lines(sheet)).to_have_count(50)


@pytest.mark.parametrize("typed", ["1o0", "12,5", "1,000", ""])
def test_a_quantity_that_is_none_stays_as_typed_and_is_not_sent(sheet: Page, script: Script, typed: str) -> None:
    """Letter by letter it stays; the field says what is wrong; placing leads there; a reload keeps it."""
    sheet.get_by_role("button", name="Add Juno mailbox, one year").click()
    field = quantity(sheet, "Juno mailbox, one year")
    field.fill("")
    field.press_sequentially(typed)
    expect(field).to_have_value(typed)
    sheet.reload()
    expect(field).to_have_value(typed)
    sheet.get_by_role("button", name="Place order").click()
    sheet.get_by_role("list", name="What to correct").get_by_role("button", name="Juno mailbox, one year: ").click()
    expect(field).to_be_focused()
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_accessible_description(re.compile(re.escape(typed) if typed else "Enter a quantity"))
    assert script.times_heard("POST /orders") == 0
    field.fill("12")
    expect(field).not_to_have_attribute("aria-invalid", "true")
    sheet.get_by_role("button", name="Place order").click()
    expect(sheet.get_by_role("list", name="What to correct")).to_have_count(0)
    assert [body["lines"] for method, _, _, body in script.heard if method == "POST"] == [
        [{"sku": "JUNO-MAIL", "quantity": 12}]
    ]


def test_an_example_over_a_draft_can_be_undone(sheet: Page) -> None:
    """What was typed comes back whole, also after a second example; an empty sheet has nothing to bring back."""
    bring_back = sheet.get_by_role("button", name="Bring it back")
    examples = sheet.get_by_role("region", name="Start from an example").get_by_role("button")
    examples.nth(0).click()
    expect(sheet.get_by_label("Customer")).to_have_value("acme")
    expect(bring_back).to_have_count(0)
    sheet.get_by_label("Customer").fill("typed by hand")
    examples.nth(1).click()
    examples.nth(0).click()
    expect(sheet.get_by_label("Customer")).to_have_value("acme")
    bring_back.click()
    expect(sheet.get_by_label("Customer")).to_have_value("typed by hand")
    expect(lines(sheet)).to_have_count(1)


def test_an_example_stays_under_the_pointer(sheet: Page) -> None:
    """A click moves nothing, so that a double click takes one example; a key moves on to the sheet."""
    sheet.set_viewport_size({"width": 320, "height": 600})
    example = sheet.get_by_role("region", name="Start from an example").get_by_role("button").nth(1)
    example.scroll_into_view_if_needed()
    before = sheet.evaluate("scrollY")
    example.click()
    sheet.wait_for_timeout(200)
    assert sheet.evaluate("scrollY") == before
    example.focus()
    sheet.keyboard.press("Enter")
    expect(sheet.get_by_role("form", name="Order sheet")).to_be_focused()
    expect(sheet.get_by_role("heading", name="Order sheet")).to_be_in_viewport()


def test_two_tabs_have_a_draft_each(sheet: Page) -> None:
    """Another tab begins empty, and neither changes what the other has after a reload."""
    sheet.get_by_label("Customer").fill("first tab")
    other = sheet.context.new_page()
    other.goto(sheet.url)
    expect(other.get_by_label("Customer")).to_have_value("")
    other.get_by_label("Customer").fill("second tab")
    for page, text in ((sheet, "first tab"), (other, "second tab")):
        page.reload()
        expect(page.get_by_label("Customer")).to_have_value(text)
