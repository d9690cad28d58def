"""The worker with a saboteur in each agent: `faust -A tests.crashing.main worker`; CRASHING_ORDERS is their folder."""

import os
from pathlib import Path

import agents.indicators
import agents.signals
from app.clients import producer_config
from app.engine.fence import MARGIN
from app.main import app
from tests.crashing.order import Orders
from tests.crashing.saboteur import PartialDelivery, Saboteur

__all__ = ["app"]

# The wait for company keeps what is not flushed from leaving before the fault.
config = producer_config(app.settings) | {"linger.ms": 1000}
orders = Orders(Path(os.environ["CRASHING_ORDERS"]))
for agent, worker in (("indicators", agents.indicators.worker), ("signals", agents.signals.worker)):
    Saboteur(app, agent, worker, PartialDelivery(config, MARGIN * app.settings.session_seconds), orders)
