"""How many types each generation is expected to have, given its human text."""

import numpy as np

from ..metrics.one_corpus.recursion import FloatArray
from .text import Text


def expected_types(learned: Text, humans: list[Text], fresh: float) -> FloatArray:
    """Expected number of types of generations 1 to g: float64 ``(g,)``.

    A token is read Poisson(1 - a) times by the next generation, whatever the order of the model,
    and so a type of count x in the first corpus and h_i in the human text of generation i is in
    generation g unless all of these lines end: with t_0 = 0, t_i = exp((1 - a) (t_(i-1) - 1)), the
    chance of that is t_g^x prod_i t_(g-i)^(h_i). It holds for models that replace their text, and
    sample it as they have learned it.

    Parameters
    ----------
    learned
        The first corpus.
    humans
        The human text of each generation, whose share of it is `fresh`.
    """
    size = 1 + max(int(text.tokens.max(initial=0)) for text in (learned, *humans))
    counts = [np.bincount(text.tokens, minlength=size) for text in (learned, *humans)]
    ended = np.zeros(1)  # chance that the line of one token has ended, of generations 0 to g
    for _ in humans:
        ended = np.append(ended, np.exp((1 - fresh) * (ended[-1] - 1)))
    found = np.empty(len(humans))
    for generation in range(1, len(humans) + 1):
        chance = ended[generation] ** counts[0]
        for i in range(1, generation + 1):
            chance *= ended[generation - i] ** counts[i]
        found[generation - 1] = (1 - chance).sum()
    return found
