"""What only few ask for is not loaded by a worker, nor by alerts that go to a webhook: it takes time and memory."""

import subprocess
import sys

LOADED = "app.build, app.alerts.alert_service, app.alerts.webhook, app.alerts.destinations, app.cli.alerts"
# Of OpenTelemetry FastAPI loads the API, which does nothing by itself, where it finds it.
FORBIDDEN = ("apprise", "opentelemetry.sdk", "opentelemetry.exporter")


def test_neither_apprise_nor_the_sdk_of_traces() -> None:
    code = f"import sys, {LOADED}; print(*[name for name in sys.modules if name.startswith({FORBIDDEN})])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"
