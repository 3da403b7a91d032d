"""Git servers that refuse, break, hang and lie, or that are not where they may be asked."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import psutil
import pytest

from adapters.sources.git import FETCHES_MAX, FETCHES_WAITING_MAX, GitFolders, resolve
from domain.errors import Code, GitOffline, SkillInvalid
from domain.skill.sources import GitFolder
from tests.adapters.sources.git_reading import Reader
from tests.adapters.sources.git_server import HOST, GitServer, git_server
from tests.adapters.sources.repositories import git_can_serve, make_repository, skill_md
from tests.kit.waiting import eventually

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not git_can_serve(), reason="git, or its http-backend, is not here"),
]
SECONDS = 30
SHORT_SECONDS = 1.0
GONE_SECONDS = 5.0  # well before the server lets go of them
NOT_PUBLIC = "The repository was not found, or is not public"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitServer]:
    with git_server(tmp_path_factory.mktemp("git")) as server:
        make_repository(server.root, "small.git").commit({"SKILL.md": skill_md("small")})
        yield server


@pytest.fixture
def reader(server: GitServer, scratch: Path) -> Iterator[Reader]:
    yield Reader(server)
    server.answers.clear()


def answer(status: int, *, headers: Sequence[tuple[str, str]] = (), body: bytes = b"") -> Callable[..., None]:
    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in (*headers, ("Content-Length", str(len(body)))):
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return send


def hang(stopping: threading.Event, handler: BaseHTTPRequestHandler) -> None:
    stopping.wait(SECONDS)


def drip(stopping: threading.Event, handler: BaseHTTPRequestHandler) -> None:
    """A byte at a time, for ever: every read of it succeeds."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/x-git-upload-pack-advertisement")
    handler.end_headers()
    handler.wfile.write(b"001e# service=git-upload-pack\n0000")
    while not stopping.wait(0.05):
        handler.wfile.write(b"0")


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_repository_that_is_not_public_is_said_to_be_so(reader: Reader, status: int) -> None:
    challenge = (("WWW-Authenticate", 'Basic realm="x"'),)
    reader.server.answers["closed"] = answer(status, headers=challenge)
    ((pointer, message),) = await reader.refused("closed/a.git")
    assert (pointer, message.startswith(NOT_PUBLIC)) == ("/git/url", True)


async def test_what_the_server_does_not_know_is_not_found(reader: Reader) -> None:
    ((pointer, message),) = await reader.refused("nowhere.git")
    assert (pointer, message.startswith(NOT_PUBLIC)) == ("/git/url", True)


@pytest.mark.parametrize("status", [301, 302, 307])
async def test_a_redirection_is_not_followed(reader: Reader, status: int) -> None:
    target = reader.server.url("small.git/info/refs?service=git-upload-pack")
    reader.server.answers["moved"] = answer(status, headers=(("Location", target),))
    before = len(reader.server.requests)
    ((pointer, message),) = await reader.refused("moved/small.git")
    assert (pointer, message.startswith("The server sends on to another address")) == ("/git/url", True)
    assert [line.split("?")[0] for line in reader.server.requests[before:]] == ["GET /moved/small.git/info/refs"]


@pytest.mark.parametrize("status", [429, 500, 502, 503])
async def test_a_server_in_trouble_is_offline(reader: Reader, status: int) -> None:
    reader.server.answers["broken"] = answer(status)
    with pytest.raises(GitOffline, match="too much to do, or is broken") as offline:
        await reader.read("broken/a.git")
    assert offline.value.code == Code.OFFLINE_GIT
    assert [problem.pointer for problem in offline.value.problems] == ["/git/url"]


async def test_a_server_that_hangs_up_is_offline(reader: Reader) -> None:
    reader.server.answers["gone"] = hang_up
    with pytest.raises(GitOffline, match="does not answer, or broke off"):
        await reader.read("gone/a.git")


@pytest.mark.parametrize(
    "body", [b"<html>hello</html>", b"0000", b"001e# service=git-upload-pack\n0000ffff", b"\xff" * 500]
)
async def test_an_answer_that_is_no_git_is_refused_or_offline(reader: Reader, body: bytes) -> None:
    kind = (("Content-Type", "application/x-git-upload-pack-advertisement"),)
    reader.server.answers["odd"] = answer(200, headers=kind, body=body)
    with pytest.raises((SkillInvalid, GitOffline)) as failed:
        await reader.read("odd/a.git")
    assert {problem.pointer for problem in failed.value.problems} == {"/git/url"}
    assert str(failed.value).isprintable()


@pytest.mark.parametrize("slow", [hang, drip])
async def test_a_server_that_takes_for_ever_is_left(
    server: GitServer, scratch: Path, slow: Callable[..., None]
) -> None:
    reader = Reader(server, seconds_max=SHORT_SECONDS)
    server.answers["slow"] = partial(slow, server.stopping)
    with pytest.raises(GitOffline, match="did not deliver within 1 seconds"):
        await reader.read("slow/a.git")
    assert fetching() == []


def fetching() -> list[psutil.Process]:
    """What git runs for us; other tests of this process have servers of theirs."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if "git" in " ".join((process.name(), *process.cmdline()[:3])):
                found.append(process)
    return found


async def test_whoever_stops_waiting_leaves_nothing_running(server: GitServer, reader: Reader) -> None:
    server.answers["slow"] = partial(hang, server.stopping)
    before = len(server.requests)
    reading = asyncio.create_task(reader.read("slow/a.git"))

    async def asked() -> bool:
        return len(server.requests) > before

    await eventually(asked, SECONDS)
    running = fetching()
    assert "git-remote-https" in {process.name()[:16] for process in running}
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    # Also those that have lost their parent, and so are nobody's children here.
    assert psutil.wait_procs(running, timeout=GONE_SECONDS)[1] == []


async def test_only_so_many_fetch_at_once_and_wait(server: GitServer, reader: Reader) -> None:
    server.answers["slow"] = partial(hang, server.stopping)
    before = len(server.requests)
    reading = [asyncio.create_task(reader.read("slow/a.git")) for _ in range(FETCHES_WAITING_MAX)]

    async def full() -> bool:
        return len(server.requests) - before == FETCHES_MAX

    await eventually(full, SECONDS)
    with pytest.raises(GitOffline, match="Too many repositories"):
        await reader.read("small.git")
    assert len(reader.asked) == FETCHES_MAX
    for task in reading:
        task.cancel()
    await asyncio.gather(*reading, return_exceptions=True)
    assert (await reader.read("small.git"))[0].name == "small"


async def test_a_certificate_that_nobody_vouches_for_is_not_trusted(server: GitServer, scratch: Path) -> None:
    with pytest.raises(GitOffline, match="WAYBILL_GIT_CA_FILE"):
        await Reader(server, ca_file=None).read("small.git")


async def test_nobody_listening_is_offline(server: GitServer, scratch: Path) -> None:
    with pytest.raises(GitOffline, match="does not answer"):
        await Reader(server, addresses=("127.0.0.2",)).read("small.git")


@pytest.mark.parametrize(
    "addresses",
    [
        ("127.0.0.1",),
        ("::1",),
        ("93.184.216.34", "127.0.0.1"),
        ("169.254.169.254",),
        ("::ffff:127.0.0.1",),
    ],
)
async def test_an_inner_address_is_never_asked(server: GitServer, scratch: Path, addresses: Sequence[str]) -> None:
    before = len(server.requests)
    reader = Reader(server, addresses=addresses, private_hosts=frozenset({f"{HOST}:1", "other.example"}))
    ((pointer, message),) = await reader.refused("small.git")
    assert (pointer, "not an address of the open internet" in message) == ("/git/url", True)
    assert len(server.requests) == before


async def test_a_private_host_may_be_allowed_on_one_port_only(server: GitServer, scratch: Path) -> None:
    reader = Reader(server, private_hosts=frozenset({f"{HOST}:{server.port}"}))
    assert (await reader.read("small.git"))[0].name == "small"


async def test_an_address_in_numbers_is_looked_at_like_any_other(server: GitServer, scratch: Path) -> None:
    for host in ("127.0.0.1", "2130706433", "127.1", "0x7f.1", "localhost"):
        with pytest.raises(SkillInvalid, match="not an address of the open internet"):
            await GitFolders().read(GitFolder(url=server.url("small.git", host=host)))
    allowed = GitFolders(private_hosts=frozenset({"127.0.0.1"}), ca_file=server.ca_file)
    assert (await allowed.read(GitFolder(url=server.url("small.git", host="127.0.0.1"))))[0].name == "small"


async def test_a_host_that_nobody_knows_is_offline(scratch: Path) -> None:
    async def nobody(host: str, port: int) -> Sequence[str]:
        raise OSError

    with pytest.raises(GitOffline, match=r"host git\.example is not known"):
        await GitFolders(resolve=nobody).read(GitFolder(url="https://git.example/a.git"))


async def test_this_machine_resolves_names() -> None:
    assert "127.0.0.1" in await resolve("localhost", 443)
