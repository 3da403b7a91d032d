"""Posts to the address that a request from Slack came with: for half an hour, up to five times."""

from typing import Any, Final

import httpx2
import structlog

SLACK: Final = "https://hooks.slack.com/"
POST_SECONDS: Final = 10.0

log = structlog.get_logger(__name__)


class ResponseUrls:
    """`prefix`: other addresses are posted nothing to, whoever signed the request that names them."""

    def __init__(self, *, prefix: str = SLACK) -> None:
        self._prefix = prefix
        self._client = httpx2.AsyncClient(timeout=POST_SECONDS, follow_redirects=False, trust_env=False)

    async def post(self, url: str, message: dict[str, Any]) -> None:
        """What cannot be delivered is logged, and no more can be done: what was asked for is done all the same."""
        if not url.startswith(self._prefix):
            log.warning("slack_answer_not_sent", reason="not an address of Slack")
            return
        try:
            response = await self._client.post(url, json=message)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            log.warning("slack_answer_not_sent", reason=type(error).__name__)
            return
        if response.is_error:
            log.warning("slack_answer_not_sent", reason="refused", status=response.status_code)

    async def close(self) -> None:
        await self._client.aclose()
