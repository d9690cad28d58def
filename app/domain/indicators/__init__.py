"""The indicators, one in each file: what a row keeps for the next bar, how that changes, and the values it gives."""

from app.domain.indicators.bollinger import Bollinger
from app.domain.indicators.ema import Ema
from app.domain.indicators.indicator import Indicator
from app.domain.indicators.previous import Previous
from app.domain.indicators.rsi import Rsi
from app.domain.indicators.sma import Sma

__all__ = ["Bollinger", "Ema", "Indicator", "Previous", "Rsi", "Sma"]
