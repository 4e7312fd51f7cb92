"""The vocabulary of a corpus: how many ids there are, and who says so."""

from dataclasses import dataclass

from ..errors import InputError
from ..ngrams.ids import is_implied
from ..readers.base import Reader
from ..tokenizers import Tokenizer
from .corpus import TokenizerIdentity


@dataclass(frozen=True, slots=True)
class Counterpart:
    """A profile that a corpus is to be compared with: its tokenizer and its vocabulary."""

    tokenizer: TokenizerIdentity
    vocab_size: int


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """How many ids there are: all must lie below `size`, which is None if it is not known.

    `given_by` says where the size comes from, for messages.
    """

    size: int | None = None
    given_by: str = ""

    def problem(self, token: int, position: int, reader: Reader) -> str:
        """Return what is wrong with a token of a document, and what to do."""
        where = f", token {position + 1:,}"
        if self.size is None or token < 0:
            return (
                f"{where}: ids must lie between 0 and 2**32 - 1, got {token:,}: give an attention "
                "mask that leaves it out, or ids without it"
            )
        return (
            f"{where}: the id {token:,} is outside the vocabulary of {self.size:,} ids "
            f"({self.given_by}): {reader.doubt or 'give the right --vocab-size or --tokenizer'}"
        )


def vocabulary_of_text(tokenizer: Tokenizer, given: int | None) -> Vocabulary:
    """Return the vocabulary of a text, whose size can be no other than its tokenizer's."""
    if given not in (None, tokenizer.vocab_size):
        raise InputError(
            f"--vocab-size must be that of the tokenizer, which is {tokenizer.vocab_size:,} for "
            f"{tokenizer.spec}, got {given:,}: leave it out for text, or name the --tokenizer that "
            "has this many ids"
        )
    return Vocabulary(tokenizer.vocab_size, f"tokenizer {tokenizer.spec}")


def vocabulary_of_ids(
    tokenizer: Tokenizer | None, given: int | None, beside: Counterpart | None
) -> Vocabulary:
    """Return the vocabulary of token ids; its size is not known if nothing says it.

    One that is given may be larger than that of the tokenizer that is named: models often have
    more ids than their tokenizer, to make their number a round one.
    """
    if given is not None:
        return Vocabulary(given, "--vocab-size")
    if beside is not None and _is_exact(beside, tokenizer):
        return Vocabulary(beside.vocab_size, "the profile that is compared")
    if tokenizer is not None:
        return Vocabulary(tokenizer.vocab_size, f"tokenizer {tokenizer.spec}")
    return Vocabulary()


def _is_exact(beside: Counterpart, tokenizer: Tokenizer | None) -> bool:
    """Whether ids beside a profile are taken to be of its vocabulary, which is known."""
    if tokenizer is not None:
        same = tokenizer.sha256 == beside.tokenizer.sha256
        return same and beside.vocab_size > tokenizer.vocab_size
    return beside.tokenizer.sha256 is not None or not is_implied(beside.vocab_size)
