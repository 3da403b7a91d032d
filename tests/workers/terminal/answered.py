"""Answers as the server gives them, made as short as what a test is about."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

from rich.console import Console, RenderableType

from workers.terminal.screen import put

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
RUN_ID = "019ab000-0000-7000-8000-000000000001"


def target(name: str = "openai", *, status: str = "queued", **more: Any) -> dict[str, Any]:
    """A target of a run; `more` as in the contract."""
    return {"provider": {"id": f"id-{name}", "name": name, "kind": "openai"}, "status": status, "attempts": 1, **more}


def run(*targets: dict[str, Any], status: str = "queued", **more: Any) -> dict[str, Any]:
    """A run that was queued at NOON, started 50 ms and ended 2 s later, as far as its status says so."""
    started = status != "queued"
    return {
        "id": RUN_ID,
        "status": status,
        "skill": {"name": "a-skill", "version": 3, "digest": f"sha256:{'ab' * 32}", "ref": "latest"},
        "targets": targets or (target(),),
        "requestedBy": {"id": "admin", "name": "first admin key", "kind": "api_key"},
        "queuedAt": NOON,
        "startedAt": NOON + timedelta(milliseconds=50) if started else None,
        "finishedAt": NOON + timedelta(seconds=2) if started and status != "running" else None,
        **more,
    }


def in_a_pipe(renderable: RenderableType) -> str:
    file = StringIO()
    put(Console(file=file, force_terminal=False, width=80), renderable)
    return file.getvalue()


def on_a_terminal(renderable: RenderableType, *, width: int = 80) -> str:
    """Without the escape sequences of colours."""
    file = StringIO()
    put(Console(file=file, force_terminal=True, color_system=None, width=width, _environ={}), renderable)
    return file.getvalue()
