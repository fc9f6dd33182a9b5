"""A real browser, and pages that must end a test without a console error or a breach of the content security policy."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# The browser says this of every answer that is not 2xx, also of those a test is about.
ANSWERED_WITH_AN_ERROR = "Failed to load resource: "
# Machines differ; what is told to be quick is measured where it is told.
expect.set_options(timeout=15_000)
BEGIN_AS = """
    if (location.protocol === "http:" && !sessionStorage.getItem("countersign.identity"))
        sessionStorage.setItem("countersign.identity", "%s");
"""
REPORT_VIOLATIONS = """
    addEventListener("securitypolicyviolation", (event) =>
        console.error(`policy violated: ${event.violatedDirective} ${event.blockedURI}`));
"""


TOOLS = Path(__file__).parent / "tools"


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--whole-matrix`: every look of every view in every state, instead of two extreme ones."""
    parser.addoption("--whole-matrix", action="store_true", help="hold axe against every look of every view")


@pytest.fixture(scope="session")
def tools() -> Path:
    """The folder of the Node packages that only tests need, installed from their lock when they are not there."""
    installed = TOOLS / "node_modules"
    if not all((installed / name).is_dir() for name in ("axe-core", "typescript")):
        subprocess.run(["npm", "ci", "--ignore-scripts", "--silent"], cwd=TOOLS, check=True)
    return installed


@dataclass  # without slots: Playwright keeps its wrapper of a listening method on the object
class Complaints:
    """What the browser complained about while a test ran."""

    texts: list[str] = field(default_factory=list)

    def listen(self, page: Page) -> None:
        """Collect from this page from now on."""
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.texts.append(str(error)))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(ANSWERED_WITH_AN_ERROR):
            self.texts.append(message.text)


def find_chromium() -> str:
    """Return the path of the system's Chromium, or say how to get one."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    pytest.exit("The browser tests need Chromium: install it (Debian: apt install chromium).", returncode=2)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium, started once."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=find_chromium(), args=CHROMIUM_ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    """Fail the test that made the browser complain."""
    heard = Complaints()
    yield heard
    assert heard.texts == []


@pytest.fixture
def open_page(browser: Browser, complaints: Complaints) -> Iterator[Callable[..., Page]]:
    """Open a page of a given width in a fresh profile; several calls are several people."""
    contexts: list[BrowserContext] = []

    def open_one(url: str, *, width: int = 1280, dark: bool = False, identity: str = "") -> Page:
        scheme: Literal["dark", "light"] = "dark" if dark else "light"
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
        )
        if identity:
            context.add_init_script(BEGIN_AS % identity)
        contexts.append(context)
        context.set_default_timeout(10_000)
        context.add_init_script(REPORT_VIOLATIONS)
        page = context.new_page()
        complaints.listen(page)
        page.goto(url)
        return page

    yield open_one
    for context in contexts:
        context.close()
