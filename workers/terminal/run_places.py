"""At which of a run's targets an event happened."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from domain.installation.state import installation_stream
from workers.terminal.answers import Event


class Places:
    """The names of a run's targets, by their ids and by the streams of what is installed there."""

    def __init__(self, events: Sequence[Event]) -> None:
        """The first event of a run says what its targets are called."""
        self._names: dict[str, str] = {}
        queued = events[0].data if events else {}
        with suppress(KeyError, TypeError, ValueError):  # a newer server's, in another shape
            for target in queued["targets"]:
                self._add(str(target["id"]), str(target["name"]), skill=queued["skill"])

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self._names.values()))

    def provider_id(self, name: str) -> str:
        """Raises StopIteration for a name that is none of these."""
        return next(one for one, known in self._names.items() if known == name)

    def of(self, event: Event) -> Iterator[str]:
        """One name, several for what was decided of several targets at once, none for what is about the run."""
        data = event.data
        ids = [data.get("providerId"), event.stream]
        if event.event == "RollbackRequested" and data.get("runId") is None:
            ids = [undo.get("providerId") for undo in data.get("undoes") or ()]
        yield from dict.fromkeys(self._names[str(one)] for one in ids if str(one) in self._names)

    def at(self, event: Event) -> str:
        """The one place where it happened, "" if there is none."""
        found = [*self.of(event)]
        return found[0] if len(found) == 1 else ""

    def _add(self, provider_id: str, name: str, *, skill: Mapping[str, Any]) -> None:
        self._names[provider_id] = name
        self._names[str(installation_stream(UUID(skill["id"]), UUID(provider_id)))] = name
