"""What people find by a part of what they know."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest

from domain.access.events import ApiKeyIssued
from domain.access.state import key_stream
from domain.errors import Code
from domain.events import Actor, Role
from queries import matching, searching
from queries.filtering import ids_beginning
from queries.list_audit_log import ListAuditLog, list_audit_log
from queries.list_install_runs import ListInstallRuns, list_install_runs
from queries.list_installations import ListInstallations, list_installations
from queries.list_providers import ListProviders, list_providers
from tests.kit.read_side import ReadSide
from tests.projections.stories import Story
from tests.projections.story_chats import Chats

pytestmark = pytest.mark.anyio

CI = Actor(kind="api_key", id="ci1key", name="Nightly build", role=Role.OPERATOR)


class Told(Story):
    """A run of kbo-results that fails at claude-eu, one of summary_1 at openai by a key, and one of both at openai."""

    def __init__(self) -> None:
        super().__init__()
        issued = ApiKeyIssued(key_id=CI.id, name=CI.name, role=Role.OPERATOR, secret_sha256="0" * 64)
        self.add(key_stream(CI.id), issued)
        for skill in ("kbo-results", "summary_1"):
            self.publish(skill)
        for name in ("openai", "claude-eu"):
            self.connect(name)
        failed = self.run(1, "claude-eu").start("claude-eu").fail("claude-eu", Code.PROVIDER_TIMEOUT)
        self.default_actor = CI
        other = self.run(2, "openai", skill="summary_1").start("openai").succeed("openai")
        both = self.run(3, "openai", "claude-eu").start("openai").succeed("openai")
        self.said = Chats(self).say()
        self.names = {failed.id: "f", other.id: "o", both.id: "b"}
        self.ids = {name: run_id for run_id, name in self.names.items()}


@pytest.fixture
async def told(side: ReadSide) -> Told:
    story = Told()
    await side.tell(story.events)
    return story


async def runs(side: ReadSide, told: Told, **asked: Any) -> str:
    page = await list_install_runs(side.reader, ListInstallRuns(**asked))
    return "".join(told.names[run.id] for run in page.items)


async def entries(side: ReadSide, **asked: Any) -> list[tuple[str, str]]:
    """Each action and target once, in their order."""
    page = await list_audit_log(side.reader, ListAuditLog(**asked))
    return list(dict.fromkeys((entry.action, entry.target) for entry in page.items))


def runs_by_text(told: Told) -> Mapping[str, str]:
    failed = str(told.ids["f"])
    return {
        "kbo": "bf",
        " KBO-Results ": "bf",
        "results": "bf",
        "y_1": "o",
        "_": "o",
        "claude": "bf",
        "OPENAI": "bo",
        "build": "bo",
        "nightly BUILD": "bo",
        "ci1key": "bo",
        "ci1ke": "",
        failed: "f",
        failed.upper(): "f",
        failed[:8]: "f",
        failed[:18]: "f",
        failed[:7]: "",
        failed.replace("-", "")[:12]: "f",
        "req_1": "f",
        "req_": "",
        "nothing": "",
        "%": "",
        "s": "bof",
    }


@pytest.mark.parametrize("bounds", ["as they are", "names not listed", "newest rows only one"])
async def test_runs_are_found_by_names_and_ids(
    side: ReadSide, told: Told, bounds: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many have the name, and however old they are."""
    if bounds == "names not listed":
        monkeypatch.setattr(searching, "FOUND_MAX", 0)
    if bounds == "newest rows only one":
        monkeypatch.setattr(matching, "NEWEST_ROWS", 1)
    expected = runs_by_text(told)
    assert {text: await runs(side, told, q=text) for text in expected} == expected
    correlation_id = next(event.correlation_id for event in told if event.stream == told.ids["o"])
    assert "o" in await runs(side, told, q=str(correlation_id))


async def test_a_search_goes_with_filters_and_has_pages(side: ReadSide, told: Told) -> None:
    assert await runs(side, told, q="kbo", provider=("openai",)) == "b"
    assert await runs(side, told, q="kbo", actor=("nobody",)) == ""
    first = await list_install_runs(side.reader, ListInstallRuns(q="kbo", limit=1))
    second = await list_install_runs(side.reader, ListInstallRuns(q="kbo", limit=1, cursor=first.next_cursor))
    assert [told.names[run.id] for page in (first, second) for run in page.items] == ["b", "f"]
    assert second.next_cursor is None


@pytest.mark.parametrize("bounds", ["as they are", "names not listed", "newest rows only one"])
async def test_the_audit_log_is_searched_by_who_what_and_to_what(
    side: ReadSide, told: Told, bounds: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if bounds == "names not listed":
        monkeypatch.setattr(searching, "FOUND_MAX", 0)
    if bounds == "newest rows only one":
        monkeypatch.setattr(matching, "NEWEST_ROWS", 1)
    summary = ("installation.changed", "installation:summary_1@openai")
    assert summary in await entries(side, q="SUMMARY_")
    assert ("skill.registered", "skill:summary_1") in await entries(side, q="summary_")
    assert summary in await entries(side, q="openai")
    assert ("provider.connected", "provider:claude-eu") in await entries(side, q="claude")
    assert summary not in await entries(side, q="claude")
    assert {action for action, _ in await entries(side, q="Provider_Failed")} == {"install_run.provider_failed"}
    assert await entries(side, q="api_key:ci1key") == [("api_key.issued", "api_key:ci1key")]
    assert ("api_key.issued", "api_key:ci1key") in await entries(side, q="ci1key")
    by_name = await list_audit_log(side.reader, ListAuditLog(q="nightly"))
    assert by_name.items
    assert {entry.actor.id for entry in by_name.items} == {CI.id}
    run_id = told.ids["f"]
    for text in (str(run_id), str(run_id)[:13], f"install_run:{run_id}"):
        found = await entries(side, q=text)
        assert found[-1] == ("install_run.queued", f"install_run:{run_id}")
    for text in (str(told.said), str(told.said)[:13], f"CHAT_ACTION:{told.said}"):
        assert await entries(side, q=text) == [("chat.received", f"chat_action:{told.said}")]
    correlation_id = next(event.correlation_id for event in told if event.stream == run_id)
    page = await list_audit_log(side.reader, ListAuditLog(q=str(correlation_id)))
    assert {entry.correlation_id for entry in page.items} == {correlation_id}
    page = await list_audit_log(side.reader, ListAuditLog(q="request-3"))
    assert [entry.position for entry in page.items] == [3]
    assert await entries(side, q="nothing") == []
    registered = {target for action, target in await entries(side, q="s") if action == "skill.registered"}
    assert registered == {"skill:kbo-results", "skill:summary_1"}


async def test_what_is_frequent_is_found_among_the_newest_alone(
    side: ReadSide, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matching, "AMONG_ALL", "SELECT the whole table")
    page = await list_install_runs(side.reader, ListInstallRuns(q="kbo", limit=1))
    assert ([told.names[run.id] for run in page.items], page.next_cursor is None) == (["b"], False)


async def test_installations_are_found_by_either_name_and_by_the_providers_own_id(side: ReadSide, told: Told) -> None:
    async def found(**asked: Any) -> list[str]:
        page = await list_installations(side.reader, ListInstallations(**asked))
        return [f"{one.skill.name}@{one.provider.name}" for one in page.items]

    both = ["kbo-results@openai", "summary_1@openai"]
    expected = {"KBO": both[:1], "y_1": both[1:], "Open": both, "skill_openai": both, "skill%": [], "claude": []}
    assert {text: await found(q=text) for text in expected} == expected
    assert await found(q="openai", skill=("summary_1", "nothing")) == both[1:]


async def test_providers_are_found_by_name_kind_and_address_and_by_whether_they_are_used(
    side: ReadSide, told: Told
) -> None:
    async def found(**asked: Any) -> list[str]:
        return [one.name for one in (await list_providers(side.reader, ListProviders(**asked))).items]

    expected = {"EU": ["claude-eu"], "api.example": ["claude-eu", "openai"], "openai": ["claude-eu", "openai"]}
    assert {text: await found(q=text) for text in expected} == expected
    assert await found(kind=("openai",)) == ["claude-eu", "openai"]
    assert await found(kind=("gemini", "claude")) == []
    assert (await found(active=True), await found(active=False)) == ([], ["claude-eu", "openai"])


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("0198abcd", "0198abcd-0000-0000-0000-000000000000", "0198abcd-ffff-ffff-ffff-ffffffffffff"),
        (" 0198ABCD-1 ", "0198abcd-1000-0000-0000-000000000000", "0198abcd-1fff-ffff-ffff-ffffffffffff"),
        (*["0198abcd-1234-7000-8000-000000000001"] * 3,),
    ],
)
def test_the_beginning_of_an_id_is_a_range(text: str, first: str, last: str) -> None:
    assert ids_beginning(text) == (UUID(first), UUID(last))


@pytest.mark.parametrize("text", ["0198abc", "0198abcg", "", "-" * 8, "0" * 33, "\uff10198abcd", "kbo-results"])
def test_what_is_not_the_beginning_of_an_id(text: str) -> None:
    assert ids_beginning(text) is None
