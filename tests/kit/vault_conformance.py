"""What every vault does: it seals what is stored, and opens what a reference leads to, or says why not."""

from collections.abc import Callable, Mapping
from typing import Final
from uuid import uuid4

import pytest

from domain.errors import CredentialRefused
from domain.ports import SideRow, Vault
from domain.provider.events import CredentialRef

SECRET: Final = "sk-secret-0123456789"
VARIABLE: Final[Mapping[str, str]] = {"WAYBILL_CREDENTIAL_A": "sk-variable"}
Keep = Callable[[SideRow], None]


class VaultConformance:
    """Give a `vault` that may follow VARIABLE, and `keep`, which stores a row as it is stored beside events."""

    pytestmark = pytest.mark.anyio

    async def test_what_was_sealed_and_stored_is_opened(self, vault: Vault, keep: Keep) -> None:
        credential_id = uuid4()
        row = vault.seal(credential_id=credential_id, secret=SECRET)
        assert (row.table, row.values["id"]) == ("credentials", credential_id)
        keep(row)
        keep(vault.seal(credential_id=uuid4(), secret="sk-another"))
        assert await vault.open(CredentialRef(source="stored", name=str(credential_id))) == SECRET

    async def test_nothing_of_a_secret_shows_in_what_is_stored(self, vault: Vault) -> None:
        rows = [vault.seal(credential_id=uuid4(), secret=SECRET) for _ in range(2)]
        assert len({bytes(row.values["ciphertext"]) for row in rows}) == 2
        for row in rows:
            assert SECRET.encode() not in row.values["ciphertext"]
            assert SECRET not in repr(row)

    async def test_what_was_never_stored_cannot_be_opened(self, vault: Vault) -> None:
        credential_id = uuid4()
        vault.seal(credential_id=credential_id, secret=SECRET)
        with pytest.raises(CredentialRefused):
            await vault.open(CredentialRef(source="stored", name=str(credential_id)))

    async def test_a_variable_is_followed_if_it_is_set(self, vault: Vault) -> None:
        assert await vault.open(CredentialRef(source="env", name="WAYBILL_CREDENTIAL_A")) == "sk-variable"
        with pytest.raises(CredentialRefused, match="WAYBILL_CREDENTIAL_B"):
            await vault.open(CredentialRef(source="env", name="WAYBILL_CREDENTIAL_B"))
