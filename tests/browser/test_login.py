"""A person gives the token once, and comes where they wanted to go."""

from playwright.async_api import expect
from pydantic import SecretStr

from tests.browser.axe import violations
from tests.browser.conftest import OpenPage, PageFaults
from tests.unit.web.fake import FakeReader
from tests.unit.web.made_series import series
from tests.unit.web.serving import serving
from web.access.policy import AccessPolicy
from web.access.token import Token
from web.main import create_app

TOKEN = "a token of a test, long enough"  # noqa: S105


async def test_a_person_logs_in_and_out(open_page: OpenPage, faults: PageFaults) -> None:
    faults.expected.append("Failed to load resource.*401")
    app = create_app(FakeReader(series("run", "AAPL", [1.0])), access=AccessPolicy(Token(SecretStr(TOKEN))))
    with serving(app) as url:
        wanted = f"{url}/operations?run=run"
        page = await open_page(wanted, color_scheme="dark")
        token, enter = page.get_by_label("Token"), page.get_by_role("button", name="Log in")
        await expect(token).to_be_focused()
        assert await violations(page) == []

        await token.fill("a token of somebody else")
        await enter.click()
        await expect(page.get_by_role("alert")).to_have_text("That is not the token.")
        assert await violations(page) == []

        await token.fill(TOKEN)
        await enter.click()
        await expect(page.locator("#status")).to_have_text("OK")
        assert page.url == wanted
        (cookie,) = await page.context.cookies()
        assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
        assert TOKEN not in cookie["value"]

        await page.goto(f"{url}/login")
        await expect(page.get_by_role("status")).to_have_text("You are logged in.")
        leave = page.get_by_role("button", name="Log out")
        await leave.click()
        # The address was this one before, too.
        await expect(leave).to_be_hidden()
        await expect(page).to_have_url(f"{url}/login")
        assert await page.context.cookies() == []
        await page.goto(wanted)
        await expect(token).to_be_visible()
