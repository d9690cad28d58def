"""The page for people: /, /s/{symbol} and /operations, and the files they are made of.

A program that asks for JSON at / gets a list of addresses.
"""

import os
import re
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from fastapi.staticfiles import StaticFiles

from web.links import LINKS
from web.revalidation import FOR_EVER

router = APIRouter(include_in_schema=False)

STATIC = Path(__file__).parents[1] / "static"

#: A vendored file, which is held to its hash: with another version its name changes.
_VERSIONED = re.compile(r"-\d+\.\d+\.\d+\.m?js$")


class _Files(StaticFiles):
    """The files under web/static. Browsers ask each time whether one has changed, so that a new version is seen."""

    def file_response(self, full_path: str | os.PathLike[str], *args: Any, **kwargs: Any) -> Response:
        """A file; one whose name has its version is never asked for again."""
        response = super().file_response(full_path, *args, **kwargs)
        if _VERSIONED.search(os.fspath(full_path)):
            response.headers["Cache-Control"] = FOR_EVER
        return response


files = _Files(directory=STATIC)


@router.get("/")
async def home(request: Request) -> Response:
    """The page; for a program that wants JSON, where everything is."""
    accept = request.headers.get("accept", "")
    if "application/json" in accept and "text/html" not in accept:
        return JSONResponse(LINKS)
    return static_page("index.html")


@router.get("/s/{symbol:path}")
async def symbol_page(symbol: str) -> Response:
    """The page with one symbol's chart."""
    return static_page("index.html")


@router.get("/operations")
async def operations_page() -> Response:
    """The page on the workers."""
    return static_page("operations.html")


def static_page(name: str, folder: Path = STATIC) -> Response:
    """A page, of the folder's files as they are now."""
    return FileResponse(folder / name)
