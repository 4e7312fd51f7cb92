"""How documents are to be chosen, checked once."""

from dataclasses import dataclass
from typing import Literal

from ..errors import InputError
from ..system.arguments import check_fields
from .token_budget import token_budget

Method = Literal["greedy", "one-pass"]
METHODS: tuple[Method, ...] = ("greedy", "one-pass")
GATES = ("order", None)
MIN_TOKENS = 20


@dataclass(frozen=True, kw_only=True)
class SelectOptions:
    """The options of `select`, which describes them."""

    budget: int | str
    order: int = 3
    method: str = "greedy"
    gate: str | None = "order"
    human_share: float | None = None
    min_tokens: int = MIN_TOKENS
    seed: int = 0

    def __post_init__(self) -> None:
        check_fields(self)
        object.__setattr__(self, "budget", token_budget(self.budget))
        if self.order < 2:
            raise ValueError(
                f"order must be 2 or more, got {self.order}: single tokens are soon all known"
            )
        if self.method not in METHODS:
            raise ValueError(f"method must be one of {', '.join(METHODS)}, got {self.method!r}")
        if self.gate not in GATES:
            raise ValueError(f"gate must be 'order' or None, got {self.gate!r}")
        if self.human_share is not None and not 0 < self.human_share < 1:
            raise ValueError(f"human_share must lie between 0 and 1, got {self.human_share}")
        if self.min_tokens < 1:
            raise ValueError(f"min_tokens must be at least 1, got {self.min_tokens}")
        if not 0 <= self.seed < 2**63:
            raise ValueError(f"seed must be between 0 and 2**63 - 1, got {self.seed}")

    @property
    def tokens(self) -> int:
        """Number of tokens to choose."""
        assert isinstance(self.budget, int)
        return self.budget

    @property
    def human_tokens(self) -> int:
        """How many of them are to be human text."""
        return round(self.tokens * (self.human_share or 0.0))

    def check(self, has_baseline: bool, has_human: bool) -> None:
        """Raise InputError if the options ask for text that was not given."""
        if self.gate is not None and not has_baseline:
            raise InputError(
                "the gate against noise needs a human baseline, because noise is as new as can be "
                "and would be chosen first: give one (baseline=, --baseline), or turn it off "
                "(gate=None, --gate none)"
            )
        if has_human != (self.human_share is not None):
            given, missing = ("human", "human_share") if has_human else ("human_share", "human")
            raise InputError(
                f"human text and its share go together, got {given} without {missing}: give both "
                "(human=, human_share=; --human, --human-share), or neither"
            )
