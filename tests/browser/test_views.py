"""The views of one market: what they say, in which time zone, by keyboard alone, for screen readers and phones."""

import re
from urllib.parse import quote

import pytest
from playwright.async_api import Page, expect

from tests.browser.axe import violations
from tests.browser.conftest import OpenPage, PageFaults
from tests.browser.market import OTHER_RUNS, RUN, SYMBOLS
from tests.integration.deployment import DeployedWorker

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
SCHEMES = ["light", "dark"]


async def loaded(page: Page) -> Page:
    """Once list, chart and transitions are there."""
    await expect(page.locator("#count")).to_have_text(f"{len(SYMBOLS)} symbols")
    await expect(page.locator("#legend")).not_to_be_empty()
    await expect(page.locator("#feed li").first).to_be_attached()
    await expect(page.locator(".grid-row .change").first).to_have_text(re.compile("%"))
    return page


async def drawn(page: Page) -> None:
    """Once the list shows what was asked for: it is drawn in the next frame."""
    await page.evaluate("new Promise(requestAnimationFrame)")


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_axe_finds_nothing_on_the_market_page(
    shown_market: DeployedWorker, open_page: OpenPage, scheme: str
) -> None:
    page = await loaded(await open_page(f"{shown_market.url}/s/AAPL?run={RUN}", color_scheme=scheme))
    assert await violations(page) == []
    await page.get_by_role("button", name="Table").click()
    await expect(page.locator("#table tbody tr").first).to_be_visible()
    assert await violations(page) == []


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_axe_finds_nothing_on_the_operations_page(
    shown_market: DeployedWorker, open_page: OpenPage, scheme: str
) -> None:
    page = await open_page(f"{shown_market.url}/operations", color_scheme=scheme)
    await expect(page.locator("#letters tbody tr")).to_have_count(1)
    assert await violations(page) == []


@pytest.mark.parametrize("part", ["Symbols", "Chart", "Transitions"])
async def test_on_a_phone_one_part_is_shown_and_nothing_is_wider_than_the_screen(
    shown_market: DeployedWorker, open_page: OpenPage, part: str
) -> None:
    page = await open_page(f"{shown_market.url}/s/AAPL?run={RUN}", **PHONE)
    await page.get_by_role("button", name=part, exact=True).click()
    await expect(page.locator("#feed li").first).to_be_attached()
    for name, selector in {"Symbols": "#grid", "Chart": "#canvas", "Transitions": "#feed"}.items():
        await expect(page.locator(selector)).to_be_visible(visible=name == part)
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    assert await violations(page) == []


async def test_on_a_phone_a_symbol_that_is_chosen_opens_its_chart(
    shown_market: DeployedWorker, open_page: OpenPage
) -> None:
    page = await open_page(f"{shown_market.url}/?run={RUN}", **PHONE)
    await page.locator('.grid-row[data-symbol="NVDA"]').tap()
    await expect(page.locator("#canvas")).to_be_visible()
    await expect(page.locator("#symbol-name")).to_have_text("NVDA")


async def test_the_time_zone_is_new_yorks_unless_another_is_chosen(
    shown_market: DeployedWorker, open_page: OpenPage
) -> None:
    page = await loaded(await open_page(f"{shown_market.url}/s/AAPL?run={RUN}"))
    await page.get_by_role("button", name="Table").click()
    await page.get_by_role("button", name="Show older bars").click()
    await page.get_by_role("button", name="Show older bars").click()
    rows = page.locator("#table tbody tr")
    opened, reopened = rows.nth(200 + 184 - 1), rows.nth(184 - 1)
    expected = {
        "New York": ["8 Mar, 09:30", "11 Mar, 09:30"],
        "UTC": ["8 Mar, 14:30", "11 Mar, 13:30"],
        "Local": ["8 Mar, 15:30", "11 Mar, 14:30"],  # Berlin changes its clocks three weeks later.
    }
    for zone, times in expected.items():
        await page.get_by_role("button", name=zone, exact=True).click()
        for row, text in zip((opened, reopened), times, strict=True):
            await expect(row.locator("th")).to_have_text(text)
        await expect(page.locator("#table thead th").first).to_have_text(f"Time ({zone})")
    tooltip = await reopened.locator("button").get_attribute("title") or ""
    assert "New York: Mon 11 Mar 2024, 09:30" in tooltip.replace(",", "").replace("2024 ", "2024, ")
    assert "UTC: Mon 11 Mar 2024, 13:30" in tooltip.replace(",", "").replace("2024 ", "2024, ")
    # The choice is remembered.
    await page.reload()
    await expect(page.get_by_role("button", name="Local", exact=True)).to_have_attribute("aria-pressed", "true")


async def test_sessions_and_gaps_are_said(shown_market: DeployedWorker, open_page: OpenPage) -> None:
    page = await loaded(await open_page(f"{shown_market.url}/s/AAPL?run={RUN}"))
    await page.get_by_role("button", name="Table").click()
    await page.get_by_role("button", name="Show older bars").click()
    rows = page.locator("#table tbody tr")
    await expect(rows.nth(123)).to_contain_text("6 min missing before")
    await expect(rows.nth(183)).to_contain_text("session begins")
    await expect(rows.nth(182)).not_to_contain_text("session begins")


@pytest.mark.parametrize(
    ("run", "badge"),
    [
        (OTHER_RUNS["live"], "LIVE"),
        (OTHER_RUNS["backfill"], "BACKFILL"),
        (OTHER_RUNS["replay"], "REPLAY"),
        (RUN, "SYNTHETIC: not market data"),
    ],
)
async def test_the_badge_says_where_the_bars_are_from(
    shown_market: DeployedWorker, open_page: OpenPage, run: str, badge: str
) -> None:
    for path in ("/", "/operations"):
        page = await open_page(f"{shown_market.url}{path}?run={quote(run)}")
        await expect(page.locator("#origin")).to_have_text(badge)


async def test_another_run_is_chosen_and_the_address_says_so(shown_market: DeployedWorker, open_page: OpenPage) -> None:
    page = await loaded(await open_page(f"{shown_market.url}/s/AAPL?run={RUN}"))
    other = OTHER_RUNS["replay"]
    await page.get_by_label("Run").select_option(other)
    await expect(page.locator("#origin")).to_have_text("REPLAY")
    await expect(page.locator("#count")).to_have_text("1 symbol")
    await expect(page.locator("#symbol-last")).to_have_text("52.00")
    assert f"run={quote(other)}" in page.url
    await page.go_back()
    await expect(page.locator("#origin")).to_have_text("SYNTHETIC: not market data")
    await loaded(page)


async def test_a_signal_of_the_feed_opens_its_bar_and_says_why(
    shown_market: DeployedWorker, open_page: OpenPage
) -> None:
    page = await loaded(await open_page(f"{shown_market.url}/?run={RUN}"))
    await page.locator("#feed-action").select_option("BUY")
    first = page.locator("#feed .feed-item").first
    symbol = await first.locator("strong").inner_text()
    sentence = await first.locator(".feed-why").inner_text()
    assert "RSI" in sentence
    await first.click()
    await expect(page.locator("#symbol-name")).to_have_text(symbol)
    await expect(page.locator("#why .why-sentence")).to_have_text(sentence)
    await expect(page.locator("#why")).to_contain_text(f"{RUN}/{symbol}/17")
    at = await page.locator("#why time").get_attribute("datetime")
    await expect(page.locator("#legend time")).to_have_attribute("datetime", at or "")
    # What it takes to compute the numbers again, and up to where bars were read.
    await page.get_by_text("All inputs").click()
    await expect(page.locator("#why .inputs")).to_contain_text("÷ 20")
    await expect(page.locator("#why .inputs")).to_contain_text("stocks.raw.avro[")
    assert await violations(page) == []
    assert page.url.endswith(f"/s/{symbol}?run={RUN}")


async def test_the_keyboard_is_enough(shown_market: DeployedWorker, open_page: OpenPage) -> None:
    page = await loaded(await open_page(f"{shown_market.url}/?run={RUN}"))
    await page.keyboard.press("/")
    await page.keyboard.type("a")
    await expect(page.locator("#count")).to_have_text("3 of 6")
    await page.keyboard.press("Enter")
    await expect(page.locator("#grid")).to_be_focused()
    await page.keyboard.press("End")
    await expect(page.locator("#symbol-name")).to_have_text("TSLA")
    await page.keyboard.press("ArrowUp")
    await expect(page.locator("#symbol-name")).to_have_text("NVDA")
    # The list is drawn in the next frame.
    chosen = page.locator('.grid-row[data-symbol="NVDA"]:visible')
    await expect(chosen).to_have_attribute("aria-selected", "true")
    active = await page.locator("#grid").get_attribute("aria-activedescendant")
    assert active == await chosen.get_attribute("id")
    await expect(page.locator("#legend")).not_to_be_empty()
    await page.locator("#canvas").focus()
    newest = await page.locator("#why time").get_attribute("datetime")
    await page.keyboard.press("ArrowLeft")
    await expect(page.locator("#why time")).not_to_have_attribute("datetime", newest or "")
    await page.keyboard.press("Home")
    await expect(page.locator("#why time")).to_have_attribute("datetime", "2024-03-08T14:30:00Z")
    await page.keyboard.press("Escape")
    await expect(page.locator("#why time")).to_have_attribute("datetime", newest or "")


async def test_the_list_is_sorted_and_filtered(shown_market: DeployedWorker, open_page: OpenPage) -> None:
    page = await loaded(await open_page(f"{shown_market.url}/?run={RUN}"))
    await page.get_by_role("button", name="RSI", exact=True).click()
    await drawn(page)
    shown = page.locator(".grid-row:visible")
    rsi = [float(text) for text in await shown.locator(".rsi .number").all_inner_texts()]
    tops = [await shown.nth(at).evaluate("row => row.getBoundingClientRect().top") for at in range(len(SYMBOLS))]
    assert [value for _, value in sorted(zip(tops, rsi, strict=True))] == sorted(rsi)
    await expect(page.locator('[data-sort="rsi"]')).to_have_attribute("aria-sort", "ascending")
    await page.locator("#filter-action").select_option("HOLD")
    await drawn(page)
    holding = await page.locator(".grid-row:visible .chip").all_inner_texts()
    assert set(holding) <= {"HOLD"}


async def test_a_session_that_is_not_answered_is_asked_for_again(
    shown_market: DeployedWorker, open_page: OpenPage, faults: PageFaults
) -> None:
    faults.expected.append("Failed to load resource.*503")
    page = await open_page(f"{shown_market.url}/operations")
    await page.route("**/session?*", lambda route: route.fulfill(status=503, json={"detail": "restoring"}), times=1)
    await page.goto(f"{shown_market.url}/?run={RUN}")
    await expect(page.locator(".grid-row .change").first).to_have_text(re.compile("%"))


async def test_the_operations_page(shown_market: DeployedWorker, open_page: OpenPage) -> None:
    page = await open_page(f"{shown_market.url}/operations")
    await expect(page.locator("#status")).to_have_text("OK")
    await expect(page.locator("#partitions tbody tr")).to_have_count(2)
    for row in await page.locator("#partitions tbody tr").all():
        await expect(row.locator("td").first).to_have_text(f"{shown_market.url} (this worker)")
        await expect(row.locator("td").last).to_have_text("0")
    letter = page.locator("#letters tbody tr")
    await expect(letter).to_have_count(1)
    await letter.locator("summary").click()
    await expect(letter).to_contain_text(b"not Avro at all".hex(" "))
    await expect(letter).to_contain_text("AAPL")
    await expect(page.locator("#versions")).to_contain_text("faust-streaming")


async def test_an_unknown_symbol_is_said(shown_market: DeployedWorker, open_page: OpenPage, faults: PageFaults) -> None:
    faults.expected.append("Failed to load resource.*404")
    page = await open_page(f"{shown_market.url}/s/NVDIA?run={RUN}")
    await expect(page.locator("#symbol-problem")).to_contain_text("Did you mean NVDA")
