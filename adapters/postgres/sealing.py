"""Sealing secrets with Fernet keys, of which the newest seals and all open."""

from typing import Self

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


class Keys:
    """Raises InvalidToken for what none of the keys has sealed."""

    def __init__(self, *keys: Fernet) -> None:
        self._newest = keys[0]
        self._all = MultiFernet(keys)

    @classmethod
    def read(cls, text: str) -> Self:
        """Keys with commas between them, the newest first. Raises ValueError."""
        try:
            return cls(*[Fernet(key) for key in split_keys(text)])
        except (ValueError, IndexError):
            raise ValueError(
                "a secret key must be 32 random bytes in URL-safe base64; several are comma-separated"
            ) from None

    def seal(self, secret: str) -> bytes:
        return self._newest.encrypt(secret.encode())

    def open(self, ciphertext: bytes) -> str:
        return self._all.decrypt(ciphertext).decode()

    def opens(self, ciphertext: bytes) -> bool:
        try:
            self.open(ciphertext)
        except InvalidToken:
            return False
        return True

    def reseal(self, ciphertext: bytes) -> bytes:
        """Sealed with the newest key; the very same bytes if it is already."""
        try:
            self._newest.decrypt(ciphertext)
        except InvalidToken:
            return self._all.rotate(ciphertext)
        return ciphertext


def split_keys(text: str) -> list[str]:
    return [key.strip() for key in text.split(",") if key.strip()]
