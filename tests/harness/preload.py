"""What a worker imports that hangs on no setting; the fork server imports it once for all workers."""

import faust.cli.faust
import faust.cli.worker
import faust.stores.rocksdb  # noqa: F401

import app.build
import app.engine.transport
import app.logs.terminal_worker  # noqa: F401
from app.calendar.sessions import sessions

sessions()
