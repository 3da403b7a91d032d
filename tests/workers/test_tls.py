"""Served over TLS: with the certificate that is set and no older protocol, to whoever trusts it."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest

from tests.adapters.http.bare import bare_app
from tests.adapters.http.serving import UNLIMITED, listening
from tests.kit.certificates import write_certificate
from workers.http_settings import HttpSettings, Tls
from workers.serving import listen, url_of
from workers.settings import SettingsError
from workers.terminal.client import Client
from workers.terminal.failures import Failure
from workers.tls import own_context, server_context

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    return write_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with listen("127.0.0.1", 0) as listener:
        yield listener


async def ask(url: str, verify: ssl.SSLContext) -> httpx2.Response:
    async with httpx2.AsyncClient(verify=verify, trust_env=False) as client:
        return await client.get(f"{url}/livez")


async def test_it_answers_over_tls_and_tells_browsers_to_stay_there(tls: Tls) -> None:
    async with listening(bare_app(), http=HttpSettings(tls=tls)) as url:
        assert url.startswith("https://127.0.0.1:")
        answer = await ask(url, own_context(tls))
        assert (answer.status_code, answer.headers["Strict-Transport-Security"]) == (200, "max-age=31536000")
        trusting = ssl.create_default_context(cafile=tls.certificate)
        assert (await ask(url, trusting)).status_code == 200


async def test_without_tls_nothing_is_said_of_it() -> None:
    async with listening(bare_app(), http=UNLIMITED) as url:
        assert "Strict-Transport-Security" not in (await ask(url, ssl.create_default_context())).headers


async def test_no_protocol_before_1_2_is_spoken(tls: Tls) -> None:
    context = server_context(tls)
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert own_context(tls).minimum_version is ssl.TLSVersion.TLSv1_2
    async with listening(bare_app(), http=HttpSettings(tls=tls)) as url:
        newest = own_context(tls)
        newest.maximum_version = ssl.TLSVersion.TLSv1_2
        assert (await ask(url, newest)).status_code == 200


async def test_who_starts_the_server_trusts_its_certificate_and_no_other(tls: Tls, tmp_path: Path) -> None:
    other = write_certificate(tmp_path)
    async with listening(bare_app(), http=HttpSettings(tls=other)) as url:
        with pytest.raises(httpx2.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            await ask(url, own_context(tls))


@pytest.mark.parametrize(
    ("for_address", "by_authority"), [(False, False), (True, True)], ids=["a-name", "an-authority"]
)
async def test_who_starts_the_server_trusts_it_whatever_it_is_for_and_whoever_signed_it(
    tmp_path: Path, *, for_address: bool, by_authority: bool
) -> None:
    tls = write_certificate(tmp_path, for_address=for_address, by_authority=by_authority)
    async with listening(bare_app(), http=HttpSettings(tls=tls)) as url:
        assert (await ask(url, own_context(tls))).status_code == 200


@pytest.mark.parametrize("wrong", ["other-key", "encrypted", "no-pem", "swapped"])
def test_what_is_no_certificate_with_its_key_is_said_in_a_sentence(tls: Tls, tmp_path: Path, wrong: str) -> None:
    other = write_certificate(tmp_path / "other", password="sesame")
    plain = write_certificate(tmp_path / "plain")
    (tmp_path / "no.pem").write_text("nothing")
    given = {
        "other-key": Tls(certificate=tls.certificate, key=plain.key),
        "encrypted": other,
        "no-pem": Tls(certificate=tmp_path / "no.pem", key=tls.key),
        "swapped": Tls(certificate=tls.key, key=tls.certificate),
    }[wrong]
    with pytest.raises(
        SettingsError, match=r"^WAYBILL_TLS_CERTIFICATE and WAYBILL_TLS_KEY must be .* in PEM form: .+\.$"
    ):
        server_context(given)


def test_the_printed_address_says_so(tls: Tls, listener: socket.socket) -> None:
    assert url_of(listener, tls=tls) == f"https://127.0.0.1:{listener.getsockname()[1]}"
    assert url_of(listener).startswith("http://")


@pytest.mark.parametrize("content", [None, "nothing"])
def test_a_file_without_authorities_is_refused_before_anything_is_sent(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(Failure, match=r"WAYBILL_CA_FILE must name a file with certificates in PEM form: .+"):
        Client(url="https://127.0.0.1:1", api_key="wb_key", ca_file=path)


def test_over_plain_http_no_file_is_needed(tmp_path: Path) -> None:
    with ExitStack() as stack:
        stack.enter_context(Client(url="http://127.0.0.1:1", api_key="wb_key", ca_file=tmp_path / "missing.pem"))
