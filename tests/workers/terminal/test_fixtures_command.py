"""`waybill fixtures` gives out what is in `fixtures/`, byte by byte."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.architecture.sources import ROOT
from workers.terminal.fixtures import fixtures

KEPT = {path.name: path.read_bytes() for path in (ROOT / "fixtures").glob("*.json")}


def run(*arguments: str) -> Result:
    return CliRunner().invoke(fixtures, arguments)


def test_it_writes_all_of_them_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "theirs.txt").write_text("stays")
    assert run("--to", str(tmp_path)).exit_code == 0
    assert {path.name: path.read_bytes() for path in tmp_path.glob("*.json")} == KEPT
    assert (tmp_path / "theirs.txt").read_text() == "stays"


def test_it_makes_the_folder_and_takes_a_part_of_the_names(tmp_path: Path) -> None:
    ran = run("--to", str(tmp_path / "a" / "b"), "--match", "errors.", "--json")
    written = sorted(path.stem for path in (tmp_path / "a" / "b").iterdir())
    assert json.loads(ran.stdout)["fixtures"] == written
    assert written == sorted(name.removesuffix(".json") for name in KEPT if "errors." in name)


def test_the_list_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ran = run("--list", "--match", "errors.forbidden")
    assert ran.stdout.split()[3:] == ["errors.forbidden", "403", "POST", "/api/skills"]
    assert [entry["name"] for entry in json.loads(run("--list", "--json").stdout)] == sorted(
        name.removesuffix(".json") for name in KEPT
    )
    assert [*tmp_path.iterdir()] == []


def test_a_name_that_none_has_is_said(tmp_path: Path) -> None:
    assert run("--to", str(tmp_path), "--match", "no such").exit_code == 4
    assert [*tmp_path.iterdir()] == []


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ran = run("--to", str(tmp_path / "file" / "below"))
    assert ran.exit_code == 2
    assert "cannot be written" in ran.stderr
