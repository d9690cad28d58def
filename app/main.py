"""The whole system in one Faust app: `faust -A app.main worker -l info`."""

import logging

import agents.indicators
import agents.signals  # noqa: F401
from app.quiet import quieten
from app.worker import app
from web.main import create_app
from web.tables_reader import TablesReader

# One line for every schema would say nothing that matters.
logging.getLogger("httpx").setLevel(logging.WARNING)
quieten()

app.asgi_app = create_app(TablesReader())
app.timer(1.0)(app.watch)
app.task(app.see_address)
# Not more often: confluent-kafka never frees the id of a topic that it has described, some 100 bytes.
app.timer(15.0)(app.watch_topics)

__all__ = ["app"]
