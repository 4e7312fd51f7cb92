"""Whole numbers as values of options."""

from typing import Any

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
