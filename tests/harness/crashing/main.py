"""The worker with a saboteur in it; CRASHING_ORDERS is the folder of its orders.

`faust -A tests.harness.crashing.main worker` starts it.
"""

import os
from pathlib import Path

from app.main import app
from tests.harness.crashing.order import Orders
from tests.harness.crashing.saboteur import Saboteur

__all__ = ["app"]

Saboteur(app, Orders(Path(os.environ["CRASHING_ORDERS"])))
