from typing import Any

import pytest

from domain.chat.said import Deed
from domain.events import Actor, Role
from domain.provider.events import ProviderVerified
from domain.provider.state import provider_stream
from domain.skill.events import SkillArchived
from domain.skill.state import skill_stream
from queries.chat_deeds import ChatDeeds, chat_deeds
from tests.kit.read_side import ReadSide
from tests.projections.stories import Story

pytestmark = pytest.mark.anyio

Told = list[tuple[str, str, str]]


def key(name: str) -> Actor:
    return Actor(kind="api_key", id=f"key-{name}", name=name, role=Role.ADMIN)


SYSTEM = Actor(kind="system", id="installer", name="installer")


class Acted(Story):
    """What people did, each something else; the rest is the installer's."""

    def __init__(self) -> None:
        super().__init__()
        self.default_actor = key("ann")
        self.publish("kbo-results")
        self.publish("other")
        self.default_actor = key("ben")
        for name in ("openai", "claude"):
            self.connect(name)
        self.add(provider_stream("openai"), ProviderVerified(), actor=key("cho"))
        self.default_actor = key("kim")
        self.publish("third")
        self.work(self.run(6, "openai", skill="third"), "openai")
        self.waiting = self.removal(7, "openai", skill="third")
        self.default_actor = key("dan")
        self.installed = self.run(1, "openai", "claude")
        self.work(self.installed, "openai")
        self.default_actor = SYSTEM
        self.installed.start("claude").fail("claude")
        self.default_actor = key("eve")
        self.retried = self.retry(2, self.installed)
        self.default_actor = key("fay")
        self.retried.cancel()
        self.default_actor = key("gil")
        self.removed = self.removal(3, "openai")
        self.work(self.removed, "openai")
        self.default_actor = key("han")
        self.other = self.run(4, "openai", skill="other")
        self.work(self.other, "openai")
        self.default_actor = key("ivy")
        self.back = self.roll_back(5, self.other)
        self.add(skill_stream("other"), SkillArchived(), actor=key("jo"))

    def work(self, run: Any, provider: str) -> None:
        who, self.default_actor = self.default_actor, SYSTEM
        run.start(provider).succeed(provider)
        self.default_actor = who


@pytest.fixture(scope="module")
async def acted(side: ReadSide) -> Acted:
    story = Acted()
    await side.tell(story.events)
    return story


async def look(side: ReadSide, deed: Deed | None = None, *, limit: int = 20, **named: Any) -> Told:
    found = await chat_deeds(side.reader, ChatDeeds(deed=deed, limit=limit, **named))
    return [(one.by, one.action, one.target) for one in found.items]


async def test_who_did_it_is_known_of_every_deed(side: ReadSide, acted: Acted) -> None:
    first = f"install_run:{acted.installed.id}"
    expected: dict[Deed, Told] = {
        Deed.INSTALL: [
            ("han", "installation.changed", "installation:other@openai"),
            ("eve", "install_run.queued", "installation:kbo-results@claude"),
            ("dan", "installation.changed", "installation:kbo-results@openai"),
            ("dan", "install_run.queued", "installation:kbo-results@claude"),
            ("kim", "installation.changed", "installation:third@openai"),
        ],
        # A removal that has not come to its end was only asked for.
        Deed.UNINSTALL: [
            ("gil", "installation.removed", "installation:kbo-results@openai"),
            ("kim", "install_run.queued", f"install_run:{acted.waiting.id}"),
        ],
        Deed.CANCEL: [("fay", "install_run.cancel_requested", f"install_run:{acted.retried.id}")],
        Deed.RETRY: [("eve", "install_run.retried", first)],
        Deed.ROLLBACK: [("ivy", "install_run.rollback_requested", f"install_run:{acted.other.id}")],
        Deed.REGISTER: [
            ("kim", "skill.version_published", "skill:third"),
            ("kim", "skill.registered", "skill:third"),
            ("ann", "skill.version_published", "skill:other"),
            ("ann", "skill.registered", "skill:other"),
            ("ann", "skill.version_published", "skill:kbo-results"),
            ("ann", "skill.registered", "skill:kbo-results"),
        ],
        Deed.CONNECT: [
            ("ben", "provider.connected", "provider:claude"),
            ("ben", "provider.connected", "provider:openai"),
        ],
        Deed.VERIFY: [("cho", "provider.verified", "provider:openai")],
    }
    assert {deed: await look(side, deed) for deed in Deed} == expected


async def test_what_is_named_narrows_it_down(side: ReadSide, acted: Acted) -> None:
    kbo = ("kbo-results",)
    assert await look(side, Deed.INSTALL, skills=kbo, providers=("openai",)) == [
        ("dan", "installation.changed", "installation:kbo-results@openai")
    ]
    assert [by for by, _, _ in await look(side, Deed.INSTALL, providers=("claude",))] == ["eve", "dan"]
    assert await look(side, Deed.UNINSTALL, skills=("other",)) == []
    assert [by for by, _, _ in await look(side, Deed.CANCEL, skills=kbo)] == ["fay"]
    assert await look(side, Deed.CANCEL, skills=("other",)) == []
    assert await look(side, Deed.CANCEL, skills=("nothing",)) == []
    assert [by for by, _, _ in await look(side, Deed.ROLLBACK, providers=("openai",))] == ["ivy"]
    assert await look(side, Deed.ROLLBACK, providers=("claude",)) == []
    assert {target for _, _, target in await look(side, Deed.REGISTER, skills=("other",))} == {"skill:other"}
    assert {target for _, _, target in await look(side, Deed.CONNECT, providers=("claude",))} == {"provider:claude"}


async def test_without_a_deed_all_that_people_did_to_it_is_told(side: ReadSide, acted: Acted) -> None:
    assert [by for by, _, _ in await look(side, skills=("other",))] == ["jo", "ivy", "han", "ann", "ann"]
    assert [by for by, _, _ in await look(side, providers=("claude",))] == ["fay", "eve", "eve", "dan", "ben"]
    assert [by for by, _, _ in await look(side, run_id=acted.installed.id)] == ["eve", "dan", "dan"]
    assert [by for by, _, _ in await look(side, Deed.RETRY, run_id=acted.installed.id)] == ["eve"]
    assert await look(side, Deed.CANCEL, run_id=acted.installed.id) == []
    everybody = await look(side)
    assert {by for by, _, _ in everybody} == {"ann", "ben", "dan", "eve", "fay", "gil", "han", "ivy", "jo", "kim"}
    assert everybody[0] == ("jo", "skill.archived", "skill:other")


async def test_the_newest_come_first_and_that_there_are_more_is_told(side: ReadSide, acted: Acted) -> None:
    found = await chat_deeds(side.reader, ChatDeeds(limit=2))
    assert ([one.by for one in found.items], found.more) == (["jo", "ivy"], True)
    assert found.items[1].run_id == acted.other.id
    assert found.items[0].run_id is None
    whole = await chat_deeds(side.reader, ChatDeeds(deed=Deed.INSTALL, limit=5))
    assert (len(whole.items), whole.more) == (5, False)
    assert [one.run_id for one in whole.items][:2] == [acted.other.id, acted.retried.id]
