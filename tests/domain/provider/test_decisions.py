from typing import Any

import pytest
from msgspec import structs

from domain.errors import BadRequest, Code, ProviderNameTaken
from domain.events import Event
from domain.provider.decisions import (
    Settings,
    connect,
    deactivate,
    fail_verification,
    pass_verification,
    reconfigure,
    settings_of,
)
from domain.provider.events import (
    CredentialRef,
    ProviderActivated,
    ProviderConnected,
    ProviderCredentialChanged,
    ProviderDeactivated,
    ProviderReconfigured,
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
SHELVED: list[Event] = [*IN_USE, ProviderDeactivated(requested=True)]
GIVEN = CredentialRef(source="stored", name="0198d2f0-0000-7000-8000-000000000001")
NOW = Settings(base_url=CONNECTED.base_url, organization="org-1", project="proj-1", base_agent=None, concurrency_max=4)
ELSEWHERE = "https://elsewhere.example/v1"


def reconfigured(**changes: Any) -> ProviderReconfigured:
    return ProviderReconfigured(**structs.asdict(structs.replace(NOW, **changes)))


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


def test_a_failure_that_passes_leaves_a_connection_in_use() -> None:
    away = ProviderVerificationFailed(code=Code.PROVIDER_OFFLINE, message="No connection.")
    given(IN_USE).when(fail_verification, code=away.code, message=away.message, passing=True).then([away])


@pytest.mark.parametrize(
    "change",
    [reconfigured(project="proj-2"), reconfigured(base_agent="a"), ProviderCredentialChanged(credential=GIVEN)],
)
def test_settings_that_nothing_has_spoken_for_do_not_stay_in_use_whatever_the_failure(change: Event) -> None:
    away = ProviderVerificationFailed(code=Code.PROVIDER_OFFLINE, message="No connection.")
    given([*IN_USE, change]).when(fail_verification, code=away.code, message=away.message, passing=True).then(
        [away, ProviderDeactivated()]
    )
    given([*IN_USE, change, ProviderVerified()]).when(
        fail_verification, code=away.code, message=away.message, passing=True
    ).then([away])


def test_how_much_may_be_done_at_once_needs_nobody_to_speak_for_it() -> None:
    away = ProviderVerificationFailed(code=Code.PROVIDER_OFFLINE, message="No connection.")
    given([*IN_USE, reconfigured(concurrency_max=9)]).when(
        fail_verification, code=away.code, message=away.message, passing=True
    ).then([away])


@pytest.mark.parametrize("history", [[CONNECTED], TURNED_OFF])
def test_a_connection_not_in_use_that_is_refused_stays_so(history: list[Event]) -> None:
    given(history).when(fail_verification, code=REFUSED.code, message=REFUSED.message).then([REFUSED])


def test_what_a_person_put_away_no_verification_brings_back() -> None:
    given(SHELVED).when(pass_verification).then([ProviderVerified()])
    given(SHELVED).when(pass_verification, activate=True).then([ProviderVerified(), ProviderActivated()])
    given(SHELVED).when(fail_verification, code=REFUSED.code, message=REFUSED.message).then([REFUSED])
    brought_back = [*SHELVED, ProviderVerified(), ProviderActivated(), REFUSED, ProviderDeactivated()]
    given(brought_back).when(pass_verification).then([ProviderVerified(), ProviderActivated()])


@pytest.mark.parametrize("history", [[CONNECTED], IN_USE, TURNED_OFF])
def test_a_person_may_put_a_connection_away_whatever_its_state(history: list[Event]) -> None:
    given(history).when(deactivate).then([ProviderDeactivated(requested=True)])


def test_what_is_put_away_already_is_not_put_away_again() -> None:
    given(SHELVED).when(deactivate).then_nothing()


def test_what_differs_becomes_so_and_what_does_not_is_not_told() -> None:
    given(IN_USE).when(reconfigure, settings=NOW).then_nothing()
    given(IN_USE).when(reconfigure, settings=structs.replace(NOW, concurrency_max=9)).then(
        [reconfigured(concurrency_max=9)]
    )
    given([*IN_USE, reconfigured(concurrency_max=9)]).when(reconfigure, settings=NOW).then([reconfigured()])


def test_a_credential_that_is_given_is_taken_alone_or_with_the_rest() -> None:
    changed = ProviderCredentialChanged(credential=GIVEN)
    given(IN_USE).when(reconfigure, settings=NOW, credential=GIVEN).then([changed])
    given(IN_USE).when(reconfigure, settings=structs.replace(NOW, base_url=ELSEWHERE), credential=GIVEN).then(
        [reconfigured(base_url=ELSEWHERE), changed]
    )


def test_another_address_does_not_get_the_credential_that_was_not_given_for_it() -> None:
    refused = (
        given(IN_USE).when(reconfigure, settings=structs.replace(NOW, base_url=ELSEWHERE)).then_refused(BadRequest)
    )
    assert [problem.pointer for problem in refused.problems] == ["/credential"]


def test_settings_are_read_back_as_they_were_written() -> None:
    settings = structs.replace(NOW, base_url=ELSEWHERE, organization=None, base_agent="agent-1")
    history = [CONNECTED, ProviderReconfigured(**structs.asdict(settings)), ProviderCredentialChanged(credential=GIVEN)]
    provider = folded(history)
    assert (settings_of(provider), provider.credential) == (settings, GIVEN)


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
