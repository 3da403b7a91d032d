"""A ceiling: how many requests a Litestar route that does nothing answers, served as Waybill's API is served."""

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Final

import uvloop
from litestar import Litestar, Response, post

from benchmarks.figures import SUBMIT_SECONDS, Figures, hand_in
from benchmarks.http_load import Plan, drive_apart
from workers.serving import listen, serve, url_of

REQUESTS: Final = 50_000
BODY: Final = b'{"skill":"bench-0001","providers":["bench-01"]}'


@post("/nothing")
async def nothing() -> Response[bytes]:
    return Response(b"{}", status_code=202, media_type="application/json")


async def measure(bodies: Path) -> None:
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.ceiling_http", "serve", stdout=asyncio.subprocess.PIPE
    )
    assert server.stdout is not None
    url = (await server.stdout.readline()).decode().strip()
    try:
        load = await drive_apart(Plan(url=f"{url}/nothing", bodies=str(bodies), seconds=SUBMIT_SECONDS))
    finally:
        server.kill()
        await server.wait()
    assert load.statuses == {202: load.count}
    hand_in(
        Figures(
            contestant="ceiling: Litestar, doing nothing",
            submits_per_second=load.per_second,
            note="POST, answered at once; uvicorn with uvloop and httptools, the same load generator",
            spreads={"answer": load.answer},
        )
    )


async def wait_for_load() -> None:
    listening = listen("127.0.0.1", 0)
    sys.stdout.write(url_of(listening) + "\n")
    sys.stdout.flush()
    await serve(Litestar([nothing], openapi_config=None), listening, asyncio.Event())


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="waybill-bench-") as folder:
        bodies = Path(folder) / "bodies"
        bodies.write_bytes(b"\n".join([BODY] * REQUESTS))
        uvloop.run(measure(bodies))


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        uvloop.run(wait_for_load())
    else:
        main()
