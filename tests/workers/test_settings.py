"""Where a setting comes from, what is refused, and the files that one process leaves for the others."""

import asyncio
import stat
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.fernet import Fernet

from workers.processes import PROCESSES
from workers.running import Main
from workers.settings import (
    Settings,
    SettingsError,
    child_environment,
    forget_running_servers,
    read_connection,
    read_settings,
    secret_keys,
    shared_folder,
    unsettled_environment,
    write_running_servers,
)
from workers.single_roles import relay, scheduler, watchdog
from workers.wiring import installer, write_side

MINE = "postgresql://me@127.0.0.1:1/waybill"
RUNNING = "postgresql://postgres@/waybill?host=%2Frunning"
NATS = "nats://127.0.0.1:4222"
COMMANDS = {command.name: command for command in PROCESSES}
TELL_SECRET = """
import sys
from pathlib import Path
from workers.settings import Settings, secret_keys

settings = Settings(data=Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
print(secret_keys(settings))
"""


@pytest.fixture
def running(tmp_path: Path) -> Settings:
    """Those of a `waybill up` that runs in this data folder."""
    settings = Settings(data=tmp_path, postgres_url=RUNNING, nats_url=NATS)
    write_running_servers(settings)
    return settings


def test_what_is_not_set_has_a_value_that_works() -> None:
    settings = read_settings({"XDG_DATA_HOME": "/data"})
    assert settings == Settings(data=Path("/data/waybill"), host="127.0.0.1", port=8470)
    assert settings.log_level == "info"


def test_an_option_goes_before_the_environment(tmp_path: Path) -> None:
    environment = {"WAYBILL_DATA": "/elsewhere"}
    assert read_settings(environment).data == Path("/elsewhere")
    assert read_settings(environment, data=tmp_path).data == tmp_path


def test_the_environment_goes_before_a_waybill_that_runs(running: Settings) -> None:
    environment = {"WAYBILL_DATA": str(running.data), "WAYBILL_POSTGRES_URL": MINE}
    settings = read_settings(environment)
    assert (settings.postgres_url, settings.nats_url) == (MINE, NATS)


def test_a_waybill_that_runs_is_found_by_its_data_folder(running: Settings) -> None:
    assert read_settings({"WAYBILL_DATA": str(running.data)}).postgres_url == RUNNING
    assert read_settings({}, data=running.data).postgres_url == RUNNING
    assert read_settings({}, data=running.data / "other").postgres_url is None
    assert read_settings({}, data=running.data, ask_running=False).postgres_url is None


def test_a_waybill_that_has_ended_is_not_found_any_more(running: Settings) -> None:
    forget_running_servers(running)
    forget_running_servers(running)
    assert read_settings({}, data=running.data).postgres_url is None


def test_a_folder_is_the_same_one_from_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_settings({"WAYBILL_DATA": "data"}).data == tmp_path / "data"


def test_an_empty_variable_is_none(running: Settings) -> None:
    """As a compose file passes one that was not set."""
    names = ("PORT", "HOST", "POSTGRES_URL", "NATS_URL", "SECRET_KEY", "LOG_FORMAT", "LOG_LEVEL", "NOOP_PROVIDERS")
    git = ("GIT_HOSTS", "GIT_CA_FILE")
    empty = read_settings({f"WAYBILL_{name}": "" for name in (*names, *git)}, data=running.data)
    assert empty == read_settings({}, data=running.data)
    assert read_connection({"WAYBILL_URL": "", "WAYBILL_API_KEY": " "}) == read_connection({})


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"WAYBILL_PORT": "http"}, "WAYBILL_PORT must be a number from 0 to 65535."),
        ({"WAYBILL_PORT": "-1"}, "WAYBILL_PORT must be a number from 0 to 65535."),
        ({"WAYBILL_PORT": "65536"}, "WAYBILL_PORT must be a number from 0 to 65535."),
        ({"WAYBILL_LOG_LEVEL": "loud"}, "WAYBILL_LOG_LEVEL must be one of: debug, info, warning, error."),
        ({"WAYBILL_LEASE_MARGIN_SECONDS": "0"}, "WAYBILL_LEASE_MARGIN_SECONDS must be a number from 1 to 600."),
        ({"WAYBILL_LOG_FORMAT": "xml"}, "WAYBILL_LOG_FORMAT must be one of: json, console."),
        (
            {"WAYBILL_GIT_HOSTS": "https://git.example/a"},
            "WAYBILL_GIT_HOSTS must be names or name:port, between commas.",
        ),
        ({"WAYBILL_GIT_CA_FILE": "/nowhere"}, "WAYBILL_GIT_CA_FILE must name a file with certificates in PEM form."),
    ],
)
@pytest.mark.parametrize("command", ["up", "api", "migrate"])
def test_what_cannot_be_used_is_said_in_a_sentence(command: str, environment: Mapping[str, str], sentence: str) -> None:
    ended = CliRunner().invoke(COMMANDS[command], env=environment)
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert sentence in ended.stderr


def test_git_servers_of_the_house_are_named_with_a_port_or_without(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").touch()
    environment = {
        "WAYBILL_GIT_HOSTS": " Git.Example, 10.0.0.1:8443,,",
        "WAYBILL_GIT_CA_FILE": str(tmp_path / "ca.pem"),
    }
    settings = read_settings(environment, data=tmp_path)
    assert settings.git_hosts == {"git.example", "10.0.0.1:8443"}
    assert settings.git_ca_file == tmp_path / "ca.pem"


def test_a_level_may_be_written_in_capitals() -> None:
    assert read_settings({"WAYBILL_LOG_LEVEL": "DEBUG"}).log_level == "debug"


def test_only_credentials_are_taken_for_credentials() -> None:
    environment = {"WAYBILL_CREDENTIAL_ONE": "sk-1", "OPENAI_API_KEY": "sk-2", "WAYBILL_SECRET_KEY": "3"}
    assert read_settings(environment).credentials == {"WAYBILL_CREDENTIAL_ONE": "sk-1"}


def test_the_secret_is_made_once_and_for_this_user_alone(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data")
    secret = secret_keys(settings)
    assert Fernet(secret).decrypt(Fernet(secret).encrypt(b"x")) == b"x"
    assert secret_keys(settings) == secret
    (file,) = settings.data.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(settings.data.stat().st_mode) == 0o700
    assert secret_keys(Settings(data=settings.data, secret_key="given")) == "given"


def test_a_secret_that_is_there_is_read_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_text("given")
    before = tmp_path.stat().st_mtime_ns
    assert secret_keys(Settings(data=tmp_path)) == "given"
    assert tmp_path.stat().st_mtime_ns == before


def test_processes_that_start_at_once_have_one_secret(tmp_path: Path) -> None:
    command = [sys.executable, "-c", TELL_SECRET, str(tmp_path)]
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    secrets = {process.communicate(timeout=30)[0] for process in processes}
    assert secrets == {secret_keys(Settings(data=tmp_path)) + "\n"}
    assert [file.name for file in tmp_path.iterdir()] == ["secret.key"]


@pytest.mark.anyio
@pytest.mark.parametrize("secret", ["correct horse battery staple", "c2hvcnQ=", " , "])
async def test_a_secret_that_is_none_is_said_to_be_that(tmp_path: Path, secret: str) -> None:
    settings = Settings(data=tmp_path, postgres_url=MINE, secret_key=secret)
    with pytest.raises(SettingsError, match=r"^WAYBILL_SECRET_KEY cannot be used: .*32 random bytes") as refusal:
        await open_write_side(settings)
    assert "battery" not in str(refusal.value)


@pytest.mark.anyio
async def test_a_secret_file_that_was_damaged_is_said_to_be_that(tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_text("")
    with pytest.raises(SettingsError, match=r"^The file .*secret\.key cannot be used: "):
        await open_write_side(Settings(data=tmp_path, postgres_url=MINE))


async def open_write_side(settings: Settings) -> None:
    async with write_side(settings, part="test"):
        pass


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({}, "Set WAYBILL_POSTGRES_URL, or WAYBILL_DATA"),
        ({"WAYBILL_POSTGRES_URL": "me:secret@mine"}, r"WAYBILL_POSTGRES_URL cannot be used: (?!.*secret)"),
        ({"WAYBILL_POSTGRES_URL": MINE}, "Set WAYBILL_NATS_URL, or WAYBILL_DATA"),
        ({"WAYBILL_POSTGRES_URL": MINE, "WAYBILL_NATS_URL": "localhost"}, "WAYBILL_NATS_URL cannot be used: "),
    ],
)
@pytest.mark.parametrize("part", [relay, scheduler, watchdog, installer], ids=lambda part: part.__name__)
async def test_a_part_alone_says_which_server_it_misses(
    tmp_path: Path, part: Main, environment: Mapping[str, str], sentence: str
) -> None:
    with pytest.raises(SettingsError, match=f"^{sentence}"):
        await part(read_settings(environment, data=tmp_path), asyncio.Event())


def test_a_part_finds_the_same_servers_and_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYBILL_POSTGRES_URL", "postgresql://elsewhere")
    monkeypatch.setenv("WAYBILL_CREDENTIAL_ONE", "sk-1")
    settings = Settings(data=tmp_path, host="0.0.0.0", port=0, postgres_url=MINE, nats_url=NATS)  # noqa: S104 - not bound
    found = read_settings(child_environment(settings, WAYBILL_LOG_LEVEL="error"))
    assert (found.data, found.host, found.port) == (settings.data, settings.host, settings.port)
    assert (found.postgres_url, found.nats_url, found.log_level) == (MINE, NATS, "error")
    assert found.credentials == {"WAYBILL_CREDENTIAL_ONE": "sk-1"}


def test_a_waybill_of_its_own_sees_none_of_our_settings() -> None:
    assert unsettled_environment({"PATH": "/bin", "WAYBILL_DATA": "/data"}) == {"PATH": "/bin"}


def test_the_shared_folder_of_a_checkout_is_its_root() -> None:
    assert (shared_folder() / "nats.conf").is_file()
    assert list((shared_folder() / "examples" / "skills").glob("*/SKILL.md"))
