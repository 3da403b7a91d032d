import re
from datetime import UTC, datetime, timedelta

import click
import pytest
from click.testing import CliRunner

from workers.cli import waybill
from workers.terminal.contents import Unopened
from workers.terminal.listing import ALL_MAX, LIMIT_DEFAULT, LIMIT_MAX, Moment, limit_option, more_of

LISTS = ("skills", "providers", "runs", "installations", "audit", "keys")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-22T12:00:00Z", "2026-11-22T12:00:00Z"),
        ("2026-11-22T12:00:00+09:00", "2026-11-22T03:00:00Z"),
    ],
)
def test_a_time_is_sent_in_utc(text: str, moment: str) -> None:
    assert Moment().convert(text, None, None) == moment


@pytest.mark.parametrize(("text", "age"), [("90s", 90), ("15m", 900), ("2h", 7_200), ("3d", 259_200)])
def test_an_age_is_so_long_ago(text: str, age: int) -> None:
    moment = datetime.fromisoformat(Moment().convert(text, None, None))
    assert timedelta() <= datetime.now(UTC) - timedelta(seconds=age) - moment < timedelta(seconds=10)


@pytest.mark.parametrize("text", ["", "yesterday", "5", "0h", "-2h", "9999999d", "999999d"])
def test_anything_else_is_wrong_usage(text: str) -> None:
    with pytest.raises(click.BadParameter, match=re.escape("neither a time")):
        Moment().convert(text, None, None)


@click.command()
@limit_option
def listed(*, limit: int) -> None:
    click.echo(limit)


@pytest.mark.parametrize(
    ("options", "limit"), [([], LIMIT_DEFAULT), (["--limit", "7"], 7), (["--all"], ALL_MAX), (["--limit", "1"], 1)]
)
def test_a_list_is_as_long_as_it_is_asked_to_be(options: list[str], limit: int) -> None:
    assert CliRunner().invoke(listed, options).output == f"{limit}\n"


@pytest.mark.parametrize("options", [["--all", "--limit", "7"], ["--limit", "0"], ["--limit", str(LIMIT_MAX + 1)]])
def test_a_limit_that_cannot_be_is_wrong_usage(options: list[str]) -> None:
    assert CliRunner().invoke(listed, options).exit_code == click.UsageError.exit_code


@pytest.mark.parametrize(
    ("limit", "advice"),
    [(1, "--limit 4, or --all"), (5_000, "--limit 10000, or --all"), (LIMIT_MAX, "--all"), (ALL_MAX, "narrow it down")],
)
def test_whoever_does_not_see_all_is_told_how_to(limit: int, advice: str) -> None:
    assert more_of(limit).startswith(advice)


@pytest.mark.parametrize("noun", LISTS)
def test_every_list_takes_the_same_options(noun: str) -> None:
    entry = waybill.commands[noun]
    group = entry.open() if isinstance(entry, Unopened) else entry
    assert isinstance(group, click.Group)
    options = {name for parameter in group.commands["list"].params for name in parameter.opts}
    assert {"--limit", "--all", "--search", "--q", "--json"} <= options
    assert ({"--since", "--until"} <= options) == (noun in {"runs", "audit"})
