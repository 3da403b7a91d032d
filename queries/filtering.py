"""Puts together the WHERE of a list from the filters that were given."""

from collections.abc import Mapping


class Filters:
    """Conditions that must all hold, and the values that stand in them as `%(name)s`."""

    def __init__(self) -> None:
        self._conditions: list[str] = []
        self._values: dict[str, object] = {}

    def add(self, condition: str, **values: object) -> None:
        self._conditions.append(condition)
        self._values |= values

    def add_given(self, condition: str, **values: object) -> None:
        """Only if none of its values is None or empty."""
        if all(value is not None and value != () for value in values.values()):
            self.add(condition, **{name: list(v) if isinstance(v, tuple) else v for name, v in values.items()})

    def into(self, statement: str) -> str:
        """The statement with `{where}` filled in."""
        return statement.replace("{where}", " AND ".join(self._conditions) or "true")

    def values(self, **more: object) -> Mapping[str, object]:
        return self._values | more
