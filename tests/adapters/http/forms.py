"""Forms byte by byte, as clients of every kind write them."""

from collections.abc import AsyncIterator, Iterable
from typing import Final

BOUNDARY: Final = "----WebKitFormBoundaryu4n0"
CONTENT_TYPE: Final = f"multipart/form-data; boundary={BOUNDARY}"


def part(disposition: str, content: bytes = b"", *headers: str) -> bytes:
    """`disposition` is what follows `form-data; `."""
    lines = [f"Content-Disposition: form-data; {disposition}", *headers]
    return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n" + content


def form(*parts: bytes) -> bytes:
    opened = b"".join(f"--{BOUNDARY}\r\n".encode() + one + b"\r\n" for one in parts)
    return opened + f"--{BOUNDARY}--\r\n".encode()


def file(path: str, content: bytes = b"", *, name: str = "files") -> bytes:
    return part(f'name="{name}"; filename="{path}"', content, "Content-Type: application/octet-stream")


async def in_pieces(content: bytes, sizes: Iterable[int]) -> AsyncIterator[bytes]:
    """Pieces of these sizes, and the rest at once."""
    begin = 0
    for size in sizes:
        yield content[begin : begin + size]
        begin += size
    yield content[begin:]
