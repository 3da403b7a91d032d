"""What is said of Waybill itself: what falls behind, a part that nobody runs, a key that expires; and what is not worth saying."""

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.alert.findings import Lasting as LastingTrouble
from domain.alert.findings import Trouble
from domain.alert.rules import Expiring, Lag, Lasting, RuleName, Rules
from domain.alert.standing import KeyInUse
from domain.events import Role
from tests.domain.alert.happening import Happening, well
from tests.kit.facts import NOON

LAG = Lag(events=10, after_seconds=30)
RULES = Rules(projection_lag=LAG, relay_lag=LAG, checkpoint_lag=LAG, part_missing=Lasting(after_seconds=30))
DAY = timedelta(days=1)

LAGS = [
    (RuleName.RELAY_LAG, "relay", "part:relay", "relay"),
    (RuleName.CHECKPOINT_LAG, "notary", "part:notary", "notary"),
    (RuleName.PROJECTION_LAG, "skills", "read_model:skills", "projector"),
]
OF_EACH_LAG = pytest.mark.parametrize(("name", "what", "subject", "part"), LAGS, ids=[str(lag[0]) for lag in LAGS])


@OF_EACH_LAG
def test_what_stays_behind_is_found(name: RuleName, what: str, subject: str, part: str) -> None:
    story = Happening(RULES)
    story.situation = well(lags={what: 11})
    assert story.look(name) == []
    assert story.passed(29).look(name) == []
    (finding,) = story.passed(1).findings(name)
    assert finding.condition.subject == subject
    assert finding.condition.facts == {"lagEvents": 11, "position": 89, "part": part}


@OF_EACH_LAG
def test_a_little_is_nothing(name: RuleName, what: str, subject: str, part: str) -> None:
    del subject, part
    story = Happening(RULES)
    story.situation = well(lags={what: 10})
    assert story.look(name) == []
    assert story.passed(1000).look(name) == []


@OF_EACH_LAG
def test_what_catches_up_is_not_said_however_far_behind_it_is(
    name: RuleName, what: str, subject: str, part: str
) -> None:
    """As whatever is built again does. What stops doing so has to stand for as long as anything else."""
    del part
    story = Happening(RULES)
    for lag in range(1_000_000, 500_000, -100_000):
        story.situation = well(head=1_000_000, lags={what: lag})
        assert story.passed(20).look(name) == []
    assert story.passed(29).look(name) == []
    assert story.passed(1).look(name) == [subject]


@OF_EACH_LAG
def test_what_is_open_stays_open_until_it_has_caught_up(name: RuleName, what: str, subject: str, part: str) -> None:
    """Also for whoever has just begun to look."""
    del part
    story = Happening(RULES)
    story.opened = {subject}
    for lag in (500, 50, 11):
        story.situation = well(lags={what: lag})
        assert story.look(name) == [subject]
    story.situation = well(lags={what: 10})
    assert story.look(name) == []


@OF_EACH_LAG
def test_it_is_not_said_beside_that_nobody_runs_the_part(name: RuleName, what: str, subject: str, part: str) -> None:
    story = Happening(RULES)
    story.situation = well(lags={what: 11}, missing=[part])
    story.look(name)
    assert story.passed(1000).look(name) == []
    story.opened = {subject}
    assert story.look(name) == [subject]
    other = Happening(Rules(projection_lag=LAG, relay_lag=LAG, checkpoint_lag=LAG, part_missing=Lasting(enabled=False)))
    other.situation = story.situation
    other.look(name)
    assert other.passed(1000).look(name) == [subject]


def test_a_read_model_that_is_parked_is_said_at_once() -> None:
    story = Happening(RULES)
    story.situation = well(lags={"skills": 1}, parked=UUID(int=7), missing=["projector"])
    (finding,) = story.findings(RuleName.PROJECTION_LAG)
    assert finding.condition.facts == {"lagEvents": 1, "position": 99, "parkedEvent": str(UUID(int=7))}


def test_a_part_that_nobody_runs_is_said_after_a_while() -> None:
    story = Happening(RULES)
    story.situation = well(missing=["notary", "relay"])
    assert story.look(RuleName.PART_MISSING) == []
    assert story.passed(29).look(RuleName.PART_MISSING) == []
    assert story.passed(1).look(RuleName.PART_MISSING) == ["part:relay", "part:notary"]
    story.situation = well()
    assert story.look(RuleName.PART_MISSING) == []
    story.situation = well(missing=["relay"])
    assert story.look(RuleName.PART_MISSING) == []


def test_that_nats_is_away_is_said_after_a_while() -> None:
    story = Happening(Rules(nats_offline=Lasting(after_seconds=30)))
    story.situation = well(nats_connected=False)
    assert story.look(RuleName.NATS_OFFLINE) == []
    assert story.passed(30).look(RuleName.NATS_OFFLINE) == ["store"]
    story.situation = well()
    assert story.look(RuleName.NATS_OFFLINE) == []


@pytest.mark.parametrize(
    ("expires", "used", "found"),
    [(6.9, 0, True), (7, 0, True), (7.1, 0, False), (0, 0, False), (-1, -2, False), (3, -6.9, True), (3, -7, False)],
    ids=["soon", "just", "later", "now", "expired", "used a while ago", "not used any more"],
)
def test_a_key_in_use_that_expires_soon_is_said(*, expires: float, used: float, found: bool) -> None:
    story = Happening(Rules(credential_expiring=Expiring(before_seconds=7 * 86_400)))
    key = KeyInUse(id="ci", name="CI", role=Role.VIEWER, expires_at=NOON + expires * DAY, used_at=NOON + used * DAY)
    story.situation = well(keys=(key,))
    assert story.subjects(RuleName.CREDENTIAL_EXPIRING) == (["api_key:ci"] if found else [])


@pytest.mark.parametrize("name", [RuleName.DATABASE_OFFLINE, RuleName.AUDIT_VERIFICATION_FAILED], ids=str)
def test_what_is_found_elsewhere_is_not_found_here(name: RuleName) -> None:
    story = Happening(RULES)
    story.situation = well(missing=["relay"], nats_connected=False)
    assert story.passed(1000).subjects(name) == []


@given(st.lists(st.tuples(st.integers(1, 20), st.sets(st.sampled_from("ab"))), max_size=40))
def test_what_lasts_was_there_without_a_break(looks: list[tuple[int, set[str]]]) -> None:
    """Against remembering everything."""
    lasting = LastingTrouble(after_seconds=30)
    seen: list[tuple[int, set[str]]] = []
    now = 0
    for seconds, subjects in looks:
        now += seconds
        seen.append((now, subjects))
        troubles = {subject: Trouble(facts={}) for subject in subjects}
        found = {subject for subject, _ in lasting.those(troubles, now=NOON + timedelta(seconds=now), opened=())}
        assert found == {subject for subject in subjects if now - _begun(seen, subject) >= 30}


def _begun(seen: list[tuple[int, set[str]]], subject: str) -> int:
    begun = seen[-1][0]
    for at, subjects in reversed(seen):
        if subject not in subjects:
            break
        begun = at
    return begun
