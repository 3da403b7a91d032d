"""Reading from the git server of the tests, over a name that only these tests resolve."""

from collections.abc import Sequence
from typing import Any

import pytest

from adapters.sources.git import GitFolders
from domain.errors import SkillInvalid
from domain.skill.bundle import Bundle
from domain.skill.events import Origin
from domain.skill.sources import GitFolder
from tests.adapters.sources.git_server import HOST, GitServer


class Reader:
    """The name is known to nobody but this resolver: what arrives has come over the addresses that it gave."""

    def __init__(self, server: GitServer, *, addresses: Sequence[str] = ("127.0.0.1",), **more: Any) -> None:
        self.server = server
        self.asked: list[str] = []
        self._addresses = addresses
        facts: dict[str, Any] = {
            "private_hosts": frozenset({HOST}),
            "ca_file": server.ca_file,
            "resolve": self._resolve,
        }
        self.folders = GitFolders(**facts | more)

    async def _resolve(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        return self._addresses

    async def read(self, repository: str, **more: str) -> tuple[Bundle, Origin]:
        return await self.folders.read(GitFolder(url=self.server.url(repository), **more))

    async def refused(self, repository: str, **more: str) -> list[tuple[str, str]]:
        with pytest.raises(SkillInvalid) as refused:
            await self.read(repository, **more)
        return [(problem.pointer, problem.message) for problem in refused.value.problems]
