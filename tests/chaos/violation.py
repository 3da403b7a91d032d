"""What an invariant says when it does not hold."""

from typing import NamedTuple


class Violation(NamedTuple):
    """`invariant` is its number: I1 no run lost, I2 none stuck, I3 one end, I4 a possible path, I5 one live install, I6 intent before
    a call, I7 read models, I9 audit, I10 streams, I11 one key one run, I14 nothing left over, I16 nothing broke unforeseen,
    I17 the record is what was signed.
    """

    invariant: str
    message: str

    def __str__(self) -> str:
        return f"{self.invariant}: {self.message}"
