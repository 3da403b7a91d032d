"""Slack is off, or set up whole."""

from pathlib import Path

import pytest

from workers.slack_settings import USERS_BYTES_MAX, read_slack

USERS = '{"T0123ABCD/U0456EFGH": "mina"}'


def read(tmp_path: Path, users: str | bytes, **more: str) -> object:
    file = tmp_path / "users.json"
    file.write_bytes(users.encode() if isinstance(users, str) else users)
    return read_slack({"WAYBILL_SLACK_SIGNING_SECRET": "secret", "WAYBILL_SLACK_USERS": str(file)} | more)


def test_unless_it_is_set_there_is_none() -> None:
    assert read_slack({}) is None
    assert read_slack({"WAYBILL_SLACK_SIGNING_SECRET": " , ", "WAYBILL_SLACK_USERS": ""}) is None


def test_while_the_secret_is_changed_there_are_two(tmp_path: Path) -> None:
    settings = read(tmp_path, USERS, WAYBILL_SLACK_SIGNING_SECRET="new, old,")
    assert settings is not None
    assert (settings.signing_secrets, settings.users) == (("new", "old"), {"T0123ABCD/U0456EFGH": "mina"})  # type: ignore[attr-defined]


@pytest.mark.parametrize("missing", ["WAYBILL_SLACK_SIGNING_SECRET", "WAYBILL_SLACK_USERS"])
def test_one_without_the_other_is_refused(tmp_path: Path, missing: str) -> None:
    with pytest.raises(ValueError, match="go together"):
        read(tmp_path, USERS, **{missing: ""})


@pytest.mark.parametrize(
    ("users", "said"),
    [
        ("[]", "JSON file"),
        ("{", "JSON file"),
        ('{"U0456EFGH": "mina"}', "'U0456EFGH' is not team/user"),
        ('{"t1/u2": "mina"}', "is not team/user"),
        ('{"T01/U02": 7}', "JSON file"),
        (b"{" + b" " * USERS_BYTES_MAX, "at most"),
    ],
    ids=["a list", "cut off", "no team", "lower case", "no text", "too large"],
)
def test_a_file_that_says_something_else_is_refused(tmp_path: Path, users: str | bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read(tmp_path, users)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = str(tmp_path / "nowhere.json")
    with pytest.raises(ValueError, match="nowhere"):
        read_slack({"WAYBILL_SLACK_SIGNING_SECRET": "secret", "WAYBILL_SLACK_USERS": missing})
