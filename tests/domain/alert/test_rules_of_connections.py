"""A connection that fails is found until it is verified or a person decides otherwise."""

import pytest

from domain.alert.rules import RuleName, Rules
from domain.errors import Code
from domain.events import Event
from domain.provider.events import (
    CredentialRef,
    ProviderActivated,
    ProviderConnected,
    ProviderDeactivated,
    ProviderPaused,
    ProviderVerificationFailed,
    ProviderVerified,
)
from domain.provider.state import provider_stream
from tests.domain.alert.happening import Happening

FAILING = RuleName.PROVIDER_FAILING
OPENAI = provider_stream("openai")
CONNECTED = ProviderConnected(
    name="openai",
    kind="openai",
    base_url="https://provider.example/v1",
    credential=CredentialRef(source="env", name="WAYBILL_CREDENTIAL_GOOD"),
    concurrency_max=4,
)
FAILED = ProviderVerificationFailed(code=Code.PROVIDER_UNAUTHORIZED, message="No.")
AGAIN = ProviderVerificationFailed(code=Code.PROVIDER_FORBIDDEN, message="No.")
OUT = ProviderDeactivated()
SHELVED = ProviderDeactivated(requested=True)


def connection(*events: Event) -> Happening:
    return Happening(Rules()).given(OPENAI, CONNECTED, *events)


@pytest.mark.parametrize(
    "events",
    [
        (),
        (ProviderVerified(), ProviderActivated()),
        (SHELVED,),
        (SHELVED, FAILED),
        (ProviderPaused(requested=True),),
        (FAILED, OUT, ProviderVerified()),
        (FAILED, OUT, ProviderActivated()),
        (FAILED, OUT, SHELVED),
    ],
    ids=["new", "verified", "shelved", "shelved and failing", "paused", "verified again", "activated", "given up"],
)
def test_nothing_is_wrong_with_it(events: tuple[Event, ...]) -> None:
    assert connection(*events).subjects(FAILING) == []


@pytest.mark.parametrize(
    ("events", "code"),
    [
        ((FAILED,), "unauthorized:provider"),
        ((FAILED, OUT), "unauthorized:provider"),
        ((OUT,), None),
        ((FAILED, OUT, AGAIN), "forbidden:provider"),
        ((SHELVED, ProviderActivated(), FAILED), "unauthorized:provider"),
        ((FAILED, ProviderVerified(), AGAIN), "forbidden:provider"),
    ],
    ids=["failed", "out of use", "no reason", "failed again", "activated before", "later"],
)
def test_something_is(events: tuple[Event, ...], code: str | None) -> None:
    story = connection(*events)
    (finding,) = story.findings(FAILING)
    assert finding.condition.subject == "provider:openai"
    assert finding.condition.facts["code"] == code
    assert finding.cause is not None


def test_it_says_since_when_and_whether_it_is_used_all_the_same() -> None:
    story = connection(ProviderVerified(), ProviderActivated())
    story.passed(10).given(OPENAI, FAILED).passed(10).given(OPENAI, AGAIN)
    (finding,) = story.findings(FAILING)
    assert finding.condition.facts == {
        "kind": "openai",
        "code": "forbidden:provider",
        "active": True,
        "since": "2026-11-22T12:00:10Z",
    }
    story.given(OPENAI, OUT)
    assert story.findings(FAILING)[0].condition.facts["active"] is False


def test_of_one_whose_beginning_is_not_known_nothing_is_said() -> None:
    assert Happening(Rules()).given(OPENAI, FAILED).subjects(FAILING) == []
