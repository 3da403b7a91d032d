"""Whose request it is that a task works for: said by every line that it logs, and to every provider that it calls."""

from contextlib import AbstractContextManager

import structlog

from domain.events import Context


def logged_for(context: Context, **facts: str) -> AbstractContextManager[None]:
    """For as long as it is entered, in this task and those that it starts."""
    return structlog.contextvars.bound_contextvars(
        request_id=context.request_id, correlation_id=str(context.correlation_id), **facts
    )
