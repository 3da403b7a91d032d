"""The faults a person asks for: each is used up call by call, the first that matches in the order they were posted."""

from typing import Annotated, Literal

from msgspec import Meta, Struct
from msgspec.structs import replace

FAULTS_MAX = 100
TIMES_MAX = 1_000_000
DELAY_SECONDS_MAX = 3_600

Provider = Literal["openai", "claude", "gemini"]
Operation = Literal[
    "list",
    "get",
    "download",
    "create_skill",
    "create_version",
    "set_default",
    "delete_skill",
    "delete_version",
    "chat",
]
Kind = Literal["status", "html", "hang", "drip", "garbage", "drop_before", "drop_after"]

NEEDED: dict[Kind, str] = {"status": "status", "hang": "delay_seconds"}
TAKEN: dict[Kind, frozenset[str]] = {
    "status": frozenset({"status", "code", "retry_after_seconds"}),
    "html": frozenset({"status", "retry_after_seconds"}),
    "hang": frozenset({"delay_seconds"}),
}
WIRE_NAMES = {
    "status": "status",
    "code": "code",
    "retry_after_seconds": "retryAfterSeconds",
    "delay_seconds": "delaySeconds",
}


class Fault(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """`times` is how many more calls it meets. A field that its kind has no use for is refused rather than ignored."""

    provider: Provider
    operation: Operation
    kind: Kind
    times: Annotated[int, Meta(ge=1, le=TIMES_MAX)]
    status: Annotated[int, Meta(ge=400, le=599)] | None = None
    code: Annotated[str, Meta(min_length=1, max_length=100)] | None = None
    retry_after_seconds: Annotated[int, Meta(ge=0, le=DELAY_SECONDS_MAX)] | None = None
    delay_seconds: Annotated[float, Meta(gt=0, le=DELAY_SECONDS_MAX)] | None = None

    def __post_init__(self) -> None:
        needed = NEEDED.get(self.kind)
        if needed and getattr(self, needed) is None:
            raise ValueError(f"a fault of kind `{self.kind}` needs `{WIRE_NAMES[needed]}`")
        for field, wire_name in WIRE_NAMES.items():
            if getattr(self, field) is not None and field not in TAKEN.get(self.kind, frozenset()):
                raise ValueError(f"a fault of kind `{self.kind}` has no use for `{wire_name}`")


class TooManyFaults(Exception):  # noqa: N818 - house style: it reads as a fact
    """FAULTS_MAX faults are waiting already."""


class Faults:
    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        if len(self._waiting) >= FAULTS_MAX:
            raise TooManyFaults(f"{FAULTS_MAX} faults are waiting already; delete them first")
        self._waiting.append(fault)

    def take(self, provider: str, operation: str) -> Fault | None:
        for index, fault in enumerate(self._waiting):
            if (fault.provider, fault.operation) == (provider, operation):
                if fault.times > 1:
                    self._waiting[index] = replace(fault, times=fault.times - 1)
                else:
                    del self._waiting[index]
                return fault
        return None

    def list(self) -> list[Fault]:
        return list(self._waiting)

    def clear(self) -> None:
        self._waiting.clear()
