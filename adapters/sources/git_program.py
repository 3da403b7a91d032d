"""Runs git on one throw-away bare repository, with nothing of this machine's settings, bounded in memory and on disk."""

import asyncio
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

from msgspec import Struct

SHELL: Final = "/bin/sh"
# Files in blocks of 512 bytes, memory in KiB; not every system limits memory, and then the limits on files and time remain.
LIMITED: Final = 'ulimit -c 0; ulimit -f "$1" || exit 125; ulimit -v "$2" 2>/dev/null; shift 2; exec "$@"'
BLOCK_BYTES: Final = 512
MEMORY_KIBIBYTES_MAX: Final = 2 * 1024 * 1024
FOLDER_BYTES_MAX: Final = 512 * 1024 * 1024
ERROR_BYTES_MAX: Final = 16 * 1024
WATCH_SECONDS: Final = 0.1

# Every key is given with each command, and reaches each program that git starts.
HARDENED: Final[Mapping[str, str]] = {
    "protocol.allow": "never",
    "protocol.https.allow": "always",
    "http.followRedirects": "false",
    "http.proxy": "",
    "http.sslVerify": "true",
    "http.cookieFile": "",
    "http.emptyAuth": "false",
    "credential.helper": "",
    "core.askPass": "",
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "core.attributesFile": os.devnull,
    "core.symlinks": "false",
    "core.autocrlf": "false",
    "core.bigFileThreshold": "8m",
    "fetch.recurseSubmodules": "false",
    "submodule.recurse": "false",
    "fetch.unpackLimit": "1",
    "fetch.writeCommitGraph": "false",
    "pack.threads": "1",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "advice.detachedHead": "false",
}


class GitOutput(Struct, frozen=True, kw_only=True):
    """`overflowed`: it wanted more room than it was given, and was stopped."""

    code: int
    output: bytes
    error: str
    overflowed: bool

    @property
    def succeeded(self) -> bool:
        return self.code == 0 and not self.overflowed


class GitProgram:
    """`folder` is empty, and the caller removes it and bounds the time; `settings` go beside the hardened ones."""

    def __init__(self, *, program: str, folder: Path, settings: Mapping[str, str]) -> None:
        self._program = program
        self._folder = folder
        self._repository = folder / "repository"
        self._environment = _environment(folder, {**HARDENED, **settings})

    async def start(self) -> GitOutput:
        """Make the repository that every other command works on."""
        self._repository.mkdir()
        return await self.run("init", "--quiet", "--bare", "--template=", "--initial-branch=none", ".")

    async def run(self, *arguments: str, given: bytes = b"", output_bytes_max: int = ERROR_BYTES_MAX) -> GitOutput:
        """No file that the command writes, and nothing that it prints, is larger than `output_bytes_max`. Raises OSError.

        If the task is cancelled, the command and all that it started are killed.
        """
        blocks = max(output_bytes_max, ERROR_BYTES_MAX) // BLOCK_BYTES
        given_file, output_file, error_file = (self._open(name) for name in ("given", "output", "error"))
        with given_file, output_file, error_file:
            given_file.write(given)
            given_file.flush()
            given_file.seek(0)
            process = await asyncio.create_subprocess_exec(
                *(SHELL, "-c", LIMITED, "sh", str(blocks), str(MEMORY_KIBIBYTES_MAX), self._program, *arguments),
                stdin=given_file,
                stdout=output_file,
                stderr=error_file,
                env=self._environment,
                cwd=self._repository,
                start_new_session=True,
            )
            overgrown = await self._watch(process)
            # The limit cuts a file off at exactly this size, whichever of git's programs was writing it.
            cut_off = blocks * BLOCK_BYTES in _file_sizes(self._folder)
            return GitOutput(
                code=process.returncode or 0,
                output=await asyncio.to_thread(_content, output_file),
                error=_end_of(error_file).decode(errors="replace"),
                overflowed=overgrown or cut_off,
            )

    async def _watch(self, process: asyncio.subprocess.Process) -> bool:
        """Wait for the end; True if the folder outgrew its bound before."""
        try:
            while sum(_file_sizes(self._folder)) <= FOLDER_BYTES_MAX:
                with suppress(TimeoutError):
                    await asyncio.wait_for(process.wait(), WATCH_SECONDS)
                    return False
            return True
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()

    def _open(self, name: str) -> BinaryIO:
        return (self._folder / name).open("w+b")


def _content(file: BinaryIO) -> bytes:
    file.seek(0)
    return file.read()


def _end_of(file: BinaryIO) -> bytes:
    """The last lines, which are git's own; before them the server may have said what it likes, at any length."""
    file.seek(max(0, file.seek(0, os.SEEK_END) - ERROR_BYTES_MAX))
    return file.read(ERROR_BYTES_MAX)


def _environment(folder: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """All that git sees; of this process's own environment, which may hold proxies and tokens, nothing."""
    environment = {
        "PATH": os.defpath,
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "LC_ALL": "C",
        "GIT_DIR": ".",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_CONFIG_COUNT": str(len(settings)),
    }
    for number, (key, value) in enumerate(settings.items()):
        environment |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return environment


def _file_sizes(folder: Path) -> list[int]:
    """Files that go while they are looked at do not count."""
    sizes: list[int] = []
    for parent, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                sizes.append(os.lstat(f"{parent}/{name}").st_size)
    return sizes
