import stat
import zipfile

import pytest

from adapters.sources.archive import read_archive
from tests.adapters.sources.zips import SKILL_MD, UTF8, Packing, contents, first_headers, messages, zipped


@pytest.mark.parametrize("top", ["", "a-skill/", "another-name/", "한국어/"])
def test_a_zip_is_read_from_its_root_or_its_one_top_folder(top: str) -> None:
    files = {"SKILL.md": SKILL_MD, "scripts/a.py": b"\x00\xff\r\n", "scripts/": b"", "empty.md": b""}
    bundle = read_archive(zipped({top + name: content for name, content in files.items()}))
    assert bundle.name == "a-skill"
    assert contents(bundle) == {"SKILL.md": SKILL_MD, "scripts/a.py": b"\x00\xff\r\n", "empty.md": b""}


def test_what_tools_leave_behind_hides_no_top_folder() -> None:
    junk = {".DS_Store": b"", "__MACOSX/._a": b"", "__MACOSX/a-skill/._SKILL.md": b"", "a-skill/.git/HEAD": b""}
    bundle = read_archive(zipped({**junk, "a-skill/": b"", "a-skill/SKILL.md": SKILL_MD}))
    assert contents(bundle) == {"SKILL.md": SKILL_MD}


def test_a_nested_skill_is_no_rival_of_the_one_in_the_top_folder() -> None:
    bundle = read_archive(zipped({"top/SKILL.md": SKILL_MD, "top/examples/b/SKILL.md": SKILL_MD}))
    assert set(contents(bundle)) == {"SKILL.md", "examples/b/SKILL.md"}


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["a/SKILL.md", "b/SKILL.md"], ["`a`", "`b`"]),
        (["a/SKILL.md", "README.md"], ["`a`"]),
        (["a/b/SKILL.md"], ["`a/b`"]),
        (["a/README.md"], []),
        ([], []),
    ],
)
def test_without_one_skill_at_its_place_the_others_are_listed(names: list[str], found: list[str]) -> None:
    rule, *places = messages(zipped(dict.fromkeys(names, SKILL_MD)))
    assert rule.startswith("`SKILL.md` must be at the root, or in the one folder that everything lies in; ")
    assert [place.removeprefix("There is a `SKILL.md` in ").removesuffix(".") for place in places] == found


def test_the_wrong_spelling_is_named() -> None:
    assert messages(zipped({"top/skill.md": SKILL_MD})) == ["The file `skill.md` must be spelled `SKILL.md`."]


@pytest.mark.parametrize("content", [b"", b"PK", b"hello" * 100, b"PK\x05\x06", b"\x1f\x8b\x08" + bytes(100)])
def test_what_is_no_zip_is_refused(content: bytes) -> None:
    assert messages(content) == ["This is not a zip, or its end is missing."]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("/etc/passwd", "absolute"),
        ("../a", "`..` segment"),
        ("a/../../b", "`..` segment"),
        ("../", "`..` segment"),
        ("a\\b", "backslash"),
        ("C:a", "absolute"),
        ("a\x01b", "control"),
        ("a//b", "empty segment"),
        ("a" * 300, "longer than"),
    ],
)
def test_a_bad_name_is_refused(name: str, reason: str) -> None:
    (message,) = messages(Packing().entry(name).done())
    assert reason in message


def test_a_name_that_ends_early_for_others_is_refused() -> None:
    content = first_headers(zipped({"a.mdXb": b"", "SKILL.md": SKILL_MD}), 0, name=b"a.md\0b")
    assert messages(content) == ["`a.md\\x00b` holds a control character or bytes that are not UTF-8."]


@pytest.mark.parametrize(
    ("name", "reason"),
    [("skill.md", "upper and lower case"), ("SKILL.md", "twice"), ("SKILL.md/a", "a folder in the path of another")],
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_names_that_some_system_takes_for_one_are_refused(name: str, reason: str) -> None:
    assert any(reason in message for message in messages(Packing().entry(name).done()))


def test_names_in_both_normal_forms_are_one() -> None:
    assert "twice" in messages(Packing().entry("caf\u00e9.md").entry("cafe\u0301.md").done())[0]


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK])
def test_links_and_devices_are_refused(kind: int) -> None:
    (message,) = messages(Packing().entry("passwd", b"/etc/passwd", mode=kind | 0o777).done())
    what = "a symbolic link" if kind == stat.S_IFLNK else "a pipe, a socket or a device"
    assert message.startswith(f"`passwd` is {what}; ")


def test_modes_of_files_are_no_matter() -> None:
    content = Packing().entry("a.sh", mode=stat.S_IFREG | 0o755).entry("b/", b"", mode=stat.S_IFDIR | 0o755).done()
    assert set(contents(read_archive(content))) == {"SKILL.md", "a.sh"}


@pytest.mark.parametrize("flags", [0x1, 0x41, 0x2000])
def test_encrypted_entries_are_refused(flags: int) -> None:
    assert messages(first_headers(zipped({"SKILL.md": SKILL_MD}), flags)) == [
        "`SKILL.md` is encrypted; pack it without a password."
    ]


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_that_cannot_be_bounded_are_refused(method: int) -> None:
    (message,) = messages(Packing().entry("a", method=method).done())
    assert message == f"`a` is compressed by method {method}; only deflate is taken, or none."


def test_names_without_the_mark_of_utf8_are_utf8_or_refused() -> None:
    name = "참고.md".encode()
    plain = zipped({"x" * len(name): b"", "SKILL.md": SKILL_MD})
    assert set(contents(read_archive(first_headers(plain, 0, name=name)))) == {"참고.md", "SKILL.md"}
    in_cp949 = b"\xc2\xfc\xb0\xed.md" + b"x" * (len(name) - 7)
    (message,) = messages(first_headers(plain, 0, name=in_cp949))
    assert message.endswith("is a name that is not UTF-8; pack it with UTF-8 names.")
    assert messages(first_headers(plain, UTF8, name=in_cp949)) == [
        "A name in the archive says that it is UTF-8, and is not."
    ]


def test_everything_that_is_wrong_with_the_entries_is_said_at_once() -> None:
    content = Packing().entry("../a").entry("b", mode=stat.S_IFLNK).entry("c", method=zipfile.ZIP_BZIP2).done()
    assert len(messages(content)) == 3
