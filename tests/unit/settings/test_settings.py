from pathlib import Path

import pytest

from app.settings import load_settings
from tests.unit.settings.loading import faults


def test_without_any_all_have_defaults() -> None:
    assert load_settings().strategy.name == "sma20-sma50-rsi14-30-70/1"


def test_other_variables_of_the_process_are_not_our_business(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTAP", "x")
    load_settings()


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("PARTITIONS", "0", "PARTITIONS=0: must be a whole number from 1 to 1000"),
        ("API_PORT", "http", "API_PORT=http: must be a whole number from 0 to 65535"),
        ("KAFKA_PORT", "70000", "KAFKA_PORT=70000: must be a whole number from 1 to 65535"),
        ("SMA_FAST", "1", "SMA_FAST=1: must be a whole number from 2 to 100000"),
        ("SMA_SLOW", "100000000", "SMA_SLOW=100000000: must be a whole number from 3 to 100000"),
        ("RSI_PERIOD", "100000000", "RSI_PERIOD=100000000: must be a whole number from 2 to 100000"),
        ("SMA_SLOW", "900", "KEEP_BARS (800) must be at least SMA_SLOW + LATE_BARS, which is 910"),
        ("RSI_BUY_BELOW", "nan", "RSI_BUY_BELOW=nan: must be a number from 0 to 100"),
        ("TOPIC_ALLOW_DECLARE", "perhaps", "TOPIC_ALLOW_DECLARE=perhaps: must be true or false"),
        (
            "KAFKA_SECURITY_PROTOCOL",
            "TLS",
            "KAFKA_SECURITY_PROTOCOL=TLS: must be one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL",
        ),
        ("APP_ID", "my app", "APP_ID=my app: may hold letters, digits, and . _ -"),
        ("KAFKA_CA_FILE", "nowhere.pem", "KAFKA_CA_FILE=nowhere.pem: is not a file that can be read"),
        ("SMA_FAST", "50", "SMA_FAST (50) must be below SMA_SLOW (50)"),
        ("KEEP_BARS", "5", "KEEP_BARS=5: must be a whole number from 10 to 100000"),
        ("KEEP_BARS", "59", "KEEP_BARS (59) must be at least SMA_SLOW + LATE_BARS, which is 60"),
        ("LATE_BARS", "800", "KEEP_BARS (800) must be at least SMA_SLOW + LATE_BARS, which is 850"),
        ("RSI_BUY_BELOW", "80", "RSI_BUY_BELOW (80) must be below RSI_SELL_ABOVE (70)"),
    ],
)
def test_a_bad_value_is_an_error_that_names_the_setting_and_what_it_may_be(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, fault: str
) -> None:
    assert faults(monkeypatch, **{name: value}) == [fault]


def test_as_few_bars_are_kept_as_the_window_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEEP_BARS", "60")
    assert load_settings().keep_bars == 60


@pytest.mark.parametrize("name", ["SIGNAL_HISTORY", "signal_history"])
def test_a_setting_of_an_earlier_release_is_an_error_that_says_what_to_set_instead(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    said = "SIGNAL_HISTORY is no longer a setting: KEEP_BARS says how many bars, each with its signal, are kept of a "
    said += "series"
    (folder / ".env").write_text(f"{name}=50\n")
    assert faults(monkeypatch) == [said]
    (folder / ".env").unlink()
    assert faults(monkeypatch, **{name: "50"}) == [said]


@pytest.mark.parametrize("value", ["localhost", "localhost:", ":9092", "a:1,b", "http://a:1", "a:99999"])
def test_kafkas_address_is_host_and_port(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    assert faults(monkeypatch, KAFKA_BOOTSTRAP=value)[0].startswith(f"KAFKA_BOOTSTRAP={value}: must be host:port")


def test_several_addresses_are_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP", "a:1,b.example:9092,[::1]:9093")
    load_settings()


@pytest.mark.parametrize("value", ["localhost:8081", "ftp://a", "http://"])
def test_the_registrys_address_is_a_url(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    assert "must be a URL such as" in faults(monkeypatch, SCHEMA_REGISTRY_URL=value)[0]


@pytest.mark.parametrize("name", ["API_HOST", "PRODUCER_HOST"])
@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("127.0.0.1:8001", "must be a name or an address alone: the port is a setting of its own"),
        ("http://127.0.0.1", "must be a name or an address alone"),
        ("two words", "must be a name or an address, such as 127.0.0.1 or 0.0.0.0"),
    ],
)
def test_a_host_is_a_name_or_an_address(monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str) -> None:
    [found] = faults(monkeypatch, **{name: value})
    assert found.startswith(f"{name}={value}: {said}")


@pytest.mark.parametrize("value", ["::1", "::", "localhost", "0.0.0.0", "worker_1.example"])  # noqa: S104
def test_names_and_addresses_of_both_kinds_are_hosts(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("API_HOST", value)
    assert load_settings().api_host == value


def test_names_that_no_topic_can_have_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    assert faults(monkeypatch, TOPIC_PREFIX="x" * 220) == [
        "TOPIC_PREFIX and APP_ID are 3 characters too long: together at most 230, for Kafka"
    ]


def test_brokers_for_synthetic_bars_are_host_and_port(monkeypatch: pytest.MonkeyPatch) -> None:
    assert faults(monkeypatch, SYNTHETIC_BROKERS="kafka")[0].startswith("SYNTHETIC_BROKERS=kafka: must be host:port")
