"""A number of tokens, as users write it."""

import re

from ..system.arguments import conforming

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "B": 10**9, "T": 10**12}


def token_budget(budget: int | str) -> int:
    """Return a number of tokens.

    Raises
    ------
    ValueError
        The text is no number, or the number is not positive.

    >>> token_budget("1.5M"), token_budget(200)
    (1500000, 200)
    """
    if isinstance(budget, str):
        match = re.fullmatch(r"\s*(\d[\d_,]*(?:\.\d+)?)\s*([KMGBT]?)\s*", budget, re.IGNORECASE)
        if match is None:
            raise ValueError(
                f"budget must be a number of tokens such as 200M, 1.5B or 200_000, got {budget!r}"
            )
        number, unit = match.groups()
        tokens = int(float(number.replace("_", "").replace(",", "")) * _UNITS[unit.upper()])
    else:
        tokens = conforming("budget", budget, int)
    if tokens < 1:
        raise ValueError(f"budget must be at least 1 token, got {budget!r}")
    return tokens
