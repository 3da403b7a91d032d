from uuid import UUID

import pytest

from domain.chat.confirmation import SECRET_BYTES, action_of, hash_text, hash_token, write_token

ACTION = UUID("0198a7c2-1f00-7c3a-9a51-0a1b2c3d4e5f")
TOKEN = write_token(ACTION, bytes(range(SECRET_BYTES)))


def test_a_token_says_what_it_would_confirm() -> None:
    assert TOKEN == "0198a7c21f007c3a9a510a1b2c3d4e5f.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
    assert action_of(TOKEN) == ACTION


@pytest.mark.parametrize(
    "text",
    ["", "yes", TOKEN[:-1], f"{TOKEN}A", f" {TOKEN}", f"{TOKEN}\n", TOKEN.upper(), str(ACTION) + TOKEN[32:]],
    ids=["empty", "a_word", "short", "long", "space", "line", "capitals", "hyphens"],
)
def test_nothing_else_is_a_token(text: str) -> None:
    assert action_of(text) is None


def test_what_is_kept_of_a_token_or_a_text_is_a_hash() -> None:
    assert hash_token("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert hash_text(b"a", "bc") == hash_token("abc")
