"""A case is fetched, looked at, and written where nothing is yet."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest
from click.testing import CliRunner, Result

from adapters.cases.reading import FRAME_BYTES_MAX
from tests.kit.cases import an_incident, case_of, zipped
from workers.terminal import incident_export
from workers.terminal.incident_export import export

EVENTS: Final = tuple(an_incident())
RUN: Final[UUID] = EVENTS[5].stream
ZIP: Final = zipped(case_of(EVENTS, runs=[RUN]), EVENTS)


class Server(ThreadingHTTPServer):
    def __init__(self) -> None:
        self.status, self.media_type, self.content = 200, "application/zip", ZIP
        self.short_by = 0
        self.asked: list[tuple[str, dict[str, Any]]] = []
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.path, json.loads(body)))
        self.send_response(self.server.status)
        self.send_header("Content-Type", self.server.media_type)
        self.send_header("Content-Length", str(len(self.server.content) + self.server.short_by))
        self.end_headers()
        self.wfile.write(self.server.content)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def exported(server: Server, output: Path, *arguments: str) -> Result:
    environment = {"WAYBILL_URL": f"http://127.0.0.1:{server.server_port}", "WAYBILL_API_KEY": "wb_key"}
    return CliRunner().invoke(export, [*arguments, "-o", str(output)], env=environment)


def test_it_is_written_as_it_came(server: Server, tmp_path: Path) -> None:
    output = tmp_path / "case.zip"
    result = exported(server, output, str(RUN))
    assert result.exit_code == 0, result.output
    assert output.read_bytes() == ZIP
    assert "23 events in" in result.stderr
    assert f"waybill incident open {output}" in result.stderr
    assert server.asked == [("/api/incidents/export", {"runs": [str(RUN)]})]


def test_of_some_time(server: Server, tmp_path: Path) -> None:
    result = exported(
        server, tmp_path / "a.zip", "--since", "2026-11-22T12:00:00Z", "--until", "2026-11-22T13:00:00Z", "--json"
    )
    assert result.exit_code == 0, result.output
    assert server.asked[0][1] == {"since": "2026-11-22T12:00:00Z", "until": "2026-11-22T13:00:00Z"}
    told = json.loads(result.stdout)
    assert (told["events"], told["unsealed"], told["size"]) == (23, 0, len(ZIP))


def test_what_is_not_sealed_yet_is_said(server: Server, tmp_path: Path) -> None:
    server.content = zipped(case_of(EVENTS, sealed=20), EVENTS)
    result = exported(server, tmp_path / "case.zip", str(RUN))
    assert result.exit_code == 0
    assert "has not sealed 3 of them yet" in result.stderr


def test_what_is_there_is_never_written_over_and_nobody_is_asked(server: Server, tmp_path: Path) -> None:
    output = tmp_path / "case.zip"
    output.write_text("mine")
    result = exported(server, output, str(RUN))
    assert result.exit_code == 2
    assert "is there already" in result.stderr
    assert (output.read_text(), server.asked) == ("mine", [])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Say which RUNs, or --since when."),
        ((str(RUN), "--since", "2h"), "Say which RUNs, or --since when."),
        ((str(RUN), "--until", "2h"), "--until needs --since."),
        (("all",), "not a valid UUID"),
        ((str(RUN),) * 101, "100 RUNs at most"),
    ],
    ids=["nothing", "both", "until", "no id", "many"],
)
def test_wrong_usage_is_said_before_anybody_is_asked(
    server: Server, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    result = exported(server, tmp_path / "case.zip", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert server.asked == []


def test_what_the_server_refuses_is_said(server: Server, tmp_path: Path) -> None:
    problem = {"title": "Too much", "detail": "It takes more.", "code": "too_large:evidence"}
    server.status, server.media_type, server.content = 413, "application/problem+json", json.dumps(problem).encode()
    result = exported(server, tmp_path / "case.zip", str(RUN))
    assert result.exit_code == 2
    assert "It takes more. (too_large:evidence)" in result.stderr
    assert "Ask for less time, or for single runs." in result.stderr


def test_what_is_no_case_is_not_kept(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output = tmp_path / "case.zip"
    server.content = b"<html>a proxy's page</html>"
    result = exported(server, output, str(RUN))
    assert (result.exit_code, output.exists()) == (1, False)
    assert "What came is no case." in result.stderr
    server.content, server.short_by = ZIP, 10
    assert exported(server, output, str(RUN)).exit_code == 8
    monkeypatch.setattr(incident_export, "BYTES_MAX", -FRAME_BYTES_MAX)
    server.short_by = 0
    assert "larger than a case can be" in exported(server, output, str(RUN)).stderr
    assert not output.exists()
