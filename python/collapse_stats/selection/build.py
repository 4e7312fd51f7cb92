"""`cs.select`: chooses the documents of a pool that work against collapse."""

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Unpack

from ..backends.options import CountOptions
from ..corpus.corpus import Corpus
from ..corpus.keywords import Keywords, options_of, with_options
from ..corpus.load import Progress, read_corpus
from ..corpus.vocabulary import Counterpart
from ..profiles.build import counterpart, profile_source, saved_or_source
from ..profiles.profile import Profile
from ..readers.options import ReadOptions
from ..system.arguments import checked
from .choosing import Given, choose
from .options import MIN_TOKENS, SelectOptions
from .selection import Selection


@checked
@with_options
def select(
    candidates: object,
    budget: int | str,
    *,
    against: Sequence[object] = (),
    baseline: object = None,
    order: int = 3,
    method: str = "greedy",
    gate: str | None = "order",
    human: object = None,
    human_share: float | None = None,
    min_tokens: int = MIN_TOKENS,
    seed: int = 0,
    progress: Progress | None = None,
    **keywords: Unpack[Keywords],
) -> Selection:
    """Choose the documents that bring n-grams which earlier generations of a model do not have.

    The worth of a choice is the sum of the weights of the n-grams in it, each counted once. An
    n-gram weighs 1, or 1/4 if the reference has it, and up to 4.2 times as much if human text has
    it rarely. Documents without order, which would be chosen first because they are all new, and
    near-copies are left out. docs/selection.md says what the result does not say.

    Parameters
    ----------
    candidates
        What to choose from: a path, several paths, arrays of ids, or an iterable of arrays, strings
        or dicts.
    budget
        Number of tokens to choose, such as ``"200M"``.
    against
        The reference: profiles with tables, their paths, or corpora; one for each earlier
        generation, or for whatever need not be said again.
    baseline
        Human text: a profile with table and halves, its path, or a corpus. Half A decides what is
        rare and what is noise, half B judges the result.
    order
        Length of the n-grams.
    method
        ``"greedy"`` takes what adds most for its tokens, again and again, and reaches at least 0.31
        of the best possible worth (Leskovec et al. 2007); ``"one-pass"`` takes what adds enough, in
        the order of the source, and is for pools that do not fit into the memory.
    gate
        ``"order"``: leave out documents that are too like their own shuffled tokens.
    human, human_share
        Fresh human text, other than the baseline, and how much of the budget it gets.
    min_tokens
        Shorter documents are left out, because nothing can be said of their order.
    seed
        Of the shuffling, of the documents taken at random, and of the sample of one pass.
    progress
        Called with what is being done, how much of it is done, and how much there is in all.
    **keywords
        The options of reading and counting, which `with_options` describes here.

    Raises
    ------
    InputError
        A source cannot be read, nothing may be chosen, or there is too little human text.
    LayoutMismatchError
        Token ids do not have the same meaning in all of them.
    MemoryError
        The n-grams do not fit into `memory`.
    """
    others: dict[str, Any] = {"human_share": human_share, "min_tokens": min_tokens, "seed": seed}
    options = SelectOptions(budget=budget, order=order, method=method, gate=gate, **others)
    options.check(baseline is not None, human is not None)
    if isinstance(against, str | os.PathLike | Profile):
        raise TypeError("against must be a list of profiles or corpora, got one: give it in a list")
    reading, counting = options_of(keywords)
    sides = _Sides(reading, counting, progress)
    *references, of_baseline = sides.profiles([*against, baseline])
    fresh = None if human is None else sides.corpus(human)
    known = [reference for reference in references if reference is not None]
    return choose(Given(sides.corpus(candidates), known, of_baseline, fresh), options, counting)


class _Sides:
    """Reads corpora and profiles so that they can be compared with the first of the profiles."""

    def __init__(
        self, reading: ReadOptions, counting: CountOptions, progress: Progress | None
    ) -> None:
        _ = counting.selected_backend  # before anything is read, in case it is not usable
        self._reading, self._counting, self._progress = reading, counting, progress
        self._beside: Counterpart | None = None

    def profiles(self, sides: Sequence[object]) -> list[Profile | None]:
        """Return the profiles, of which saved ones decide how the others are made."""
        loaded = [saved_or_source(side) for side in sides]
        first = next((side for side in loaded if isinstance(side, Profile)), None)
        if first is not None:
            self._like(first)
        return [None if side is None else self._profile(side) for side in loaded]

    def corpus(self, source: object) -> Corpus:
        """Return a corpus that was read; its tokens may take a quarter of the memory."""
        return read_corpus(
            source,
            reading=self._reading,
            counting=self._counting,
            share=4,
            beside=self._beside,
            progress=self._progress,
        )

    def _profile(self, side: object) -> Profile:
        if isinstance(side, Profile):
            return side
        made = profile_source(
            side,
            reading=self._reading,
            counting=self._counting,
            beside=self._beside,
            progress=self._progress,
        )
        self._like(made)
        return made

    def _like(self, profile: Profile) -> None:
        self._beside = counterpart(profile)
        self._counting = replace(self._counting, max_order=profile.max_order)
