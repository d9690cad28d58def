"""Downloads artifacts into a folder: several at once, continued where they broke off, verified, put in place whole."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from threading import Event

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from app.stack.artifacts import Artifact
from app.stack.errors import StackError
from app.stack.hashing import file_sha256
from app.stack.progress import Advance, Reporter

_PARALLEL = 6
_ATTEMPTS = 4
_BACKOFF_S = 0.5
_CHUNK = 256 * 1024
_TIMEOUT = httpx.Timeout(30)


def download(
    artifacts: Sequence[Artifact], folder: Path, base_url: str, reporter: Reporter, *, backoff_s: float = _BACKOFF_S
) -> None:
    """Downloads each artifact to `folder`/name; `backoff_s` is the first pause before one is tried again.

    Raises StackError when the repository cannot be reached or sends something else than was locked.
    """
    stop = Event()
    with (
        reporter.downloading(sum(artifact.size for artifact in artifacts)) as advance,
        httpx.Client(base_url=base_url, timeout=_TIMEOUT, follow_redirects=True) as client,
        ThreadPoolExecutor(_PARALLEL) as pool,
    ):
        jobs = [
            pool.submit(_Download(client, artifact, folder, advance, stop, backoff_s).run) for artifact in artifacts
        ]
        try:
            for job in as_completed(jobs):
                job.result()
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)


class _BrokenOffError(Exception):
    """The reply ended early or the server is busy: worth another attempt."""


_BROKEN_OFF = (httpx.TransportError, _BrokenOffError)


class _Download:
    """One artifact's download. Half a file stays as name.part, for the next attempt or the next start."""

    def __init__(
        self,
        client: httpx.Client,
        artifact: Artifact,
        folder: Path,
        advance: Advance,
        stop: Event,
        backoff_s: float,
    ) -> None:
        self._client = client
        self._artifact = artifact
        self._target = folder / artifact.name
        self._part = folder / f"{artifact.name}.part"
        self._advance = advance
        self._reported = 0
        self._stop = stop
        self._backoff_s = backoff_s

    def run(self) -> None:
        found = None
        for _ in range(2):
            self._complete()
            if self._stop.is_set():
                return
            found = file_sha256(self._part)
            if found == self._artifact.sha256:
                self._part.replace(self._target)
                return
            self._part.unlink()
        raise StackError(
            f"{self._artifact.path} came damaged, twice: sha256 expected {self._artifact.sha256}, found {found}.\n"
            "Something on the way changes downloads, a proxy perhaps: try another network."
        )

    def _complete(self) -> None:
        retrying = Retrying(
            retry=retry_if_exception_type(_BROKEN_OFF),
            wait=wait_exponential(self._backoff_s),
            stop=stop_after_attempt(_ATTEMPTS),
            sleep=self._pause,
            reraise=True,
        )
        try:
            retrying(self._fetch_rest)
        except _BROKEN_OFF as error:
            raise StackError(
                f"Cannot download {self._artifact.path}: {error}.\n"
                "Check the network; behind a proxy set HTTPS_PROXY, and SSL_CERT_FILE to its certificates. "
                "What has come so far is kept, and the next start goes on from there."
            ) from error

    def _pause(self, seconds: float) -> None:
        self._stop.wait(seconds)

    def _fetch_rest(self) -> None:
        have = self._part.stat().st_size if self._part.exists() else 0
        if have >= self._artifact.size:
            return
        headers = {"Accept-Encoding": "identity"}
        if have:
            headers["Range"] = f"bytes={have}-"
        with self._client.stream("GET", f"/{self._artifact.path}", headers=headers) as response:
            if response.status_code >= 500 or response.status_code in (408, 429):
                raise _BrokenOffError(f"the server answers {response.status_code}")
            if response.is_error:
                raise StackError(f"Cannot download {response.url}: the server answers {response.status_code}.")
            continued = response.status_code == httpx.codes.PARTIAL_CONTENT
            with self._part.open("ab" if continued else "wb") as part:
                for chunk in response.iter_raw(_CHUNK):
                    if self._stop.is_set():
                        return
                    part.write(chunk)
                    self._report(part.tell())

    def _report(self, done: int) -> None:
        self._advance(done - self._reported)
        self._reported = done
