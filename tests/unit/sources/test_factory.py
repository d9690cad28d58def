import datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.settings import Settings
from app.sources.base import Source, SourceError
from app.sources.factory import SourceOptions
from app.sources.files.bar_files import BarFiles
from app.sources.synthetic import Synthetic


def opened(choice: SourceOptions) -> Source:
    settings = Settings(_env_file=None, symbols="AAPL,SPY")  # type: ignore[call-arg]
    return choice.open(settings, on_fault=lambda _: None, on_notice=lambda _: None)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "bars.csv"
    path.write_text("symbol,timestamp,open,high,low,close,volume\nAAPL,1731594600,1,1,1,1,1\n")
    return path


def test_nothing_said_means_a_synthetic_day() -> None:
    source = opened(SourceOptions())
    assert isinstance(source, Synthetic)
    assert str(source) == (
        "synthetic, made-up bars and no market data: 780 of AAPL, SPY, 2024-11-14, profile trend-and-pullback, seed 0"
    )


def test_what_is_said_shapes_the_bars() -> None:
    source = opened(
        SourceOptions(
            symbols=("X",), date=datetime.date(2024, 11, 29), sessions=2, profile="random-walk", seed=7, run_id="r"
        )
    )
    assert str(source).endswith("600 of X, 2024-11-29 to 2024-12-02, profile random-walk, seed 7")
    assert source.run_id == "r"


def test_a_file_means_csv(file: Path) -> None:
    for choice in (SourceOptions(file=(str(file),)), SourceOptions(file=(str(file),), source="csv")):
        source = opened(choice)
        assert isinstance(source, BarFiles)
        assert str(source) == f"csv, {file}: 1 row"


def test_a_day_from_alpaca() -> None:
    keys = {"apca_api_key_id": "PKID", "apca_api_secret_key": "hush"}
    settings = Settings(_env_file=None, **keys)  # type: ignore[arg-type, call-arg]
    day = datetime.date(2024, 11, 14)
    choice = SourceOptions(source="alpaca", date=day, to=datetime.date(2024, 11, 18), feed="sip", extended=True)
    source = choice.open(settings, on_fault=lambda _: None, on_notice=lambda _: None)
    assert str(source) == "alpaca-history: AAPL, GOOGL, SPY, 2024-11-14 to 2024-11-18, extended hours, feed sip"
    assert source.run_id.startswith("replay-2024-11-14-sip-raw-extended-")


def test_symbols_of_alpaca_are_in_capitals() -> None:
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        apca_api_key_id=SecretStr("key"),
        apca_api_secret_key=SecretStr("secret"),
    )
    source = SourceOptions(source="alpaca-live", symbols=("aapl", "Spy")).open(settings, lambda _: None, lambda _: None)
    assert str(source) == "alpaca-live, feed iex, by 1 request a minute: AAPL, SPY"


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (SourceOptions(source="csv"), "Which file"),
        (SourceOptions(source="synthetic", file=("bars.csv",)), "leave out bars.csv"),
        (SourceOptions(file=("bars.csv",), seed=1, date=datetime.date(2024, 11, 14)), "--date, --seed only shape"),
        (SourceOptions(file=("bars.csv",), feed="sip", extended=True), "--feed, --extended only shape"),
        (SourceOptions(to=datetime.date(2024, 11, 14)), "know no --to: .* SOURCE=alpaca"),
        (
            SourceOptions(source="alpaca", date=datetime.date(2024, 11, 14)),
            "set APCA_API_KEY_ID and APCA_API_SECRET_KEY",
        ),
        (SourceOptions(source="alpaca"), "Which day"),
        (SourceOptions(source="alpaca", file=("bars.csv",)), "leave out bars.csv"),
        (SourceOptions(source="alpaca", sessions=2), "--sessions only shape"),
        (SourceOptions(run_id="two words"), "two words"),
        (SourceOptions(symbol="AAPL", sort=True), "--symbol, --sort only say how files are read"),
        (SourceOptions(source="alpaca-live", file=("bars.csv",)), "leave out bars.csv"),
        (SourceOptions(source="alpaca-live", date=datetime.date(2024, 11, 14), seed=1), "leave out --date, --seed"),
        (SourceOptions(source="alpaca-live"), "Alpaca needs keys"),
    ],
)
def test_what_does_not_go_together_is_refused(choice: SourceOptions, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        opened(choice)
