from typing import cast

from app.engine.app import BatchApp
from app.engine.table_manager import PromptTableManager


async def test_the_app_has_it(app: BatchApp) -> None:
    assert isinstance(cast(object, app.tables), PromptTableManager)
