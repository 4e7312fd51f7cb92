"""How much fresh text holds a corpus: by the closed form, and by the chain itself."""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from ..backends.options import CountOptions
from ..comparisons.build import compare_corpora
from ..corpus.load import Progress
from ..metrics.one_corpus.recursion import surviving_types
from ..ngrams.spectrum import Spectrum
from ..profiles.profile import Profile
from ..system.arguments import checked
from .expected import expected_types
from .material import Material
from .measured import figure_of
from .recursion import generations, human_texts
from .rules import Rules

SIGNS: Mapping[str, Callable[[float, float], bool]] = MappingProxyType(
    {">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt}
)
SEEDS = 3
STEPS = 7
"""Halvings of the shares that are left: the answer is right to 1/128 of the largest share."""
_EXACT = 53  # halvings for the closed form


@checked
def fresh_share_needed(
    profile: Profile, generation: int = 10, keep: float = 0.9, tokens: int | None = None
) -> float | None:
    """Return the share of fresh human text that keeps the tokens of a corpus from dying out.

    The smallest share of each generation's tokens, drawn anew from the human source, with which
    `generation` has at least `keep` of the distinct tokens of generation 1. It follows in
    milliseconds from the counts of the profile (`metrics.surviving_types`), for a model that learns
    from the generation before and samples what it has learned.

    Parameters
    ----------
    keep
        Share of the distinct tokens of generation 1, above 0 and at most 1.
    tokens
        Tokens of each generation. Default: as many as the profile has.

    Returns
    -------
    float
        A share in 0..1; None for a profile without tokens, which nothing can keep.

    Raises
    ------
    ValueError
        An argument is out of its range.
    """
    spectrum = profile.spectrum(1)
    return share_needed(
        spectrum, spectrum.occurrences if tokens is None else tokens, generation, keep
    )


def share_needed(spectrum: Spectrum, draws: int, generation: int, keep: float) -> float | None:
    """Return `fresh_share_needed` for the spectrum of the tokens."""
    if not 0 < keep <= 1:
        raise ValueError(f"keep must be a share above 0 and at most 1, got {keep}")
    if not spectrum.occurrences:
        return None
    wanted = keep * surviving_types(spectrum, draws, 1)
    if surviving_types(spectrum, draws, generation) >= wanted:
        return 0.0
    low, high = 0.0, 1.0
    for _ in range(_EXACT):
        middle = (low + high) / 2
        if surviving_types(spectrum, draws, generation, middle) >= wanted:
            high = middle
        else:
            low = middle
    return high


@dataclass(frozen=True, slots=True)
class Need:
    """What a generation must show: ``distinct_3 >= 0.9 at 10``.

    Attributes
    ----------
    text
        As the user wrote it.
    figure, order
        See `measured.figure_of`.
    sign
        One of `SIGNS`.
    """

    text: str
    figure: str
    order: int
    sign: str
    number: float
    generation: int

    def is_met(self, value: float | None) -> bool:
        """Whether a value of the figure is as it must be; never if there is none."""
        return value is not None and SIGNS[self.sign](value, self.number)

    @property
    def closed_form_keep(self) -> float | None:
        """The share of generation 1's distinct tokens that the closed form is asked for."""
        is_share = self.figure == "size_matched_distinct_ratio" and 0 < self.number <= 1
        return self.number if is_share and self.sign in (">=", ">") else None


@dataclass(frozen=True, slots=True)
class Needed:
    """How much human text meets a need.

    Attributes
    ----------
    shares
        The smallest share found, by seed; None if the largest did not do.
    most
        The largest share that was tried: what the reserve allows.
    at_most
        The figure with that share, by seed.
    closed_form
        The share with which as many distinct tokens of generation 1 are expected at the end, by the
        closed form; None where it says nothing, or no share does.
    """

    need: Need
    shares: tuple[float | None, ...]
    most: float
    at_most: tuple[float | None, ...]
    closed_form: float | None


def needed(
    material: Material,
    rules: Rules,
    need: Need,
    *,
    seed: int,
    counting: CountOptions,
    progress: Progress | None = None,
) -> Needed:
    """Find by bisection how much human text meets a need, with `SEEDS` seeds from `seed` on.

    It is taken for granted that more human text is never worse.
    """
    size = len(material.learned.tokens)
    most = 1.0
    if rules.human == "fresh":
        most = min(1.0, len(material.reserve.tokens) // need.generation / size)
    baseline = material.baseline_corpus()
    shares: list[float | None] = []
    at_most: list[float | None] = []

    def value(share: float, number: int) -> float | None:
        texts = generations(
            material.learned,
            need.generation,
            replace(rules, fresh=share),
            reserve=material.reserve,
            vocab_size=material.vocab_size,
            seed=seed + number,
        )
        *_, last = texts
        compared = compare_corpora(baseline, material.corpus(last, "last"), counting=counting)
        return figure_of(compared, need.figure, need.order)

    for number in range(SEEDS):

        def is_met(share: float, number: int = number) -> bool:
            return need.is_met(value(share, number))

        at_most.append(value(most, number))
        shares.append(_smallest(is_met, most) if need.is_met(at_most[-1]) else None)
        if progress:
            progress("bisection", number + 1, SEEDS)
    closed = None
    if need.closed_form_keep is not None and rules.keep == "replace" and rules.samples_as_learned:
        closed = _expected_share(material, rules, need, most)
    return Needed(need, tuple(shares), most, tuple(at_most), closed)


def _expected_share(material: Material, rules: Rules, need: Need, most: float) -> float | None:
    """The share with which enough distinct tokens are expected; None if the largest is too small.

    Unlike `fresh_share_needed`, it knows the human text that each generation gets.
    """

    def is_met(share: float) -> bool:
        tried = replace(rules, fresh=share)
        learned, count = material.learned, need.generation
        humans = list(human_texts(learned, material.reserve, tried, count))
        types = expected_types(learned, humans, share)
        return bool(types[-1] >= (need.closed_form_keep or 0) * types[0])

    return _smallest(is_met, most) if is_met(most) else None


def _smallest(is_met: Callable[[float], bool], most: float) -> float:
    """The smallest share that does, found by `STEPS` halvings; `most` is known to do."""
    if is_met(0.0):
        return 0.0
    low, high = 0.0, most
    for _ in range(STEPS):
        middle = (low + high) / 2
        if is_met(middle):
            high = middle
        else:
            low = middle
    return high
