"""OpenAI: a skill in a project, with versions of which one is the default, through the official SDK."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any, Final, Generic, TypeVar

import msgspec
from msgspec import Meta, Struct
from openai import omit
from openai.resources.skills import AsyncSkillsWithRawResponse

from adapters.providers.connection import Connection
from adapters.providers.exchange import Exchange, Shape, form_files, unless_absent
from adapters.providers.failures import BAD_RESPONSE, Effect
from adapters.providers.openai_sdk import answer_to, client_of
from domain.installation.events import Receipt
from domain.ports import Intent, ProviderAdapter, ProviderError, Standing
from domain.skill.bundle import Bundle

PAGE_SIZE: Final = 100
PAGES_MAX: Final = 10
# Clocks differ, and the provider drops split seconds. Larger would take for ours what a person made just before.
CLOCK_ALLOWANCE_SECONDS: Final = 5

Name = Annotated[str, Meta(min_length=1)]
Request = Awaitable[Any]


class _Skill(Struct, frozen=True):
    id: Name
    default_version: Name


class _Listed(Struct, frozen=True):
    id: Name
    created_at: float


class _ListedSkill(_Listed, frozen=True):
    name: str


class _Version(_Listed, frozen=True):
    version: Name


class _Deleted(Struct, frozen=True):
    deleted: bool


Item = TypeVar("Item", bound=_Listed)


class _Page(Struct, Generic[Item], frozen=True):
    data: list[Item]
    has_more: bool


class OpenAIAdapter(ProviderAdapter):
    def __init__(self, connection: Connection) -> None:
        self._lease = connection.lease
        self._exchange = Exchange(connection, request_id_header="x-request-id")
        self._skills: AsyncSkillsWithRawResponse = client_of(connection).skills.with_raw_response

    async def verify(self) -> None:
        async with self._exchange.deadline():
            await self._send(self._skills.list(limit=1), _Page[_ListedSkill])

    async def find(self, intent: Intent) -> tuple[Receipt, ...]:
        async with self._exchange.deadline():
            candidates = await self._candidates(intent)
            return tuple([receipt for receipt in candidates if await self._digest(receipt) == intent.digest])

    async def install(self, bundle: Bundle, intent: Intent) -> Receipt:
        async with self._exchange.deadline("upload"):
            return await self._put(bundle, intent.previous)

    async def restore(self, former: Receipt, bundle: Bundle, intent: Intent) -> Receipt:
        async with self._exchange.deadline("upload"):
            # In another skill it would be in use beside `previous` and not in place of it.
            if intent.previous is None or former.remote_id == intent.previous.remote_id:
                version = self._skills.versions.retrieve(_version(former), skill_id=former.remote_id)
                if await unless_absent(self._send(version, _Version)):
                    await self._make_default(former)
                    return former
            return await self._put(bundle, intent.previous)

    async def adopt(self, receipt: Receipt, _: Intent) -> None:
        async with self._exchange.deadline("write"):
            await self._make_default(receipt)

    async def discard(self, extra: Receipt) -> None:
        async with self._exchange.deadline("write"):
            versions = [version.version for version in await self._versions(extra.remote_id, since=0) or []]
            others = [version for version in versions if version != extra.remote_version]
            if others == versions:
                return  # gone already
            if others:
                skill = await self._send(self._skills.retrieve(extra.remote_id), _Skill)
                if skill.default_version == extra.remote_version:
                    await self._make_default(Receipt(remote_id=skill.id, remote_version=others[0]))
                await self._delete(self._skills.versions.delete(_version(extra), skill_id=extra.remote_id))
            else:
                await self._delete(self._skills.delete(extra.remote_id))

    async def status(self, receipt: Receipt) -> Standing:
        async with self._exchange.deadline():
            skill = await unless_absent(self._send(self._skills.retrieve(receipt.remote_id), _Skill))
        if skill is None:
            return Standing.MISSING
        return Standing.IN_USE if skill.default_version == receipt.remote_version else Standing.CHANGED

    async def uninstall(self, receipt: Receipt) -> None:
        async with self._exchange.deadline("write"):
            await self._delete(self._skills.delete(receipt.remote_id))

    def usage(self, receipt: Receipt) -> str:
        """A part of the body of a request to the Responses API."""
        skill = {"type": "skill_reference", "skill_id": receipt.remote_id, "version": receipt.remote_version}
        shell = {"type": "shell", "environment": {"type": "container_auto", "skills": [skill]}}
        return msgspec.json.format(msgspec.json.encode({"tools": [shell]}), indent=2).decode()

    async def close(self) -> None:
        await self._lease.release()

    async def _candidates(self, intent: Intent) -> list[Receipt]:
        """New since the intent, oldest first: versions of what it upgrades or, if there is none, skills of its name."""
        since = int(intent.since.timestamp()) - CLOCK_ALLOWANCE_SECONDS
        previous = intent.previous.remote_id if intent.previous else ""
        versions = await self._versions(previous, since) if previous else None
        made = [(previous, version) for version in versions or []]
        if versions is None:
            for skill in await self._newest(self._skills.list, _Page[_ListedSkill], since):
                if skill.name == intent.skill_name:
                    # A skill of ours begins with the version we sent; what a person added to one is theirs.
                    made += [(skill.id, version) for version in (await self._versions(skill.id, since) or [])[-1:]]
        receipts = [Receipt(remote_id=skill_id, remote_version=version.version) for skill_id, version in reversed(made)]
        return [receipt for receipt in receipts if receipt != intent.previous]

    async def _put(self, bundle: Bundle, previous: Receipt | None) -> Receipt:
        """As the next version of what is there, or as a new skill if there is none, or none any more."""
        files = form_files(bundle)
        if previous and (receipt := await self._upgrade(previous.remote_id, files)):
            return receipt
        skill = await self._send(self._skills.create(files=files), _Skill, "upload")
        return Receipt(remote_id=skill.id, remote_version=skill.default_version)

    async def _upgrade(self, skill_id: str, files: list[tuple[str, bytes, str]]) -> Receipt | None:
        """None if the skill is gone at the provider."""
        creating = self._skills.versions.create(skill_id, files=files, default=False)
        version = await unless_absent(self._send(creating, _Version, "upload"))
        if version is None:
            return None
        receipt = Receipt(remote_id=skill_id, remote_version=version.version)
        try:
            await self._make_default(receipt)
        except ProviderError as error:
            error.ambiguous = True  # the version stands, whatever became of the default
            raise
        return receipt

    async def _make_default(self, receipt: Receipt) -> None:
        change = self._skills.update(receipt.remote_id, default_version=_version(receipt))
        if (await self._send(change, _Skill, "write")).default_version != receipt.remote_version:
            raise self._exchange.failure(BAD_RESPONSE, "The default version did not change.", effect="write")

    async def _delete(self, deletion: Request) -> None:
        answer = await unless_absent(self._send(deletion, _Deleted, "write"))
        if answer and not answer.deleted:
            raise self._exchange.failure(BAD_RESPONSE, "The provider did not delete it.", effect="write")

    async def _versions(self, skill_id: str, since: float) -> list[_Version] | None:
        """As `_newest`; None if there is no such skill."""
        pages = partial(self._skills.versions.list, skill_id)
        return await unless_absent(self._newest(pages, _Page[_Version], since))

    async def _newest(self, list_page: Callable[..., Request], shape: type[_Page[Item]], since: float) -> list[Item]:
        """Everything created at or after `since` in Unix seconds, newest first."""
        newest: list[Item] = []
        after: Any = omit
        for _ in range(PAGES_MAX):
            page = await self._send(list_page(limit=PAGE_SIZE, order="desc", after=after), shape)
            recent = [item for item in page.data if item.created_at >= since]
            newest += recent
            if not page.has_more or len(recent) < len(page.data) or not page.data:
                return newest
            after = page.data[-1].id
        raise self._exchange.failure(BAD_RESPONSE, f"The list does not end within {PAGES_MAX * PAGE_SIZE} items.")

    async def _digest(self, receipt: Receipt) -> str | None:
        download = self._skills.versions.content.retrieve(_version(receipt), skill_id=receipt.remote_id)
        response = await unless_absent(self._answer(download))
        return None if response is None else await self._exchange.digest(response)

    async def _send(self, request: Request, shape: type[Shape], effect: Effect = "read") -> Shape:
        return self._exchange.decode(await self._answer(request, effect), shape, effect=effect)

    async def _answer(self, request: Request, effect: Effect = "read") -> Any:
        return await answer_to(request, exchange=self._exchange, effect=effect)


def _version(receipt: Receipt) -> str:
    assert receipt.remote_version is not None  # noqa: S101 - this adapter gives no receipt without one
    return receipt.remote_version
