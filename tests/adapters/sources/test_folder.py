import os
from pathlib import Path

import pytest

from adapters.sources.folder import read_folder
from adapters.sources.inline import read_inline
from domain.errors import SkillInvalid, SkillTooLarge
from domain.skill.bundle import BUNDLE_BYTES_MAX, ENTRIES_MAX, FILE_BYTES_MAX, FILES_MAX

SKILL_MD = b"---\nname: a-skill\ndescription: Does it.\n---\n# Title\r\n"


@pytest.fixture
def skill(tmp_path: Path) -> Path:
    folder = tmp_path / "a-skill"
    (folder / "scripts").mkdir(parents=True)
    (folder / "SKILL.md").write_bytes(SKILL_MD)
    (folder / "scripts" / "a.py").write_bytes(b"print()\n")
    return folder


def reasons(folder: Path) -> list[str]:
    with pytest.raises(SkillInvalid) as refused:
        read_folder(folder)
    return [problem.message for problem in refused.value.problems]


def sparse(path: Path, size_bytes: int) -> None:
    with path.open("wb") as file:
        file.truncate(size_bytes)


def test_every_file_is_read_with_its_bytes(skill: Path) -> None:
    (skill / "assets").mkdir()
    (skill / "assets" / "logo.png").write_bytes(b"\x89PNG\x00\xff")
    (skill / "empty").mkdir()
    (skill / "참고.md").write_bytes("가\r\n".encode())
    files = read_folder(skill)
    assert [(file.path, file.encoding) for file in files] == [
        ("SKILL.md", "utf-8"),
        ("assets/logo.png", "base64"),
        ("scripts/a.py", "utf-8"),
        ("참고.md", "utf-8"),
    ]
    bundle = read_inline(files)
    assert {file.path: file.content for file in bundle.files} == {
        file.path: (skill / file.path).read_bytes() for file in files
    }


def test_what_tools_leave_behind_is_not_even_entered(skill: Path) -> None:
    (skill / ".git").symlink_to("/")
    (skill / "scripts" / "__MACOSX").mkdir()
    (skill / "scripts" / "__MACOSX" / "link").symlink_to("/etc/passwd")
    (skill / "scripts" / ".DS_Store").write_bytes(b"x")
    assert [file.path for file in read_folder(skill)] == ["SKILL.md", "scripts/a.py"]


def test_links_and_pipes_are_refused_by_name(skill: Path) -> None:
    (skill / "passwd").symlink_to("/etc/passwd")
    (skill / "scripts" / "all").symlink_to("/")
    (skill / "gone").symlink_to("nowhere")
    os.mkfifo(skill / "pipe")
    assert sorted(reasons(skill)) == [
        "`gone` is a symbolic link; send the file itself, or leave it out.",
        "`passwd` is a symbolic link; send the file itself, or leave it out.",
        "`pipe` is a pipe, a socket or a device; a skill is made of files.",
        "`scripts/all` is a symbolic link; send the file itself, or leave it out.",
    ]


def test_names_that_no_bundle_takes_are_refused_here(skill: Path) -> None:
    for name in (b"caf\xe9.md", b"a\\b.md"):
        Path(os.fsdecode(os.fsencode(skill) + b"/" + name)).touch()
    assert sorted(reasons(skill)) == [
        "`a\\b.md` holds a backslash; folders are separated by `/`.",
        "`caf\\udce9.md` holds a control character or bytes that are not UTF-8.",
    ]


def test_a_link_to_the_folder_itself_is_followed(skill: Path) -> None:
    link = skill.parent / "current"
    link.symlink_to(skill)
    assert read_folder(link) == read_folder(skill)


@pytest.mark.parametrize("name", ["nowhere", "a-skill/SKILL.md"])
def test_only_a_folder_is_read(skill: Path, name: str) -> None:
    with pytest.raises(SkillInvalid, match="is not a folder: name the folder that holds SKILL"):
        read_folder(skill.parent / name)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_named(skill: Path) -> None:
    (skill / "SKILL.md").chmod(0)
    assert "cannot be read: Permission denied" in reasons(skill)[0]


def test_a_folder_too_deep_for_the_system_is_named(skill: Path) -> None:
    here = os.open(skill, os.O_RDONLY)
    try:
        for _ in range(20):
            os.mkdir("d" * 250, dir_fd=here)
            here, outer = os.open("d" * 250, os.O_RDONLY, dir_fd=here), here
            os.close(outer)
    finally:
        os.close(here)
    assert "cannot be read: File name too long" in reasons(skill)[0]


def test_too_large_a_file_is_refused(skill: Path) -> None:
    sparse(skill / "large", FILE_BYTES_MAX + 1)
    with pytest.raises(SkillTooLarge, match="`large` has more than"):
        read_folder(skill)


def test_no_more_is_read_than_may_come_in(skill: Path) -> None:
    sparse(skill / "huge", 1 << 40)  # reading this as a whole would not fit into memory
    with pytest.raises(SkillTooLarge, match="`huge` has more than"):
        read_folder(skill)


def test_files_too_large_together_are_refused(skill: Path) -> None:
    for name in ("a", "b"):
        sparse(skill / name, BUNDLE_BYTES_MAX // 2)
    with pytest.raises(SkillTooLarge, match="together"):
        read_folder(skill)


def test_too_many_files_are_refused(skill: Path) -> None:
    for number in range(FILES_MAX):
        (skill / f"{number}.md").touch()
    with pytest.raises(SkillTooLarge, match=f"more than {FILES_MAX} files"):
        read_folder(skill)


def test_a_folder_without_end_is_left_in_time(skill: Path) -> None:
    for number in range(ENTRIES_MAX):
        (skill / f"{number}").touch()
    with pytest.raises(SkillTooLarge, match="entries"):
        read_folder(skill)
