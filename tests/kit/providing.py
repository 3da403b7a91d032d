"""What the tests of provider adapters are made of: connections, bundles, intents, and what an installer does with them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

from msgspec.structs import replace

from adapters.providers.gateway import Gateway
from commands.start_attempt import Attempt
from domain.installation.events import Receipt
from domain.ports import Intent, ProviderAdapter, SideRow
from domain.provider.events import CredentialRef, ProviderKind
from domain.provider.state import Provider
from domain.skill.bundle import Bundle, BundleFile, digest_of, manifest_of
from workers.attempting import carry_out

SKILL: Final = "waybill-check"
BASE_AGENT: Final = "antigravity-preview-09-2026"
DEADLINE_SECONDS: Final = 30.0
SHORT_DEADLINE_SECONDS: Final = 0.4


class PlainVault:
    """A vault whose references are the secrets themselves."""

    def seal(self, *, credential_id: object, secret: str) -> SideRow:
        raise NotImplementedError

    async def open(self, credential: CredentialRef) -> str:
        return credential.name


def provider_at(url: str, *, kind: ProviderKind = "openai", key: str = "sk-test", **more: Any) -> Provider:
    return Provider(
        name=kind,
        kind=kind,
        base_url=url,
        credential=CredentialRef(source="env", name=key),
        organization=more.get("organization"),
        project=more.get("project"),
        base_agent=more.get("base_agent", BASE_AGENT if kind == "gemini" else None),
        concurrency_max=4,
    )


@asynccontextmanager
async def opened_at(
    provider: Provider, *, deadline_seconds: float = DEADLINE_SECONDS
) -> AsyncIterator[ProviderAdapter]:
    """An adapter, opened and closed as the application does it."""
    gateway = Gateway(PlainVault())
    adapter = await gateway.open(provider, deadline_seconds=deadline_seconds)
    try:
        yield adapter
    finally:
        await adapter.close()
        await gateway.close()


def bundle_of(text: str = "one", name: str = SKILL) -> Bundle:
    """With what breaks on the way if anything does: folders, bytes that are no text, a name that is not ASCII."""
    contents = {
        "SKILL.md": f"---\nname: {name}\ndescription: Fetches results.\n---\n\n{text}\n".encode(),
        "assets/logo.bin": bytes(range(256)),
        "references/안내서.md": "경기 결과".encode(),
        "scripts/a.py": b"print('a')\r\n",
    }
    files = tuple(BundleFile(path=path, content=content) for path, content in contents.items())
    return Bundle(name=name, description="Fetches results.", digest=digest_of(manifest_of(files)), files=files)


def intent_for(bundle: Bundle, *, previous: Receipt | None = None, since: datetime | None = None) -> Intent:
    """The first of its installation."""
    return Intent(
        installation_id=uuid4(),
        run_id=uuid4(),
        attempt_id=uuid4(),
        skill_name=bundle.name,
        version=1,
        digest=bundle.digest,
        since=since or datetime.now(UTC),
        previous=previous,
    )


def following(intent: Intent, bundle: Bundle, *, previous: Receipt) -> Intent:
    """The next one of the same installation, where `previous` is live."""
    next_one = intent_for(bundle, previous=previous)
    return replace(next_one, installation_id=intent.installation_id, version=intent.version + 1)


async def settle(adapter: ProviderAdapter, bundle: Bundle, intent: Intent, *, former: Receipt | None = None) -> Receipt:
    """The installer's own steps for an attempt that follows one of unknown outcome; with `former`, one that goes back to it."""
    attempt = Attempt(
        run_id=intent.run_id,
        provider_id=uuid4(),
        attempt_id=intent.attempt_id,
        removes=False,
        provider=provider_at("https://provider.invalid"),
        manifest=bundle.manifest,
        intent=intent,
        live=None,
        former=former,
        known=(),
        doubts=(intent,),
        deadline_seconds=DEADLINE_SECONDS,
    )

    async def fetch_bundle() -> Bundle:
        return bundle

    done = await carry_out(adapter, attempt, fetch_bundle)
    assert done.receipt is not None
    return done.receipt
