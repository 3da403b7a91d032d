"""The house is tidy, and every rule of it has been seen to find what it looks for."""

from pathlib import PurePosixPath
from typing import Final

import pytest

from tests.architecture import tidy
from tests.architecture.sources import ROOMS, Source, all_sources, python_sources

LINE: Final = "x = 1\n"
# Each violation is put together from halves, so that the rule does not find it here.
VIOLATIONS: Final[tuple[tuple[tidy.Check, str, str], ...]] = (
    (tidy.long_file, "domain/thing.py", LINE * 301),
    (tidy.long_function, "domain/thing.py", "def f():\n" + "    x = 1\n" * 70),
    (tidy.long_function, "domain/thing.py", "async def f():\n" + "    x = 1\n" * 70),
    (tidy.postponed_work, "domain/thing.py", "x = 1  # TO" + "DO: later\n"),
    (tidy.postponed_work, "Makefile", "# FIX" + "ME\n"),
    (tidy.banner_comment, "domain/thing.py", "# ---" + "- the thing ----\n"),
    (tidy.banner_comment, "adapters/postgres/migrations/0001_a.sql", "-- ===" + "===\n"),
    (tidy.empty_name, "domain/utils.py", LINE),
    (tidy.empty_name, "adapters/http/run_service.py", LINE),
    (tidy.empty_name, "domain/common/thing.py", LINE),
    (tidy.busy_room_law, "domain/skill/__init__.py", '"""The law."""\n\nimport re\n'),
    (tidy.busy_room_law, "commands/__init__.py", ""),
    (tidy.unexplained_file, "workers/relay.py", LINE),
    (tidy.sleeping_test, "tests/test_thing.py", "import time\n\ntime.sleep(1)\n"),
    (tidy.sleeping_test, "tests/test_thing.py", "import asyncio\n\nwait = asyncio.sleep\n"),
    (tidy.sleeping_test, "tests/test_thing.py", "from anyio import sleep\n"),
    (tidy.mocked_test, "tests/test_thing.py", "from unittest import mock\n"),
    (tidy.mocked_test, "tests/test_thing.py", "import unittest.mock as double\n"),
    (tidy.mocked_test, "tests/test_thing.py", "from unittest.mock import Mock\n"),
    (tidy.machine_path, "docs/guide.md", "cd /wo" + "rk/checkout\n"),
    (tidy.machine_path, "nats.conf", 'store_dir: "/tm' + 'p"\n'),
    (tidy.machine_path, "adapters/thing.py", 'PATH = "/ho' + 'me/anna/skills"\n'),
    (tidy.registry_host, "requirements.txt", "--index-" + "url https://packages.example\n"),
    (tidy.registry_host, "README.md", "https://py" + "pi.org/project/waybill\n"),
    (tidy.shapeless_adr, "docs/adr/0009-a-choice.md", "# 9. A choice\n\n## Context\n\n## Decision\n"),
    (tidy.shapeless_adr, "docs/adr/0009-a-choice.md", "\n".join((*tidy.ADR_HEADINGS, "\n" * 40))),
)


@pytest.mark.parametrize("check", tidy.CHECKS, ids=lambda check: check.__name__)
def test_the_repository_is_tidy(check: tidy.Check) -> None:
    assert [finding for source in all_sources() for finding in check(source)] == []


@pytest.mark.parametrize(("check", "path", "text"), VIOLATIONS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_rule_finds_what_it_looks_for(check: tidy.Check, path: str, text: str) -> None:
    assert list(check(Source(PurePosixPath(path), text)))


def test_every_rule_has_a_violation() -> None:
    assert {check for check, _, _ in VIOLATIONS} == set(tidy.CHECKS)


def test_every_folder_of_the_tests_and_rooms_is_a_package() -> None:
    assert tidy.unmarked_folders(source.path for source in python_sources(*ROOMS, "tests")) == set()


def test_a_folder_that_is_no_package_is_found() -> None:
    paths = (PurePosixPath("tests/__init__.py"), PurePosixPath("tests/domain/test_thing.py"))
    assert tidy.unmarked_folders(paths) == {PurePosixPath("tests/domain")}


def test_the_tests_see_the_repository() -> None:
    """An empty walk would make every rule here pass."""
    seen = {str(source.path) for source in all_sources()}
    assert {"Makefile", "pyproject.toml", "domain/events.py", "tests/architecture/tidy.py"} <= seen
    assert not any(".venv" in path or "__pycache__" in path for path in seen)
