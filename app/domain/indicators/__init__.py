"""The indicators, one a file: each says what a row keeps, how it goes on bar by bar, and what it reads from that."""

from app.domain.indicators.bollinger import Bollinger
from app.domain.indicators.ema import Ema
from app.domain.indicators.indicator import Indicator
from app.domain.indicators.previous import Previous
from app.domain.indicators.rsi import Rsi
from app.domain.indicators.sma import Sma

__all__ = ["Bollinger", "Ema", "Indicator", "Previous", "Rsi", "Sma"]
