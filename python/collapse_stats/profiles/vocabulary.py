"""Profiles of one tokenizer whose vocabularies differ in size, taken to the largest of these.

Ids are counted with the vocabulary that the largest id implies if no tokenizer is named, and models
may have more ids than their tokenizer. So corpora of one tokenizer can have vocabularies of
different sizes, and one of them contains the others.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from ..counting.relaid_table import RelaidTable
from ..errors import LayoutMismatchError
from .data import ProfileData, check_comparable

P = TypeVar("P", bound=ProfileData)


def in_one_vocabulary(profiles: Sequence[P]) -> list[P]:
    """Return the profiles with the largest of their vocabularies.

    Raises
    ------
    LayoutMismatchError
        when their ids do not have the same meaning, or n-grams of the largest vocabulary do not
        fit into a key.
    """
    for profile in profiles[1:]:
        check_comparable(profiles[0], profile)
    size = max(profile.vocab_size for profile in profiles)
    return [widened(profile, size) for profile in profiles]


def widened(profile: P, vocab_size: int) -> P:
    """Return a profile with a vocabulary that is as large or larger; see `in_one_vocabulary`."""
    if profile.vocab_size == vocab_size:
        return profile
    try:
        layout = replace(profile.layout, vocab_size=vocab_size)
    except ValueError as error:
        raise LayoutMismatchError(
            f"{profile.name} cannot be taken to a vocabulary of {vocab_size:,} ids: {error}"
        ) from error
    table = None if profile.table is None else RelaidTable(profile.table, layout)
    sample = profile.ngram_sample
    wider = None if sample is None else sample.in_vocabulary(vocab_size)
    return replace(profile, layout=layout, table=table, ngram_sample=wider)
