"""`cs.card`: what was counted of a corpus, what its maker declares, and what was measured."""

import json
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, get_args

from ...comparisons.build import compare
from ...corpus.load import Progress
from ...errors import InputError
from ...profiles.build import saved_or_source
from ...profiles.json_field import Field
from ...profiles.profile import Profile
from ...system.arguments import checked, checked_methods
from .. import html, markdown
from ..json_object import Json
from .content import SCHEMA, card_content
from .croissant import croissant
from .page import card_page
from .verified import VerifiedSource, verified

Format = Literal["markdown", "croissant", "json"]
FORMATS: tuple[Format, ...] = get_args(Format)


@checked_methods
@dataclass(frozen=True)
class Card:
    """A card: `content` is the same for the same text, whoever merged it in whatever order.

    Attributes
    ----------
    name
        Name of the corpus, which is no part of the content.
    content
        What was counted (sources with their digests, tokens, documents, tool, tokenizer), declared
        and measured, and what that does not show; docs/provenance.md has the fields.
    """

    name: str
    content: Json = field(repr=False)

    @property
    def warnings(self) -> list[str]:
        """What must be known before the card is used, such as sources that are counted twice."""
        return list(self.content["warnings"])

    @property
    def sources(self) -> list[Json]:
        """What is known of each source: path, digests, tokens, and what is declared."""
        return list(self.content["sources"])

    @property
    def verdict(self) -> str | None:
        """The verdict against the human text; None if there was none to compare with."""
        compared = self.content["compared"]
        return None if compared is None else str(compared["verdict"])

    def render(self, format: Format = "json") -> str:
        """Return the card as a text in one of the formats.

        As JSON it is canonical, so that its bytes can be signed: keys are sorted, two spaces indent
        it, signs outside of ASCII are escaped, and there is no time in it.

        Raises
        ------
        InputError
            for Croissant, if a source has no SHA-256 of all its bytes.
        """
        if format not in FORMATS:
            raise ValueError(f"format must be one of {', '.join(FORMATS)}, got {format!r}")
        if format == "markdown":
            return markdown.write(card_page(self.name, self.content))
        content = self.content if format == "json" else croissant(self.name, self.content)
        return json.dumps(content, sort_keys=True, indent=2, allow_nan=False) + "\n"

    def _repr_html_(self) -> str:
        """Return the card as tables for a notebook."""
        page = card_page(self.name, self.content)
        return html.write(replace(page, head=page.head.removeprefix("# ")))

    def verify(self, folder: str | os.PathLike[str]) -> list[VerifiedSource]:
        """Read the files of the card again, in a folder, and say which are the same.

        Raises
        ------
        InputError
            The folder is none.
        """
        return verified(self.sources, Path(folder))

    @classmethod
    def from_json(cls, text: str, name: str) -> "Card":
        """Return the card that was written as JSON.

        Raises
        ------
        InputError
            The text is no card.
        """
        try:
            content = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{name} is no card: expected JSON ({error})") from error
        if not isinstance(content, dict) or content.get("schema") != SCHEMA:
            raise InputError(f"{name} is no card: expected JSON with the schema {SCHEMA!r}")
        try:
            for source in Field(content)["sources"].items():
                source["path"].text()
                for digest in (source["sha256"], source["sha256_of_ends"]):
                    _ = digest.is_null or digest.sha256()
        except ValueError as error:
            raise InputError(f"{name} is damaged: {error}") from error
        return cls(name, content)


@checked
def card(
    profile: Profile | str | os.PathLike[str],
    *,
    human: Profile | str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> Card:
    """Return the card of a profile.

    Parameters
    ----------
    profile
        A `Profile`, or the path of a saved one.
    human
        Human text to compare it with, likewise: the card then has the verdict, and divergences with
        their floors.
    progress
        Called with what is being done, how much of it is done, and how much there is in all.

    Raises
    ------
    LayoutMismatchError
        Token ids do not have the same meaning in both profiles.
    InputError
        A path is that of no saved profile.
    """
    counted = _saved("profile", profile)
    if human is None:
        counted.resample(progress)
        return Card(counted.name, card_content(counted, None))
    comparison = compare(_saved("human", human), counted, progress=progress)
    comparison.resample(progress)
    return Card(counted.name, card_content(counted, comparison))


def _saved(name: str, value: Profile | str | os.PathLike[str]) -> Profile:
    found = saved_or_source(value)
    if isinstance(found, Profile):
        return found
    raise InputError(
        f"{name} must be a saved profile, got {os.fspath(value)!r}: "  # type: ignore[arg-type]
        "make one with collapse-stats profile (cs.profile)"
    )
