"""What a worker imports that hangs on no setting; the fork server imports it once for all workers."""

import faust.cli.faust
import faust.cli.worker
import faust.stores.rocksdb  # noqa: F401

import agents  # noqa: F401
import app.bars
import app.domain.step
import app.engine.transport
import app.engine.work
import app.quiet  # noqa: F401
import tables.signals_value
import tables.window_value  # noqa: F401
import web.main  # noqa: F401
from app.sessions import sessions

sessions()
