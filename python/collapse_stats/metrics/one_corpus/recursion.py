"""What is left of a corpus when a model learns from its own text, generation after generation.

The model here knows single tokens: each generation draws its tokens independently from the shares
of the text that it has learned from, as genes are drawn in the model of Wright and Fisher. So the
means have closed forms, and nothing is simulated.
"""

import math
from typing import Literal

import numpy as np
import numpy.typing as npt

from ...ngrams.spectrum import Spectrum
from ...system.arguments import as_array

__all__ = ["alive", "expected_simpson", "surviving_types"]

FloatArray = npt.NDArray[np.float64]
Keep = Literal["replace", "accumulate", "accumulate-human"]

KEEPS: tuple[Keep, ...] = ("replace", "accumulate", "accumulate-human")
MOST_GENERATIONS = 100_000
_MOST_DRAWS = 2**63 - 1


def expected_simpson(
    simpson: float,
    draws: int,
    generations: int,
    *,
    fresh: float = 0.0,
    noise: float = 0.0,
    vocab_size: int | None = None,
    keep: Keep = "replace",
    of: Literal["pool", "text"] = "pool",
) -> FloatArray:
    """Expected Simpson index, sum p^2, of generations 1 to `generations`: float64 ``(g,)``.

    Generation i + 1 draws its tokens from q = (1 - a) ((1 - z) p_i + z / V) + a p_0, where p_0 are
    the shares of the human source and p_i those of the text that the model has learned from. Of
    the shares y of its text, E sum y^2 = 1/n + (1 - 1/n) E sum q^2. The text joins w texts that are
    kept: p_(i+1) = (w p_i + y) / (w + 1). Exact for every n.

    Parameters
    ----------
    simpson
        Sum p^2 of the human source, above 0 and at most 1.
    draws
        n, the tokens of a generation.
    fresh
        a, the share of each generation's tokens that is drawn anew from the human source.
    noise
        z, the share of the others that is replaced by a token drawn uniformly from the vocabulary.
    vocab_size
        V, which noise needs.
    keep
        What a model learns from. ``"replace"``: the generation before (w = 0, Wright 1931).
        ``"accumulate"``: all generations before; the loss is bounded, as Gerstgrasser et al. 2024
        found. ``"accumulate-human"``: these, and n human tokens.
    of
        ``"pool"``: of all that the next model learns from. ``"text"``: of the text of each
        generation, which is what tables of generations show. The same with ``"replace"``.

    Raises
    ------
    ValueError
        When an argument is out of its range, or noise is given without `vocab_size`.

    >>> expected_simpson(0.38, 10, 2).round(4).tolist()
    [0.442, 0.4978]
    """
    _check_recursion(draws, generations, fresh)
    _check_source(simpson, noise, vocab_size, keep, of)
    a, b, c = (1 - fresh) * (1 - noise), (1 - fresh) * noise, fresh  # of the model, noise, human
    uniform = 1 / (vocab_size or 1)  # sum of the uniform shares times any others
    pool = with_human = simpson  # E sum p^2, and E sum p p_0
    found = np.empty((generations, 2))
    for i in range(generations):
        kept = {"replace": 0, "accumulate": i, "accumulate-human": i + 1}[keep]
        own = a * pool + b * uniform + c * with_human  # E sum p q
        drawn = a * a * pool + b * b * uniform + c * c * simpson
        drawn += 2 * (a * b * uniform + a * c * with_human + b * c * uniform)  # E sum q^2
        text = 1 / draws + (1 - 1 / draws) * drawn
        pool = (kept * kept * pool + 2 * kept * own + text) / (kept + 1) ** 2
        with_human = (kept + a) * with_human + b * uniform + c * simpson
        with_human /= kept + 1
        found[i] = pool, text
    return found[:, 0 if of == "pool" else 1].copy()


def alive(lam: npt.ArrayLike, generation: int, fresh: float = 0.0) -> FloatArray:
    """Chance that a type is still written in a generation: float64, shaped like `lam`, in 0..1.

    A type with `lam` expected occurrences in human text of a generation's size is a branching
    process: each of its tokens is followed by Poisson(1 - a) tokens of the next generation, and a
    lam fresh ones come to them (immigration). With t_0 = 0 and t_i = exp((1 - a) (t_(i-1) - 1)) the
    chance is 1 - exp(a lam sum_(i<g) (t_i - 1)) t_g^lam (Athreya & Ney 1972). Exact as the number
    of tokens grows; the model is that of `expected_simpson`, with ``keep="replace"``.

    Parameters
    ----------
    lam
        Expected occurrences of one or several types; 0 gives 0.
    generation
        g, at least 1.
    fresh
        a, the share of each generation's tokens that is drawn anew from the human source.

    Raises
    ------
    TypeError
        When `lam` is not an array of numbers.
    ValueError
        When an argument is out of its range.

    >>> alive([1, 3], 10).round(6).tolist()
    [0.158235, 0.403552]
    """
    _check_recursion(1, generation, fresh)
    expected = as_array("lam", lam)
    if expected.dtype.kind not in "iuf":
        raise TypeError(f"lam must be numbers of expected occurrences, got {expected.dtype}")
    expected = expected.astype(np.float64)
    if not np.all(expected >= 0):
        raise ValueError(f"lam must be expected occurrences of at least 0, got {expected}")
    before, arrived = 0.0, 0.0
    for _ in range(generation):
        arrived += fresh * (before - 1)
        log_after = (1 - fresh) * (before - 1)
        before = math.exp(log_after)
    chance: FloatArray = -np.expm1(expected * (arrived + log_after))
    return chance


def surviving_types(spectrum: Spectrum, draws: int, generation: int, fresh: float = 0.0) -> float:
    """Expected number of a corpus's types that are still written in a generation.

    sum f_m `alive` (m n / N): each generation has n = `draws` tokens, and the human source is taken
    to be the corpus itself, so types that the corpus does not have are in no generation. 0 for an
    empty spectrum.

    Raises
    ------
    ValueError
        When an argument is out of its range.

    >>> round(surviving_types(Spectrum.from_counts([3, 1]), 4, 10), 6)
    0.561788
    """
    _check_recursion(draws, generation, fresh)
    lam = spectrum.count * (draws / max(spectrum.occurrences, 1))
    return float(np.dot(spectrum.types.astype(np.float64), alive(lam, generation, fresh)))


def _check_recursion(draws: int, generations: int, fresh: float) -> None:
    if not 1 <= draws <= _MOST_DRAWS:
        raise ValueError(f"draws must be a number of tokens of at least 1, got {draws:,}")
    if not 1 <= generations <= MOST_GENERATIONS:
        raise ValueError(
            f"generations must be between 1 and {MOST_GENERATIONS:,}, got {generations:,}"
        )
    if not 0 <= fresh <= 1:
        raise ValueError(f"fresh must be a share between 0 and 1, got {fresh}")


def _check_source(simpson: float, noise: float, vocab_size: int | None, keep: str, of: str) -> None:
    if not 0 < simpson <= 1:
        raise ValueError(f"simpson must be above 0 and at most 1, got {simpson}")
    if not 0 <= noise <= 1:
        raise ValueError(f"noise must be a share between 0 and 1, got {noise}")
    if noise and vocab_size is None:
        raise ValueError("noise needs vocab_size, the number of tokens that it is drawn from")
    if vocab_size is not None and not 1 <= vocab_size <= _MOST_DRAWS:
        raise ValueError(f"vocab_size must be at least 1, got {vocab_size}")
    if keep not in KEEPS or of not in ("pool", "text"):
        raise ValueError(
            f"keep must be one of {', '.join(KEEPS)}, and of 'pool' or 'text', got {keep!r} and "
            f"{of!r}"
        )
