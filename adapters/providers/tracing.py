"""Tells a provider which trace a call of ours belongs to, and which span: those that the running task is logged under."""

from typing import Final
from uuid import UUID, uuid4

import structlog

TRACE_PARENT: Final = "traceparent"


def traceparent() -> str | None:
    """W3C trace context, each call a span of its own unless there is one around it; None for what nobody asked for."""
    logged = structlog.contextvars.get_contextvars()
    correlation_id, span_id = logged.get("correlation_id"), logged.get("span_id") or uuid4().hex[16:]
    return f"00-{UUID(correlation_id).hex}-{span_id}-01" if correlation_id else None
