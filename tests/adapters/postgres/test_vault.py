"""What the vault on Postgres refuses to follow, and how it meets other keys."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

import psycopg
import pytest
from cryptography.fernet import Fernet

from adapters.postgres.connection import open_pool
from adapters.postgres.vault import PostgresVault
from domain.errors import CredentialRefused
from domain.provider.events import CredentialRef

pytestmark = pytest.mark.anyio

HOST_SECRET: Final = "root:x:0:0"


class Keyring:
    """The keys as they are now."""

    def __init__(self) -> None:
        self.text = Fernet.generate_key().decode()

    def __call__(self) -> str:
        return self.text


@pytest.fixture
def keys() -> Keyring:
    return Keyring()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "credentials"
    folder.mkdir()
    (tmp_path / "passwd").write_text(HOST_SECRET)
    return folder


@pytest.fixture
async def vault(database: str, folder: Path, keys: Keyring) -> AsyncIterator[PostgresVault]:
    environment = {"WAYBILL_CREDENTIAL_A": " sk-a\n", "PATH": HOST_SECRET, "WAYBILL_SECRET_KEY": HOST_SECRET}
    async with open_pool(database, name="test", size_max=2) as pool:
        yield PostgresVault(pool, keys=keys, environment=environment, folder=folder)


def put(database: str, vault: PostgresVault, secret: str) -> CredentialRef:
    credential_id: UUID = uuid4()
    values = dict(vault.seal(credential_id=credential_id, secret=secret).values)
    with psycopg.connect(database) as connection:
        connection.execute("INSERT INTO credentials VALUES (%(id)s, %(ciphertext)s)", values)
    return CredentialRef(source="stored", name=str(credential_id))


async def test_a_file_in_the_folder_is_read_without_white_space_around(vault: PostgresVault, folder: Path) -> None:
    (folder / "openai").write_text(" sk-file\n\n")
    assert await vault.open(CredentialRef(source="file", name="openai")) == "sk-file"
    (folder / "..data").mkdir()
    (folder / "..data" / "mounted").write_text("sk-mounted")
    (folder / "mounted").symlink_to("..data/mounted")
    assert await vault.open(CredentialRef(source="file", name="mounted")) == "sk-mounted", "as Kubernetes mounts one"
    assert await vault.open(CredentialRef(source="env", name="WAYBILL_CREDENTIAL_A")) == "sk-a"


@pytest.mark.parametrize("name", ["../passwd", "link", "linked/passwd", "/etc/passwd", ".", "missing", "image"])
async def test_nothing_outside_the_folder_is_read_whatever_the_name(
    vault: PostgresVault, folder: Path, name: str
) -> None:
    """Names that the domain refuses too: an event of another day may hold one."""
    (folder / "link").symlink_to("../passwd")
    (folder / "linked").symlink_to("..")
    (folder / "image").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CredentialRefused) as caught:
        await vault.open(CredentialRef(source="file", name=name))
    assert HOST_SECRET not in caught.value.detail


@pytest.mark.parametrize("name", ["PATH", "WAYBILL_SECRET_KEY", "HOME", "WAYBILL_CREDENTIALS"])
async def test_no_other_variable_is_read(vault: PostgresVault, name: str) -> None:
    with pytest.raises(CredentialRefused) as caught:
        await vault.open(CredentialRef(source="env", name=name))
    assert HOST_SECRET not in caught.value.detail
    assert os.environ.get(name, HOST_SECRET) not in caught.value.detail


async def test_it_seals_with_the_newest_key_and_opens_with_any(
    vault: PostgresVault, database: str, keys: Keyring
) -> None:
    former = keys.text
    first = put(database, vault, "sk-first")
    newest = Fernet.generate_key().decode()
    keys.text = f"{newest}, {former},"
    second = put(database, vault, "sk-second")
    assert [await vault.open(one) for one in (first, second)] == ["sk-first", "sk-second"]
    keys.text = newest
    third = put(database, vault, "sk-third")
    assert [await vault.open(one) for one in (second, third)] == ["sk-second", "sk-third"]
    with pytest.raises(CredentialRefused, match="another key"):
        await vault.open(first)


async def test_keys_that_were_rotated_meanwhile_are_read_again(
    vault: PostgresVault, database: str, keys: Keyring, folder: Path
) -> None:
    former = keys.text
    keys.text = Fernet.generate_key().decode()
    async with open_pool(database, name="test", size_max=2) as pool:
        stored = put(database, PostgresVault(pool, keys=keys, environment={}, folder=folder), "sk-elsewhere")
    newest, keys.text = keys.text, former
    with pytest.raises(CredentialRefused, match="another key"):
        await vault.open(stored)
    keys.text = newest
    assert await vault.open(stored) == "sk-elsewhere"


@pytest.mark.parametrize("text", ["", "damaged"])
async def test_keys_that_cannot_be_read_again_cost_nothing_that_opens_without(
    vault: PostgresVault, database: str, keys: Keyring, text: str
) -> None:
    stored = put(database, vault, "sk-first")
    keys.text = text
    assert await vault.open(stored) == "sk-first"
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE credentials SET ciphertext = 'damaged'")
    with pytest.raises(CredentialRefused, match="another key"):
        await vault.open(stored)
