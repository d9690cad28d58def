"""The page of all addresses works under the policy and without a network."""

from playwright.async_api import expect

from tests.browser.conftest import OpenPage
from tests.unit.web.fake import FakeReader
from tests.unit.web.made_series import series
from tests.unit.web.serving import serving
from web.main import create_app


async def test_every_address_is_shown_and_can_be_tried(open_page: OpenPage) -> None:
    app = create_app(FakeReader(series("run", "AAPL", [1.0])))
    described = app.openapi()["paths"]
    with serving(app) as url:
        page = await open_page(f"{url}/docs")
        paths = page.locator(".opblock-summary-path")
        await expect(paths).to_have_count(len(described))
        assert {await each.get_attribute("data-path") for each in await paths.all()} == set(described)

        runs = page.locator(".opblock", has=page.locator('[data-path="/runs"]'))
        await runs.locator(".opblock-summary").click()
        await runs.get_by_role("button", name="Try it out").click()
        await runs.get_by_role("button", name="Execute").click()
        answer = runs.locator(".live-responses-table tbody")
        await expect(answer).to_contain_text("200")
        await expect(answer).to_contain_text('"run_id": "run"')
