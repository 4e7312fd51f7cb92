"""`cs.simulate`: a small model that learns from its own text, on the text of the user."""

from collections.abc import Iterator
from typing import Unpack

import numpy as np

from ..backends.options import CountOptions
from ..comparisons.build import compare_corpora
from ..comparisons.series import ComparisonSeries
from ..comparisons.side import compare_each
from ..corpus.corpus import Corpus
from ..corpus.keywords import Keywords, options_of, with_options
from ..corpus.load import Progress, read_corpus
from ..metrics.one_corpus.recursion import FloatArray, Keep
from ..profiles.build import saved_or_source
from ..profiles.profile import Profile
from ..system.arguments import checked
from .expected import expected_types
from .material import Material
from .recursion import generations as generations_of
from .recursion import human_texts
from .result import Simulation
from .rules import Human, Rules
from .text import Text

MOST_GENERATIONS, MOST_RUNS = 1000, 1000


@checked
@with_options
def simulate(
    source: object,
    generations: int = 10,
    *,
    fresh: float = 0.0,
    human: Human = "fresh",
    keep: Keep = "replace",
    noise: float = 0.0,
    temperature: float = 1.0,
    top_p: float = 1.0,
    order: int = 4,
    seed: int = 0,
    tokens: int | None = None,
    runs: int = 1,
    progress: Progress | None = None,
    **keywords: Unpack[Keywords],
) -> Simulation:
    """Let an n-gram model learn from its own text, and compare each generation with human text.

    Half of the documents are the baseline. The first model learns from the others, and what it
    leaves of them is in reserve. The same arguments give the same texts on every machine. What this
    says about other models: docs/simulation.md.

    Parameters
    ----------
    source
        A `Profile`, whose sample is taken, the path of a saved one, or whatever `profile` takes as
        its source: 64 documents or more.
    fresh, human
        Share of each generation that is human text, and what that is: ``"fresh"``, of the reserve;
        ``"fixed"``, the same of the first corpus each time; ``"replay"``, chosen anew from it.
    keep
        What a model learns from: the generation before (``"replace"``), all of them
        (``"accumulate"``), or all and the first corpus (``"accumulate-human"``).
    noise
        Share of what a model wrote that is replaced by ids drawn uniformly.
    temperature, top_p
        Probabilities p become p^(1 / temperature), in proportion; then the most probable tokens of
        a context are kept that have this share together.
    order, seed
        Length of the model's n-grams, at most 16, and what decides the random numbers.
    tokens
        Tokens of each generation. Default: as many as leave enough in reserve, at most 200,000.
    runs
        How often it is simulated, with other random numbers each time.
    progress
        Called with what is being done, how much of it is done, and how much there is in all.
    **keywords
        The options of reading and counting, which `with_options` describes here.

    Raises
    ------
    InputError
        The source cannot be read as the options say.
    ValueError
        An argument is out of its range, or there are too few documents or tokens.
    """
    rules = Rules(
        fresh=fresh,
        human=human,
        keep=keep,
        noise=noise,
        temperature=temperature,
        top_p=top_p,
        order=order,
    )
    check_size(generations, runs)
    reading, counting = options_of(keywords)
    corpus = saved_or_source(source)
    if not isinstance(corpus, Profile):
        corpus = read_corpus(corpus, reading=reading, counting=counting, progress=progress)
    needed = fresh if human == "fresh" else 0.0
    material = Material.of(corpus, tokens, generations, needed)
    return simulated(
        material, rules, generations, seed=seed, runs=runs, counting=counting, progress=progress
    )


def check_size(generations: int, runs: int) -> None:
    """Raise ValueError if there are too many generations or runs."""
    for name, number, most in (
        ("generations", generations, MOST_GENERATIONS),
        ("runs", runs, MOST_RUNS),
    ):
        if not 1 <= number <= most:
            raise ValueError(f"{name} must be between 1 and {most:,}, got {number:,}")


def simulated(
    material: Material,
    rules: Rules,
    generations: int,
    *,
    seed: int,
    runs: int,
    counting: CountOptions,
    progress: Progress | None = None,
) -> Simulation:
    """Return the simulation of this material under these rules."""
    humans = [
        list(human_texts(material.learned, material.reserve, rules, generations, seed=seed, run=n))
        for n in range(runs)
    ]
    baseline = material.baseline_corpus()
    texts: list[tuple[Text, ...]] = []
    compared: list[ComparisonSeries] = []
    for run in range(runs):
        written: list[Text] = []

        def candidates(run: int = run, written: list[Text] = written) -> Iterator[Corpus]:
            for number, text in enumerate(
                generations_of(
                    material.learned,
                    generations,
                    rules,
                    reserve=material.reserve,
                    vocab_size=material.vocab_size,
                    seed=seed,
                    run=run,
                ),
                1,
            ):
                written.append(text)
                if progress:
                    progress("generations", run * generations + number, runs * generations)
                yield material.corpus(text, f"gen{number}")

        compared.append(ComparisonSeries(compare_each(baseline, candidates(), counting)))
        texts.append(tuple(written))
    first = material.corpus(material.learned, "gen0")
    return Simulation(
        material=material,
        rules=rules,
        seed=seed,
        human=compare_corpora(baseline, first, counting=counting),
        texts=tuple(texts),
        comparisons=tuple(compared),
        expected_types=_expected(material, rules, humans),
    )


def _expected(material: Material, rules: Rules, humans: list[list[Text]]) -> FloatArray | None:
    """Expected distinct tokens of each generation, as a mean over the human texts of runs."""
    if rules.keep != "replace" or not rules.samples_as_learned:
        return None
    runs = [expected_types(material.learned, texts, rules.fresh) for texts in humans]
    mean: FloatArray = np.mean(runs, axis=0)
    return mean
