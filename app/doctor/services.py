"""Whether this machine's worker and producer answer."""

from http import HTTPStatus
from typing import Any

import httpx

from app.access.asking import authorization
from app.access.listening import AccessUndecided, check_access, is_loopback
from app.asgi.listen import local_url
from app.doctor.finding import Finding
from app.engine.datadir import DataDirUnusable, check_usable
from app.settings import Settings

_TIMEOUT = 3.0


def check_data_dir(settings: Settings) -> Finding:
    """Whether tables can be kept in DATA_DIR."""
    try:
        check_usable(settings.data_dir)
    except DataDirUnusable as error:
        message, _, fix = str(error).rpartition(": ")
        return Finding("broken", "data folder", message, fix)
    return Finding("ok", "data folder", f"{settings.data_dir} can be written to")


def check_who_may_ask(settings: Settings) -> Finding:
    """Whether a worker of these settings would start, and whom it would answer."""
    try:
        check_access(settings)
    except AccessUndecided as error:
        message, _, fix = str(error).partition(": ")
        return Finding("broken", "access", f"{message}, so a worker does not start", fix)
    if settings.api_token:
        return Finding("ok", "access", "those who ask must send API_TOKEN, or log in")
    if is_loopback(settings.api_host):
        return Finding("ok", "access", f"this machine alone may ask, at {settings.api_host}")
    message = f"anyone who reaches {settings.api_host} may read (API_OPEN)"
    return Finding("warning", "access", message, "set API_TOKEN, unless that is meant")


def check_worker(settings: Settings, cluster_id: str | None = None) -> Finding:
    """The worker's `/ready` on API_PORT, and whether it is one of this cluster, where that is known."""
    base = local_url(settings.api_host, settings.api_port)
    url = f"{base}/ready"
    answer = _get(url)
    if answer is None:
        return Finding("warning", "worker", f"nothing answers at {url}", "`make worker`; if it runs, check API_PORT")
    status, body = answer
    if "ready" not in body:
        return Finding("broken", "worker", f"what answers at {url} is not the worker", "choose another API_PORT")
    wanted = f"{settings.id} on cluster {cluster_id}"
    if cluster_id is not None and body.get("deployment") not in (None, wanted):
        message = f"the one at {url} belongs to {body['deployment']}, not to {wanted}"
        return Finding("warning", "worker", message, "start one with these settings, or check API_PORT")
    asked = _get(f"{base}/market", authorization(settings))
    if asked and asked[0] == HTTPStatus.UNAUTHORIZED:
        what = "another token than API_TOKEN" if settings.api_token else "a token, and API_TOKEN is not set"
        return Finding("broken", "worker", f"the one at {url} asks for {what}", "set API_TOKEN to that of the worker")
    if status == HTTPStatus.OK:
        return Finding("ok", "worker", f"ready at {url}")
    return Finding("warning", "worker", f"not ready: {'; '.join(body.get('reasons', []))}", "see its log")


def check_producer(settings: Settings) -> Finding:
    """The producer's `/health` on PRODUCER_PORT."""
    url = f"{local_url(settings.producer_host, settings.producer_port)}/health"
    answer = _get(url)
    if answer is None:
        return Finding("warning", "producer", f"nothing answers at {url}", "`stocks produce` if you want one")
    _, body = answer
    if "messages_sent" not in body:
        return Finding(
            "broken", "producer", f"what answers at {url} is not the producer", "choose another PRODUCER_PORT"
        )
    state = f"{body['status']}, {body['messages_sent']:,} messages sent"
    if body.get("last_error"):
        return Finding("warning", "producer", f"{state}: {body['last_error']}", "see its log")
    return Finding("ok", "producer", state)


def _get(url: str, headers: dict[str, str] | None = None) -> tuple[int, dict[str, Any]] | None:
    try:
        answer = httpx.get(url, headers=headers, timeout=_TIMEOUT, trust_env=False)
    except (httpx.HTTPError, httpx.InvalidURL):
        return None
    try:
        body = answer.json()
    except ValueError:
        body = None
    return answer.status_code, body if isinstance(body, dict) else {}
