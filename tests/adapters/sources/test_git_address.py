import pytest

from adapters.sources.git_address import GitAddress, check_path, check_ref, is_public, parse_url
from domain.errors import SkillInvalid


def pointer_of(refused: pytest.ExceptionInfo[SkillInvalid]) -> list[str]:
    return [problem.pointer for problem in refused.value.problems]


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://github.com/openai/skills", ("https://github.com:443/openai/skills", "github.com", 443)),
        ("https://git.example/a/b/c.git/", ("https://git.example:443/a/b/c.git", "git.example", 443)),
        ("https://Git.Example:8443/~a/b+c", ("https://git.example:8443/~a/b+c", "git.example", 8443)),
        ("https://10.0.0.1/a", ("https://10.0.0.1:443/a", "10.0.0.1", 443)),
    ],
)
def test_an_address_is_taken_apart(url: str, address: tuple[str, str, int]) -> None:
    assert parse_url(url) == GitAddress(url=address[0], host=address[1], port=address[2])


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://git.example/a",
        "HTTPS://git.example/a",
        "git://git.example/a",
        "ssh://git.example/a",
        "git@git.example:a/b",
        "file:///etc/passwd",
        "ext::sh -c id",
        "ext::https://git.example/a",
        "--upload-pack=id",
        "-https://git.example/a",
        "https://me@git.example/a",
        "https://me:token@git.example/a",
        "https://@git.example/a",
        "https://git.example",
        "https://git.example/",
        "https://git.example/a?b",
        "https://git.example/a#b",
        "https://git.example/a?",
        "https://git.example/../a",
        "https://git.example/a/./b",
        "https://git.example/a//b",
        "https://git.example/a%2e%2e/b",
        "https://git.example/a b",
        "https://git.example/a\nb",
        "https://git.example\\@other.example/a",
        "https://git.example:0/a",
        "https://git.example:/a",
        "https://git.example:99999/a",
        "https://git.example:x/a",
        "https://-git.example/a",
        "https://git.example./a",
        "https://[::1]/a",
        "https://[::1/a",
        "https://gít.example/a",
        "https://git.example/" + "a" * 500,
        'https://git.example/a"b',
        "https://git.example/a'b",
        "https://git.example/a$(id)",
    ],
)
def test_any_other_form_is_refused(url: str) -> None:
    with pytest.raises(SkillInvalid) as refused:
        parse_url(url)
    assert pointer_of(refused) == ["/git/url"]
    assert "token" not in str(refused.value).replace("password or token", "")


@pytest.mark.parametrize(
    "ref", ["main", "v1.0", "copilot/scaffold-x", "a@b", "a#1", "refs/pull/1/head", "기능/하나", "a" * 250]
)
def test_a_ref_is_taken_as_it_is(ref: str) -> None:
    assert check_ref(ref) == ref


@pytest.mark.parametrize(
    "ref",
    [
        "",
        "-x",
        "--upload-pack=id",
        "a b",
        "a\tb",
        "a\nb",
        "a\x00b",
        "a..b",
        "a~1",
        "a^",
        "a:b",
        "a?",
        "a*",
        "a[b]",
        "a\\b",
        "a@{1}",
        "@",
        "/a",
        "a/",
        "a//b",
        "a/.b",
        ".a",
        "a.",
        "a.lock",
        "a.lock/b",
        "a\u202eb",
        "\ud800",
        "a" * 251,
    ],
)
def test_what_git_takes_for_no_ref_is_refused(ref: str) -> None:
    with pytest.raises(SkillInvalid) as refused:
        check_ref(ref)
    assert pointer_of(refused) == ["/git/ref"]
    assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    ("path", "kept"),
    [("a/b", "a/b"), ("a/", "a"), (".", ""), ("", ""), ("/", ""), ("skills/.curated/한글", "skills/.curated/한글")],
)
def test_a_path_is_relative_to_the_root(path: str, kept: str) -> None:
    assert check_path(path) == kept


@pytest.mark.parametrize(
    "path", ["-a", "../a", "a/../b", "/a", "a//b", "a\\b", "a\x00b", "a\nb", "./a", "C:a", "a/" * 400]
)
def test_a_path_that_leads_elsewhere_is_refused(path: str) -> None:
    with pytest.raises(SkillInvalid) as refused:
        check_path(path)
    assert pointer_of(refused) == ["/git/path"]


@pytest.mark.parametrize("address", ["140.82.112.3", "93.184.216.34", "2606:50c0:8000::153", "::ffff:140.82.112.3"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",  # noqa: S104 - an address to refuse
        "10.1.2.3",
        "100.64.0.1",
        "100.100.100.200",
        "127.0.0.1",
        "127.255.255.254",
        "168.63.129.16",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.0.192",
        "192.168.1.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::7f00:1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::a00:1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
    ],
)
def test_every_other_address_is_not(address: str) -> None:
    assert not is_public(address)
