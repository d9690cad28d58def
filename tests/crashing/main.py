"""The worker with a saboteur in it: `faust -A tests.crashing.main worker`; CRASHING_ORDERS is the folder of orders."""

import os
from pathlib import Path

from app.main import app
from tests.crashing.order import Orders
from tests.crashing.saboteur import Saboteur

__all__ = ["app"]

Saboteur(app, Orders(Path(os.environ["CRASHING_ORDERS"])))
