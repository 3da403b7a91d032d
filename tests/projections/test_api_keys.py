from datetime import timedelta

import msgspec
import pytest

from domain.access.events import ApiKeyIssued, ApiKeyRevoked
from domain.access.state import key_stream
from domain.events import Actor, Role
from projections.api_keys import API_KEYS, ApiKeyRow
from projections.rows import ImpossibleHistoryError
from tests.kit.facts import NOON
from tests.kit.projection_spec import ADMIN, History, given

CI = key_stream("ci")
SECRET = "ab" * 32
ISSUED = ApiKeyIssued(
    key_id="ci", name="CI on main", role=Role.OPERATOR, secret_sha256=SECRET, expires_at=NOON + timedelta(days=90)
)
REVOKED = ApiKeyRevoked(key_id="ci")
SOMEBODY = Actor(kind="api_key", id="anna", name="Anna", role=Role.ADMIN)


def test_an_issued_key_says_whose_it_is_and_who_issued_it() -> None:
    history = History()
    issued = history.add(CI, ISSUED)
    assert given(history).rows(API_KEYS) == [
        ApiKeyRow(
            stream=CI,
            id="ci",
            name="CI on main",
            role=Role.OPERATOR,
            created_at=issued.at,
            created_by=ADMIN,
            expires_at=NOON + timedelta(days=90),
            revoked_at=None,
            revoked_by=None,
            position=1,
            issued_position=1,
        )
    ]


def test_a_revoked_key_says_who_revoked_it_and_keeps_its_place() -> None:
    history = History()
    history.add(CI, ISSUED)
    history.add(key_stream("other"), msgspec.structs.replace(ISSUED, key_id="other"))
    revoked = history.add(CI, REVOKED, actor=SOMEBODY)
    ci, other = given(history).rows(API_KEYS)
    assert (ci.revoked_at, ci.revoked_by, ci.created_by) == (revoked.at, SOMEBODY, ADMIN)
    assert (ci.position, ci.issued_position) == (3, 1)
    assert (other.revoked_at, other.revoked_by) == (None, None)


def test_nothing_of_the_secret_is_in_the_row() -> None:
    history = History()
    history.add(CI, ISSUED, REVOKED)
    assert SECRET.encode() not in msgspec.json.encode(given(history).rows(API_KEYS))


@pytest.mark.parametrize("events", [[REVOKED], [ISSUED, ISSUED]], ids=["revoked before", "issued twice"])
def test_what_cannot_be(events: list[ApiKeyIssued | ApiKeyRevoked]) -> None:
    history = History()
    history.add(CI, *events)
    with pytest.raises(ImpossibleHistoryError):
        given(history).rows(API_KEYS)
