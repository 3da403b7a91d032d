"""The doctor at the files of this machine: who may look into them, and whether the key is the one that sealed."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from msgspec.structs import replace

from adapters.postgres.sealing import Keys
from tests.workers.diagnosing import by_name, wrong
from workers import doctor_machine
from workers.doctor_machine import examine_machine, examine_sdk, examine_secret_key
from workers.http_settings import HttpSettings
from workers.nats_passwords import find_passwords
from workers.settings import Settings, secret_file, secret_keys


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A data folder as `waybill up` makes it, with a credential file."""
    settings = Settings(data=tmp_path / "data")
    secret_keys(settings)
    find_passwords(settings)
    settings.credentials_folder.mkdir(mode=0o700)
    (settings.credentials_folder / "openai").touch(mode=0o600)
    return settings


def test_a_data_folder_that_is_well(settings: Settings) -> None:
    checks = examine_machine(settings)
    assert wrong(checks) == {}
    assert by_name(checks).keys() == {"data_folder", "credentials_folder", "disk"}


def test_without_a_data_folder_there_is_nothing_to_hide(tmp_path: Path) -> None:
    checks = examine_machine(Settings(data=tmp_path / "not" / "there"))
    assert wrong(checks) == {}
    assert by_name(checks).keys() == {"data_folder", "disk"}


@pytest.mark.parametrize(
    ("name", "mode", "check", "change"),
    [
        (".", 0o755, "data_folder", "chmod 700"),
        ("secret.key", 0o644, "data_folder", "chmod 600"),
        ("nats.env", 0o640, "data_folder", "chmod 600"),
        ("credentials", 0o750, "credentials_folder", "chmod 700"),
        ("credentials/openai", 0o604, "credentials_folder", "chmod 600"),
    ],
    ids=lambda value: value if isinstance(value, str) and "chmod" not in value else "",
)
def test_what_others_may_look_into_is_found(  # noqa: PLR0917 - one for each column
    settings: Settings, name: str, mode: int, check: str, change: str
) -> None:
    path = settings.data / name
    path.chmod(mode)
    checks = examine_machine(settings)
    assert wrong(checks) == {check: "failed"}
    assert f"{path} is {mode:04o}" in by_name(checks)[check].detail
    assert f"{change} {path}" in (by_name(checks)[check].remedy or "")


@pytest.mark.parametrize(("room", "status"), [(10**10, None), (10**9, "warning"), (10**8, "failed")])
def test_room_on_the_disk(settings: Settings, monkeypatch: pytest.MonkeyPatch, room: int, status: str | None) -> None:
    """The machine is not ours to fill: the bounds move instead."""
    free = shutil.disk_usage(settings.data).free
    monkeypatch.setattr(doctor_machine, "FREE_BYTES_MIN", doctor_machine.FREE_BYTES_MIN + free - room)
    monkeypatch.setattr(doctor_machine, "FREE_BYTES_ENOUGH", doctor_machine.FREE_BYTES_ENOUGH + free - room)
    assert wrong(examine_machine(settings)) == ({} if status is None else {"disk": status})


@pytest.mark.parametrize(
    ("host", "http", "expected"),
    [
        ("127.0.0.1", HttpSettings(), {}),
        ("::1", HttpSettings(), {}),
        ("0.0.0.0", HttpSettings(), {"tls": "warning"}),  # noqa: S104 - looked at, not listened on
        ("waybill.example", HttpSettings(), {"tls": "warning"}),
        ("0.0.0.0", HttpSettings(trusted_proxies=("10.0.0.1",)), {}),  # noqa: S104 - looked at, not listened on
    ],
    ids=["loopback", "loopback 6", "everywhere", "a name", "behind a proxy"],
)
def test_keys_do_not_travel_in_plain_text(
    settings: Settings, host: str, http: HttpSettings, expected: dict[str, str]
) -> None:
    assert wrong(examine_machine(replace(settings, host=host, http=http))) == expected


Change = Callable[[Settings], Settings]


def sealed_by(settings: Settings) -> list[bytes]:
    return [Keys.read(secret_keys(settings)).seal(secret) for secret in ("one", "two")]


def forgotten(settings: Settings) -> Settings:
    secret_file(settings).unlink()
    return settings


def garbled(settings: Settings) -> Settings:
    secret_file(settings).write_text("not a key")
    return settings


def another(settings: Settings) -> Settings:
    return replace(settings, secret_key=Fernet.generate_key().decode())


@pytest.mark.parametrize(
    ("change", "expected", "said"),
    [
        (lambda settings: settings, {}, "opens 2 of 2 stored credentials"),
        (another, {"secret_key": "failed"}, "WAYBILL_SECRET_KEY opens 0 of 2"),
        (garbled, {"secret_key": "failed"}, "32 random bytes"),
        (forgotten, {"secret_key": "warning"}, "credentials are stored"),
    ],
    ids=["the one", "another", "garbled", "forgotten"],
)
def test_the_key_that_seals(settings: Settings, change: Change, expected: dict[str, str], said: str) -> None:
    sealed = sealed_by(settings)
    check = examine_secret_key(change(settings), sealed)
    assert wrong([check]) == expected
    assert said in check.detail


@pytest.mark.parametrize("sealed", [None, []], ids=["no database", "no credentials"])
def test_a_key_that_nothing_was_sealed_with(settings: Settings, sealed: list[bytes] | None) -> None:
    assert wrong([examine_secret_key(settings, sealed)]) == {}
    assert wrong([examine_secret_key(forgotten(settings), sealed)]) == {}
    assert not secret_file(settings).exists(), "who looks makes no key"


@pytest.mark.anyio
async def test_an_sdk_that_does_not_load_says_why() -> None:
    (check,) = await examine_sdk("nobody")  # type: ignore[arg-type]
    assert wrong([check]) == {"sdk_nobody": "failed"}
    assert "KeyError" in check.detail
