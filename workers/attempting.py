"""One attempt at a provider, step by step: what is there already is kept, what is not known is looked up, then it is called."""

from collections.abc import Awaitable, Callable

from msgspec import Struct

from commands.start_attempt import Attempt
from domain.installation.events import Receipt
from domain.ports import ProviderAdapter, Standing
from domain.skill.bundle import Bundle


class Done(Struct, frozen=True, kw_only=True):
    """`adopted`: it was there already, so that nothing was created. Without a `receipt`: there was nothing to remove."""

    receipt: Receipt | None
    adopted: bool = False
    usage: str = ""


async def carry_out(adapter: ProviderAdapter, attempt: Attempt, fetch_bundle: Callable[[], Awaitable[Bundle]]) -> Done:
    """Raises ProviderError."""
    if attempt.kind == "uninstall":
        return await _uninstall(adapter, attempt)
    receipt, adopted = await _install(adapter, attempt, fetch_bundle)
    if attempt.doubtful:
        receipt = await _sweep(adapter, attempt, receipt)
    return Done(receipt=receipt, adopted=adopted, usage=adapter.usage(receipt))


async def _uninstall(adapter: ProviderAdapter, attempt: Attempt) -> Done:
    if attempt.live is None:
        return Done(receipt=None)
    await adapter.uninstall(attempt.live.receipt)
    return Done(receipt=attempt.live.receipt)


async def _install(
    adapter: ProviderAdapter, attempt: Attempt, fetch_bundle: Callable[[], Awaitable[Bundle]]
) -> tuple[Receipt, bool]:
    intent, live = attempt.intent, attempt.live
    former = attempt.former
    if live is not None and live.digest == intent.digest:
        standing = await adapter.status(live.receipt)
        if standing is Standing.IN_USE:
            return live.receipt, True
        former = live.receipt
    if attempt.doubtful and (found := await adapter.find(intent)):
        await adapter.adopt(found[0], intent)
        return found[0], True
    bundle = await fetch_bundle()
    if former is not None:
        return await adapter.restore(former, bundle, intent), False
    return await adapter.install(bundle, intent), False


async def _sweep(adapter: ProviderAdapter, attempt: Attempt, receipt: Receipt) -> Receipt:
    """What an earlier attempt sent may have been carried out after it was looked for: keep one, discard the others."""
    found = await adapter.find(attempt.intent)
    kept = found[0] if receipt in found else receipt
    if kept != receipt:
        await adapter.adopt(kept, attempt.intent)
    for extra in found:
        if extra != kept:
            await adapter.discard(extra)
    return kept
