"""How the processes log: structlog facts as JSON or for a console, and nothing secret in them."""

import logging
import sys
from typing import Any

import msgspec
import structlog
from structlog.typing import Processor

from adapters.providers.redaction import REDACTED, SECRETS

# These put URLs or whole request bodies into their lower levels.
QUIET_LOGGERS = ("httpx2", "httpcore2", "openai", "anthropic", "google_genai", "nats", "asyncio", "uvicorn", "urllib3")


def configure_logs(*, part: str, level: str, log_format: str | None, lasting: bool = True) -> None:
    """Everything that logs, ours and the libraries', goes to stderr in one form. `log_format`: json, console or None. `lasting`: for
    as long as the process lives, so that loggers need not ask again.
    """
    console = log_format == "console" or (log_format is None and sys.stderr.isatty())
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    # Its usual tracebacks show local variables, and a credential among them need not look like one.
    for_people = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
    rendered: list[Processor] = (
        [for_people, redact_line]
        if console
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(serializer=_json), redact_line]
    )
    structlog.configure(
        processors=[*before, *rendered],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=lasting,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendered],
        )
    )
    handler.addFilter(is_loud_enough)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in QUIET_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.contextvars.bind_contextvars(part=part)


def configure_logs_of_command(*, part: str, log_format: str | None) -> None:
    """A command that works on the servers itself logs errors; what else there is to say it says."""
    configure_logs(part=part, level="error", log_format=log_format, lasting=False)


def is_loud_enough(record: logging.LogRecord) -> bool:
    """Here and not by level alone: OPENAI_LOG and its like have an SDK set its level by itself when it is imported."""
    return record.levelno >= logging.WARNING or not record.name.startswith(QUIET_LOGGERS)


def redact_line(_: Any, __: str, line: Any) -> str:
    """The last processor of all, over the whole line: whatever looks like a key is gone, wherever in the event it stood."""
    return SECRETS.sub(REDACTED, line)


def _json(event: dict[str, Any], **_: Any) -> str:
    return msgspec.json.encode(event, enc_hook=str).decode()
