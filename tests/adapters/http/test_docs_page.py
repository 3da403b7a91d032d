"""`/docs` shows the contract to anybody, out of files of this server alone, and lets nothing else in."""

import hashlib
import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from typing import Final

import httpx2
import pytest

from adapters.http.docs_page import ASSETS, CONTENT_SECURITY_POLICY, FILES
from tests.adapters.http.bare import bare_app
from tests.adapters.http.serving import listening, open_client

pytestmark = pytest.mark.anyio

VENDORED: Final = ASSETS / "swagger_ui"
# Written here, beside what came from elsewhere.
OURS: Final = {"SHA256SUMS", "README.md"}
ELSEWHERE: Final = re.compile(r"^\s*(?:[a-z][a-z0-9+.-]*:|//)", re.IGNORECASE)


URL: Final = re.compile(r"""url\(\s*(?:"([^"]*)"|'([^']*)'|([^)'"]*))\s*\)""")


class Page(HTMLParser):
    """What it would load, where it leads, and whatever would need a looser policy."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.inline: list[str] = []
        self._script = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.loaded += [value for name in ("src", "href", "action", "data") if (value := given.get(name))]
        self.inline += [name for name in given if name == "style" or name.startswith("on")]
        self._script = tag in {"script", "style"}

    def handle_data(self, data: str) -> None:
        if self._script and data.strip():
            self.inline.append(data)


@pytest.fixture(scope="module")
async def client(anyio_backend: str) -> AsyncIterator[httpx2.AsyncClient]:
    async with listening(bare_app()) as url, open_client(url) as opened:
        yield opened


async def test_anybody_may_read_it(client: httpx2.AsyncClient) -> None:
    page = await client.get("/docs")
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert page.headers.get_list("Content-Security-Policy") == [CONTENT_SECURITY_POLICY]
    assert page.headers.get_list("Cache-Control") == ["no-cache"]
    assert (await client.get("/docs?print=1")).status_code == 400


async def test_it_loads_what_is_here_and_nothing_else(client: httpx2.AsyncClient) -> None:
    page = Page((await client.get("/docs")).text)
    assert page.inline == []
    assert [one for one in page.loaded if ELSEWHERE.match(one)] == ["data:,"]
    files = [one for one in page.loaded if one.endswith((".js", ".css"))]
    assert sorted(one.rpartition("/")[2] for one in files) == sorted(FILES)
    for file in files:
        assert (await client.get(f"/{file}")).status_code == 200


def test_the_policy_lets_in_what_is_here_and_nothing_else() -> None:
    directives = dict(one.strip().split(" ", 1) for one in CONTENT_SECURITY_POLICY.split(";"))
    assert directives["default-src"] == "'none'"
    assert {source for sources in directives.values() for source in sources.split()} == {"'none'", "'self'", "data:"}
    assert [name for name, sources in directives.items() if "data:" in sources] == ["img-src"]


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".css")])
def test_a_style_sheet_loads_nothing(name: str) -> None:
    text = FILES[name][0].read_text(encoding="utf-8")
    addresses = [double or single or bare for double, single, bare in URL.findall(text)]
    assert [one for one in addresses if not one.startswith("data:")] == []
    assert "@import" not in text


def test_the_script_asks_nobody_else_and_keeps_no_key() -> None:
    text = FILES["page.js"][0].read_text(encoding="utf-8")
    assert not re.search(r"https?:|//[a-z]", text)
    assert {"validatorUrl: null", "persistAuthorization: false", 'url: "openapi.json"'} <= {
        line.strip().rstrip(",") for line in text.splitlines()
    }


@pytest.mark.parametrize("name", FILES)
async def test_a_file_may_be_kept_for_ever(client: httpx2.AsyncClient, name: str) -> None:
    content = FILES[name][0].read_bytes()
    address = f"/docs/{hashlib.sha256(content).hexdigest()[:32]}/{name}"
    answer = await client.get(address)
    assert answer.content == content
    assert answer.headers["Content-Type"] == f"{FILES[name][1]}; charset=utf-8"
    assert answer.headers.get_list("Cache-Control") == ["public, max-age=31536000, immutable"]
    again = await client.get(address, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", answer.headers["ETag"])
    other = await client.get(address, headers={"If-None-Match": '"another"'})
    assert other.status_code == 200


@pytest.mark.parametrize("name", ["page.js", "SHA256SUMS", "page.html", "..%2f__init__.py", "nothing.js"])
async def test_there_is_no_other_file_and_no_other_version(client: httpx2.AsyncClient, name: str) -> None:
    answer = await client.get(f"/docs/{'0' * 32}/{name}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found:api")


def test_what_came_from_elsewhere_is_as_it_came() -> None:
    lines = (VENDORED / "SHA256SUMS").read_text().splitlines()
    listed = {name: digest for digest, _, name in (line.partition("  ") for line in lines)}
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in VENDORED.iterdir()}
    assert found.keys() - OURS == listed.keys()
    assert {name: found[name] for name in listed} == listed
    assert {"LICENSE", "NOTICE"} <= listed.keys()
