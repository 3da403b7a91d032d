"""Issuing and revoking: each does, refuses, and stays quiet."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from domain.access.decisions import LIFETIME_MAX, issue, revoke
from domain.access.events import ApiKeyIssued, ApiKeyRevoked
from domain.errors import ApiKeyUnfit, BadRequest
from domain.events import Role
from tests.kit.facts import NOON
from tests.kit.specification import given

FACTS: dict[str, Any] = {"key_id": "ci", "name": "CI", "role": Role.OPERATOR, "secret_sha256": "ab" * 32}
ISSUED = ApiKeyIssued(**FACTS)
REVOKED = ApiKeyRevoked(key_id="ci")
MOMENT = timedelta(microseconds=1)
# What breaks a line, steers a terminal, turns the text around, or is not seen at all.
UNSEEN = "\0\n\t\x1b\x7f\x85\xa0\xad\u200b\u200d\u2028\u202e\u2066\u3000\ud800\ue000\ufeff\uffff"


def issued_until(expires_at: datetime | None) -> ApiKeyIssued:
    return ApiKeyIssued(**FACTS, expires_at=expires_at)


@pytest.mark.parametrize("expires_at", [None, NOON + MOMENT, NOON + LIFETIME_MAX], ids=["never", "soon", "late"])
def test_a_key_is_issued(expires_at: datetime | None) -> None:
    given([]).when(issue, **FACTS, expires_at=expires_at, now=NOON).then([issued_until(expires_at)])


def test_when_it_expires_is_written_down_in_utc() -> None:
    seoul = datetime(2027, 1, 31, 9, tzinfo=timezone(timedelta(hours=9)))
    (issued,) = issue(None, **FACTS, expires_at=seoul, now=NOON)
    assert issued.expires_at is not None
    assert issued.expires_at.isoformat() == "2027-01-31T00:00:00+00:00"


@pytest.mark.parametrize(
    "expires_at",
    [
        NOON,
        NOON - timedelta(days=1),
        NOON + LIFETIME_MAX + MOMENT,
        # No date in UTC: whoever turned these would fail.
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))),
        datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-12))),
    ],
    ids=["now", "yesterday", "too late", "before all time", "after all time"],
)
def test_a_key_that_would_end_at_once_or_hardly_ever_is_refused(expires_at: datetime) -> None:
    refused = given([]).when(issue, **FACTS, expires_at=expires_at, now=NOON).then_refused(BadRequest)
    assert [problem.pointer for problem in refused.problems] == ["/expiresAt"]


@pytest.mark.parametrize("name", ["", " ", " ci", "ci ", "ci\n", "c" * 65, *(f"c{it}i" for it in UNSEEN)], ids=ascii)
def test_a_name_that_nobody_could_read_is_refused(name: str) -> None:
    facts = FACTS | {"name": name}
    refused = given([]).when(issue, **facts, expires_at=None, now=NOON).then_refused(BadRequest)
    assert [problem.pointer for problem in refused.problems] == ["/name"]


@pytest.mark.parametrize("name", ["c", "CI on main", "배포 담당", "déploiement 😀", "c" * 64], ids=ascii)
def test_a_name_may_be_in_any_language(name: str) -> None:
    facts = FACTS | {"name": name}
    given([]).when(issue, **facts, expires_at=None, now=NOON).then([ApiKeyIssued(**facts)])


@pytest.mark.parametrize("events", [[ISSUED], [ISSUED, REVOKED]], ids=["issued", "revoked"])
@pytest.mark.parametrize("expires_at", [None, NOON - MOMENT], ids=["never", "expired by now"])
def test_a_key_id_is_issued_once(events: list[ApiKeyIssued | ApiKeyRevoked], expires_at: datetime | None) -> None:
    """Also to who comes back so late that what they asked for is over."""
    given(events).when(issue, **FACTS, expires_at=expires_at, now=NOON).then_nothing()


def test_a_key_is_revoked() -> None:
    given([ISSUED]).when(revoke, by="admin").then([REVOKED])


def test_a_key_that_has_expired_is_revoked_all_the_same() -> None:
    given([issued_until(datetime(2020, 1, 1, tzinfo=UTC))]).when(revoke, by="admin").then([REVOKED])


def test_a_key_is_revoked_once() -> None:
    given([ISSUED, REVOKED]).when(revoke, by="admin").then_nothing()


@pytest.mark.parametrize("events", [[ISSUED], [ISSUED, REVOKED]], ids=["issued", "revoked"])
def test_a_key_does_not_revoke_itself(events: list[ApiKeyIssued | ApiKeyRevoked]) -> None:
    given(events).when(revoke, by="ci").then_refused(ApiKeyUnfit)
