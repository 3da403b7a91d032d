"""API keys on the command line: what people write for a time and for a key, and what they read."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
import rich_click as click
from rich.console import Console, RenderableType

from domain.access.key import SECRET_BYTES, write_key
from domain.events import Role
from queries.api_key_view import KeyStatus
from workers.terminal import key_issuing, keys
from workers.terminal.answers import ApiKey, Named
from workers.terminal.key_issuing import Expiry, show_issued
from workers.terminal.key_view import key_page, keys_grid
from workers.terminal.keys import KeyId
from workers.terminal.screen import Screen

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TEXT = write_key(key_id="k68f0c0ffee", secret=bytes(SECRET_BYTES))
ADMIN = Named(id="admin", name="first admin key", kind="api_key")
KEY = ApiKey(
    id="k68f0c0ffee",
    name="CI\x1b[31m",
    role="operator",
    status="active",
    created_at=NOW - timedelta(days=3),
    created_by=ADMIN,
)
REVOKED = ApiKey(
    id="old",
    name="former",
    role="viewer",
    status="revoked",
    created_at=NOW - timedelta(days=30),
    created_by=ADMIN,
    expires_at=NOW + timedelta(days=90),
    last_used_at=NOW - timedelta(hours=2),
    revoked_at=NOW - timedelta(hours=1),
    revoked_by=ADMIN,
)


def shown(renderable: RenderableType) -> str:
    console = Console(file=StringIO(), width=200)
    console.print(renderable)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("90d", timedelta(days=90)),
        ("12h", timedelta(hours=12)),
        ("30m", timedelta(minutes=30)),
        ("60s", timedelta(minutes=1)),
        ("2027-01-31T09:00:00+09:00", datetime(2027, 1, 31, tzinfo=UTC)),
        ("2027-01-31T00:00:00Z", datetime(2027, 1, 31, tzinfo=UTC)),
    ],
)
def test_an_expiry_is_a_span_or_a_time(text: str, meant: timedelta | datetime) -> None:
    assert Expiry().convert(text, None, None) == meant


def test_a_day_begins_where_the_person_is() -> None:
    assert Expiry().convert("2027-01-31", None, None) == datetime(2027, 1, 31).astimezone(UTC)


@pytest.mark.parametrize("text", ["soon", "", "0d", "-1d", "1w", "90", "2027-02-30", "0001-01-01T00:00:00+14:00"])
def test_what_is_neither_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter, match="neither a time"):
        Expiry().convert(text, None, None)


@pytest.mark.parametrize("text", [TEXT, f" {TEXT}\n", "k68f0c0ffee"], ids=["the key", "as copied", "the id"])
def test_of_a_whole_key_only_its_id_is_sent(text: str) -> None:
    assert KeyId().convert(text, None, None) == "k68f0c0ffee"


def test_the_words_for_roles_and_statuses_are_those_of_the_server() -> None:
    assert tuple(Role) == key_issuing.ROLES
    assert tuple(KeyStatus) == keys.STATUSES


def test_a_list_says_of_each_whether_it_opens_anything_and_was_used() -> None:
    head, first, second = shown(keys_grid([KEY, REVOKED], now=NOW)).splitlines()
    assert head.split("  ")[0] == "ID"
    assert first.split() == ["k68f0c0ffee", "operator", "✔", "active", "never", "never", "CI\\x1b[31m"]
    assert all(text in second for text in ("✘ revoked", "2h ago", "2027-02-20 12:00:00", "former"))


def test_one_key_is_shown_with_who_issued_and_who_revoked_it() -> None:
    assert "revoked " not in shown(key_page(KEY, now=NOW))
    page = shown(key_page(REVOKED, now=NOW))
    assert "2026-10-23 12:00:00 UTC (30d ago) by first admin key (admin)" in page
    assert "2026-11-22 11:00:00 UTC (1h ago) by first admin key (admin)" in page


def test_the_key_alone_is_on_stdout_in_one_piece(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However narrow the terminal is."""
    monkeypatch.setenv("COLUMNS", "20")
    document = {"id": "a", "name": "CI", "role": "viewer", "status": "active", "createdAt": NOW, "key": TEXT}
    show_issued(Screen(), document | {"createdBy": {"id": "admin", "name": "admin", "kind": "api_key"}})
    streams = capsys.readouterr()
    assert streams.out == f"{TEXT}\n"
    assert "valid until it is revoked" in " ".join(streams.err.split())
    assert TEXT not in streams.err
