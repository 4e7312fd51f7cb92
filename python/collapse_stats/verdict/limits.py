"""The limits that a verdict rests on: the builtin ones, or those of a user's own human corpora.

docs/formats.md describes the file that they are saved in.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from ..corpus.corpus import TokenizerIdentity
from ..errors import InputError, LayoutMismatchError
from ..ngrams.ids import is_implied
from ..profiles.data import Tokenized
from ..profiles.json_field import Field
from ..system.atomic_file import write_file
from ..system.presented import Tabled
from ..version import __version__
from .calibration import calibrated
from .constants import Constants
from .evidence import Evidence
from .human_pairs import HumanPair, HumanText
from .judged_pairs import JudgedPair, Verdicts, judged_pairs
from .limits_content import (
    check_constants,
    constants_content,
    pairs_content,
    read_pairs,
    verdicts_content,
)
from .rule import CANNOT_TELL, Verdict, judge

BUILTIN, CALIBRATED = "builtin", "cs.calibrate"  # names of limits that are from no file
_MOST_BYTES = 1 << 26  # of a file of limits: more than hundreds of corpora need
_SCHEMA = "collapse-stats.limits/1"
ENOUGH = 9  # corpora, of which another one exceeds a limit with a chance of a tenth at most


T = TypeVar("T", bound=Tokenized)


@dataclass(frozen=True, slots=True)
class HumanCorpus:
    """A human corpus that took part in a calibration."""

    name: str
    tokens: int
    documents: int


@dataclass(frozen=True)
class Limits(Tabled):
    """Constants of the verdict's rule, and the human corpora that they follow from.

    Attributes
    ----------
    constants
        The constants.
    name
        ``builtin``, ``cs.calibrate``, or the name of the file that they are from.
    corpora
        The human corpora; none for the builtin limits.
    tokenizer, vocab_size
        What the corpora's token ids mean; None and 0 for the builtin limits.
    pairs
        What the corpora showed against each other.
    """

    constants: Constants = field(default_factory=Constants)
    name: str = BUILTIN
    corpora: tuple[HumanCorpus, ...] = ()
    tokenizer: TokenizerIdentity | None = None
    vocab_size: int = 0
    pairs: tuple[JudgedPair, ...] = ()

    @cached_property
    def verdicts(self) -> dict[str, Verdicts | None]:
        """Verdicts on the pairs: ``builtin``, ``calibrated``, ``left_out``, and those on halves.

        None where there are none; see `JudgedPair`.
        """
        apart = [pair for pair in self.pairs if not pair.is_of_halves]
        halves = [pair for pair in self.pairs if pair.is_of_halves]
        labels: dict[str, list[str | None]] = {
            "builtin": [pair.builtin for pair in apart],
            "calibrated": [pair.calibrated for pair in apart],
            "left_out": [pair.left_out for pair in apart],
            "halves_builtin": [pair.builtin for pair in halves],
            "halves_calibrated": [pair.calibrated for pair in halves],
        }
        return {name: Verdicts.of(each, len(self.corpora)) for name, each in labels.items()}

    @property
    def chance(self) -> float:
        """Largest chance (0..1) that one more corpus exceeds a certain limit as a candidate.

        Of K + 1 corpora that are alike, each is as likely as another to be the candidate that shows
        most: 1 / (K + 1).
        """
        return 1 / (len(self.corpora) + 1)

    @classmethod
    def of(
        cls,
        corpora: Sequence[HumanText],
        pairs: Sequence[HumanPair],
    ) -> "Limits":
        """Return the limits that follow from pairs of human corpora of one tokenizer."""
        judged = judged_pairs(pairs)
        return cls(
            calibrated(pair.shown for pair in judged),
            CALIBRATED,
            tuple(HumanCorpus(text.name, text.tokens, text.documents) for text in corpora),
            _named(corpora).tokenizer,
            max(text.vocab_size for text in corpora),
            judged,
        )

    @property
    def warnings(self) -> list[str]:
        """What a user of these limits must know, in sentences."""
        found = []
        number = len(self.corpora)
        if 0 < number < ENOUGH:
            found.append(
                f"limits of {number} human corpora are rough: one more corpus of their kind "
                f"exceeds a limit with a chance of up to {self.chance:.0%}; give {ENOUGH} or more, "
                "such as the text of one author, site or project each"
            )
        verdicts = self.verdicts["builtin"]
        unknown = verdicts.counts.get(CANNOT_TELL, 0) if verdicts else 0
        if verdicts and unknown:
            found.append(
                f"{unknown} of {verdicts.pairs} pairs of corpora are too small to be judged: "
                "larger corpora show more"
            )
        return found

    def set_by(self, name: str) -> JudgedPair | None:
        """Return the pair that shows most of ``near``, ``repetition`` or ``copies``.

        None if the builtin limit stays.
        """
        if getattr(self.constants, name) == getattr(Constants(), name):
            return None
        return max(self.pairs, key=lambda pair: getattr(pair.shown, name))

    def judge(self, evidence: Evidence) -> Verdict:
        """Apply the rule, and say so if the builtin limits give another verdict."""
        verdict = judge(evidence, self.constants)
        builtin = judge(evidence, Constants()).label
        if verdict.label == builtin:
            return verdict
        reason = (
            f"under the builtin limits it would be {builtin}, but the human corpora of {self.name} "
            "differ as much from each other"
        )
        return replace(verdict, reasons=(*verdict.reasons, reason))

    def check(self, *corpora: Tokenized) -> None:
        """Raise LayoutMismatchError if the tokens of a comparison are not those of the limits.

        Corpora of an unnamed tokenizer are taken to have that of the others.
        """
        own, corpus = self.tokenizer, _named(corpora)
        tokenizer = corpus.tokenizer
        if own is None:
            return
        if own.sha256 != tokenizer.sha256:
            changed = f", and {own.change}" if own.spec == tokenizer.spec else ""
            raise LayoutMismatchError(
                f"the limits of {self.name} are for tokens of {own}, got {corpus.name} with those "
                f"of {tokenizer}{changed}: calibrate again with the --tokenizer of {corpus.name}, "
                "or compare with that of the limits"
            )
        sizes = self.vocab_size, corpus.vocab_size
        if own.sha256 is None and sizes[0] != sizes[1] and not all(map(is_implied, sizes)):
            raise LayoutMismatchError(
                f"the limits of {self.name} are for {sizes[0]:,} token ids, got {corpus.name} with "
                f"{sizes[1]:,}: calibrate again with the --vocab-size of {corpus.name}"
            )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the limits to a file, which appears complete or not at all.

        Raises
        ------
        InputError
            The file cannot be written.
        """
        text = json.dumps(self.content(), indent=2, ensure_ascii=False, allow_nan=False)
        write_file(Path(path), f"{text}\n".encode("utf-8", "backslashreplace"))

    def content(self) -> dict[str, Any]:
        """Return what the file says."""
        return {
            "schema": _SCHEMA,
            "tool": {"name": "collapse-stats", "version": __version__},
            "tokenizer": self.tokenizer and asdict(self.tokenizer),
            "vocab_size": self.vocab_size,
            "corpora": [asdict(corpus) for corpus in self.corpora],
            "constants": constants_content(self.constants),
            "chance_of_exceeding": self.chance,
            "verdicts": {name: verdicts_content(each) for name, each in self.verdicts.items()},
            "pairs": pairs_content(self.pairs),
            "warnings": self.warnings,
        }

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Limits":
        """Return the limits that a file has.

        Raises
        ------
        InputError
            The file cannot be read, is damaged or incomplete, or is of another version.
        """
        path = Path(path)
        try:
            content = Field(json.loads(_bytes_of(path)))
            _check_origin(content, path)
            return cls._read(content, path.name)
        except OSError as error:
            raise InputError(f"cannot read {path}: {error.strerror or error}") from error
        except (ValueError, RecursionError) as error:
            raise InputError(
                f"{path} is damaged, or no file of limits ({error}): make it again with "
                "collapse-stats calibrate"
            ) from error

    @classmethod
    def _read(cls, content: Field, name: str) -> "Limits":
        of = content["tokenizer"]
        library = of["library"]
        corpora = tuple(
            HumanCorpus(each["name"].text(), each["tokens"].number(), each["documents"].number())
            for each in content["corpora"].items()
        )
        pairs = read_pairs(content["pairs"], [corpus.name for corpus in corpora])
        constants = calibrated(pair.shown for pair in pairs)
        check_constants(content["constants"], constants)
        tokenizer = TokenizerIdentity(
            of["spec"].text(),
            None if of["sha256"].is_null else of["sha256"].sha256(),
            None if library.is_null else library.text(),
        )
        return cls(constants, name, corpora, tokenizer, content["vocab_size"].number(1), pairs)


def _named(corpora: Sequence[T]) -> T:
    """The first corpus whose tokenizer is named, or else the first one."""
    return next((each for each in corpora if each.tokenizer.sha256 is not None), corpora[0])


def _bytes_of(path: Path) -> bytes:
    with path.open("rb") as file:
        data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise ValueError(f"expected at most {_MOST_BYTES:,} bytes, got more")
    return data


def limits_from(limits: Limits | str | os.PathLike[str] | None) -> Limits:
    """Return limits, those of a file if they are a path, or the builtin ones if they are None."""
    if limits is None:
        return Limits()
    return limits if isinstance(limits, Limits) else Limits.load(limits)


def _check_origin(content: Field, path: Path) -> None:
    """Raise InputError if a file is of another version, whose rule may be another one."""
    schema = content["schema"].text()
    if schema != _SCHEMA:
        raise ValueError(f"expected its schema to be {_SCHEMA!r}, got {schema!r}")
    version = content["tool"]["version"].text()
    if version != __version__:
        names = ", ".join(each["name"].text() for each in content["corpora"].items())
        raise InputError(
            f"{path} is of collapse-stats {version}, and this is {__version__}, whose verdict may "
            f"follow another rule: run collapse-stats calibrate again with its corpora ({names})"
        )
