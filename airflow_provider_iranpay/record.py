"""What is made for each of a million calls: as cheap as Python has it, and it shows nothing of what it holds."""

from __future__ import annotations

from typing import Any

import msgspec

__all__ = ["MutableRecord", "Record"]


class _Unshown:
    """No ``repr`` names a value: most are personal."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return []


class Record(_Unshown, msgspec.Struct, frozen=True, gc=False):
    """A record of fields, made in a fraction of a dataclass's or a named tuple's time.

    The collector of cycles does not look at it: none may be part of one.
    """


class MutableRecord(_Unshown, msgspec.Struct, gc=False):
    """The same for what changes."""
