"""What a server sends is believed when its digest is right, and written where nothing is yet."""

import io
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from domain.skill.bundle import FILES_MAX, BundleFile, digest_of, manifest_of
from workers.terminal.client import Client
from workers.terminal.failures import Failure
from workers.terminal.skill_bundle import BYTES_MAX, Fetched, fetch_version
from workers.terminal.skill_download import write_folder, write_zip

FILES = {"SKILL.md": b"---\nname: kbo\n---\n", "scripts/run.bin": bytes(range(256)), "참고/말.md": "가".encode()}


def zipped(files: Mapping[str, bytes], *, folder: str = "kbo/") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, content in files.items():
            archive.writestr(f"{folder}{path}", content)
    return buffer.getvalue()


def digest(files: Mapping[str, bytes]) -> str:
    return digest_of(manifest_of(BundleFile(path=path, content=content) for path, content in files.items()))


class Server(ThreadingHTTPServer):
    def __init__(self) -> None:
        self.status = 200
        self.content = zipped(FILES)
        self.times = 1
        self.bytes_written = 0
        self.headers = {
            "Content-Type": "application/zip",
            "ETag": f'"{digest(FILES)}"',
            "Content-Location": "/api/skills/an-id/versions/3/bundle",
        }
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.send_response(self.server.status)
        length = len(self.server.content) * self.server.times
        for name, value in {**self.server.headers, "Content-Length": str(length)}.items():
            self.send_header(name, value)
        self.end_headers()
        with suppress(ConnectionError):
            for _ in range(self.server.times):
                self.wfile.write(self.server.content)
                self.server.bytes_written += len(self.server.content)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def fetch(server: Server) -> Fetched:
    with Client(url=f"http://127.0.0.1:{server.server_port}", api_key="wb_key") as client:
        return fetch_version(client, "kbo", "latest")


def refused(server: Server) -> Failure:
    with pytest.raises(Failure) as caught:
        fetch(server)
    return caught.value


def test_a_version_is_its_files(server: Server) -> None:
    fetched = fetch(server)
    assert (fetched.name, fetched.version, fetched.digest) == ("kbo", 3, digest(FILES))
    assert {file.path: file.content for file in fetched.files} == FILES


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no zip",
        zipped(FILES)[:-30],
        zipped({}),
        zipped(FILES | {"SKILL.md": b"other"}),
        zipped({path: content for path, content in FILES.items() if path != "SKILL.md"}),
        zipped(FILES, folder=""),
        zipped(FILES, folder="../"),
        zipped(FILES, folder="/kbo/"),
        zipped(FILES | {"../../evil": b""}),
        zipped(FILES | {"a//b": b""}),
        zipped({f"{number}": b"" for number in range(FILES_MAX + 1)}),
    ],
)
def test_what_is_not_the_version_is_refused(server: Server, content: bytes) -> None:
    server.content = content
    error = refused(server)
    assert (error.trouble.code, error.exit_code) == ("bad_response:api", 1)
    assert "Nothing was kept." in error.trouble.detail


@pytest.mark.parametrize(
    "files",
    [
        FILES | {"../../evil": b""},
        FILES | {"a//b": b""},
        FILES | {"a/./b": b""},
        {f"{number}": b"" for number in range(FILES_MAX + 1)},
    ],
)
def test_a_right_digest_opens_no_way_out_of_the_folder(server: Server, files: dict[str, bytes]) -> None:
    server.content = zipped(files)
    server.headers["ETag"] = f'"{digest(files)}"'
    assert refused(server).trouble.code == "bad_response:api"


def test_a_damaged_file_is_refused(server: Server) -> None:
    position = server.content.index(FILES["scripts/run.bin"])
    server.content = server.content[:position] + b"!" + server.content[position + 1 :]
    assert refused(server).trouble.code == "bad_response:api"


def test_an_answer_without_a_version_or_of_another_type_is_refused(server: Server) -> None:
    server.headers["Content-Location"] = "/elsewhere"
    assert refused(server).exit_code == 1
    server.headers["Content-Type"] = "text/html"
    assert "not in Waybill's words" in refused(server).trouble.detail


def test_an_answer_that_does_not_end_is_cut_off(server: Server) -> None:
    server.content, server.times = bytes(1024 * 1024), 1000
    assert str(BYTES_MAX) in refused(server).trouble.detail
    assert server.bytes_written < 2 * BYTES_MAX


def test_a_problem_is_passed_on(server: Server) -> None:
    server.status, server.content = 404, b'{"code": "not_found:skills", "detail": "None."}'
    server.headers["Content-Type"] = "application/problem+json"
    assert (refused(server).trouble.code, refused(server).exit_code) == ("not_found:skills", 4)


def test_a_folder_is_written_as_it_was_registered(server: Server, tmp_path: Path) -> None:
    written = write_folder(tmp_path / "deep", fetch(server))
    assert written == tmp_path / "deep" / "kbo"
    found = {str(path.relative_to(written)): path.read_bytes() for path in written.rglob("*") if path.is_file()}
    assert found == FILES
    assert list((tmp_path / "deep").iterdir()) == [written]


def test_a_zip_is_written_as_it_came(server: Server, tmp_path: Path) -> None:
    path = write_zip(tmp_path / "deep" / "kbo.zip", fetch(server))
    assert path.read_bytes() == server.content


def test_nothing_is_written_over(server: Server, tmp_path: Path) -> None:
    fetched = fetch(server)
    (tmp_path / "kbo").mkdir()
    (tmp_path / "kbo" / "mine").write_text("mine")
    (tmp_path / "kbo.zip").symlink_to("nowhere")
    with pytest.raises(Failure, match="is there already"):
        write_folder(tmp_path, fetched)
    for path in (tmp_path / "kbo.zip", tmp_path / "kbo" / "mine"):
        with pytest.raises(Failure, match="is there already"):
            write_zip(path, fetched)
    assert (tmp_path / "kbo" / "mine").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kbo", "kbo.zip"]


def test_a_link_that_leads_nowhere_is_something_too(server: Server, tmp_path: Path) -> None:
    (tmp_path / "kbo").symlink_to("nowhere")
    with pytest.raises(Failure, match="is there already"):
        write_folder(tmp_path, fetch(server))


def test_what_cannot_be_finished_leaves_nothing_behind(server: Server, tmp_path: Path) -> None:
    fetched = fetch(server)
    broken = Fetched(
        name="kbo",
        version=1,
        digest=fetched.digest,
        archive=b"",
        files=(BundleFile(path="a", content=b""), BundleFile(path="a/b", content=b"")),
    )
    with pytest.raises(OSError, match="a"):
        write_folder(tmp_path, broken)
    assert list(tmp_path.iterdir()) == []
