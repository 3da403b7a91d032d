"""How much of one thing may be under way at once: for one key, and in this process."""

from collections.abc import Iterator
from contextlib import contextmanager

from adapters.http.errors import TooManyRequests


class Places:
    """Taken and given back in one event loop, so that nothing comes between a look and a step."""

    def __init__(self, *, name: str, per_key_max: int, total_max: int, retry_after_seconds: int) -> None:
        """`name` is what a person reads, in the plural."""
        self._name = name
        self._per_key_max = per_key_max
        self._total_max = total_max
        self._retry_after_seconds = retry_after_seconds
        self._by_key: dict[str, int] = {}
        self.total = 0

    @contextmanager
    def opened(self, key_id: str) -> Iterator[None]:
        """A place, for as long as the block lasts. Raises TooManyRequests before anything else of it happened."""
        self._take(key_id)
        try:
            yield
        finally:
            self._give_back(key_id)

    def _take(self, key_id: str) -> None:
        of_key = self._by_key.get(key_id, 0)
        if of_key >= self._per_key_max:
            raise self._refused(f"This API key has {of_key} {self._name} open, which is all that it may have at once.")
        if self.total >= self._total_max:
            raise self._refused(f"This server has {self.total} {self._name} open, which is all that it takes at once.")
        self._by_key[key_id] = of_key + 1
        self.total += 1

    def _give_back(self, key_id: str) -> None:
        self.total -= 1
        self._by_key[key_id] -= 1
        if not self._by_key[key_id]:
            del self._by_key[key_id]

    def _refused(self, detail: str) -> TooManyRequests:
        return TooManyRequests(detail, retry_after_seconds=self._retry_after_seconds)
