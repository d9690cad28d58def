"""`python -m tests.watching.live URL`: what a real Prometheus makes of a real worker.

It starts one for a moment, with the project's rules, has it scrape the worker at URL (such as http://127.0.0.1:8001)
every second, and executes every query of the rules and dashboards. Needs Prometheus (Debian: apt-get
install prometheus).
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL, Popen
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import httpx
import yaml

from tests.harness.held_port import held_port
from tests.harness.http_client import http_client
from tests.watching.queries import RULES, Query, dashboard_queries, rule_queries

_SCRAPES = 12


def configuration(target: str) -> str:
    """Prometheus' configuration for one worker, scraped every second."""
    return yaml.safe_dump(
        {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(RULES)],
            "scrape_configs": [{"job_name": "stock-signals", "static_configs": [{"targets": [target]}]}],
        }
    )


@contextmanager
def prometheus(target: str) -> Iterator[httpx.Client]:
    """A client of a Prometheus that scrapes the worker at host:port; it ends with the block."""
    with TemporaryDirectory() as folder, held_port() as port:
        path = Path(folder) / "prometheus.yml"
        path.write_text(configuration(target), encoding="utf-8")
        command = [
            "prometheus",
            f"--config.file={path}",
            f"--storage.tsdb.path={folder}/data",
            f"--web.listen-address=127.0.0.1:{port}",
        ]
        with Popen(command, stdout=DEVNULL, stderr=DEVNULL) as process:
            try:
                with http_client(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
                    yield client
            finally:
                process.terminate()


def ask(client: httpx.Client, expr: str) -> list[dict[str, Any]]:
    """The samples of an instant query. Raises RuntimeError with Prometheus' own words."""
    answer = client.get("/api/v1/query", params={"query": expr}).json()
    if answer["status"] != "success":
        raise RuntimeError(f"{answer['errorType']}: {answer['error']}")
    found = answer["data"]["result"]
    return [{"metric": {}, "value": found}] if answer["data"]["resultType"] == "scalar" else list(found)


def wait_for_samples(client: httpx.Client) -> None:
    """Return when the worker was scraped so often that rates and rules have values. Raises TimeoutError."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            found = ask(client, 'count_over_time(up{job="stock-signals"}[1m]) * up')
        except (httpx.TransportError, ValueError, RuntimeError):
            found = []
        if found and float(found[0]["value"][1]) >= _SCRAPES:
            return
        time.sleep(0.5)
    raise TimeoutError("Prometheus did not scrape the worker: is it there?")


def results(client: httpx.Client, queries: list[Query]) -> Iterator[str]:
    """A line for each query: where it stands, and its samples or the error."""
    for where, expr in queries:
        try:
            found = ask(client, expr)
        except RuntimeError as error:
            yield f"FAILED {where}: {error}"
            continue
        shown = [f"{each['value'][1]} {_labels(each['metric'])}".strip() for each in found[:3]]
        yield f"{len(found):>3} {where}: {'; '.join(shown) or 'nothing now'}"


def _labels(metric: dict[str, str]) -> str:
    return ",".join(f"{name}={value}" for name, value in metric.items() if name not in ("__name__", "job", "instance"))


def main(url: str) -> int:
    """Print it all; 1 if a query failed."""
    failed = 0
    with prometheus(urlsplit(url).netloc) as client:
        wait_for_samples(client)
        for line in results(client, [*rule_queries(), *dashboard_queries()]):
            failed += line.startswith("FAILED")
            print(line)  # noqa: T201
        targets = client.get("/api/v1/rules").json()["data"]["groups"]
        health = {rule["name"]: rule["health"] for group in targets for rule in group["rules"]}
        print(f"{len(health)} rules, not ok: {[name for name, each in health.items() if each != 'ok']}")  # noqa: T201
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
