import subprocess
import sys

import pytest
from click.testing import CliRunner

from workers.cli import waybill
from workers.processes import PROCESSES
from workers.terminal.contents import Unopened

HEAVY = {"litestar", "psycopg", "nats", "openai", "eventsourcing", "uvicorn"}


@pytest.mark.parametrize("name", list(waybill.commands))
def test_an_entry_leads_to_the_command_of_its_name(name: str) -> None:
    listed = waybill.commands[name]
    assert isinstance(listed, Unopened)
    assert listed.open().name == name


def test_every_process_is_in_the_table() -> None:
    assert {command.name for command in PROCESSES} <= set(waybill.commands)


def test_help_of_every_command_can_be_read(commands: frozenset[str]) -> None:
    for command in commands:
        shown = CliRunner().invoke(waybill, [*command.split(), "--help"])
        assert shown.exit_code == 0, (command, shown.output)
        assert f"Usage: waybill {command}" in shown.output


def test_every_command_that_gives_data_takes_json(commands: frozenset[str]) -> None:
    processes = {command.name for command in PROCESSES}
    groups = {command.split()[0] for command in commands if " " in command}
    for command in commands - processes - groups:
        assert "--json" in CliRunner().invoke(waybill, [*command.split(), "--help"]).output, command


def test_no_option_takes_a_secret(commands: frozenset[str]) -> None:
    """The notary's public key is none."""
    for command in commands - {"audit check", "audit verify", "incident open"}:
        shown = CliRunner().invoke(waybill, [*command.split(), "--help"]).output
        assert not {"--key", "--api-key", "--secret", "--password", "--token"} & set(shown.split()), command


def test_help_begins_with_the_demo_and_names_everything() -> None:
    shown = CliRunner().invoke(waybill, ["--help"]).output
    places = [shown.index(f"\n  {name} ") for name in waybill.commands]
    assert places == sorted(places)
    assert next(iter(waybill.commands)) == "demo"


def test_a_mistyped_command_is_2_and_the_right_one_is_named() -> None:
    mistyped = CliRunner().invoke(waybill, ["skils"])
    assert (mistyped.exit_code, "skills" in mistyped.output) == (2, True)


def test_only_what_is_called_is_imported() -> None:
    code = (
        f"import sys; from workers.cli import waybill; import workers.terminal.runs; print({HEAVY} & set(sys.modules))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert ended.stdout == "set()\n"
