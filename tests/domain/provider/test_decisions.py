import pytest

from domain.errors import Code, ProviderNameTaken
from domain.events import Event
from domain.provider.decisions import connect, fail_verification, pass_verification
from domain.provider.events import (
    CredentialRef,
    ProviderActivated,
    ProviderConnected,
    ProviderDeactivated,
    ProviderVerificationFailed,
    ProviderVerified,
)
from domain.provider.state import Provider, provider_stream
from tests.kit.specification import folded, given

CONNECTED = ProviderConnected(
    name="openai",
    kind="openai",
    base_url="https://api.openai.example/v1",
    credential=CredentialRef(source="env", name="WAYBILL_CREDENTIAL_OPENAI"),
    organization="org-1",
    project="proj-1",
    concurrency_max=4,
)
INACTIVE = Provider(
    name="openai",
    kind="openai",
    base_url="https://api.openai.example/v1",
    credential=CredentialRef(source="env", name="WAYBILL_CREDENTIAL_OPENAI"),
    organization="org-1",
    project="proj-1",
    concurrency_max=4,
    active=False,
)
REFUSED = ProviderVerificationFailed(code=Code.PROVIDER_UNAUTHORIZED, message="The key is wrong.")
IN_USE: list[Event] = [CONNECTED, ProviderVerified(), ProviderActivated()]
TURNED_OFF: list[Event] = [*IN_USE, REFUSED, ProviderDeactivated()]


def active_after(events: list[Event]) -> bool:
    provider = folded(events)
    assert isinstance(provider, Provider)
    return provider.active


def test_a_new_name_is_connected() -> None:
    given([]).when(connect, connected=CONNECTED).then([CONNECTED])


@pytest.mark.parametrize("history", [[CONNECTED], IN_USE, TURNED_OFF])
def test_a_name_that_is_taken_is_refused(history: list[Event]) -> None:
    refused = given(history).when(connect, connected=CONNECTED).then_refused(ProviderNameTaken)
    assert "openai" in refused.detail


@pytest.mark.parametrize("history", [[CONNECTED], [CONNECTED, REFUSED], TURNED_OFF])
def test_a_connection_that_answers_is_used_from_then_on(history: list[Event]) -> None:
    given(history).when(pass_verification).then([ProviderVerified(), ProviderActivated()])


def test_a_connection_in_use_stays_so_when_it_answers() -> None:
    given(IN_USE).when(pass_verification).then([ProviderVerified()])


def test_a_connection_in_use_that_is_refused_is_used_no_more() -> None:
    given(IN_USE).when(fail_verification, code=REFUSED.code, message=REFUSED.message).then(
        [REFUSED, ProviderDeactivated()]
    )


@pytest.mark.parametrize("history", [[CONNECTED], TURNED_OFF])
def test_a_connection_not_in_use_that_is_refused_stays_so(history: list[Event]) -> None:
    given(history).when(fail_verification, code=REFUSED.code, message=REFUSED.message).then([REFUSED])


def test_a_connection_is_not_in_use_before_it_was_verified() -> None:
    assert folded([CONNECTED]) == INACTIVE


def test_only_activation_and_deactivation_change_whether_it_is_in_use() -> None:
    assert not active_after([CONNECTED, ProviderVerified()])
    assert active_after(IN_USE)
    assert active_after([*IN_USE, REFUSED])
    assert not active_after(TURNED_OFF)
    assert active_after([*TURNED_OFF, ProviderVerified(), ProviderActivated()])


def test_a_name_has_one_stream() -> None:
    assert provider_stream("openai") == provider_stream("openai")
    assert provider_stream("openai") != provider_stream("OpenAI")
