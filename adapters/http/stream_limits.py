"""How many streams of live events may be open at once."""

from typing import Final

from adapters.http.places import Places

STREAMS_PER_KEY_MAX: Final = 20
STREAMS_MAX: Final = 500
# A stream that is refused is one too many until another one ends; nobody knows when that is.
RETRY_AFTER_SECONDS: Final = 5


class StreamLimits(Places):
    """`with limits.opened(key_id): ...` around all of a stream: it refuses only while nothing of the answer has been sent."""

    def __init__(self, *, per_key_max: int = STREAMS_PER_KEY_MAX, total_max: int = STREAMS_MAX) -> None:
        super().__init__(
            name="streams", per_key_max=per_key_max, total_max=total_max, retry_after_seconds=RETRY_AFTER_SECONDS
        )
