"""Forms are read as clients of every kind write them, and whatever else comes in is refused with a code."""

import asyncio
from collections.abc import Iterable

import httpx2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.http.uploads import HEADER_BYTES_MAX, HEADERS_MAX, Source, read_form
from domain.errors import BadRequest, Code, WaybillError
from domain.skill.bundle import ENTRIES_MAX, FILE_BYTES_MAX, FILES_MAX
from domain.skill.paths import is_left_out
from domain.skill.sources import UploadedArchive, UploadedFiles
from tests.adapters.http.forms import BOUNDARY, CONTENT_TYPE, file, form, in_pieces, part

SKILL_MD = b"---\nname: a\ndescription: b\n---\n"


def read(content: bytes, sizes: Iterable[int] = (), *, content_type: str = CONTENT_TYPE) -> Source:
    return asyncio.run(read_form(content_type, in_pieces(content, sizes)))


def files(content: bytes) -> dict[str, bytes | None]:
    source = read(content)
    assert isinstance(source, UploadedFiles)
    return {one.path: one.content for one in source.files}


def refused(content: bytes, *, content_type: str = CONTENT_TYPE) -> WaybillError:
    with pytest.raises(WaybillError) as caught:
        read(content, content_type=content_type)
    return caught.value


def pointers(content: bytes) -> list[str]:
    error = refused(content)
    assert isinstance(error, BadRequest)
    return [problem.pointer for problem in error.problems]


def test_files_keep_their_folders_and_their_bytes() -> None:
    binary = bytes(range(256)) * 3
    sent = form(file("a/SKILL.md", SKILL_MD), file("a/scripts/run.bin", binary), file("a/empty", b"", name="files[]"))
    assert files(sent) == {"a/SKILL.md": SKILL_MD, "a/scripts/run.bin": binary, "a/empty": b""}


def test_an_archive_is_one_part() -> None:
    assert read(form(file("kbo.zip", b"PK\x03\x04", name="archive"))) == UploadedArchive(content=b"PK\x03\x04")
    assert read(form(part('name="archive"', b"PK"))) == UploadedArchive(content=b"PK")


def test_places_are_those_that_the_files_have_in_the_form() -> None:
    source = read(form(file("a"), file(".git/config", b"x"), file("b")))
    assert isinstance(source, UploadedFiles)
    assert [(one.path, one.path_pointer) for one in source.files] == [
        ("a", "/files/0"),
        (".git/config", "/files/1"),
        ("b", "/files/2"),
    ]
    assert source.files[1].content == b""


@pytest.mark.parametrize(
    ("disposition", "path"),
    [
        ('name="files"; filename="한국어/결과.md"', "한국어/결과.md"),
        ('name="files"; filename="say %22hi%22.md"', 'say "hi".md'),
        ('name="files"; filename="say \\"hi\\".md"', 'say "hi".md'),
        ('name="files"; filename="100%25.md"', "100%25.md"),
        ('name="files"; filename="a;b=c.md"', "a;b=c.md"),
        ('name="files"; filename="C:\\evil\\SKILL.md"', "C:\\evil\\SKILL.md"),
        ('name="files"; filename="\\\\host\\SKILL.md"', "\\\\host\\SKILL.md"),
        ('name="files"; filename="../../etc/passwd"', "../../etc/passwd"),
        ("name=\"files\"; filename*=UTF-8''caf%C3%A9/a.md", "café/a.md"),
        ('name="files"; filename="cafe.md"; filename*=utf-8\'fr\'caf%C3%A9.md', "café.md"),
        ('name="files"; filename*=utf-8\'\'a%2Fb.md; filename="x"', "a/b.md"),
        ("name=files; filename=SKILL.md", "SKILL.md"),
        ('name="files" ; FileName = "a.md"', "a.md"),
        ('name="files"; filename="a.md"; ', "a.md"),
    ],
)
def test_a_file_name_is_the_path_as_the_client_meant_it(disposition: str, path: str) -> None:
    """Also one that the rules for paths refuse: nothing of it may be lost on the way there."""
    assert list(files(form(part(disposition)))) == [path]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64])
def test_it_does_not_matter_in_which_pieces_a_form_comes(size: int) -> None:
    sent = form(file("a/SKILL.md", SKILL_MD + b"\r\n--not the end\r\n-"), file("a/b.bin", b"\r\n" * 50))
    assert read(sent, [size] * len(sent)) == read(sent)


@pytest.mark.parametrize(
    "content_type",
    [
        f'multipart/form-data; boundary="{BOUNDARY}"',
        f"Multipart/Form-Data; charset=utf-8; boundary={BOUNDARY}",
        f"multipart/form-data;boundary={BOUNDARY}",
    ],
)
def test_the_boundary_may_be_written_as_clients_do(content_type: str) -> None:
    assert read(form(file("a")), content_type=content_type) == read(form(file("a")))


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        f"multipart/form-data; boundary={'b' * 71}",
        'multipart/form-data; boundary="a\xe4"',
    ],
)
def test_without_a_boundary_that_can_be_one_it_is_malformed(content_type: str) -> None:
    assert "boundary" in refused(form(file("a")), content_type=content_type).detail


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        form(file("a"))[:-6],
        form(file("a")).replace(b"\r\n", b"\n"),
        form(b"Content-Type: text/plain\r\n\r\nno disposition"),
        form(b'Content-Disposition: attachment; name="files"\r\n\r\n'),
        form(b"no header at all\r\n\r\n"),
        form(b"Content-Disposition\xff: form-data\r\n\r\n"),
        form(part('name="files"; filename="a"; filename="b"')),
        form(part('name="files"; filename="a')),
        form(part('name="files"; filename=a b')),
        form(part("name=\"files\"; filename*=latin-1''caf%E9.md")),
        form(part("name=\"files\"; filename*=UTF-8''caf%E9.md")),
        form(part('name="files"; filename*="a.md"')),
        form(part('name="files"; filename="a"', b"abc", "Content-Length: 2")),
    ],
)
def test_what_is_no_form_is_malformed(content: bytes) -> None:
    error = refused(content)
    assert error.code is Code.BAD_REQUEST
    assert error.detail.startswith("The form cannot be read: ")


@pytest.mark.parametrize(
    ("parts", "places"),
    [
        ((), ["/files", "/archive"]),
        ((file("a"), part('name="archive"')), ["/files", "/archive"]),
        ((part('name="archive"'), file("a")), ["/files", "/archive"]),
        ((part('name="archive"'), part('name="archive"')), ["/archive"]),
        ((part('name="git"', b"https://example.com/a.git"),), ["/git"]),
        ((part('name="a/b~c"'),), ["/a~1b~0c"]),
        ((file("a"), part('name="files"', b"text")), ["/files/1"]),
        ((file(""),), ["/files/0"]),
        ((part('name="files"; filename="a"', b"YQ==", "Content-Transfer-Encoding: base64"),), ["/files/0"]),
    ],
)
def test_a_form_has_files_or_one_archive_and_nothing_else(parts: tuple[bytes, ...], places: list[str]) -> None:
    assert pointers(form(*parts)) == places


def test_a_transfer_encoding_that_changes_nothing_is_taken() -> None:
    plain = form(part('name="files"; filename="a"', b"x", "Content-Transfer-Encoding: Binary"))
    assert files(plain) == {"a": b"x"}


@pytest.mark.parametrize(
    "header", [f"X-{'a' * HEADER_BYTES_MAX}: b", "\r\n".join(f"X-{number}: b" for number in range(HEADERS_MAX))]
)
def test_headers_are_bounded(header: str) -> None:
    assert refused(form(part('name="files"; filename="a"', b"", header))).code is Code.TOO_LARGE_BODY


def test_a_file_is_bounded_while_it_comes_in() -> None:
    """The form has no end, so only what counts on the way can refuse it."""
    error = refused(form(file("a/big.bin", bytes(FILE_BYTES_MAX + 1000)))[:-100])
    assert (error.code, error.problems[0].pointer) == (Code.TOO_LARGE_SKILL, "/files/0")
    assert "a/big.bin" in error.detail


def test_all_files_together_are_bounded() -> None:
    assert refused(form(*(file(f"{number}", bytes(FILE_BYTES_MAX)) for number in range(3)))).code is (
        Code.TOO_LARGE_SKILL
    )


def test_the_number_of_files_is_bounded() -> None:
    assert len(files(form(*(file(f"{number}") for number in range(FILES_MAX))))) == FILES_MAX
    assert refused(form(*(file(f"{number}") for number in range(FILES_MAX + 1)))).code is Code.TOO_LARGE_SKILL


def test_what_is_left_out_counts_as_a_part_and_takes_no_room() -> None:
    large = file(".git/objects/pack", bytes(FILE_BYTES_MAX + 1))
    assert files(form(large, file("a", b"x"))) == {".git/objects/pack": b"", "a": b"x"}
    endless = form(*(file(f".git/{number}") for number in range(ENTRIES_MAX + 1)))
    assert refused(endless).code is Code.TOO_LARGE_SKILL


HEADER_VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=60)
PIECES = st.sampled_from(
    [
        f"--{BOUNDARY}".encode(),
        b"--",
        b"\r\n",
        b"\n",
        b"Content-Disposition: form-data",
        b'; name="files"',
        b'; name="archive"',
        b'; filename="a/SKILL.md"',
        b"; filename*=UTF-8''",
        b"Content-Length: 9",
        b'"',
        b"\\",
        b":",
        b"%",
    ]
)


def code_of(content: bytes, sizes: Iterable[int] = (), *, content_type: str = CONTENT_TYPE) -> Code | None:
    """That of the refusal, None for a form that is taken; any other exception fails the test."""
    try:
        read(content, sizes, content_type=content_type)
    except WaybillError as error:
        return error.code
    return None


@given(st.lists(st.one_of(PIECES, st.binary(max_size=20))).map(b"".join), st.lists(st.integers(0, 40), max_size=20))
@example(form(file("a", SKILL_MD)), [1])
def test_any_bytes_give_a_source_or_a_code(content: bytes, sizes: list[int]) -> None:
    assert code_of(content, sizes) in {None, Code.BAD_REQUEST, Code.TOO_LARGE_BODY, Code.TOO_LARGE_SKILL}
    if code_of(content) is None:
        assert read(content, sizes) == read(content)


@given(HEADER_VALUES, st.binary(max_size=100))
def test_any_disposition_gives_a_source_or_a_code(disposition: str, content: bytes) -> None:
    assert code_of(form(part(f'name="files"; {disposition}', content))) in {None, Code.BAD_REQUEST, Code.TOO_LARGE_BODY}


@given(st.text(max_size=80))
def test_any_content_type_gives_a_source_or_a_code(content_type: str) -> None:
    assert code_of(form(file("a")), content_type=f"multipart/form-data;{content_type}") in {None, Code.BAD_REQUEST}


@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1), st.binary(), min_size=1
    )
)
def test_what_our_client_writes_is_read_as_it_was(sent: dict[str, bytes]) -> None:
    """But for backslashes, which no path may hold, and escapes, which some clients write and some do not."""
    named = {path.replace("\\", "/").replace("%", "_"): content for path, content in sent.items()}
    request = httpx2.Request("POST", "http://waybill", files=[("files", one) for one in named.items()])
    source = read(request.read(), content_type=request.headers["Content-Type"])
    assert isinstance(source, UploadedFiles)
    kept = {path: b"" if is_left_out(path) else content for path, content in named.items()}
    assert {one.path: one.content for one in source.files} == kept
