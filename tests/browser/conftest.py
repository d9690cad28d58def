"""Fixtures: a real browser, and the page of a real worker in it."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright, expect

from tests.browser.find import MISSING, find_browser
from tests.browser.market import whole_market
from tests.integration.conftest import deploy
from tests.integration.deployment import DeployedWorker, Deployment
from tests.integration.fixtures_stack import LocalStack, stack

__all__ = ["deploy", "stack"]

#: Nothing that the browser does of its own accord goes over the network.
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-default-apps",
    "--no-first-run",
]

#: Tests run beside brokers and workers.
expect.set_options(timeout=30_000)

OpenPage = Callable[..., Awaitable[Page]]


class PageFaults:
    """What pages complained of: errors in the console, exceptions, requests to other hosts."""

    def __init__(self) -> None:
        self.found: list[str] = []
        #: Patterns of what a test expects, such as requests to a worker that it killed.
        self.expected: list[str] = []

    def watch(self, page: Page, origin: str) -> None:
        """Take note of what happens on a page whose files come from `origin`."""

        def console(message: ConsoleMessage) -> None:
            if message.type in ("error", "warning"):
                self.found.append(f"{message.text} ({message.location.get('url')})")

        page.on("console", console)
        page.on("pageerror", lambda error: self.found.append(str(error)))
        page.on(
            "request",
            lambda request: (
                None if request.url.startswith((origin, "data:")) else self.found.append(f"asked {request.url}")
            ),
        )

    def unexpected(self) -> list[str]:
        return [fault for fault in self.found if not any(re.search(pattern, fault) for pattern in self.expected)]


@pytest.fixture
def faults() -> PageFaults:
    return PageFaults()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    path = find_browser()
    if path is None:
        pytest.fail(f"CI is set, but {MISSING}")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        yield browser
        await browser.close()


@pytest.fixture
async def open_page(browser: Browser, faults: PageFaults) -> AsyncIterator[OpenPage]:
    """Opens an address: open_page(url, color_scheme="dark", …) with options of a browser's context.

    A page that complains in its console, throws, or asks another host fails the test.
    """

    async def open_(url: str, **options: Any) -> Page:
        chosen = {"viewport": {"width": 1440, "height": 900}, "timezone_id": "Europe/Berlin", **options}
        context = await browser.new_context(**chosen)
        page = await context.new_page()
        page.set_default_timeout(30_000)
        faults.watch(page, "/".join(url.split("/")[:3]))
        await page.goto(url)
        return page

    yield open_
    assert faults.unexpected() == []


@pytest.fixture(scope="session")
def shown_market(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeployedWorker]:
    """A worker that has read a market with every kind of run, and one record that cannot be read; do not change it."""
    status = stack.status
    deployment = Deployment(
        status.kafka, status.schema_registry, tmp_path_factory.mktemp("market"), "market", partitions=2
    )
    worker = deployment.start_worker()
    deployment.send(whole_market())
    deployment.send_raw([(b"AAPL", b"not Avro at all")])
    worker.wait_ready()
    deployment.settle()
    yield worker
    deployment.close()
