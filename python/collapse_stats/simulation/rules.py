"""How each generation of a recursion is made from the ones before."""

from dataclasses import dataclass
from typing import Literal, get_args

from ..metrics.one_corpus.recursion import KEEPS, Keep
from ..system.arguments import check_fields
from .sampler import BACKOFF, MOST_ORDER

Human = Literal["fresh", "fixed", "replay"]
HUMANS: tuple[Human, ...] = get_args(Human)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How each generation is made.

    Attributes
    ----------
    fresh
        Share of the tokens of each generation that is human text.
    human
        What that text is: ``"fresh"``, documents that no generation had; ``"fixed"``, the same
        documents of the first corpus every time; ``"replay"``, a new random choice of them each
        time.
    keep
        What a model learns from: the generation before (``"replace"``), all of them
        (``"accumulate"``), or all and the first corpus (``"accumulate-human"``).
    noise
        Share of the tokens that a model wrote which are replaced by ids drawn uniformly.
    temperature, top_p
        See `NgramSampler.estimate`.
    order, backoff
        See `NgramSampler`.

    Raises
    ------
    ValueError
        A value is out of its range.
    """

    fresh: float = 0.0
    human: Human = "fresh"
    keep: Keep = "replace"
    noise: float = 0.0
    temperature: float = 1.0
    top_p: float = 1.0
    order: int = 4
    backoff: float = BACKOFF

    def __post_init__(self) -> None:
        check_fields(self)
        for name in ("fresh", "noise", "backoff"):
            share = getattr(self, name)
            if not 0 <= share <= 1:
                raise ValueError(f"{name} must be a share between 0 and 1, got {share}")
        if not 0.01 <= self.temperature <= 100:
            raise ValueError(
                f"temperature must be above 0, from 0.01 to 100, got {self.temperature}"
            )
        if not 0 < self.top_p <= 1:
            raise ValueError(f"top_p must be above 0 and at most 1, got {self.top_p}")
        if not 1 <= self.order <= MOST_ORDER:
            raise ValueError(f"order must be between 1 and {MOST_ORDER}, got {self.order}")
        for name, value, allowed in (("human", self.human, HUMANS), ("keep", self.keep, KEEPS)):
            if value not in allowed:
                raise ValueError(f"{name} must be one of {', '.join(allowed)}, got {value!r}")

    @property
    def samples_as_learned(self) -> bool:
        """Whether a model writes what it has learned, with nothing cut off and nothing added."""
        return self.noise == 0 and self.temperature == 1 and self.top_p == 1
