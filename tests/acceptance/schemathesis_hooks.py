"""What schemathesis is told beside its configuration: not to make up what only the server can give out."""

from typing import Any, Final

import schemathesis
from schemathesis import Case, GenerationMode, HookContext

# A cursor that no list gave out is refused, whatever else is asked for; and there is no time to wait.
LEFT_OUT: Final = ("cursor", "wait")


@schemathesis.hook
def before_call(_context: HookContext, case: Case[Any], _kwargs: dict[str, Any]) -> None:
    if case.meta is None or case.meta.generation.mode is not GenerationMode.POSITIVE:
        return
    for name in LEFT_OUT:
        case.query.pop(name, None)
    case.body = _with_integers(case.body)


def _with_integers(value: Any) -> Any:
    """JSON Schema takes 7.0 for an integer; the contract does not."""
    match value:
        case float() if value.is_integer():
            return int(value)
        case dict():
            return {name: _with_integers(inner) for name, inner in value.items()}
        case list():
            return [_with_integers(inner) for inner in value]
        case _:
            return value
