"""GET /: where everything is."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

router = APIRouter()

LINKS = {
    "/signals": "the newest signals of all symbols",
    "/symbols": "the symbols",
    "/runs": "the runs: series of bars that are kept apart",
    "/docs": "every address, with its parameters and answers",
    "/health": "whether the process lives",
    "/ready": "whether it does its work",
    "/metrics": "numbers for Prometheus",
}

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Stock signals</title>
<style>body {{ font: 1rem/1.6 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem }}</style>
<h1>Stock signals</h1>
<p>BUY, SELL and HOLD for one-minute bars, each with the numbers it follows from. Runs marked synthetic are not market
data.</p>
<ul>
{links}
</ul>
</html>
""".format(links="\n".join(f'<li><a href="{path}">{path}</a>: {what}</li>' for path, what in LINKS.items()))


@router.get("/", include_in_schema=False)
async def home() -> HTMLResponse:
    """A page of links."""
    return HTMLResponse(PAGE)
