"""Whether the profiles show what they are for, by the rule itself."""

import datetime

import numpy as np

from app.domain.row import ACTIONS
from app.domain.source_names import PROFILES, Profile
from app.domain.strategy import Strategy
from app.sources.paths import first_price, generator, session_path
from app.sources.synthetic import Synthetic
from tables.row_format import read_fixed
from tests.unit.domain.pipeline import Pipeline

DAY = datetime.date(2024, 11, 14)
SYMBOLS = ("AAPL", "GOOGL", "SPY")
STRATEGY = Strategy()


def actions(seed: int, profile: Profile) -> list[str]:
    """What the rule says of each bar of a session of three symbols."""
    bars = list(Synthetic(SYMBOLS, DAY, seed=seed, profile=profile).bars())
    found: list[str] = []
    for symbol in SYMBOLS:
        pipeline = Pipeline(STRATEGY, keep_bars=len(bars))
        pipeline.fold([bar for bar in bars if bar["symbol"] == symbol])
        found += [ACTIONS[code] for code in read_fixed(pipeline.table.rows.values())["action"]]
    return found


def test_nearly_every_seed_of_trend_and_pullback_shows_buy_and_sell_in_one_session() -> None:
    seeds = range(200)
    both = sum({"BUY", "SELL"} <= set(actions(seed, "trend-and-pullback")) for seed in seeds)
    assert both >= 0.95 * len(seeds)


def test_most_bars_are_still_hold() -> None:
    assert actions(0, "trend-and-pullback").count("HOLD") > 0.8 * 3 * 390


def test_a_random_walk_has_no_trend() -> None:
    returns = []
    for seed in range(200):
        rng = generator(seed, "SPY", 20_000, "random-walk")
        close = session_path(rng, "random-walk", 390, first_price(rng)).close
        returns.append(float(np.log(close[-1] / close[0])))
    error = np.std(returns) / np.sqrt(len(returns))
    assert abs(np.mean(returns)) < 4 * error


def test_penny_stocks_stay_above_zero() -> None:
    for profile in PROFILES:
        path = session_path(generator(0, "PENNY", 20_000, profile), profile, 390, 0.01)
        assert path.low.min() == 0.01
        assert (path.low <= np.minimum(path.open, path.close)).all()
        assert (path.high >= np.maximum(path.open, path.close)).all()
