"""What the names beside a refusal are, whichever language it is in."""

from typing import Final

from domain.chat.reasons import Reason

# Several fit, and one of them is to be said.
TO_PICK: Final = frozenset(
    {Reason.AMBIGUOUS_PROVIDER, Reason.AMBIGUOUS_NAME, Reason.AMBIGUOUS_RUN, Reason.WHOLE_RUN_ONLY}
)
# None was said, and these are there.
MISSING: Final = frozenset({Reason.MISSING_SKILL, Reason.MISSING_PROVIDER, Reason.MISSING_RUN})
