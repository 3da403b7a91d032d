"""Claude: a skill in a workspace, ours by a mark in its display name, whose newest version is in use; the official SDK."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Any, Final, Generic, Literal, TypeVar

import msgspec
from anthropic import omit
from msgspec import Meta, Struct

from adapters.providers.claude_sdk import answer_to, client_of
from adapters.providers.connection import Connection
from adapters.providers.exchange import Exchange, Shape, form_files, unless_absent
from adapters.providers.failures import (
    BAD_RESPONSE,
    BY_STATUS,
    Effect,
)
from domain.installation.events import Receipt
from domain.ports import Intent, ProviderAdapter, Standing
from domain.skill.bundle import Bundle

PAGE_SIZE: Final = 1000
PAGES_MAX: Final = 10
# Whose it is, the mark says: this is for clocks that differ, and for split seconds, which may be dropped.
CLOCK_ALLOWANCE: Final = timedelta(seconds=60)

Name = Annotated[str, Meta(min_length=1)]
Time = Annotated[datetime, Meta(tz=True)]
Request = Awaitable[Any]


class _Version(Struct, frozen=True):
    id: Name
    created_at: Time


class _Skill(_Version, frozen=True):
    display_name: str
    latest_version_id: Name


class _Deleted(Struct, frozen=True):
    type: Literal["skill_deleted", "skill_version_deleted"]


Item = TypeVar("Item")


class _Page(Struct, Generic[Item], frozen=True):
    data: list[Item]
    next_page: str | None = None


class ClaudeAdapter(ProviderAdapter):
    def __init__(self, connection: Connection) -> None:
        self._lease = connection.lease
        self._exchange = Exchange(connection, request_id_header="request-id")
        client = client_of(connection)
        self._skills = client.skills.with_raw_response
        # The SDK has the download among its betas only; it sends no beta header unless told to.
        self._contents = client.beta.skills.versions.with_raw_response

    async def verify(self) -> None:
        async with self._exchange.deadline():
            await self._send(self._skills.list(limit=1, source="custom"), _Page[_Skill])

    async def find(self, intent: Intent) -> tuple[Receipt, ...]:
        """Only the newest version of a skill can be adopted; without one, older ones are as good as none."""
        adoptable: list[Receipt] = []
        others: list[Receipt] = []
        async with self._exchange.deadline():
            for skill in await self._ours(intent):
                for version in await self._made(skill, intent):
                    if await self._digest(skill.id, version.id) == intent.digest:
                        found = adoptable if version.id == skill.latest_version_id else others
                        found.append(Receipt(remote_id=skill.id, remote_version=version.id))
        return (*adoptable, *others) if adoptable else ()

    async def install(self, bundle: Bundle, intent: Intent) -> Receipt:
        async with self._exchange.deadline("upload"):
            return await self._put(bundle, intent, upon=intent.previous)

    async def restore(self, former: Receipt, bundle: Bundle, intent: Intent) -> Receipt:
        """Claude cannot go back to a version: its content is published once more."""
        async with self._exchange.deadline("upload"):
            return await self._put(bundle, intent, upon=intent.previous or former)

    async def adopt(self, receipt: Receipt, _: Intent) -> None:
        """The newest version is the one in use, and no other can be made so."""
        if await self.status(receipt) is not Standing.IN_USE:
            raise self._exchange.failure(BY_STATUS[409], "It is not the newest version of its skill any more.")

    async def discard(self, extra: Receipt) -> None:
        async with self._exchange.deadline("write"):
            versions = [version.id for version in await self._versions(extra.remote_id)]
            if versions == [extra.remote_version]:
                await self._delete(self._skills.delete(extra.remote_id))
            elif extra.remote_version in versions:
                await self._delete(self._skills.versions.delete(extra.remote_version, skill_id=extra.remote_id))

    async def status(self, receipt: Receipt) -> Standing:
        async with self._exchange.deadline():
            skill = await unless_absent(self._send(self._skills.retrieve(receipt.remote_id), _Skill))
        if skill is None:
            return Standing.MISSING
        return Standing.IN_USE if skill.latest_version_id == receipt.remote_version else Standing.CHANGED

    async def uninstall(self, receipt: Receipt) -> None:
        async with self._exchange.deadline("write"):
            await self._delete(self._skills.delete(receipt.remote_id))

    def usage(self, receipt: Receipt) -> str:
        """A part of the body of a request to the Messages API."""
        skill = {"type": "custom", "skill_id": receipt.remote_id, "version": receipt.remote_version}
        tool = {"type": "code_execution_20260521", "name": "code_execution"}
        body = msgspec.json.encode({"container": {"skills": [skill]}, "tools": [tool]})
        return msgspec.json.format(body, indent=2).decode()

    async def close(self) -> None:
        await self._lease.release()

    async def _ours(self, intent: Intent) -> list[_Skill]:
        """The skill that is live first, then the oldest."""
        live, mark = intent.previous and intent.previous.remote_id, _mark(intent)
        skills = await self._all(partial(self._skills.list, source="custom"), _Page[_Skill])
        ours = [skill for skill in skills if skill.id == live or skill.display_name == mark]
        return sorted(ours, key=lambda skill: (skill.id != live, skill.created_at, skill.id))

    async def _made(self, skill: _Skill, intent: Intent) -> list[_Version]:
        """What may have been made for the intent; what is not newer than the live version was settled."""
        versions = await self._versions(skill.id)
        live = intent.previous and intent.previous.remote_version
        settled = max((version.created_at for version in versions if version.id == live), default=None)
        return [
            version
            for version in versions
            if version.id != live
            and version.created_at >= intent.since - CLOCK_ALLOWANCE
            and (settled is None or version.created_at > settled or version.id == skill.latest_version_id)
        ]

    async def _put(self, bundle: Bundle, intent: Intent, *, upon: Receipt | None) -> Receipt:
        """As the next version of what is there, or as a new skill if there is none, or none any more."""
        files = form_files(bundle)
        if upon:
            creating = self._skills.versions.create(upon.remote_id, files=files)
            if version := await unless_absent(self._send(creating, _Version, "upload")):
                return Receipt(remote_id=upon.remote_id, remote_version=version.id)
        skill = await self._send(self._skills.create(files=files, display_name=_mark(intent)), _Skill, "upload")
        return Receipt(remote_id=skill.id, remote_version=skill.latest_version_id)

    async def _delete(self, deletion: Request) -> None:
        await unless_absent(self._send(deletion, _Deleted, "write"))

    async def _versions(self, skill_id: str) -> list[_Version]:
        return await unless_absent(self._all(partial(self._skills.versions.list, skill_id), _Page[_Version])) or []

    async def _all(self, list_page: Callable[..., Request], shape: type[_Page[Item]]) -> list[Item]:
        """Every page, since nobody says in which order they come."""
        items: list[Item] = []
        next_page: Any = omit
        for _ in range(PAGES_MAX):
            page = await self._send(list_page(limit=PAGE_SIZE, page=next_page), shape)
            items += page.data
            if not page.next_page:
                return items
            next_page = page.next_page
        raise self._exchange.failure(BAD_RESPONSE, f"The list does not end within {PAGES_MAX} pages.")

    async def _digest(self, skill_id: str, version: str) -> str | None:
        response = await unless_absent(self._answer(self._contents.download(version, skill_id=skill_id)))
        return None if response is None else await self._exchange.digest(response)

    async def _send(self, request: Request, shape: type[Shape], effect: Effect = "read") -> Shape:
        return self._exchange.decode(await self._answer(request, effect), shape, effect=effect)

    async def _answer(self, request: Request, effect: Effect = "read") -> Any:
        return await answer_to(request, exchange=self._exchange, effect=effect)


def _mark(intent: Intent) -> str:
    return f"{intent.skill_name} [waybill {intent.installation_id}]"
