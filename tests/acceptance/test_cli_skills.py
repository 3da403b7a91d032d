"""Skills on the command line against a running Waybill: from every source, labelled, compared, brought back, put away."""

import io
import os
import zipfile
from pathlib import Path

import pytest

from tests.acceptance.conftest import CommandLine

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]

NOWHERE = "http://127.0.0.1:1"


def zip_of(folder: Path) -> Path:
    path = folder.parent / f"{folder.name}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*")):
            archive.write(file, file.relative_to(folder.parent))
    return path


def change(skill: Path) -> None:
    (skill / "scripts" / "thing.py").write_text("print('another thing')\n")
    (skill / "logo.png").write_bytes(bytes(range(256)))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_zip_is_the_same_version_as_its_folder(cli: CommandLine, skill: Path) -> None:
    added = cli("skills", "add", zip_of(skill), "--json").json["items"][0]
    assert (added["registered"]["version"], added["registered"]["origin"]["source"]) == (1, "archive")
    assert "the same bytes were registered before" in cli("skills", "add", skill).out


def test_bytes_of_an_earlier_version_are_said_to_be_that(cli: CommandLine, skill: Path) -> None:
    archive = zip_of(skill)
    cli("skills", "add", skill)
    change(skill)
    cli("skills", "add", skill)
    assert "registered before; the latest is v2" in cli("skills", "add", archive).out


def test_findings_are_shown_and_block_nothing(cli: CommandLine, skill: Path) -> None:
    with (skill / "SKILL.md").open("a") as file:
        file.write("Hidden\u200b text.\n")
    added = cli("skills", "add", skill)
    assert added.code == 0
    assert "1 finding for a reviewer: 1 warning" in added.err
    assert "warning: SKILL.md: Line 7 of the file has U+200B" in cli("skills", "show", skill.name).out


def test_a_zip_that_is_none_is_named(cli: CommandLine, tmp_path: Path) -> None:
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"no zip")
    refused = cli("skills", "add", broken)
    assert (refused.code, f"{broken}: " in refused.err) == (2, True)
    assert "/archive" not in refused.err


def test_a_repository_that_may_not_be_asked_is_named(cli: CommandLine) -> None:
    refused = cli("skills", "add", "https://127.0.0.1/team/skills", "--ref", "main")
    assert (refused.code, "(unprocessable:skills)" in refused.err) == (2, True)
    assert "/git/url" not in refused.err


@pytest.mark.parametrize("source", ["nowhere", "git@git.example:a/b", "http://git.example/a"])
def test_what_cannot_be_a_skill_is_wrong_usage(cli: CommandLine, source: str) -> None:
    assert cli("skills", "add", source, WAYBILL_URL=NOWHERE).code == 2


def test_a_label_picks_the_version_everywhere(cli: CommandLine, skill: Path, tmp_path: Path) -> None:
    cli("skills", "add", skill)
    before = contents(skill)
    change(skill)
    cli("skills", "add", skill)
    labelled = cli("skills", "label", skill.name, "stable", "v1")
    assert (labelled.code, labelled.out) == (0, f"{skill.name} v1 is stable now.\n")
    assert cli("skills", "show", f"{skill.name}@stable", "--json").json["versions"][0]["version"] == 1
    downloaded = cli("skills", "download", f"{skill.name}@stable", "--output", tmp_path / "down", "--json")
    assert downloaded.json["version"] == 1, downloaded
    assert contents(tmp_path / "down" / skill.name) == before
    moved = cli("skills", "label", skill.name, "stable", "--json")
    assert moved.json["labels"] == {"stable": 2}
    refused = cli("skills", "label", skill.name, "v1", "v1")
    assert (refused.code, "v1: must not read like another ref" in refused.err) == (2, True)


def test_a_download_never_writes_over_what_is_there(cli: CommandLine, skill: Path, tmp_path: Path) -> None:
    cli("skills", "add", skill)
    (skill / "mine").write_text("mine")
    refused = cli("skills", "download", skill.name, "--output", skill.parent)
    assert (refused.code, "is there already" in refused.err) == (2, True)
    assert (skill / "mine").read_text() == "mine"
    archive = tmp_path / "out" / "skill.zip"
    assert cli("skills", "download", skill.name, "--output", archive).code == 0
    with zipfile.ZipFile(io.BytesIO(archive.read_bytes())) as opened:
        assert f"{skill.name}/SKILL.md" in opened.namelist()
    assert cli("skills", "download", skill.name, "--output", archive).code == 2
    if os.geteuid():
        (tmp_path / "closed").mkdir(mode=0o500)
        closed = cli("skills", "download", skill.name, "--output", tmp_path / "closed")
        assert (closed.code, "cannot be written" in closed.err) == (2, True)


def test_versions_are_compared_file_by_file(cli: CommandLine, skill: Path) -> None:
    cli("skills", "add", skill)
    change(skill)
    cli("skills", "add", skill)
    shown = cli("skills", "diff", skill.name, "v1", "latest")
    assert (shown.code, shown.out.splitlines()[0]) == (
        0,
        f"{skill.name} v1 to v2: 1 added, 1 changed, 1 file the same",
    )
    assert "A  logo.png          256 bytes, not compared by line" in shown.out
    assert "-print('a thing')\n+print('another thing')" in shown.out
    changes = {one["path"]: one for one in cli("skills", "diff", skill.name, "1", "2", "--json").json["changes"]}
    assert (changes["logo.png"]["change"], changes["logo.png"]["diff"]) == ("added", None)
    assert changes["scripts/thing.py"]["diff"].startswith("--- v1/scripts/thing.py\n+++ v2/scripts/thing.py\n")


def test_a_folder_is_compared_before_it_is_registered(cli: CommandLine, skill: Path) -> None:
    cli("skills", "add", skill)
    assert "These bytes are version 1 already." in cli("skills", "diff", skill.name, skill).out
    change(skill)
    shown = cli("skills", "diff", skill.name, skill)
    assert (shown.code, "Registered, this would be version 2." in shown.out) == (0, True)
    compared = cli("skills", "diff", f"{skill.name}@v1", skill, "--json").json
    assert (compared["to"]["version"], compared["to"]["registered"]) == (2, False)
    other = cli("skills", "diff", "plain-english", skill)
    assert (other.code, skill.name in other.err) == (2, True)
    (skill / "SKILL.md").write_text("---\nname: Not A Name\n---\n")
    invalid = cli("skills", "diff", skill.name, skill)
    assert (invalid.code, "SKILL.md: " in invalid.err, "/files/" in invalid.err) == (2, True, False)


def test_an_archived_skill_is_out_of_use_and_comes_back(cli: CommandLine, skill: Path) -> None:
    cli("skills", "add", skill)
    archived = cli("skills", "archive", skill.name)
    assert (archived.code, archived.out) == (0, f"{skill.name} is archived.\n")
    assert cli("skills", "list", "--q", skill.name, "--json").json["items"] == []
    assert [
        one["archived"] for one in cli("skills", "list", "--archived", "--q", skill.name, "--json").json["items"]
    ] == [True]
    for command in (("skills", "add", skill), ("install", skill.name, "--on", "openai")):
        refused = cli(*command)
        assert (refused.code, "(conflict:skills)" in refused.err) == (2, True)
    assert cli("skills", "archive", skill.name, "--undo", "--json").json["archived"] is False
    entries = cli("audit", "list", "--target", f"skill:{skill.name}", "--json").json["items"]
    assert [entry["action"] for entry in entries][:2] == ["skill.unarchived", "skill.archived"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("download", "no-such-skill"),
        ("download", "plain-english@99"),
        ("show", "plain-english@99"),
        ("label", "no-such-skill", "stable"),
        ("archive", "no-such-skill"),
        ("diff", "plain-english", "v1", "v99"),
    ],
    ids=" ".join,
)
def test_what_does_not_exist_is_4(cli: CommandLine, arguments: tuple[str, ...]) -> None:
    assert cli("skills", *arguments, "--json").code == 4
