"""A small Maven repository on loopback that can be made to misbehave."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from app.stack.artifacts import Artifact
from tests.harness import http_server


@dataclass
class Repository:
    """Its files by path, what it did, and what it shall do wrong."""

    files: dict[str, bytes] = field(default_factory=dict)
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    """Path and Range header of each request, in order."""
    cut_at: dict[str, list[int]] = field(default_factory=dict)
    """For each of the next replies: close the connection after so many bytes."""
    corrupt: dict[str, int] = field(default_factory=dict)
    """So many of the next replies have a wrong byte."""
    statuses: dict[str, list[int]] = field(default_factory=dict)
    """Answer the next requests with these."""
    ranges: bool = True
    """Whether it continues where it is asked to."""
    url: str = ""

    def add(self, path: str, content: bytes) -> Artifact:
        self.files[path] = content
        return Artifact(path, hashlib.sha256(content).hexdigest(), len(content))


@contextmanager
def serving(repository: Repository) -> Iterator[Repository]:
    class Replies(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            _reply(repository, self)

    with http_server.serving(Replies) as port:
        repository.url = f"http://127.0.0.1:{port}"
        yield repository


def _reply(repository: Repository, handler: BaseHTTPRequestHandler) -> None:
    path = handler.path.lstrip("/")
    wanted = handler.headers.get("Range")
    repository.requests.append((path, wanted))
    content = repository.files.get(path)
    status = repository.statuses[path].pop(0) if repository.statuses.get(path) else 200
    if content is None or status != 200:
        handler.send_error(status if content is not None else 404)
        return
    if repository.corrupt.get(path):
        repository.corrupt[path] -= 1
        content = content[:-1] + bytes([content[-1] ^ 1])
    start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and repository.ranges else 0
    body = content[start:]
    handler.send_response(206 if start else 200)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    cuts = repository.cut_at.get(path)
    handler.wfile.write(body[: cuts.pop(0)] if cuts else body)
