"""With TLS as `nats.conf` has it in its comment: no password is said to a server that is not who it should be."""

import re
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from adapters.embedded.nats import EmbeddedNats
from adapters.nats.connection import connect
from adapters.nats.streams import ensure_streams
from tests.kit.certificates import write_certificate
from tests.kit.jetstream import CONFIG, VARIABLES, NatsUnderTest, login_of
from tests.kit.waiting import eventually

pytestmark = pytest.mark.anyio

SECONDS_MAX = 20.0
CONNECT_SECONDS = 5.0
COMMENTED = re.compile(r"^# (tls \{|  \w+_file: .*|\})$", re.MULTILINE)


@pytest.fixture(scope="module")
def ca_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_certificate(tmp_path_factory.mktemp("certificates")).certificate


@pytest.fixture(scope="module")
def place(ca_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Host and port of a server that has the commented lines of `nats.conf` in use."""
    key, config = ca_file.with_name("key.pem"), ca_file.with_name("nats.conf")
    text = COMMENTED.sub(r"\1", CONFIG.read_text())
    config.write_text(text.replace("/etc/waybill/nats.crt", str(ca_file)).replace("/etc/waybill/nats.key", str(key)))
    server = EmbeddedNats(tmp_path_factory.mktemp("nats"), config, variables=VARIABLES)
    yield server.start().partition("://")[2]
    server.stop()


@pytest.mark.parametrize("scheme", ["tls", "nats"])
async def test_the_authority_that_is_named_is_trusted(place: str, ca_file: Path, scheme: str) -> None:
    connection = await connect(
        f"{scheme}://{place}", name="test", login=login_of("relay"), ca_file=ca_file, timeout_seconds=CONNECT_SECONDS
    )
    try:
        assert connection.connected
        await ensure_streams(connection)
    finally:
        await connection.close()


async def test_one_that_nobody_named_is_not(place: str) -> None:
    with capture_logs() as lines:
        connection = await connect(f"tls://{place}", name="test", login=login_of("relay"), timeout_seconds=0.2)

        async def told() -> bool:
            return any("CERTIFICATE_VERIFY_FAILED" in str(line) for line in lines)

        await eventually(told, SECONDS_MAX)
        assert not connection.connected
        await connection.close()


@pytest.mark.parametrize("user", ["", "relay:the-password-of-relay@"], ids=["login", "url"])
async def test_a_server_without_tls_is_told_no_password(server: NatsUnderTest, user: str) -> None:
    """Whoever is in between could have left TLS out of the server's greeting."""
    url = server.url.replace("nats://", f"tls://{user}")
    with capture_logs() as lines:
        connection = await connect(url, name="test", login=login_of("relay"), timeout_seconds=0.2)

        async def told() -> bool:
            return any("the server offers no TLS" in str(line) for line in lines)

        await eventually(told, SECONDS_MAX)
        assert not connection.connected
        await connection.close()


async def test_a_file_without_certificates_is_refused(tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    with pytest.raises(ValueError, match=r"empty\.pem holds no certificates") as raised:
        await connect("tls://127.0.0.1:1", name="test", ca_file=empty)
    assert not isinstance(raised.value, ssl.SSLError)
