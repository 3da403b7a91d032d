"""Passwords for NATS: where they are found, what they may look like, and that only who has to sees them."""

import re
import stat
from pathlib import Path

import pytest

from workers.nats_passwords import (
    PASSWORDS_FILE,
    find_password,
    find_passwords,
    own_password,
    write_new_passwords,
)
from workers.nats_settings import PASSWORD, USERS, password_variable, read_passwords, url_for
from workers.settings import Settings, SettingsError, read_settings

MINE = "one-that-i-have-chosen"
URL = "nats://127.0.0.1:4222"


def settings_of(data: Path, **environment: str) -> Settings:
    return read_settings({"HOME": str(data), **environment}, data=data)


def test_the_first_start_makes_one_for_every_user_and_the_next_finds_them(tmp_path: Path) -> None:
    data = tmp_path / "data"
    made = find_passwords(settings_of(data))
    assert set(made) == set(USERS)
    assert len(set(made.values())) == len(USERS)
    assert all(PASSWORD.fullmatch(password) for password in made.values())
    file = data / PASSWORDS_FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = file.stat()
    assert find_passwords(settings_of(data)) == made
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert {user: find_password(settings_of(data), user) for user in USERS} == made


def test_the_environment_goes_before_the_file_and_is_not_written_there(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, WAYBILL_NATS_RELAY_PASSWORD=MINE)
    assert find_passwords(settings)["relay"] == MINE
    assert MINE not in (tmp_path / PASSWORDS_FILE).read_text()
    made = find_passwords(settings_of(tmp_path))
    assert made["relay"] != MINE
    assert find_password(settings, "relay") == MINE
    assert find_passwords(settings) == made | {"relay": MINE}


def test_one_that_is_missing_is_made_and_the_others_stay(tmp_path: Path) -> None:
    made = find_passwords(settings_of(tmp_path))
    file = tmp_path / PASSWORDS_FILE
    file.write_text(re.sub(r"WAYBILL_NATS_API_PASSWORD=.*\n", "", file.read_text()))
    again = find_passwords(settings_of(tmp_path))
    assert again["api"] != made["api"]
    assert {user for user in USERS if again[user] == made[user]} == set(USERS) - {"api"}


def test_without_any_there_is_none_and_nothing_is_made(tmp_path: Path) -> None:
    assert find_password(settings_of(tmp_path), "relay") is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "password",
    [
        "too-short",
        "4e10aaaaaaaaaaaaaaaa",
        "with space in the middle",
        "with#comment-behind",
        "$WAYBILL_NATS_OTHER",
        "a" * 129,
    ],
    ids=["short", "number", "space", "comment", "variable", "long"],
)
def test_one_that_the_configuration_or_a_url_would_misread_is_refused(tmp_path: Path, password: str) -> None:
    wanted = "WAYBILL_NATS_SUBSCRIBER_PASSWORD must begin with a letter and be 16 to 128"
    with pytest.raises(SettingsError, match=wanted) as raised:
        settings_of(tmp_path, WAYBILL_NATS_SUBSCRIBER_PASSWORD=password)
    assert password not in str(raised.value)
    (tmp_path / PASSWORDS_FILE).write_text(f"WAYBILL_NATS_SUBSCRIBER_PASSWORD={password}\n")
    with pytest.raises(SettingsError, match=f"nats.env cannot be used: {wanted}"):
        find_password(settings_of(tmp_path), "subscriber")


def test_a_part_sees_its_own_alone(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, WAYBILL_NATS_RELAY_PASSWORD=MINE)
    made = find_passwords(settings)
    for user in USERS:
        environment = own_password(settings, user)
        assert set(environment) == {password_variable(other) for other in USERS}
        assert {value for value in environment.values() if value} == {made[user]}
    assert not any(own_password(settings, None).values())


def test_those_for_a_server_of_ones_own_are_never_overwritten(tmp_path: Path) -> None:
    file = tmp_path / "mine.env"
    write_new_passwords(file)
    before = file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert set(read_passwords(dict(line.split("=", 1) for line in before.splitlines()))) == set(USERS)
    with pytest.raises(FileExistsError):
        write_new_passwords(file)
    assert file.read_text() == before


@pytest.mark.parametrize(
    ("url", "password", "told"),
    [
        (URL, MINE, f"nats://subscriber:{MINE}@127.0.0.1:4222"),
        ("tls://nats.example", MINE, f"tls://subscriber:{MINE}@nats.example"),
        (URL, None, URL),
        ("nats://relay:secret@[::1]:4222", MINE, "nats://[::1]:4222"),
    ],
    ids=["plain", "tls", "no-password", "somebody-elses"],
)
def test_the_url_for_a_user(url: str, password: str | None, told: str) -> None:
    assert url_for(url, "subscriber", password) == told


def test_authorities_that_are_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="WAYBILL_NATS_CA_FILE must name a file"):
        settings_of(tmp_path, WAYBILL_NATS_CA_FILE=str(tmp_path / "absent.pem"))
