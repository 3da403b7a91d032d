"""What a webhook is: an address, how what is sent there is signed, and which alerts are."""

from collections.abc import Collection

from msgspec import Struct

from adapters.webhooks.signing import Signing
from domain.alert.rules import RuleName, Severity


class Webhook(Struct, frozen=True, kw_only=True):
    """`url` may hold a secret of the receiver's, so only the name is ever told. Without severities or rules it is sent all."""

    name: str
    url: str
    signing: Signing
    severities: Collection[Severity] = ()
    rules: Collection[RuleName] = ()

    def wants(self, *, severity: Severity, rule: str) -> bool:
        return (not self.severities or severity in self.severities) and (not self.rules or rule in self.rules)
