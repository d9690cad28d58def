"""State that another strategy made is not continued."""

from app.domain.key import split_key
from app.domain.strategy import Strategy
from app.errors import StocksError


class StrategyDiffers(StocksError):
    """A table's value was made with other periods or thresholds."""


def check_strategy(table: str, key: bytes, found: str, strategy: Strategy) -> None:
    """Raise StrategyDiffers unless the value was made with the configured strategy."""
    if found != strategy.name:
        run_id, symbol = split_key(key)
        raise StrategyDiffers(
            f"Table {table} holds {symbol} of run {run_id} by strategy {found}, but the settings say {strategy.name}: "
            "another strategy is another deployment, so give it an APP_ID and a DATA_DIR of its own"
        )
