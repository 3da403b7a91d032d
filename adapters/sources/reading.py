"""Reads a skill from whichever source it is given in, and says where it came from."""

import asyncio
from typing import assert_never

from adapters.sources.archive import read_archive
from adapters.sources.git import GitFolders
from adapters.sources.inline import read_inline
from adapters.sources.uploaded import read_uploaded
from domain.skill.bundle import Bundle
from domain.skill.events import Origin
from domain.skill.sources import GitFolder, InlineFiles, SkillSource, UploadedArchive, UploadedFiles


class Sources:
    def __init__(self, *, git: GitFolders) -> None:
        self._git = git

    async def read(self, source: SkillSource) -> tuple[Bundle, Origin]:
        """The work on bytes is done in threads. Raises SkillInvalid, SkillTooLarge, GitOffline."""
        match source:
            case InlineFiles(files=files):
                return await asyncio.to_thread(read_inline, files), Origin(source="inline")
            case UploadedFiles(files=uploaded):
                return await asyncio.to_thread(read_uploaded, uploaded), Origin(source="files")
            case UploadedArchive(content=content):
                return await asyncio.to_thread(read_archive, content), Origin(source="archive")
            case GitFolder():
                return await self._git.read(source)
            case _:
                assert_never(source)
