"""`make screenshots`: pictures of the main views, of a market that is made up, for README.

It starts a stack and a worker of its own in a folder that is gone afterwards.
"""

import asyncio
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright, expect

from tests.browser.find import MISSING, find_browser
from tests.browser.market import RUN, SYMBOLS, whole_market
from tests.integration.deployment import Deployment
from tests.integration.fixtures_stack import LocalStack, stopped_in_the_end

FOLDER = Path(__file__).parents[2] / "docs" / "images"


def main() -> None:
    """Make all pictures."""
    path = find_browser()
    if path is None:
        sys.exit(MISSING)
    with ExitStack() as cleanup:
        folder = Path(cleanup.enter_context(tempfile.TemporaryDirectory()))
        cleanup.enter_context(stopped_in_the_end(folder / "stack"))
        stack = LocalStack(folder / "stack")
        deployment = Deployment(stack.status.kafka, stack.status.schema_registry, folder, "shown", partitions=4)
        cleanup.callback(deployment.close)
        worker = deployment.start_worker()
        deployment.send(whole_market())
        deployment.send_raw([(b"AAPL", b"not Avro at all"), (b"TSLA", b"\x00\x00\x00\x03\xe7garbage")])
        worker.wait_ready()
        deployment.settle()
        asyncio.run(_pictures(path, worker.url))


async def _pictures(path: str, url: str) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        for name, address, scheme, size in (
            ("market-light", "/s/AAPL", "light", (1440, 900)),
            ("market-dark", "/s/NVDA", "dark", (1440, 900)),
            ("phone", "/s/AAPL", "light", (390, 844)),
            ("operations", "/operations", "light", (1440, 900)),
        ):
            page = await _open(browser, f"{url}{address}?run={RUN}", scheme, size)
            await page.screenshot(path=FOLDER / f"{name}.png")
            sys.stdout.write(f"{FOLDER / name}.png\n")
        await browser.close()


async def _open(browser: Browser, url: str, scheme: str, size: tuple[int, int]) -> Page:
    width, height = size
    context = await browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)  # type: ignore[arg-type]
    page = await context.new_page()
    await page.goto(url)
    if "/operations?" in url:
        await expect(page.locator("#letters tbody tr")).to_have_count(2)
    else:
        await expect(page.locator("#count")).to_have_text(f"{len(SYMBOLS)} symbols")
        await expect(page.locator("#legend")).not_to_be_empty()
        await expect(page.locator("#feed li").first).to_be_attached()
        await expect(page.locator(".grid-row .change").first).to_contain_text("%")
    # The chart draws in the frames after its data have come.
    await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return page


if __name__ == "__main__":
    main()
