"""How a part ends: in order, when it is told to, by a signal or because nobody supervises it any more."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from workers.running import holder

ENDED_SECONDS = 30
PART = """
import asyncio, sys
from pathlib import Path
from workers.running import run
from workers.settings import Settings

async def main(settings, stopping):
    print("begun", flush=True)
    if "break" in sys.argv:
        raise RuntimeError("broken on purpose")
    if "read" in sys.argv:
        await asyncio.to_thread(sys.stdin.read)
        print("stopping" if stopping.is_set() else "going on", flush=True)
    await stopping.wait()
    print("wound up", flush=True)

settings = Settings(data=Path("."), log_format="json")
run("test", main, settings, supervised="supervised" in sys.argv)
"""


@contextmanager
def part(*words: str) -> Iterator["subprocess.Popen[str]"]:
    """A part that has begun its work, in a process of its own."""
    command = [sys.executable, "-c", PART, *words]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "begun\n"
            yield process
        finally:
            process.kill()


def ended(process: "subprocess.Popen[str]") -> tuple[int, str, list[dict[str, Any]]]:
    """Exit code, output and log; standard input is closed before."""
    out, log = process.communicate(timeout=ENDED_SECONDS)
    return process.returncode, out, [json.loads(line) for line in log.splitlines()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("words", [(), ("supervised",)])
def test_a_signal_stops_it_in_order(number: signal.Signals, words: tuple[str, ...]) -> None:
    with part(*words) as process:
        process.send_signal(number)
        process.send_signal(number)
        code, out, log = ended(process)
    assert (code, out) == (0, "wound up\n")
    assert [line["event"] for line in log] == ["part_started", "part_stopped"]
    assert {line["part"] for line in log} == {"test"}
    assert log[0]["pid"] == process.pid


def test_the_end_of_its_supervisor_stops_it() -> None:
    with part("supervised") as process:
        assert ended(process)[:2] == (0, "wound up\n")


def test_without_a_supervisor_the_end_of_standard_input_means_nothing() -> None:
    """As with `waybill api </dev/null &`."""
    with part("read") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        assert process.stdout.readline() == "going on\n"
        process.terminate()
        assert process.wait(ENDED_SECONDS) == 0


def test_what_nobody_expected_ends_it_with_a_traceback() -> None:
    with part("break") as process:
        out, text = process.communicate(timeout=ENDED_SECONDS)
    assert (process.returncode, out) == (1, "")
    assert "RuntimeError: broken on purpose" in text


def test_no_two_holders_of_a_role_have_one_name() -> None:
    assert holder("relay").startswith("relay-")
    assert holder("relay") != holder("relay")
