from typing import Any

import click
import pytest
from click.testing import CliRunner

from domain.install_run.policy import Policy
from workers.terminal.policy_options import policy_of, policy_options
from workers.terminal.provider_pauses import Span


def asked(*arguments: str) -> dict[str, Any]:
    said: dict[str, Any] = {}

    @click.command()
    @policy_options
    def command(**policy: Any) -> None:
        said.update(policy_of(policy))

    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 0, result.output
    return said


def test_what_is_not_said_is_left_to_the_server() -> None:
    assert asked() == {}


def test_what_is_said_stands_in_the_words_of_the_api() -> None:
    assert asked(
        "--all-or-nothing",
        "--attempts-max=6",
        "--backoff-seconds=0.5",
        "--attempt-timeout-seconds=30",
        "--start-timeout-seconds=60",
        "--run-timeout-seconds=600",
    ) == {
        "mode": "all_or_nothing",
        "attemptsMax": 6,
        "backoffSeconds": 0.5,
        "attemptTimeoutSeconds": 30,
        "startTimeoutSeconds": 60,
        "runTimeoutSeconds": 600,
    }


def test_every_option_is_a_field_of_the_policy() -> None:
    known = set(Policy.__struct_encode_fields__)
    assert asked("--all-or-nothing", "--attempts-max=1", "--backoff-seconds=0").keys() <= known


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("90s", 90), ("10m", 600), ("2h", 7200), ("1d", 86_400)])
def test_a_span_of_time(text: str, seconds: int) -> None:
    assert Span().convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["", "0", "m", "1w", "-1s", "1.5h", "10 m"])
def test_no_span_of_time(text: str) -> None:
    with pytest.raises(click.BadParameter, match="is no span of time"):
        Span().convert(text, None, None)
