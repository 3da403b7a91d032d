"""A folder of a git repository, fetched over https at one commit; nothing is checked out, so nothing in it can run."""

import asyncio
import re
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from socket import SOCK_STREAM
from typing import Final

from adapters.sources.git_address import (
    PATH_POINTER,
    REF_POINTER,
    URL_POINTER,
    GitAddress,
    check_addresses,
    check_path,
    check_ref,
    parse_url,
)
from adapters.sources.git_failures import failure, listing_failure, offline
from adapters.sources.git_program import GitProgram
from adapters.sources.git_tree import (
    BLOB_FORMAT,
    SIZE_FORMAT,
    TreeEntry,
    check_entries,
    check_is_skill,
    check_sizes,
    inside,
    only_skill,
    read_blobs,
    read_listing,
    read_sizes,
)
from adapters.sources.packing import pack
from domain.skill.bundle import BUNDLE_BYTES_MAX, Bundle, SourceFile
from domain.skill.events import Origin
from domain.skill.refusals import quoted, refusal
from domain.skill.sources import GitFolder

FETCHES_MAX: Final = 4
FETCHES_WAITING_MAX: Final = 32
FETCH_SECONDS_MAX: Final = 60.0
RESOLVE_SECONDS_MAX: Final = 5.0
ADDRESSES_MAX: Final = 8
# A server that cannot filter sends all files of the commit, also those beside the skill.
FETCHED_BYTES_MAX: Final = 256 * 1024 * 1024
LISTING_BYTES_MAX: Final = 16 * 1024 * 1024
SIZES_BYTES_MAX: Final = 64 * 1024
REFS_BYTES_MAX: Final = 64 * 1024

REMOTE: Final = "skills"
COMMIT: Final = re.compile(r"[0-9a-f]{40}")
VERSION: Final = re.compile(rb"git version (\d+)\.(\d+)")
VERSION_MIN: Final = (2, 37)  # the first that can be told which address a host's name stands for

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


async def resolve(host: str, port: int) -> Sequence[str]:
    """The addresses that this machine has for the name. Raises OSError."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))[:ADDRESSES_MAX]


class GitFolders:
    """`private_hosts` (`host` or `host:port`) may have addresses that are not public; `ca_file` replaces the system's authorities."""

    def __init__(
        self,
        *,
        private_hosts: frozenset[str] = frozenset(),
        ca_file: Path | None = None,
        seconds_max: float = FETCH_SECONDS_MAX,
        resolve: Resolve = resolve,
    ) -> None:
        self._private_hosts = private_hosts
        self._ca_file = ca_file
        self._seconds_max = seconds_max
        self._resolve = resolve
        self._places = asyncio.Semaphore(FETCHES_MAX)
        self._waiting = 0

    async def read(self, source: GitFolder) -> tuple[Bundle, Origin]:
        """Problems point at `/git/url`, `/git/ref` and `/git/path`. Raises SkillInvalid, SkillTooLarge, GitOffline."""
        address = parse_url(source.url)
        ref = None if source.ref is None else check_ref(source.ref)
        path = None if source.path is None else check_path(source.path)
        if self._waiting >= FETCHES_WAITING_MAX:
            raise offline("Too many repositories are being fetched; send the request again.")
        self._waiting += 1
        try:
            async with self._places, asyncio.timeout(self._seconds_max):
                commit, folder, files = await self._fetch(address, ref=ref, path=path)
        except TimeoutError:
            raise offline(f"The git server did not deliver within {self._seconds_max:g} seconds.") from None
        except OSError as error:
            raise offline(f"This server cannot run git at the moment: {error.strerror}.") from error
        finally:
            self._waiting -= 1
        bundle = await asyncio.to_thread(pack, files, pointer=PATH_POINTER)
        return bundle, Origin(source="git", url=source.url, ref=source.ref, commit=commit, path=folder)

    async def _fetch(
        self, address: GitAddress, *, ref: str | None, path: str | None
    ) -> tuple[str, str, Sequence[SourceFile]]:
        program = shutil.which("git")
        if program is None:
            raise offline("git is not installed on this server; an operator can install it.")
        settings = await self._settings(address)
        folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="waybill-git-"))
        try:
            git = GitProgram(program=program, folder=folder, settings=settings)
            await _start(git)
            commit = await _fetch_commit(git, await _wanted(git, ref))
            folder_path, entries = await _list(git, commit, path)
            return commit, folder_path, await _files(git, entries)
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def _settings(self, address: GitAddress) -> dict[str, str]:
        """What git is told of this one server: above all, at which of its addresses, so that none is used but those checked."""
        try:
            async with asyncio.timeout(RESOLVE_SECONDS_MAX):
                found = await self._resolve(address.host, address.port)
        except (OSError, UnicodeError):
            raise offline(f"The host {address.host} is not known here.") from None
        if not found:
            raise offline(f"The host {address.host} has no address.")
        check_addresses(address, found, private_hosts=self._private_hosts)
        pinned = ",".join(f"[{one}]" if ":" in one else one for one in found)
        settings = {
            f"remote.{REMOTE}.url": address.url,
            "http.curloptResolve": f"{address.host}:{address.port}:{pinned}",
        }
        return settings | ({"http.sslCAInfo": str(self._ca_file)} if self._ca_file else {})


async def _start(git: GitProgram) -> None:
    started = await git.start()
    version = VERSION.match((await git.run("--version")).output)
    if not started.succeeded or version is None:
        raise offline("git does not work on this server; an operator can try it there.")
    if (int(version[1]), int(version[2])) < VERSION_MIN:
        raise offline(f"git {VERSION_MIN[0]}.{VERSION_MIN[1]} or newer is needed on this server.")


async def _wanted(git: GitProgram, ref: str | None) -> str:
    """The object that the ref names at this moment. Raises SkillInvalid, GitOffline."""
    if ref is not None and COMMIT.fullmatch(ref):
        return ref
    names = _spelled_out(ref)
    listed = await git.run("ls-remote", "--quiet", REMOTE, *names, output_bytes_max=REFS_BYTES_MAX)
    if not listed.succeeded:
        raise failure(listed)
    lines = (line.partition("\t") for line in listed.output.decode(errors="replace").splitlines())
    # A pattern of git's also matches the ends of longer names.
    found = {wanted for wanted, _, name in lines if name in names and COMMIT.fullmatch(wanted)}
    if len(found) == 1:
        return found.pop()
    if ref is None:
        raise refusal(URL_POINTER, "The repository has no default branch: it is empty, or `ref` must name one.")
    if found:
        raise refusal(REF_POINTER, f"{quoted(ref)} is a branch and a tag; write `refs/heads/...` or `refs/tags/...`.")
    raise refusal(REF_POINTER, f"There is no branch and no tag {quoted(ref)}; a commit takes all of its 40 digits.")


def _spelled_out(ref: str | None) -> list[str]:
    if ref is None:
        return ["HEAD"]
    return [ref] if ref.startswith("refs/") else [f"refs/heads/{ref}", f"refs/tags/{ref}"]


async def _fetch_commit(git: GitProgram, wanted: str) -> str:
    """The commit with its trees, and without files where the server can leave them out. Raises SkillInvalid, GitOffline."""
    options = ("--quiet", "--depth=1", "--no-tags", "--no-write-fetch-head", "--filter=blob:none")
    fetched = await git.run("fetch", *options, REMOTE, wanted, output_bytes_max=FETCHED_BYTES_MAX)
    if not fetched.succeeded:
        raise failure(fetched)
    commit = await git.run("rev-parse", "--verify", "--quiet", "--end-of-options", f"{wanted}^{{commit}}")
    if not commit.succeeded:
        raise refusal(REF_POINTER, "The ref does not name a commit.")
    return commit.output.decode().strip()


async def _list(git: GitProgram, commit: str, path: str | None) -> tuple[str, list[TreeEntry]]:
    """The skill's folder, and what lies in it. Raises SkillInvalid, SkillTooLarge."""
    tree = f"{commit}:{path or ''}"
    listed = await git.run("ls-tree", "-r", "-z", "--full-tree", tree, output_bytes_max=LISTING_BYTES_MAX)
    if not listed.succeeded:
        raise listing_failure(listed, path=path or "")
    entries = await asyncio.to_thread(read_listing, listed.output)
    if path is not None:
        check_is_skill(entries, folder=path)
        return path, entries
    folder = only_skill(entries)
    return folder, inside(entries, folder)


async def _files(git: GitProgram, entries: Sequence[TreeEntry]) -> list[SourceFile]:
    """Raises SkillInvalid, SkillTooLarge, GitOffline."""
    check_entries(entries)
    blobs = "".join(f"{entry.blob}\n" for entry in entries).encode()
    options = ("--quiet", "--no-tags", "--no-write-fetch-head", "--filter=blob:none", "--stdin")
    fetched = await git.run("fetch", *options, REMOTE, given=blobs, output_bytes_max=FETCHED_BYTES_MAX)
    if not fetched.succeeded:
        raise failure(fetched)
    listed = await git.run("cat-file", f"--batch-check={SIZE_FORMAT}", given=blobs, output_bytes_max=SIZES_BYTES_MAX)
    sizes = read_sizes(listed.output, count=len(entries)) if listed.succeeded else None
    if sizes is None:
        raise offline("The git server did not deliver every file of the folder.")
    check_sizes(entries, sizes)
    contents = await git.run(
        "cat-file", f"--batch={BLOB_FORMAT}", given=blobs, output_bytes_max=BUNDLE_BYTES_MAX + SIZES_BYTES_MAX
    )
    if not contents.succeeded:
        raise failure(contents)
    return [
        SourceFile(path=entry.path, content=content, path_pointer=PATH_POINTER, content_pointer=PATH_POINTER)
        for entry, content in zip(entries, read_blobs(contents.output, sizes=sizes), strict=True)
    ]
