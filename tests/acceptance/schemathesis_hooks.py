"""What schemathesis is told beside its configuration: not to make up what only the server can give out."""

from typing import Any

import schemathesis


@schemathesis.hook
def map_query(_context: Any, query: dict[str, Any] | None) -> dict[str, Any] | None:
    """Cursors are signed: one that is made up is refused, and says nothing of the other parameters. Nor is there time to wait."""
    return query and {name: value for name, value in query.items() if name not in ("cursor", "wait")}
