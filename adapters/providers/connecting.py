"""From what is known of a connection to what an adapter is built from: checks its address, opens its credential, lends a client."""

import hashlib
from typing import Final

from adapters.providers.catalog import CATALOG
from adapters.providers.connection import Connection, header_text
from adapters.providers.http_clients import HttpClients
from domain.errors import BadRequest, Code, CredentialRefused
from domain.ports import ProviderError, Vault
from domain.provider.base_url import check_base_url
from domain.provider.state import Provider

# What a connection may have beside its address and credential; which of these, each kind says.
SETTINGS: Final = frozenset({"organization", "project", "base_agent"})


async def connect(provider: Provider, *, vault: Vault, clients: HttpClients, deadline_seconds: float) -> Connection:
    """With a lease that is the caller's to release. Raises ProviderError (`misconfigured:provider`), and StoreOffline when the
    credential cannot be fetched.
    """
    for setting in SETTINGS - CATALOG[provider.kind].settings:
        if getattr(provider, setting) is not None:
            raise misconfigured(f"Connections of the kind {provider.kind} have no {setting.replace('_', ' ')}.")
    try:
        base_url = check_base_url(provider.base_url)
        credential = header_text(await vault.open(provider.credential), what="credential")
    except (BadRequest, CredentialRefused) as error:
        raise misconfigured(error.detail) from error
    organization = provider.organization and header_text(provider.organization, what="organization")
    project = provider.project and header_text(provider.project, what="project")
    digest = hashlib.sha256(credential.encode()).digest()
    return Connection(
        base_url=base_url,
        credential=credential,
        organization=organization,
        project=project,
        base_agent=provider.base_agent,
        deadline_seconds=deadline_seconds,
        lease=clients.lease((provider.kind, base_url, organization, project, digest)),
    )


def misconfigured(message: str) -> ProviderError:
    return ProviderError(Code.PROVIDER_MISCONFIGURED, message)
