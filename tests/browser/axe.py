"""What axe finds on a page."""

import json
from pathlib import Path

import axe_playwright_python
from playwright.async_api import Page

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")


async def violations(page: Page) -> list[str]:
    """What axe finds against WCAG 2.2 A and AA and good practice, as sentences."""
    # The page's policy allows no code but its own files; a test's may be evaluated.
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    found = await page.evaluate(
        """async () => (await axe.run(document, {
            runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
        })).violations"""
    )
    return [
        f"{each['id']}: {each['help']}: {json.dumps([node['html'][:200] for node in each['nodes'][:3]])}"
        for each in found
    ]
