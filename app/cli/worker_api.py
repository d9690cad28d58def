"""Asks a worker's API, for the commands that show its answers."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

from app.errors import StocksError

if TYPE_CHECKING:
    import httpx


def worker_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options --run and --url."""
    run = click.option("--run", help="Of this run; without it the live one, or the newest replay where there is none.")
    url = click.option("--url", help="The worker to ask; without it the one that API_HOST and API_PORT name.")
    return run(url(command))


class WorkerApi:
    """A worker's API. Where there are several workers, each answers for all."""

    def __init__(self, url: str | None = None) -> None:
        from app.access.asking import authorization
        from app.asgi.listen import local_url
        from app.settings import settings

        ours = settings()
        self._base = (url or local_url(ours.api_host, ours.api_port)).rstrip("/")
        self._headers = authorization(ours)

    def json(self, path: str, query: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The answer as JSON. Raises StocksError if the worker refuses, or none answers."""
        found: dict[str, Any] = self._get(path, query, lambda answer: answer.json())
        return found

    def text(self, path: str, query: Mapping[str, Any] | None = None) -> str:
        """The answer as text. Raises StocksError as `json` does."""
        text: str = self._get(path, query, lambda answer: answer.text)
        return text

    def _get(self, path: str, query: Mapping[str, Any] | None, read: "Callable[[httpx.Response], Any]") -> Any:
        import httpx

        asked = {name: value for name, value in (query or {}).items() if value is not None}
        try:
            # Proxies of the environment are not for workers.
            answer = httpx.get(f"{self._base}{path}", params=asked, headers=self._headers, timeout=30, trust_env=False)
            found = read(answer) if answer.is_success else _refusal(answer, self._base)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise StocksError(
                f"No worker answers at {self._base} ({type(error).__name__}): start one with `make worker`, or name "
                "another with --url"
            ) from error
        if not answer.is_success:
            raise StocksError(found)
        return found


def _refusal(answer: "httpx.Response", base: str) -> str:
    return str(answer.json().get("detail", f"{base} answered {answer.status_code}"))
