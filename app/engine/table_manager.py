"""Faust's manager of tables, which starts without its pause."""

from faust.tables import TableManager


class PromptTableManager(TableManager):
    """Stock Faust waits a second for tables that agents may yet declare; here all are there before the app starts."""

    async def on_start(self) -> None:
        """Open the tables and start the recovery, which waits for partitions."""
        if self.should_stop:
            return
        await self._update_channels()
        await self.recovery.start()
