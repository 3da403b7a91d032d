"""What the code raises: every `raise` of a file with the class that it comes to, as far as names and annotations tell."""

import ast
import builtins
import inspect
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

from tests.architecture.sources import Source, tree_of

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Raised:
    """`kind` is None where nothing tells what it is."""

    where: str
    text: str
    kind: type[BaseException] | None


@cache
def raises_of(source: Source) -> tuple[Raised, ...]:
    """All but those that raise again what they caught."""
    return tuple(_raises(source))


def _raises(source: Source) -> Iterator[Raised]:
    module = import_module(".".join(source.path.with_suffix("").parts))
    for function, statement in _statements(tree_of(source), None):
        if statement.exc is not None:
            text = ast.unparse(statement.exc)
            yield Raised(source.at(statement.lineno, text), text, _kind(statement.exc, function, module))


def _statements(node: ast.AST, function: Function | None) -> Iterator[tuple[Function | None, ast.Raise]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Raise):
            yield function, child
        yield from _statements(child, child if isinstance(child, Function) else function)


def _kind(expression: ast.expr, function: Function | None, module: ModuleType) -> type[BaseException] | None:
    """Of a class, of a call, or of a local name."""
    if isinstance(expression, ast.Call):
        return _made_by(expression.func, module)
    if isinstance(expression, ast.Name) and function is not None:
        for given in (*function.args.args, *function.args.kwonlyargs):
            if given.arg == expression.id and given.annotation is not None:
                return _error(_named(given.annotation, module))
        for assigned in ast.walk(function):
            if (
                isinstance(assigned, ast.Assign)
                and ast.unparse(assigned.targets[0]) == expression.id
                and isinstance(assigned.value, ast.Call)
            ):
                return _made_by(assigned.value.func, module)
    return _error(_named(expression, module))


def _made_by(callee: ast.expr, module: ModuleType) -> type[BaseException] | None:
    """A class makes one of its own; a function says in its annotation what it returns."""
    made = _named(callee, module)
    if isinstance(callee, ast.Attribute) and ast.unparse(callee.value) == "self":
        methods = [vars(one).get(callee.attr) for one in vars(module).values() if inspect.isclass(one)]
        made = next(filter(None, methods), None)
    if inspect.isfunction(made):
        made = typing.get_type_hints(made).get("return")
    return _error(made)


def _named(expression: ast.expr, module: ModuleType) -> Any:
    found: Any = module
    for name in ast.unparse(expression).split("."):
        found = getattr(found, name, getattr(builtins, name, None) if found is module else None)
    return found


def _error(found: Any) -> type[BaseException] | None:
    return found if inspect.isclass(found) and issubclass(found, BaseException) else None
