"""Warnings about many files that are alike but for the file and for numbers, as one."""

import re
from collections.abc import Iterable
from pathlib import PurePath

from .directory.reasons import some


def joined(warnings: Iterable[tuple[str, str]]) -> list[str]:
    """Return warnings, each given with the path of its file; those alike are joined.

    What is joined says how many files there are, and names some of them.
    """
    alike: dict[str, list[tuple[str, str]]] = {}
    for path, warning in warnings:
        kind = re.sub(r"\d[\d.,]*", "#", warning.replace(path, "@"))
        alike.setdefault(kind, []).append((path, warning))
    return [_joined(group) for group in alike.values()]


def _joined(group: list[tuple[str, str]]) -> str:
    first, more = group[0][1], [PurePath(path).name for path, _ in group[1:]]
    return f"{first} (likewise {len(more):,} more: {some(more)})" if more else first
