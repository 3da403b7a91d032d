"""The bodies of answers: what the read models show, and the little that an answer adds to it."""

from collections.abc import Sequence
from typing import Any, TypeVar

from msgspec import Struct

from domain.events import Recorded
from projections.install_runs import InstallRun
from projections.providers import Provider
from projections.read_model import ReadModel
from projections.rows import Row
from projections.skills import SkillWithVersions

Resource = TypeVar("Resource", bound=Struct)


class SkillAnswer(SkillWithVersions, frozen=True, kw_only=True, rename="camel"):
    """`stale`: the read side had not come as far as what is stored."""

    stale: bool


class ProviderAnswer(Provider, frozen=True, kw_only=True, rename="camel"):
    """`stale`: the read side had not come as far as what is stored."""

    stale: bool


class InstallRunAnswer(InstallRun, frozen=True, kw_only=True, rename="camel"):
    """`stale`: the read side had not come as far as what is stored."""

    stale: bool


class RequestedInstallRun(InstallRun, frozen=True, kw_only=True, rename="camel"):
    """`reused`: this run was active already and does exactly what was asked for."""

    reused: bool


def as_stored(model: ReadModel[Row], history: Sequence[Recorded]) -> Row:
    """What the read model is going to show of a stream, folded from the events themselves.

    A write answers with this, so that its answer does not depend on how far the read side has come.
    """
    (row,) = model.fold(history, touched=model.touched(history), stored=())
    return row


def shown_as(kind: type[Resource], item: Struct, **more: Any) -> Resource:
    """The item without the fields that `kind` does not have, and with those that only the answer knows."""
    names = (name for name in kind.__struct_fields__ if name not in more)
    return kind(**{name: getattr(item, name) for name in names}, **more)
