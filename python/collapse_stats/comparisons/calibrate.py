"""Limits of the verdict from a user's own human corpora, each compared with each."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import combinations, count
from typing import Unpack

from ..backends.base import Backend
from ..corpus.corpus import Corpus
from ..corpus.keywords import Keywords, options_of, with_options
from ..corpus.load import Progress, read_corpus
from ..corpus.sample import DEFAULT_TOKENS
from ..corpus.split import MIN_DOCUMENTS_FOR_HALVES
from ..errors import InputError
from ..profiles.build import counterpart, saved_or_source
from ..profiles.data import check_comparable
from ..profiles.profile import Profile
from ..system.arguments import checked
from ..system.wording import counted
from ..uncertainty.jackknife import step_counter
from ..verdict.constants import Constants
from ..verdict.human_pairs import HumanPair, HumanText, measured_pairs, number_of_steps
from ..verdict.limits import Limits
from ..verdict.orders import share_documents
from ..verdict.reasons import problem
from ..verdict.rule import CANNOT_TELL, judge

_SHARED = (
    "{} and {} share documents, or pieces of the same texts, so they do not show how much human "
    "text differs: leave one of them out"
)


@checked
@with_options
def calibrate(
    corpora: Iterable[object],
    *,
    progress: Progress | None = None,
    **keywords: Unpack[Keywords],
) -> Limits:
    """Return limits of the verdict under which no human corpus is a loss against another one.

    Every corpus is compared with every other one, and its halves with each other. Limits that these
    pairs exceed become larger, none becomes smaller. Give them to `compare` as ``limits=``.

    Parameters
    ----------
    corpora
        Two or more human corpora of one kind and one tokenizer, which share no documents; each is a
        `Profile`, the path of a saved one, or whatever `profile` takes as its source.
    progress
        Called with what is being done, how much of it is done, and how much there is in all.
    **keywords
        The options of reading and counting, which `with_options` describes here.

    Raises
    ------
    InputError
        A corpus cannot be read, or there are too few or too small ones; the message says how much
        would do.
    LayoutMismatchError
        The corpora have different tokenizers.
    """
    if isinstance(corpora, str | os.PathLike):
        raise TypeError(
            f"corpora must be a list of corpora, got the single path {os.fspath(corpora)!r}: give "
            "two or more of them in a list"
        )
    reading, counting = options_of(keywords)
    backend = counting.selected_backend  # before anything is read, in case it is not usable
    sides = [saved_or_source(side) for side in corpora]
    check_number(len(sides))
    saved = next((side for side in sides if isinstance(side, Profile)), None)
    beside = None if saved is None else counterpart(saved)
    texts = [
        human_text(side)
        if isinstance(side, Profile)
        else human_text(
            read_corpus(
                side, reading=reading, counting=counting, share=4, beside=beside, progress=progress
            )
        )
        for side in sides
    ]
    return limits_of(texts, backend, progress)


def check_number(corpora: int) -> None:
    """Raise InputError if there are too few human corpora."""
    if corpora < 2:
        raise InputError(
            f"limits follow from how much human corpora differ from each other, got {corpora}: "
            "give two or more, such as the text of one author, site or project each"
        )


def human_text(corpus: Corpus | Profile) -> HumanText:
    """Return the sample of a human corpus that is large enough for a verdict.

    Raises
    ------
    InputError
        It has too few documents.
    """
    if isinstance(corpus, Profile):
        sample, by_documents = corpus.sample, corpus.is_halved_by_documents
        if corpus.tokens and not len(sample.tokens):
            raise InputError(
                f"{corpus.name} has no sample of its documents: make the profile again with "
                "--sample-tokens"
            )
    else:
        sample, by_documents = corpus.sample(DEFAULT_TOKENS), corpus.block is None
    if not by_documents or sample.keys < MIN_DOCUMENTS_FOR_HALVES:
        has = counted(sample.filled if by_documents else corpus.documents, "document")
        if sample.keys < sample.filled:
            of = "rows" if corpus.group_key is None else f"values of {corpus.group_key!r}"
            has += f" of {sample.keys} {of}"
        raise InputError(
            f"{corpus.name} has {has}, but {MIN_DOCUMENTS_FOR_HALVES} that hang together with no "
            "other are needed, and a few hundred are better: add text, or cut long documents"
        )
    return HumanText(
        corpus.name, corpus.tokens, corpus.documents, sample, corpus.tokenizer, corpus.vocab_size
    )


def limits_of(
    texts: Sequence[HumanText], backend: Backend, progress: Progress | None = None
) -> Limits:
    """Compare human corpora with each other, and return the limits.

    Raises
    ------
    InputError
        Two share documents, or one is too small to be compared with any other.
    LayoutMismatchError
        The corpora have different tokenizers.
    """
    texts = _named_apart(texts)
    for text in texts[1:]:
        check_comparable(texts[0], text)
    _check_contents(texts)
    step = step_counter(progress, number_of_steps(len(texts)))
    pairs = list(measured_pairs(texts, backend, step))
    _check_apart(pairs)
    for text in texts:
        _check_measured(text.name, pairs)
    return Limits.of(texts, pairs)


def _named_apart(texts: Sequence[HumanText]) -> list[HumanText]:
    """Number the corpora whose names are those of others."""
    found: dict[str, HumanText] = {}
    for text in texts:
        names = (f"{text.name} ({n})" if n > 1 else text.name for n in count(1))
        name = next(name for name in names if name not in found)
        found[name] = replace(text, name=name)
    return list(found.values())


def _check_contents(texts: Sequence[HumanText]) -> None:
    """Raise InputError if most documents of one corpus are in another one as well."""
    contents = {
        text.name: {hash(tokens.tobytes()) for tokens in text.sample.documents()} for text in texts
    }
    for (a, first), (b, second) in combinations(contents.items(), 2):
        if len(first & second) > min(len(first), len(second)) / 2:
            raise InputError(_SHARED.format(a, b))


def _check_apart(pairs: Sequence[HumanPair]) -> None:
    """Raise InputError if two corpora are closer to each other than to themselves."""
    constants = Constants()
    for pair in pairs:
        orders = judge(pair.evidence, constants).working()
        if not pair.is_of_halves and share_documents(orders, constants):
            raise InputError(_SHARED.format(pair.baseline, pair.candidate))


def _check_measured(name: str, pairs: Sequence[HumanPair]) -> None:
    """Raise InputError if a corpus could be compared with no other one."""
    constants = Constants()
    own = [
        pair for pair in pairs if not pair.is_of_halves and name in (pair.baseline, pair.candidate)
    ]
    verdicts = [judge(pair.evidence, constants) for pair in own]
    for pair, verdict in zip(own, verdicts, strict=True):
        precise = len(verdict.working()) >= 2 and not problem(pair.evidence, constants)
        if precise or verdict.label != CANNOT_TELL:
            return
    pair, verdict = own[0], verdicts[0]
    raise InputError(
        f"{name} can be compared with none of the other human corpora; {pair.candidate} against "
        f"{pair.baseline}: {verdict.reasons[0]}"
    )
