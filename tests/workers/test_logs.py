"""What the processes log: facts that a program can read, from every logger in one form, and no secret in any of them."""

import json
import subprocess
import sys
from typing import Any

import pytest

SECRETS = ("sk-proj-CANARYcanary", "wb_admin_CANARYcanary", "Bearer CANARYcanary", "AIzaSyCANARYcanary")
PREAMBLE = """
import logging, sys, structlog
from pathlib import Path
from workers.logs import configure_logs

log_format, level, *secrets = sys.argv[1:]
configure_logs(part="test", level=level, log_format=log_format or None)
log, library = structlog.get_logger("ours"), logging.getLogger("library")
"""
# Wherever a secret may stand in a line.
SECRETS_EVERYWHERE = """
class Odd:
    def __repr__(self):
        return f"Odd({secret})"

def call(credential):
    raise RuntimeError(f"refused:\\n{credential}")

for secret in secrets:
    log.info(f"event {secret}")
    log.info("value", key=secret, line_break=f"first\\n{secret}\\ttab", quoted=f'"{secret}"')
    log.info("nested", headers={"authorization": [secret, {"deeper": (secret,)}]}, **{secret: 1})
    log.info("object", error=ValueError(secret), odd=Odd(), path=Path(secret), set={secret})
    library.warning("message %s", secret)
    library.warning("message %s", {"headers": [secret]})
    for logger in (log, library):
        try:
            call(secret)
        except RuntimeError:
            logger.exception("failed")
        logger.error("stack", stack_info=True)
    with structlog.contextvars.bound_contextvars(request_id=secret):
        log.info("context")
"""
LINES_A_SECRET = 11
REDACTIONS_A_SECRET = 16


def logged(program: str, *secrets: str, log_format: str = "json", level: str = "info") -> str:
    """What the program wrote on its standard error; on the other stream nothing may be."""
    command = [sys.executable, "-c", PREAMBLE + program, log_format, level, *secrets]
    ended = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60, check=True)
    assert ended.stdout == ""
    return ended.stderr


def facts(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_every_line_is_json_whoever_logs() -> None:
    ours, library, broken = facts(
        logged(
            """
log.info("run_queued", run="one", position=7, note='"quoted"\\nand 한국어')
library.warning("took %d s", 3)
try:
    {}["key"]
except KeyError:
    log.exception("attempt_broke")
"""
        )
    )
    assert ours.items() >= {"event": "run_queued", "level": "info", "part": "test", "position": 7}.items()
    assert ours["note"] == '"quoted"\nand 한국어'
    assert ours["timestamp"].endswith("Z")
    assert library.items() >= {"event": "took 3 s", "level": "warning", "part": "test"}.items()
    assert broken["level"] == "error"
    assert "Traceback" in broken["exception"]


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_no_secret_gets_through_wherever_it_stands(log_format: str) -> None:
    text = logged(SECRETS_EVERYWHERE, *SECRETS, log_format=log_format)
    assert "CANARY" not in text
    assert text.count("[redacted]") == REDACTIONS_A_SECRET * len(SECRETS)
    if log_format == "json":
        assert len(facts(text)) == LINES_A_SECRET * len(SECRETS)


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_local_variables_are_not_shown(log_format: str) -> None:
    """A credential need not look like one, and the console's usual tracebacks print every variable of every frame."""
    program = """
def call(credential):
    raise RuntimeError("refused")

try:
    call("correct" + " horse")
except RuntimeError:
    log.exception("failed")
"""
    text = logged(program, log_format=log_format)
    assert "RuntimeError: refused" in text
    assert "correct horse" not in text


@pytest.mark.parametrize(("level", "expected"), [("debug", 4), ("warning", 2)])
def test_what_is_below_the_level_is_not_logged(level: str, expected: int) -> None:
    program = "for one in (log, library): [getattr(one, name)(name) for name in ('debug', 'info', 'warning', 'error')]"
    assert len(facts(logged(program, level=level))) == 2 * expected


def test_a_library_that_logs_requests_is_heard_from_warnings_on() -> None:
    """Also if it was told to by a variable of its own."""
    program = """
logging.getLogger("openai").setLevel("DEBUG")
for name in ("httpx2", "openai._base_client", "nats"):
    logging.getLogger(name).debug("a request body")
    logging.getLogger(name).info("a request")
    logging.getLogger(name).warning("trouble")
"""
    assert {line["event"] for line in facts(logged(program, level="debug"))} == {"trouble"}


def test_without_a_terminal_the_lines_are_json() -> None:
    assert facts(logged("log.info('fact')", log_format=""))[0]["event"] == "fact"


def test_context_is_on_every_line() -> None:
    program = """
structlog.contextvars.bind_contextvars(request_id="req-1", correlation_id="cor-1")
log.info("ours")
library.warning("theirs")
"""
    for line in facts(logged(program)):
        assert line.items() >= {"request_id": "req-1", "correlation_id": "cor-1", "part": "test"}.items()
