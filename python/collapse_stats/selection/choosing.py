"""Chooses documents of corpora that have been read: the steps of `select` in their order."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..backends.options import CountOptions
from ..corpus.corpus import Corpus
from ..errors import InputError
from ..profiles.data import check_comparable
from ..profiles.profile import Profile
from ..system.wording import counted
from .choice import Choice
from .copies import Copies, order_of
from .effect import effect_of
from .greedy import greedy
from .judged import Judged, Why
from .one_pass import one_pass
from .options import SelectOptions
from .order_gate import OrderGate
from .pool import Packed, Pool
from .rows import selected_documents
from .selection import Selection
from .weights import UNIT, weights_of

_BYTES = 400  # that the greedy choice takes for each document


@dataclass(frozen=True, slots=True)
class Given:
    """What there is to choose from, and what it is judged by."""

    candidates: Corpus
    references: Sequence[Profile]
    baseline: Profile | None
    human: Corpus | None

    def check(self, order: int) -> None:
        """Raise an error if token ids differ in meaning, or n-grams are not that long."""
        profiles = [*self.references, *filter(None, [self.baseline])]
        for profile in profiles:
            for corpus in filter(None, [self.candidates, self.human]):
                check_comparable(profile, corpus)
            if order > profile.max_order:
                raise InputError(
                    f"{profile.name} has n-grams up to order {profile.max_order}, and documents "
                    f"are chosen by those of order {order}: make it with --max-order {order}, or "
                    "give a lower order"
                )
        for first, second in pairwise(profiles):
            check_comparable(first, second)
        if self.human is not None:
            check_comparable(self.candidates, self.human)
        if self.baseline is not None and not len(self.baseline.sample.tokens):
            raise InputError(
                f"{self.baseline.name} was made without a sample, whose documents the gate and the "
                "judgement need: make it again with sample_tokens"
            )
        if self.baseline is not None and not self.baseline.has_halves:
            raise InputError(
                f"{self.baseline.name} was made without halves, and one half of the human text "
                "must judge what the other half chose: make it again without --no-halves "
                "(halves=True)"
            )

    @property
    def code_bits(self) -> int:
        """Bits of the code of a token in the largest vocabulary."""
        sides = (self.candidates, *self.references, self.baseline, self.human)
        return max(side.vocab_size for side in sides if side is not None).bit_length()


def choose(given: Given, options: SelectOptions, counting: CountOptions) -> Selection:
    """Choose documents of the candidates, then of the human text."""
    given.check(options.order)
    decided = _decided(given, options, counting)
    candidates, human = decided.candidates, decided.human
    effect = None
    if given.baseline is not None:  # the n-grams are let go of by now
        added = (given.human, human) if given.human and human else None
        chosen = (given.candidates, candidates)
        effect = effect_of(given.baseline, chosen, added, options.tokens, options.seed, counting)
    return Selection(
        candidates=selected_documents(given.candidates, candidates),
        human=selected_documents(given.human, human) if given.human and human else None,
        budget=options.tokens,
        order=options.order,
        method=decided.method,
        thresholds=decided.thresholds,
        gate_limits=decided.gate_limits,
        human_copy=decided.human_copy,
        effect=effect,
        warnings=tuple(decided.warnings),
    )


@dataclass(slots=True)
class _Decided:
    """What was decided on all documents, and how."""

    candidates: Judged
    method: str
    warnings: list[str]
    gate_limits: dict[int, float]
    human: Judged | None = None
    thresholds: tuple[float, ...] = ()
    human_copy: float | None = None


def _decided(given: Given, options: SelectOptions, counting: CountOptions) -> _Decided:
    memory, threads = counting.memory_bytes, counting.threads or os.cpu_count() or 1
    pool = Pool.of(given.candidates)
    bits, length = given.code_bits, order_of(given.references)
    most = min(options.tokens, pool.tokens)
    beside = most + sum(each.distinct(length) for each in given.references if length)
    ngrams = weights_of(
        given.references, given.baseline, options.order, bits, most, beside, memory, threads
    )
    copies = Copies(given.references, bits, memory, threads)
    gate = None
    if options.gate is not None and given.baseline is not None:
        gate = OrderGate.of(given.baseline, options.min_tokens, options.seed, counting)
    warnings = [*given.candidates.warnings, *_about_copies(given.references, length)]
    method = _method(options.method, given.candidates, int(memory), warnings)
    judged = Judged.of(pool, options.min_tokens)
    decided = _Decided(judged, method, warnings, gate.by_length if gate else {})

    choice = Choice(judged, ngrams, copies, gate)
    wanted = options.tokens - options.human_tokens
    thresholds = _choose(choice, method, wanted, options.seed)
    _check_chosen(choice, given, options)
    decided.thresholds = tuple(each / UNIT for each in thresholds)
    decided.warnings += _about_budget(choice, wanted)
    if given.human is not None:
        decided.human = _add_human(given.human, choice, method, options)
        decided.warnings += _about_human(given, decided.human)
    decided.human_copy = _human_copy(given.baseline, copies) if length else None
    return decided


def _choose(choice: Choice, method: str, budget: int, seed: int) -> tuple[float, ...]:
    """Choose by one of the methods; return the thresholds of the passes over the source."""
    thresholds: tuple[float, ...] = ()
    if method == "greedy":
        greedy(choice, budget)
    else:
        thresholds = one_pass(choice, budget, seed)
    if budget >= choice.judged.pool.tokens:
        choice.take_all()
    choice.ngrams.settle()
    return thresholds


def _method(method: str, candidates: Corpus, memory: int, warnings: list[str]) -> str:
    """The method, which is not greedy where that would not fit into the memory."""
    tokens = sum(segment.tokens.nbytes for segment in candidates.segments)
    needed = tokens + _BYTES * candidates.documents
    if method != "greedy" or 2 * needed <= memory:
        return method
    warnings.append(
        f"chosen in one pass: the greedy method jumps among documents, which take {needed:,} "
        f"bytes, more than half of the memory of {memory:,} (--memory)"
    )
    return "one-pass"


def _check_chosen(choice: Choice, given: Given, options: SelectOptions) -> None:
    """Raise InputError if no document was chosen, with what speaks against them."""
    if choice.number:
        return
    judged, gate = choice.judged, choice.gate
    shortest = int(judged.pool.length[judged.may_be_chosen].min(initial=1 << 62))
    if options.tokens - options.human_tokens < shortest < 1 << 62:
        raise InputError(
            f"the budget is {options.tokens - options.human_tokens:,} tokens, and the shortest "
            f"document of {given.candidates.name} that may be chosen has {shortest:,}: give a "
            "larger budget"
        )
    number = np.bincount(judged.why, minlength=len(Why))
    found = [
        f"{counted(int(number[why]), 'document')} {words}"
        for why, words in (
            (Why.SHORT, f"below {options.min_tokens} tokens"),
            (Why.NOISE, "with too low an order gain"),
            (Why.COPY, "that are near-copies"),
        )
        if number[why]
    ]
    message = f"{given.candidates.name}: no document may be chosen ({', '.join(found) or 'none'})"
    gains = judged.order_gain[judged.why == Why.NOISE]
    if len(gains) and gate is not None:
        low, middle, high = np.quantile(gains, [0.05, 0.5, 0.95]).tolist()
        limits = gate.limits(judged.pool.length[judged.why == Why.NOISE])
        message += (
            f": their order gain is {low:.2f} to {high:.2f} bits a token (5 % to 95 %), median "
            f"{middle:.2f}, and human text of these lengths has {limits.min():.2f} to "
            f"{limits.max():.2f} or more. Either this is noise, or the baseline is of another "
            "language or kind"
        )
    raise InputError(message + ": give other candidates, or gate=None (--gate none)")


def _about_budget(choice: Choice, wanted: int) -> list[str]:
    """What to say if the budget was not spent."""
    judged = choice.judged
    chosen, there = judged.tokens, judged.pool.tokens
    if wanted >= there:
        return [
            f"the budget is {wanted:,} tokens, and the candidates have {there:,}: everything is "
            f"kept that is long enough, no noise and no near-copy ({chosen:,} tokens)"
        ]
    if chosen < 0.98 * wanted:
        return [
            f"only {chosen:,} of {wanted:,} tokens were chosen: nothing else that may be chosen "
            "adds an n-gram"
        ]
    return []


def _about_copies(references: Sequence[Profile], order: int) -> list[str]:
    if not references or order:
        return []
    shortest = min(each.max_order for each in references)
    return [
        f"near-copies of the reference are not looked for, because its profiles have n-grams up to "
        f"order {shortest} only: make them with --max-order 5 or more"
    ]


def _add_human(human: Corpus, before: Choice, method: str, options: SelectOptions) -> Judged:
    """Choose the share of human text, by what it adds to the documents that were chosen."""
    judged = Judged.of(Pool.of(human), options.min_tokens)
    wanted, longest = options.human_tokens, int(judged.pool.length.max(initial=0))
    may = int(judged.pool.length[judged.may_be_chosen].sum())
    choice = Choice(judged, before.ngrams, before.copies)
    _choose(choice, method, wanted, options.seed)
    if judged.tokens + min(longest, wanted) < wanted or not choice.number:
        raise InputError(
            f"a share of {options.human_share:g} of {options.tokens:,} tokens is {wanted:,} tokens "
            f"of human text, and {human.name} has {may:,} in documents that are long enough, of "
            f"which {judged.tokens:,} add n-grams and are no near-copies: give more human text, or "
            "a smaller share"
        )
    return judged


def _about_human(given: Given, human: Judged) -> list[str]:
    """What to say if the human text that was added is that which judges the result."""
    if given.baseline is None or given.human is None:
        return []
    known = {each.tobytes() for each in given.baseline.sample.documents()}
    chosen = np.flatnonzero(human.chosen).tolist()
    same = sum(human.pool.one(document).tokens.tobytes() in known for document in chosen)
    if not same:
        return []
    return [
        f"of the documents chosen of {given.human.name}, {same:,} of {len(chosen):,} are in the "
        f"baseline {given.baseline.name} as well, so that the effect of human text looks larger "
        "than it is: give human text that is not in the baseline"
    ]


def _human_copy(baseline: Profile | None, copies: Copies) -> float | None:
    """The mean share of stretches of human documents that the reference has."""
    if baseline is None:
        return None
    sample = baseline.sample
    stop = np.cumsum(sample.length)
    whole = Packed(sample.tokens, stop - sample.length, stop)
    share = copies.of_reference(whole)[sample.half == 0]
    return float(share.mean()) if len(share) else None
