import re
import traceback
from pathlib import Path

import pytest
import trustme

from app.settings import Settings, SettingsError, load_settings, setting_fields
from app.settings.model import SECRETS_DIR

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, and no settings in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    return tmp_path


def faults(monkeypatch: pytest.MonkeyPatch, secrets: Path = SECRETS_DIR, /, **environment: str) -> list[str]:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        load_settings(secrets)
    for fault in caught.value.faults:
        assert fault in str(caught.value)
    return caught.value.faults


def test_without_any_all_have_defaults() -> None:
    assert load_settings().strategy.name == "sma20-sma50-rsi14-30-70/1"


def test_the_environment_wins_over_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / ".env").write_text("PARTITIONS=3\napi_port=81\nAPP_ID=\n")
    monkeypatch.setenv("PARTITIONS", "4")
    found = load_settings()
    assert (found.partitions, found.api_port, found.app_id) == (4, 81, "stock-signals")


def test_an_unknown_name_in_the_file_is_an_error_with_the_near_ones(folder: Path) -> None:
    (folder / ".env").write_text("KAFKA_BOOTSTAP=127.0.0.1:9092\nZZZ=1\n")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert caught.value.faults == [
        "KAFKA_BOOTSTAP in .env is not a setting: did you mean KAFKA_BOOTSTRAP?",
        "ZZZ in .env is not a setting: see .env.example",
    ]


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


def test_credentials_in_the_registrys_address_are_refused_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    found = faults(monkeypatch, SCHEMA_REGISTRY_URL="https://key:hunter2@registry.example")
    assert "set SCHEMA_REGISTRY_API_KEY and SCHEMA_REGISTRY_API_SECRET" in found[0]
    assert "hunter2" not in found[0]


@pytest.mark.parametrize("given", [{}, {"KAFKA_API_KEY": "key"}, {"KAFKA_API_SECRET": "hunter2"}])
def test_sasl_without_its_credentials_is_an_error_that_names_both(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str]
) -> None:
    found = faults(monkeypatch, KAFKA_SECURITY_PROTOCOL="SASL_SSL", **given)
    assert found == ["KAFKA_SECURITY_PROTOCOL=SASL_SSL needs both KAFKA_API_KEY and KAFKA_API_SECRET"]


def test_keys_that_would_not_be_used_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    found = faults(monkeypatch, KAFKA_API_KEY="key", KAFKA_API_SECRET="hunter2")  # noqa: S106
    assert "are not used with KAFKA_SECURITY_PROTOCOL=PLAINTEXT: set it to SASL_SSL" in found[0]


def test_the_registrys_key_and_secret_go_together_and_all_faults_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    found = faults(monkeypatch, SCHEMA_REGISTRY_API_KEY="key", SMA_FAST="60")
    assert [fault.partition(" ")[0] for fault in found] == ["SCHEMA_REGISTRY_API_KEY", "SMA_FAST"]


@pytest.mark.parametrize("given", ["APCA_API_KEY_ID", "APCA_API_SECRET_KEY"])
def test_alpacas_keys_go_together(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    found = faults(monkeypatch, **{given: "hunter2"})
    assert found == ["APCA_API_KEY_ID and APCA_API_SECRET_KEY go together: set both or neither"]


def test_alpacas_addresses_are_urls_without_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    found = faults(monkeypatch, APCA_API_DATA_URL="data.alpaca.markets", APCA_API_STREAM_URL="wss://me:hunter2@stream")
    assert [found[0].partition("=")[0], found[1].partition(":")[0]] == ["APCA_API_DATA_URL", "APCA_API_STREAM_URL"]
    assert "must be a URL such as" in found[0]
    assert "must not hold credentials" in found[1]
    assert "hunter2" not in found[1]


def test_secrets_never_print(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "".join(["hun", "ter2"])
    monkeypatch.setenv("KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
    for side in ("KAFKA", "SCHEMA_REGISTRY"):
        monkeypatch.setenv(f"{side}_API_KEY", "key")
        monkeypatch.setenv(f"{side}_API_SECRET", secret)
    found = load_settings()
    assert secret not in f"{found!r} {found} {found.model_dump()} {found.model_dump_json()}"
    monkeypatch.setenv("PARTITIONS", "0")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert secret not in "".join(traceback.format_exception(caught.value))


def test_the_example_explains_every_setting_and_no_other_and_is_good_as_it_stands(folder: Path) -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    named = re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE)
    assert sorted(named) == sorted(name.upper() for name in setting_fields())
    uncommented = re.sub(r"^#([A-Z_]+=)", r"\1", example, flags=re.MULTILINE)
    (folder / ".env").write_text(uncommented)
    said = load_settings().model_dump(exclude={"kafka_bootstrap", "schema_registry_url"})
    (folder / ".env").unlink()
    assert said == load_settings().model_dump(exclude={"kafka_bootstrap", "schema_registry_url"})
    for block in re.split(r"\n\n", example):
        assert "\n# " in f"\n{block}", f"unexplained: {block}"


def test_a_line_that_is_no_setting_is_an_error_that_does_not_repeat_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".env").write_text("# keys\nAPP_ID=x\nkafka_api_secret hunter2\n")
    with pytest.raises(SettingsError, match=r"line 3 of \.env is not of the form NAME=value") as caught:
        load_settings()
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("name", ["DATA_DIR", "STACK_DIR"])
def test_a_tilde_is_the_home_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(name, "~/some where")
    assert getattr(load_settings(), name.lower()) == tmp_path / "some where"


def test_a_tilde_is_the_home_folder_of_certificates_and_rules_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")
    (tmp_path / "mine.py").write_text('REASONS = ("up",)\n\n\ndef decide(bars):\n    return []\n')
    monkeypatch.setenv("KAFKA_CA_FILE", "~/ca.pem")
    monkeypatch.setenv("STRATEGY", "~/mine.py")
    found = load_settings()
    assert found.kafka_ca_file == tmp_path / "ca.pem"
    assert "-mine@" in found.strategy.name


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


@pytest.mark.parametrize("name", ["DATA_DIR", "STACK_DIR"])
def test_a_name_that_no_folder_can_have_is_an_error(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    value = "long" * 100
    assert faults(monkeypatch, **{name: value}) == [
        f"{name}={value}: cannot be used (File name too long): choose another"
    ]


def test_names_that_no_topic_can_have_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    assert faults(monkeypatch, TOPIC_PREFIX="x" * 220) == [
        "TOPIC_PREFIX and APP_ID are 3 characters too long: together at most 230, for Kafka"
    ]


def test_a_file_without_certificates_is_no_authority(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("mine")
    [said] = faults(monkeypatch, KAFKA_CA_FILE=f"{tmp_path}/ca.pem")
    assert said.startswith(f"KAFKA_CA_FILE={tmp_path}/ca.pem: holds no certificate in PEM form")


def test_the_home_folder_of_nobody_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    said = "DATA_DIR=~nobody-here/data: begins with the home folder of a user that this machine does not know"
    assert faults(monkeypatch, DATA_DIR="~nobody-here/data") == [said]


def test_a_folder_named_env_is_named_and_passed_over(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / ".env").mkdir()
    assert load_settings().partitions == 8
    assert capsys.readouterr().err == ".env is a folder and is passed over: settings come from the environment alone.\n"


def test_a_link_named_env_that_leads_nowhere_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / ".env").symlink_to("gone")
    assert load_settings().api_port == 8001
    assert capsys.readouterr().err == (
        ".env is a link that leads nowhere and is passed over: settings come from the environment alone.\n"
    )


def test_an_env_file_of_windows_is_read(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With a mark at its beginning, `export`, quotes and its own line ends."""
    text = "PARTITIONS=3\r\nexport APP_ID=\"mine\"\r\n# a comment\r\nTOPIC_PREFIX='test.'\r\n"
    (folder / ".env").write_bytes(text.encode("utf-8-sig"))
    found = load_settings()
    assert (found.partitions, found.app_id, found.topic_prefix) == (3, "mine", "test.")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("PARTITIONS=3\n".encode("utf-16"), ".env is written in UTF-16: save it as UTF-8"),
        (
            "PARTITIONS=3\n".encode("utf-16-be"),
            ".env holds zero bytes, as UTF-16 without a mark does",
        ),
        ("APP_ID=x\nTOPIC_PREFIX=ä\n".encode("latin-1"), "line 2 of .env is not UTF-8: save the file as UTF-8"),
    ],
)
def test_an_env_file_in_another_encoding_is_an_error_that_names_the_right_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, fault: str
) -> None:
    (folder / ".env").write_bytes(content)
    [found] = faults(monkeypatch)
    assert found.startswith(fault)


@pytest.mark.parametrize("name", ["DATA_DIR", "STACK_DIR"])
@pytest.mark.parametrize("below", ["", "/below"])
def test_a_file_where_a_folder_should_be_is_an_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, below: str
) -> None:
    (folder / "mine").write_text("")
    value = f"{folder}/mine{below}"
    said = f"{name}={value}: is no folder, for {folder}/mine is a file: choose another, or move that file away"
    assert faults(monkeypatch, **{name: value}) == [said]
    assert (folder / "mine").is_file()


@pytest.mark.parametrize("name", ["DATA_DIR", "STACK_DIR"])
@pytest.mark.parametrize("target", ["gone", "link"])
def test_a_link_that_leads_nowhere_is_no_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, target: str
) -> None:
    (folder / "link").symlink_to(folder / target)
    [said] = faults(monkeypatch, **{name: f"{folder}/link/below"})
    assert said.startswith(f"{name}={folder}/link/below: is no folder, for {folder}/link is a link that leads nowhere")


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    folder = tmp_path / "secrets"
    folder.mkdir()
    return folder


def test_secrets_may_be_files_and_the_environment_wins(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (secrets / "apca_api_key_id").write_text("PK1\n")
    (secrets / "apca_api_secret_key").write_text("hunter2\n")
    found = load_settings(secrets)
    assert found.apca_api_key_id is not None
    assert found.apca_api_secret_key is not None
    assert (found.apca_api_key_id.get_secret_value(), found.apca_api_secret_key.get_secret_value()) == (
        "PK1",
        "hunter2",
    )
    monkeypatch.setenv("APCA_API_KEY_ID", "PK2")
    again = load_settings(secrets).apca_api_key_id
    assert again is not None
    assert again.get_secret_value() == "PK2"


def test_half_a_pair_of_secrets_is_an_error(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (secrets / "apca_api_key_id").write_text("PK1")
    assert faults(monkeypatch, secrets) == ["APCA_API_KEY_ID and APCA_API_SECRET_KEY go together: set both or neither"]


def test_a_secret_that_is_no_text_is_named_without_its_value(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (secrets / "kafka_api_secret").write_bytes(b"\xff\xfehunter2")
    (found,) = faults(monkeypatch, secrets)
    assert found == f"the secret {secrets}/kafka_api_secret is not UTF-8: save the file as UTF-8"


def test_a_secret_that_cannot_be_read_is_named(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Nothing is at the beginning of a process's memory: reading fails, for root too, who may read any file.
    (secrets / "kafka_api_secret").symlink_to("/proc/self/mem")
    (found,) = faults(monkeypatch, secrets)
    assert found.startswith(f"the secret {secrets}/kafka_api_secret cannot be read (Input/output error)")


def test_brokers_for_synthetic_bars_are_host_and_port(monkeypatch: pytest.MonkeyPatch) -> None:
    assert faults(monkeypatch, SYNTHETIC_BROKERS="kafka")[0].startswith("SYNTHETIC_BROKERS=kafka: must be host:port")
