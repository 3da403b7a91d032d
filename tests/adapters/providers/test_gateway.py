"""From a connection to an adapter: what is refused before anything is sent, what is loaded when, and what is shared."""

import subprocess
import sys

import pytest

from adapters.providers.catalog import CATALOG
from adapters.providers.gateway import Gateway
from adapters.providers.http_clients import HttpClients
from domain.errors import Code, CredentialRefused
from domain.ports import ProviderError
from domain.provider.base_url import check_base_url
from domain.provider.events import CredentialRef, ProviderKind
from domain.provider.state import Provider
from tests.architecture.sources import ROOT
from tests.kit.canned import CannedServer
from tests.kit.providing import PlainVault, provider_at

pytestmark = pytest.mark.anyio

URL = "https://api.openai.com/v1"


class EmptyVault(PlainVault):
    async def open(self, credential: CredentialRef) -> str:
        raise CredentialRefused(f"There is no {credential.name}.")


async def refused(provider: Provider, gateway: Gateway | None = None) -> str:
    gateway = gateway or Gateway(PlainVault())
    with pytest.raises(ProviderError) as caught:
        await gateway.open(provider, deadline_seconds=1)
    assert (caught.value.code, caught.value.retryable) == (Code.PROVIDER_MISCONFIGURED, False)
    return caught.value.message


@pytest.mark.parametrize("key", ["", "  ", "sk-a b", "sk-a\nb", "sk-\x00", "sk-비밀", "sk-\u2028a"])
async def test_a_credential_that_fits_no_header_is_refused_unseen(key: str) -> None:
    message = await refused(provider_at(URL, key=key))
    assert "credential" in message
    assert "sk-" not in message


async def test_white_space_around_a_credential_is_no_part_of_it(canned: CannedServer) -> None:
    canned.will_answer(200, {"data": [], "has_more": False})
    gateway = Gateway(PlainVault())
    adapter = await gateway.open(provider_at(canned.url, key=" sk-test\n"), deadline_seconds=10)
    await adapter.verify()
    assert canned.requests[0].headers["authorization"] == "Bearer sk-test"
    await gateway.close()


async def test_a_setting_that_fits_no_header_is_refused() -> None:
    assert "organization" in await refused(provider_at(URL, organization="a\r\nb: c"))
    assert "project" in await refused(provider_at(URL, project="a\r\nb: c"))


@pytest.mark.parametrize(
    ("kind", "setting"),
    [
        ("openai", "base_agent"),
        ("claude", "organization"),
        ("claude", "project"),
        ("claude", "base_agent"),
        ("gemini", "organization"),
        ("gemini", "project"),
    ],
)
async def test_a_setting_that_would_have_no_effect_is_refused(kind: ProviderKind, setting: str) -> None:
    assert await refused(provider_at(URL, kind=kind, **{setting: "given"})) == (
        f"Connections of the kind {kind} have no {setting.replace('_', ' ')}."
    )


async def test_a_credential_that_is_not_there_is_told() -> None:
    assert await refused(provider_at(URL, key="NAME"), Gateway(EmptyVault())) == "There is no NAME."


async def test_an_address_that_may_not_be_used_is_told() -> None:
    assert "https" in await refused(provider_at("http://api.openai.com/v1"))


async def test_a_kind_that_is_not_offered_is_told() -> None:
    assert "noop" in await refused(provider_at(URL, kind="noop"))


def test_noop_is_offered_to_those_who_ask() -> None:
    assert Gateway(PlainVault()).kinds == {"openai", "claude", "gemini"}
    assert Gateway(PlainVault(), noop_enabled=True).kinds == set(CATALOG)


def test_the_addresses_of_the_catalog_may_be_used() -> None:
    assert all(check_base_url(entry.base_url) == entry.base_url for entry in CATALOG.values())


def test_an_sdk_is_imported_when_a_connection_is_opened_and_not_before() -> None:
    program = """
import asyncio, sys
from adapters.providers.gateway import Gateway
from tests.kit.providing import PlainVault, provider_at

def show():
    print(*(sdk for sdk in ("openai", "anthropic", "google.genai") if sdk in sys.modules))

async def main():
    gateway = Gateway(PlainVault())
    show()
    for kind in ("openai", "claude", "gemini"):
        await gateway.open(provider_at("https://provider.invalid", kind=kind), deadline_seconds=1)
        show()
    await gateway.close()

asyncio.run(main())
"""
    command = [sys.executable, "-c", program]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60, cwd=ROOT)
    assert printed.stdout.splitlines() == ["", "openai", "openai anthropic", "openai anthropic google.genai"]


def test_who_stops_does_not_wait_for_what_nobody_needs_any_more() -> None:
    program = """
import asyncio, sys
from adapters.providers import gateway as module
from tests.kit.providing import PlainVault

async def main():
    gateway = module.Gateway(PlainVault())
    with module._LOADING:  # as while another SDK is being imported
        preparing = asyncio.ensure_future(gateway.prepare("claude"))
        await asyncio.sleep(0)
        preparing.cancel()
        await gateway.close()

asyncio.run(main())  # waits for its threads
print("anthropic" in sys.modules)
"""
    command = [sys.executable, "-W", "error", "-c", program]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, cwd=ROOT)
    assert (ended.stdout, ended.stderr) == ("False\n", "")


def test_a_client_is_made_while_another_sdk_is_being_imported() -> None:
    """OpenAI's SDK looks at `httpx`, which Google's imports: it must never see one that is half there."""
    program = """
import asyncio, sys, threading
from adapters.providers.gateway import Gateway, load_adapter
from tests.kit.providing import PlainVault, provider_at

class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "httpx._client":
            begun.set()
            made.wait(5)

begun, made = threading.Event(), threading.Event()

async def main():
    gateway = Gateway(PlainVault())
    await gateway.open(provider_at("https://provider.invalid"), deadline_seconds=1)
    sys.meta_path.insert(0, Watch())
    other = threading.Thread(target=load_adapter, args=("gemini",))
    other.start()
    while other.is_alive() and not begun.wait(0.05):
        pass
    await gateway.open(provider_at("https://provider.invalid"), deadline_seconds=1)
    made.set()
    other.join()
    await gateway.close()

asyncio.run(main())
"""
    command = [sys.executable, "-c", program]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, cwd=ROOT)
    assert ended.returncode == 0, ended.stderr


async def test_sockets_are_shared_by_the_same_connection_and_credential_only(canned: CannedServer) -> None:
    gateway = Gateway(PlainVault())
    keys = ["sk-one", "sk-one", "sk-two", "sk-one"]
    for key in keys:
        canned.will_answer(200, {"data": [], "has_more": False})
        adapter = await gateway.open(provider_at(canned.url, key=key), deadline_seconds=10)
        await adapter.verify()
        await adapter.close()
    assert [request.headers["authorization"] for request in canned.requests] == [f"Bearer {key}" for key in keys]
    assert canned.connections == 2
    await gateway.close()


async def test_cookies_do_not_travel_between_credentials(canned: CannedServer) -> None:
    gateway = Gateway(PlainVault())
    for key in ("sk-one", "sk-two"):
        canned.will_answer(200, {"data": [], "has_more": False}, set_cookie="tenant=one; Path=/")
        adapter = await gateway.open(provider_at(canned.url, key=key), deadline_seconds=10)
        await adapter.verify()
    assert "cookie" not in canned.requests[1].headers
    await gateway.close()


async def test_a_deadline_is_that_of_the_opening() -> None:
    gateway = Gateway(PlainVault())
    adapters = [await gateway.open(provider_at(URL), deadline_seconds=seconds) for seconds in (1, 2)]
    assert adapters[0] is not adapters[1]
    await gateway.close()


async def test_clients_out_of_use_are_closed_oldest_first_and_those_in_use_are_not() -> None:
    clients = HttpClients(idle_max=1)
    first, second, third = (clients.lease(key) for key in ("first", "second", "third"))
    again = clients.lease("first")
    assert again.client is first.client
    await second.release()
    await second.release()
    assert not second.client.is_closed
    await third.release()
    assert (second.client.is_closed, third.client.is_closed) == (True, False)
    await first.release()
    assert not first.client.is_closed
    await again.release()
    assert (first.client.is_closed, third.client.is_closed) == (False, True)
    await clients.close()
    assert first.client.is_closed


@pytest.mark.parametrize("kind", sorted(CATALOG))
async def test_closing_an_adapter_gives_its_client_back(kind: ProviderKind) -> None:
    gateway = Gateway(PlainVault(), noop_enabled=True)
    gateway._clients = HttpClients(idle_max=0)
    first, second = [await gateway.open(provider_at(URL, kind=kind), deadline_seconds=1) for _ in range(2)]
    client = vars(first)["_lease"].client
    await first.close()
    assert not client.is_closed
    await second.close()
    assert client.is_closed


@pytest.mark.parametrize("kind", ["openai", "claude", "gemini"])
async def test_an_open_adapter_shows_no_credential(kind: ProviderKind) -> None:
    gateway = Gateway(PlainVault())
    adapter = await gateway.open(provider_at(URL, kind=kind, key="sk-canary-value"), deadline_seconds=1)
    assert "canary" not in repr(vars(adapter)) + repr(vars(vars(adapter)["_exchange"]))
    await gateway.close()


def test_limits_are_those_of_the_catalog() -> None:
    gateway = Gateway(PlainVault())
    assert {kind: gateway.limits(kind) for kind in CATALOG} == {kind: entry.limits for kind, entry in CATALOG.items()}
    assert gateway.limits("gemini").file_bytes_max == 1_000_000
