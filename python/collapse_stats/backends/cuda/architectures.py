"""Which GPUs compiled code runs on, by CMake's names of architectures; no GPU is queried."""

import re

Capability = tuple[int, int]


def has_code(compiled: str, capability: Capability) -> bool:
    """Return whether code for architectures such as ``"80-real 90"`` runs on a GPU.

    Machine code (``-real``) runs on capabilities with the same major and at least the same minor
    number, PTX (``-virtual``) on every later one; a name without either suffix means both. An ``a``
    after the number restricts both to exactly that capability, an ``f`` to its family. Unknown
    names count as yes; the first use of the GPU then decides.
    """
    names = compiled.replace(";", " ").split()
    return not names or any(_runs_on(name, capability) for name in names)


def _runs_on(name: str, capability: Capability) -> bool:
    match = re.fullmatch(r"(\d+)(\d)([af]?)(-real|-virtual)?", name)
    if match is None:
        return True
    major, minor, scope, kind = int(match[1]), int(match[2]), match[3], match[4]
    if scope == "a":
        return (major, minor) == capability
    same_family = capability[0] == major and capability[1] >= minor
    if scope == "f" or kind == "-real":
        return same_family
    return capability >= (major, minor)
