"""How the processes log: structlog facts as JSON or for a console, and nothing secret in them."""

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog
from structlog.typing import Processor

from adapters.providers.redaction import REDACTED, SECRETS

# These put URLs or whole request bodies into their lower levels.
QUIET_LOGGERS = ("httpx2", "httpcore2", "openai", "anthropic", "google_genai", "nats", "asyncio", "uvicorn")


def configure_logs(*, part: str, level: str, log_format: str | None) -> None:
    """Everything that logs, ours and the libraries', goes to stderr through one chain. `log_format`: json, console or None."""
    console = log_format == "console" or (log_format is None and sys.stderr.isatty())
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info if not console else structlog.processors.StackInfoRenderer(),
        redact_values,
    ]
    renderer: Processor = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()) if console else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in QUIET_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.contextvars.bind_contextvars(part=part)


def redact_values(_: Any, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """The last processor before the renderer: strings, also nested ones, lose whatever looks like a key."""
    return {name: _redacted(value) for name, value in event.items()}


def _redacted(value: object) -> object:
    if isinstance(value, str):
        return SECRETS.sub(REDACTED, value)
    if isinstance(value, dict):
        return {key: _redacted(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted(inner) for inner in value]
    return value
