"""The page follows what happens: new, corrected and late bars, and a worker that dies and comes back."""

import asyncio
import re
from collections.abc import Sequence
from typing import Any

from playwright.async_api import Page, expect

from app.domain.records import Bar
from tests.bars import make_bar
from tests.browser.conftest import OpenPage, PageFaults
from tests.integration.conftest import Deploy
from tests.integration.deployment import DeployedWorker, Deployment

SYMBOL = "AAPL"


async def send(deployment: Deployment, bars: Sequence[Bar]) -> None:
    """In a thread: it needs an event loop of its own."""
    await asyncio.to_thread(deployment.send, bars)


async def started(deployment: Deployment, **changed: Any) -> DeployedWorker:
    worker = await asyncio.to_thread(lambda: deployment.start_worker(**changed))
    return await asyncio.to_thread(worker.wait_ready)


def closes(first: int, last: int) -> list[Bar]:
    return [make_bar(minute, 100.0 + minute, high=200.0, low=50.0) for minute in range(first, last)]


async def cells(page: Page, row: int) -> list[str]:
    """The texts of a row of the chart's table, the newest bar's first."""
    return await page.locator("#table tbody tr").nth(row).locator("th, td").all_inner_texts()


async def open_table(page: Page) -> None:
    await page.get_by_role("button", name="Table").click()
    await expect(page.locator("#table caption")).to_contain_text(SYMBOL)


async def test_bars_appear_change_and_are_inserted_without_a_reload(deploy: Deploy, open_page: OpenPage) -> None:
    deployment = deploy(partitions=1)
    worker = await started(deployment)
    page = await open_page(worker.url)
    await expect(page.locator("#banner")).to_have_text("There is no bar yet; the page waits for the first one.")
    await expect(page.locator("#origin")).to_have_text("NO DATA YET")
    # A reload of the page would lose this.
    await page.evaluate("document.body.dataset.mark = 'the same page'")

    await send(deployment, [*closes(0, 55), *closes(56, 60)])
    row = page.locator(f'.grid-row[data-symbol="{SYMBOL}"]')
    await expect(row.locator(".close")).to_have_text("159.00")
    await expect(row.locator(".change")).to_have_text("+59.00%")
    await expect(page.locator("#origin")).to_have_text("REPLAY")
    await expect(page.locator("#banner")).to_be_empty()
    await expect(page.locator("#symbol-name")).to_have_text(SYMBOL)
    await expect(page.locator("#legend")).to_contain_text("C159.00")
    await open_table(page)
    await expect(page.locator("#table tbody tr")).to_have_count(59)
    assert (await cells(page, 4))[4] == "154.00", "the bar of minute 55 is missing"

    await send(deployment, closes(60, 61))
    await expect(page.locator("#table tbody tr")).to_have_count(60)
    assert (await cells(page, 0))[:5] == ["14 Nov, 10:30", "160.00", "200.00", "50.00", "160.00"]
    await expect(page.locator("#symbol-last")).to_have_text("160.00")

    # A correction changes its row and the averages behind it.
    fast = (await cells(page, 0))[6]
    await send(deployment, [make_bar(58, 190.0, high=200.0, low=50.0)])
    corrected = page.locator("#table tbody tr").nth(2)
    await expect(corrected.locator("td").nth(3)).to_have_text("190.00")
    await expect(corrected.locator("td").last).to_contain_text("revision 1")
    await expect(page.locator("#table tbody tr").first.locator("td").nth(5)).not_to_have_text(fast)
    await expect(page.locator("#table tbody tr")).to_have_count(60)

    # A late bar comes between the others.
    await send(deployment, closes(55, 56))
    await expect(page.locator("#table caption")).to_contain_text("61 bars")
    assert (await cells(page, 5))[4] == "155.00"
    assert [(await cells(page, place))[0] for place in (4, 5, 6)] == [
        "14 Nov, 10:26",
        "14 Nov, 10:25",
        "14 Nov, 10:24",
    ]
    assert await page.evaluate("document.body.dataset.mark") == "the same page"


async def test_the_page_goes_on_by_itself_when_its_worker_is_killed(
    deploy: Deploy, open_page: OpenPage, faults: PageFaults
) -> None:
    faults.expected.append(r"Failed to load resource|net::ERR|503")
    deployment = deploy(partitions=1)
    await send(deployment, closes(0, 60))
    worker = await started(deployment)
    page = await open_page(f"{worker.url}/s/{SYMBOL}")
    await expect(page.locator("#symbol-last")).to_have_text("159.00")
    await page.evaluate("document.body.dataset.mark = 'the same page'")

    worker.kill()
    await expect(page.locator("#banner")).to_contain_text("The page reconnects by itself")
    assert await page.locator("#banner").get_attribute("role") == "status"
    # What comes meanwhile is not lost.
    await send(deployment, closes(60, 62))

    again = await started(deployment, API_PORT=worker.url.rpartition(":")[2])
    assert again.url == worker.url
    await expect(page.locator("#symbol-last")).to_have_text("161.00", timeout=60_000)
    await expect(page.locator("#banner")).to_be_empty(timeout=60_000)
    await send(deployment, closes(62, 63))
    await expect(page.locator("#symbol-last")).to_have_text("162.00")
    await expect(page.locator("#legend")).to_contain_text("C162.00")
    await open_table(page)
    await page.get_by_role("button", name="Show older bars").click()
    await expect(page.locator("#table tbody tr").nth(62).locator("th")).to_have_text(re.compile("09:30"))
    assert await page.evaluate("document.body.dataset.mark") == "the same page"


async def test_eleven_thousand_symbols(deploy: Deploy, open_page: OpenPage) -> None:
    deployment = deploy(partitions=2)
    worker = await started(deployment)
    names = [f"S{number:05d}" for number in range(11_000)]
    await send(deployment, [make_bar(0, 10.0 + at % 90, symbol=symbol) for at, symbol in enumerate(names)])
    await asyncio.to_thread(deployment.settle)
    page = await open_page(worker.url)
    await expect(page.locator("#count")).to_have_text("11,000 symbols", timeout=60_000)
    grid = page.locator("#grid")
    assert await grid.get_attribute("aria-rowcount") == "11001"
    assert await page.locator(".grid-row").count() < 60, "only rows in view are in the document"

    await grid.focus()
    await page.keyboard.press("End")
    await expect(page.locator('.grid-row[data-symbol="S10999"]')).to_be_in_viewport()
    await expect(page.locator("#symbol-name")).to_have_text("S10999")
    await page.keyboard.press("/")
    await page.keyboard.type("s0777")
    await expect(page.locator("#count")).to_have_text("10 of 11,000")
    await page.keyboard.press("Escape")
    by_price = page.get_by_role("button", name=re.compile("^Last"))  # An arrow follows where it sorts.
    await by_price.click()
    await by_price.click()
    await expect(page.locator(".grid-row .close").first).to_have_text("99.00")

    # A minute's burst is shown while it comes, and scrolling through all of it is a matter of frames.
    await send(deployment, [make_bar(1, 200.0, symbol=symbol) for symbol in names])
    await expect(page.locator(".grid-row .close").first).to_have_text("200.00", timeout=60_000)
    slowest = await page.evaluate(
        """async () => {
            const grid = document.getElementById('grid');
            const times = [];
            for (let at = 0; at < 60; at += 1) {
                const start = performance.now();
                grid.scrollTop = at * 7000;
                grid.getBoundingClientRect();
                await new Promise(requestAnimationFrame);
                await new Promise(requestAnimationFrame);
                times.push(performance.now() - start);
            }
            return times.sort((one, other) => one - other)[30];
        }"""
    )
    assert slowest < 250, f"half of the jumps took more than {slowest:.0f} ms"
