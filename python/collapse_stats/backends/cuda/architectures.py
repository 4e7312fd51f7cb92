"""Which GPUs compiled code tables on, by CMake's names of architectures: no GPU is asked."""

import re

Capability = tuple[int, int]


def has_code(compiled: str, capability: Capability) -> bool:
    """Whether one of the architectures, as in ``"80-real 90"``, tables on a compute capability.

    Machine code (``-real``) tables on capabilities of the same major number from its minor one on,
    PTX (``-virtual``) on every later one; a name without either is both. With ``a`` behind the
    number either is for that very one, with ``f`` for its family. Names that say nothing count as
    yes: then the first use decides.
    """
    names = compiled.replace(";", " ").split()
    return not names or any(_tables(name, capability) for name in names)


def _tables(name: str, capability: Capability) -> bool:
    match = re.fullmatch(r"(\d+)(\d)([af]?)(-real|-virtual)?", name)
    if match is None:
        return True
    major, minor, only, kind = int(match[1]), int(match[2]), match[3], match[4]
    if only == "a":
        return (major, minor) == capability
    same = capability[0] == major and capability[1] >= minor
    if only == "f" or kind == "-real":
        return same
    return capability >= (major, minor)
