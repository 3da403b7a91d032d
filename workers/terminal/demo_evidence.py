"""What the demo tells of its record: the history of a run with where its time went, and that a changed event is found."""

import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from rich.console import Group
from rich.text import Text

from adapters.embedded.postgres_binaries import own_binaries
from workers.settings import unsettled_environment
from workers.terminal.answers import Event
from workers.terminal.exit_codes import ExitCode
from workers.terminal.history import history_grid
from workers.terminal.narrator import Narrator, expect
from workers.terminal.run_places import Places
from workers.terminal.run_times import times_of
from workers.terminal.run_times_view import times_grid, times_sentence

COMMAND_SECONDS: Final = 60.0
# The reason of a failure is made to look like another one. Triggers are no obstacle to whoever owns the table.
REWRITE: Final = (
    "ALTER TABLE events DISABLE TRIGGER ALL; "
    "UPDATE events SET state = replace(convert_from(state, 'UTF8'), '{before}', '{after}')::bytea "
    "WHERE notification_id = {position}"
)


def tell_history(narrator: Narrator, events: Sequence[Event]) -> None:
    """Raises Mismatch."""
    places = Places(events)
    narrator.tell(history_grid(events, places, elsewhere={}))
    times = times_of(events, places=places, pauses={}, now=datetime.now(UTC))
    expect(times is not None, "the run's time is accounted for")
    if times is not None:
        narrator.tell(Group(Text(), times_grid(times), Text(times_sentence(times))))


class Evidence:
    """What is asked of the servers in the data folder themselves, by the same commands as a person's."""

    def __init__(self, narrator: Narrator, *, data: Path) -> None:
        self._narrator = narrator
        self._data = data

    def verify(self) -> None:
        """Raises Mismatch."""
        code, said = self._audit_verify()
        expect(code == ExitCode.OK, f"the record is what was signed, and not: {said}")

    def tamper(self, position: int, *, before: str, after: str) -> None:
        """Raises Mismatch."""
        statement = REWRITE.format(before=before, after=after, position=position)
        self._narrator.shell(f'psql -c "{statement}"')
        url = (self._data / "postgres" / "url").read_text()
        code, said = self._run(str(own_binaries() / "psql"), "--no-psqlrc", "--dbname", url, "--command", statement)
        self._narrator.tell(Text(said.rstrip().rpartition("\n")[2]))
        expect(code == 0 and "UPDATE 1" in said, f"a superuser can change event {position}, and not: {said}")
        code, said = self._audit_verify()
        expect(code == ExitCode.FAILED, "the change is found")
        expect(f"Event {position} was changed" in said, f"it is event {position} that was changed")

    def _audit_verify(self) -> tuple[int, str]:
        self._narrator.command("audit verify")
        code, said = self._run(sys.executable, "-P", "-m", "workers.cli", "audit", "verify")
        self._narrator.tell(Text(said.rstrip()))
        return code, said

    def _run(self, *words: str) -> tuple[int, str]:
        """The exit code, and what was printed."""
        ended = subprocess.run(  # noqa: S603 - this very program, and Postgres' own from its wheel
            words,
            env=unsettled_environment(os.environ) | {"WAYBILL_DATA": str(self._data), "COLUMNS": "100"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=COMMAND_SECONDS,
            check=False,
        )
        return ended.returncode, ended.stdout
