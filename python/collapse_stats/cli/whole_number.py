"""Whole numbers as values of options."""

import re
from decimal import Decimal
from typing import Any, ClassVar

import click


class WholeNumber(click.ParamType):  # type: ignore[type-arg]
    """A whole number from `least` on, and up to `most`, if these are given.

    Unlike `click.IntRange`, it leaves what is allowed to the help text of the option.
    """

    name = "integer"

    def __init__(self, least: int | None = None, most: int | None = None) -> None:
        self.least, self.most = least, most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number; fail if the value is none, or not an allowed one."""
        try:
            number = int(value)
        except ValueError:
            self.fail(f"{value!r} is not a whole number", param, ctx)
        if self.least is not None and number < self.least:
            self.fail(f"it must be at least {self.least}, got {number}", param, ctx)
        if self.most is not None and number > self.most:
            self.fail(f"it must be at most {self.most}, got {number}", param, ctx)
        return number


class TokenNumber(click.ParamType):  # type: ignore[type-arg]
    """A number of tokens of at least 1, such as ``200000``, ``200k`` or ``1.5M``."""

    name = "tokens"
    _UNITS: ClassVar = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return the number; fail if the value is none."""
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)\s*", str(value), re.ASCII | re.I)
        if match is None:
            self.fail(f"{value!r} is not a number of tokens, such as 200000 or 200k", param, ctx)
        number = int(Decimal(match[1]) * self._UNITS[match[2].lower()])
        if number < 1:
            self.fail(f"it must be at least 1, got {value}", param, ctx)
        return number
