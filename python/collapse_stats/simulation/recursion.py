"""The recursion: each model learns from what the models before it wrote.

The recursion is real: each generation is estimated from the text that its rules name and nothing
else. The loss has a single cause if nothing is cut off: a finite sample misses rare tokens and
n-grams, and a token that was missed once is never written again. A neural model generalises, which
slows the loss, and is often sampled with its tail cut off, which speeds it up. The speed of this
collapse therefore says nothing about other models: docs/simulation.md.
"""

from collections.abc import Iterator

import numpy as np

from .exact import RandomNumbers
from .rules import Rules
from .sampler import NgramSampler
from .text import Text


def human_texts(
    learned: Text, reserve: Text, rules: Rules, count: int, *, seed: int = 0, run: int = 0
) -> Iterator[Text]:
    """Yield the human text of generations 1 to `count`, exactly the share that the rules name.

    Parameters
    ----------
    learned
        The first corpus, whose size is that of every generation.
    reserve
        Documents that are not in it, which ``human="fresh"`` takes one after the other.
    seed, run
        Decide which documents are replayed.

    Raises
    ------
    ValueError
        The reserve has too little text.
    """
    size = len(learned.tokens)
    wanted = round(rules.fresh * size)
    if rules.human == "fresh" and count * wanted > len(reserve.tokens):
        raise ValueError(
            f"fresh text for {count} generations of {size:,} tokens, {100 * rules.fresh:g} % of "
            f"each, takes {count * wanted:,} tokens that are not in the first corpus, and only "
            f"{len(reserve.tokens):,} are there: take fewer tokens or generations, less fresh "
            "text, or human text that is not fresh (human='fixed' or 'replay')"
        )
    for generation in range(1, count + 1):
        if rules.human == "fresh":
            yield reserve.part((generation - 1) * wanted, generation * wanted)
            continue
        turn = 0 if rules.human == "fixed" else generation
        random = RandomNumbers(f"human/{seed}/{run}/{turn}")
        order = random.permutation(len(learned.lengths))
        number = int(np.searchsorted(np.cumsum(learned.lengths[order]), wanted)) + 1
        yield learned.taken(order[:number]).part(0, wanted)


def generations(
    learned: Text,
    count: int,
    rules: Rules,
    *,
    reserve: Text | None = None,
    vocab_size: int | None = None,
    seed: int = 0,
    run: int = 0,
) -> Iterator[Text]:
    """Yield the texts of a model that learns from its own output, generation 1 to `count`.

    Each generation has as many tokens as `learned`: first the human documents, then those that the
    model writes, which are as long as the first ones of `learned`. The last of either may be cut.

    Compare the generations with human text that is not in `learned`, because an n-gram model
    repeats passages that it has read.

    Parameters
    ----------
    learned, reserve
        As in `human_texts`.
    vocab_size
        Number of token ids, of which noise is drawn. Default: up to the largest in `learned`.
    seed, run
        Decide the random numbers: the same ones give the same texts on every machine.

    Raises
    ------
    ValueError
        `learned` has no token, or the reserve too few.
    """
    if not len(learned.tokens):
        raise ValueError("documents must hold at least one token to learn from, got none")
    ids = int(learned.tokens.max()) + 1 if vocab_size is None else vocab_size
    reserve = reserve or learned.part(0, 0)
    kept = [learned]
    humans = human_texts(learned, reserve, rules, count, seed=seed, run=run)
    for generation, human in enumerate(humans, 1):
        random = RandomNumbers(f"text/{seed}/{run}/{generation}")
        model = NgramSampler.estimate(
            Text.joined(kept),
            rules.order,
            temperature=rules.temperature,
            top_p=rules.top_p,
        )
        lengths = learned.part(0, len(learned.tokens) - len(human.tokens)).lengths
        written = model.write(lengths, random, backoff=rules.backoff)
        written = with_noise(written, rules.noise, ids, random)
        text = Text.joined([human, written])
        yield text
        kept = _kept(kept, text, rules, generation)


def with_noise(text: Text, noise: float, vocab_size: int, random: RandomNumbers) -> Text:
    """Return the text with a share of its tokens replaced by ids drawn uniformly."""
    if not noise:
        return text
    number = len(text.tokens)
    is_noise = random.shares(number) < noise
    ids = random.below(vocab_size, number)
    return Text(np.where(is_noise, ids, text.tokens).astype(np.int64), text.lengths)


def _kept(kept: list[Text], text: Text, rules: Rules, generation: int) -> list[Text]:
    """What the next model learns from."""
    if rules.keep == "replace" or (rules.keep == "accumulate" and generation == 1):
        return [text]
    return [*kept, text]
