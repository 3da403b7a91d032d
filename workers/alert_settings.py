"""The rules by which alerts are raised, as the file that WAYBILL_ALERT_RULES names has them: TOML, a table for each rule."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct
from msgspec.structs import FieldInfo, fields, replace

from domain.alert.rules import DEFAULT, RuleName, Rules, Severity
from workers.environment_values import read_path

VARIABLE: Final = "WAYBILL_ALERT_RULES"
FILE_BYTES_MAX: Final = 256 * 1024


class AlertSettings(Struct, frozen=True, kw_only=True):
    """`rules_file` is where the rules were read, None: nobody has set any."""

    rules: Rules = DEFAULT
    rules_file: Path | None = None


def read_alerts(environment: Mapping[str, str]) -> AlertSettings:
    """Raises ValueError with a sentence that names the file and what is wrong in it."""
    path = read_path(environment, VARIABLE)
    if path is None:
        return AlertSettings()
    try:
        return AlertSettings(rules=read_rules(path), rules_file=path)
    except ValueError as error:
        raise ValueError(f"{VARIABLE}: {error}") from None


def read_rules(path: Path) -> Rules:
    """What a rule's table leaves out is as it is without one. Raises ValueError."""
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise ValueError(f"{path} has more than {FILE_BYTES_MAX} bytes.")
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path} is not TOML: {error}.") from None
    return replace(DEFAULT, **{_field(name, path): _rule(name, table, path) for name, table in document.items()})


def as_toml(rules: Rules) -> str:
    """Everything that can be set, as a file of rules has it."""
    tables = [
        "\n".join((f"[{name}]", *(f"{key} = {_literal(value)}" for key, value in table.items())))
        for name, table in msgspec.to_builtins(rules).items()
    ]
    return "\n\n".join(tables)


def _field(name: str, path: Path) -> str:
    if name not in {rule.value for rule in RuleName}:
        rules = ", ".join(rule.value for rule in RuleName)
        raise ValueError(f"{path}: there is no rule {name!r}; the rules are {rules}.")
    return name.replace("-", "_")


def _rule(name: str, table: Any, path: Path) -> Any:
    if not isinstance(table, dict):
        raise ValueError(f"{path}: {name} must be a table: [{name}], and its settings below.")  # noqa: TRY004 - a setting
    rule = DEFAULT.of(RuleName(name))
    known = {field.encode_name: field for field in fields(rule)}
    for key in table:
        if key not in known:
            raise ValueError(f"{path}: [{name}] has no {key!r}; it has {', '.join(known)}.")
    return replace(rule, **{known[key].name: _value(name, known[key], table[key], path) for key in table})


def _value(name: str, field: FieldInfo, value: Any, path: Path) -> Any:
    try:
        return msgspec.convert(value, field.type)
    except msgspec.ValidationError as error:
        wanted = _wanted(field.type, str(error))
        raise ValueError(f"{path}: [{name}] {field.encode_name} = {_literal(value)}: it must be {wanted}.") from None


def _wanted(kind: Any, reason: str) -> str:
    if kind is Severity:
        return f"one of {', '.join(Severity)}"
    if kind is bool:
        return "true or false"
    # `Expected `int` >= 1` says the bound that was not kept, if it was one.
    return f"a whole number{reason.replace('`', '').partition('int')[2].partition(',')[0]}"


def _literal(value: Any) -> str:
    """A word, a number or a truth, as TOML writes it, which is as JSON does."""
    return msgspec.json.encode(value, enc_hook=str).decode()
