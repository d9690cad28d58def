"""GET /docs: every address, to read and to try. Swagger's files come with fastapi-offline, its page is ours: without
inline code, and with nothing from elsewhere.
"""

from importlib.util import find_spec
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles

from web.routes.page import static_page

router = APIRouter(include_in_schema=False)

#: Where Swagger's files are.
SWAGGER = "/swagger"


def _folder() -> Path:
    spec = find_spec("fastapi_offline")
    assert spec is not None  # noqa: S101 - it is a dependency
    assert spec.origin is not None  # noqa: S101
    return Path(spec.origin).parent / "static"


files = StaticFiles(directory=_folder())


@router.get("/docs")
async def documentation() -> Response:
    """The page."""
    return static_page("docs.html")
