"""One attempt at a provider, step by step: what is there already is kept, what is not known is looked up, then it is called."""

from collections.abc import Awaitable, Callable

from msgspec import Struct

from commands.start_attempt import Attempt
from domain.installation.events import Receipt
from domain.ports import ProviderAdapter, ProviderError, Standing
from domain.skill.bundle import Bundle

FetchBundle = Callable[[], Awaitable[Bundle]]


class Done(Struct, frozen=True, kw_only=True):
    """`adopted`: it was there already, so that nothing was created. Without a `receipt`: there was nothing to remove."""

    receipt: Receipt | None
    adopted: bool = False
    usage: str = ""


class Swept(Struct, frozen=True, kw_only=True):
    """`kept` is the one that stays; `changed`: others were discarded."""

    kept: Receipt | None
    changed: bool


async def carry_out(adapter: ProviderAdapter, attempt: Attempt, fetch_bundle: FetchBundle) -> Done:
    """Raises ProviderError."""
    if attempt.removes:
        done, kept = await _uninstall(adapter, attempt), None
    else:
        done = await _install(adapter, attempt, fetch_bundle)
        kept = done.receipt
    try:
        swept = await _sweep(adapter, attempt, kept)
        if swept.kept is None or not swept.changed:
            return done
        receipt = await _in_use(adapter, attempt, swept.kept, fetch_bundle)
        return _installed(adapter, receipt, adopted=done.adopted)
    except ProviderError as error:
        error.ambiguous = True  # what was asked for is done, whatever became of the rest
        raise


async def _uninstall(adapter: ProviderAdapter, attempt: Attempt) -> Done:
    if attempt.live is None:
        return Done(receipt=None)
    await adapter.uninstall(attempt.live.receipt)
    return Done(receipt=attempt.live.receipt)


async def _install(adapter: ProviderAdapter, attempt: Attempt, fetch_bundle: FetchBundle) -> Done:
    intent, live, former = attempt.intent, attempt.live, attempt.former
    if live is not None and live.digest == intent.digest:
        if await adapter.status(live.receipt) is Standing.IN_USE:
            return _installed(adapter, live.receipt, adopted=True)
        former = live.receipt
    if intent in attempt.doubts and (found := await adapter.find(intent)):
        await adapter.adopt(found[0], intent)
        return _installed(adapter, found[0], adopted=True)
    bundle = await fetch_bundle()
    if former is not None:
        return _installed(adapter, await adapter.restore(former, bundle, intent))
    return _installed(adapter, await adapter.install(bundle, intent))


def _installed(adapter: ProviderAdapter, receipt: Receipt, *, adopted: bool = False) -> Done:
    return Done(receipt=receipt, adopted=adopted, usage=adapter.usage(receipt))


async def _sweep(adapter: ProviderAdapter, attempt: Attempt, kept: Receipt | None) -> Swept:
    """What earlier attempts sent may have been carried out after all, also after it was looked for: one is kept, no other.

    Which of several equal ones is the adapter's to say, by their order. Versions that were live before are no extras.
    """
    changed = False
    for doubt in attempt.doubts:
        found = await adapter.find(doubt)
        if kept in found[1:]:
            kept = found[0]
            await adapter.adopt(kept, doubt)
        for extra in found:
            if extra != kept and not _was_live(attempt, extra, kept):
                await adapter.discard(extra)
                changed = True
    return Swept(kept=kept, changed=changed)


def _was_live(attempt: Attempt, extra: Receipt, kept: Receipt | None) -> bool:
    """As a version of the same remote thing as what is kept; what stands beside that is in nobody's use any more."""
    return kept is not None and extra.remote_id == kept.remote_id and extra in attempt.known


async def _in_use(adapter: ProviderAdapter, attempt: Attempt, kept: Receipt, fetch_bundle: FetchBundle) -> Receipt:
    """What was discarded may have been the one in use, and no provider promises what is in use after that."""
    if await adapter.status(kept) is Standing.IN_USE:
        return kept
    return await adapter.restore(kept, await fetch_bundle(), attempt.intent)
