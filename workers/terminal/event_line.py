"""One event on one line, for who follows them while they happen."""

from typing import Any, Final

from rich.text import Text

from workers.terminal.answers import Event
from workers.terminal.event_wording import STYLES, WORDS, describe
from workers.terminal.wording import clock, printable

POSITION_CELLS: Final = 8
EVENT_CELLS: Final = 22
FACTS_MAX: Final = 4
FACT_CHARS_MAX: Final = 60
# Said beside it.
IDS: Final = frozenset({"runId", "providerId", "skillId"})


class EventLines:
    """It learns the names of connections from the events that tell them; `names` are known before, by id."""

    def __init__(self, names: dict[str, str]) -> None:
        self._names = dict(names)

    def line(self, event: Event) -> Text:
        self._learn(event)
        name = printable(event.event)
        return Text.assemble(
            (f"{event.position:<{POSITION_CELLS}}", ""),
            (clock(event.at), "dim"),
            "  ",
            (f"{name:<{EVENT_CELLS}}", STYLES.get(event.event, "")),
            "  ",
            (f"{what}  " if (what := printable(self._what(event))) else ""),
            (printable(self._subject(event)), "dim"),
            (f"  by {printable(event.actor.name)}", "dim"),
        )

    def _learn(self, event: Event) -> None:
        data = event.data
        if event.event == "ProviderConnected" and isinstance(data.get("name"), str):
            self._names[event.stream] = data["name"]
        provider = self._names.get(str(data.get("providerId")))
        if provider is not None and event.event.startswith("Installation"):
            self._names[event.stream] = provider

    def _what(self, event: Event) -> str:
        at = self._names.get(str(event.data.get("providerId")), self._names.get(event.stream, ""))
        if event.event in WORDS:
            return describe(event, at=at)
        facts = ", ".join(facts_of(event.data))
        return f"{at}: {facts}" if at and facts else at or facts

    def _subject(self, event: Event) -> str:
        """The run that it is about, or else its stream."""
        run = event.data.get("runId")
        return run if isinstance(run, str) and event.event.startswith("Installation") else event.stream


def facts_of(data: dict[str, Any]) -> list[str]:
    """The first members that are said in a word."""
    plain = [(name, value) for name, value in data.items() if name not in IDS and _is_short(value)]
    return [f"{name} {value}" for name, value in plain[:FACTS_MAX]]


def _is_short(value: Any) -> bool:
    return isinstance(value, int | float) or (isinstance(value, str) and 0 < len(value) <= FACT_CHARS_MAX)
