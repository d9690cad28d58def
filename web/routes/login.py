"""GET and POST /login, POST /logout: a person's cookie for the token."""

import re
from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from web.access.gate import CHALLENGE, LOGIN_HEADERS, login_page
from web.access.policy import AccessPolicy
from web.access.token import LOGIN_SECONDS, Token

router = APIRouter(include_in_schema=False)

WRONG = "That is not the token."

#: An address of this worker: a browser takes // and /\\ for the beginning of another host's.
_OURS = re.compile(r"/(?![/\\])[!-~]*")


def _token(request: Request) -> Token | None:
    access: AccessPolicy = request.app.state.access
    return access.token


@router.get("/login")
async def login_form(request: Request) -> Response:
    """The form; where nobody asks for a token, the page itself."""
    if _token(request) is None:
        return RedirectResponse("/", 303)
    return Response(login_page("/"), headers=LOGIN_HEADERS)


@router.post("/login")
async def login(request: Request) -> Response:
    """A cookie for those who have the token, and on to where they wanted to go."""
    token = _token(request)
    form = _fields(await request.body())
    after = form.get("after", "/")
    if not _OURS.fullmatch(after) or after.startswith("/login"):
        after = "/"
    if token is None:
        return RedirectResponse(after, 303)
    if not token.is_right(form.get("token", "")):
        return Response(login_page(after, WRONG), 401, {**LOGIN_HEADERS, **CHALLENGE})
    response = RedirectResponse(after, 303)
    _set(request, response, token.cookie_name, token.cookie(), LOGIN_SECONDS)
    return response


@router.post("/logout")
async def logout(request: Request) -> Response:
    """Take the cookie back."""
    response = RedirectResponse("/login", 303)
    if token := _token(request):
        _set(request, response, token.cookie_name, "", 0)
    return response


def _set(request: Request, response: Response, name: str, value: str, seconds: int) -> None:
    response.set_cookie(
        name, value, max_age=seconds, httponly=True, samesite="strict", secure=request.url.scheme == "https"
    )


def _fields(body: bytes) -> dict[str, str]:
    """The fields of a form; empty if the body is not a form."""
    try:
        fields = parse_qs(body.decode("ascii"), keep_blank_values=True, max_num_fields=10)
    except ValueError:
        return {}
    return {name: values[-1] for name, values in fields.items()}
