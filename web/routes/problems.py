"""GET /problems/{name}: the page to which the `type` of an error links."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from web.problems import KINDS, PREFIX, problem

router = APIRouter(include_in_schema=False)


@router.get(PREFIX + "{name}")
async def kind(request: Request, name: str) -> JSONResponse:
    """Title, status and way out of a kind of error."""
    if name not in KINDS:
        return problem(request.scope, 404, f"There is no error of the kind {name!r}: there is {', '.join(KINDS)}.")
    return JSONResponse({"type": f"{PREFIX}{name}", **KINDS[name]._asdict()})
