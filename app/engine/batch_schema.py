"""Batches pass through Faust's decoding as they are."""

from typing import Any

import faust
from faust.types import AppT, Message

from app.engine.batch import Batch


class BatchSchema(faust.Schema[Any, Any]):
    """The App's schema class: a batch is its own value, everything else is decoded as ever."""

    def loads_key(self, app: AppT, message: Message, **kwargs: Any) -> Any:
        """The key of a single record; a batch has none."""
        if isinstance(message.value, Batch):
            return None
        return super().loads_key(app, message, **kwargs)

    def loads_value(self, app: AppT, message: Message, **kwargs: Any) -> Any:
        """The batch itself, or the decoded value of a single record."""
        if isinstance(message.value, Batch):
            return message.value
        return super().loads_value(app, message, **kwargs)
