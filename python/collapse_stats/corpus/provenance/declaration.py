"""What the maker of a corpus declares of its sources. Nothing of it is inferred from the text."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import PurePath
from typing import Literal, NamedTuple, get_args

from ...readers.base import listed
from ...readers.directory.patterns import matches
from ...system.arguments import check_fields
from ...system.option import described
from ...system.suggestion import did_you_mean
from ..corpus import Source

Origin = Literal["human", "synthetic", "mixed", "unknown"]
Digest = Literal["full", "ends"]
ORIGINS: tuple[Origin, ...] = get_args(Origin)
_GENERATED = ("synthetic", "mixed")
MATCHES_NONE = "--origin-of "
"""How a warning about a pattern that matches no source begins."""


class Declared(NamedTuple):
    """What is declared of one source; the fields are those of `Source`."""

    origin: Origin = "unknown"
    generator: str | None = None
    generation: int | None = None
    license: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """Who or what wrote a corpus, and how its files are to be identified.

    The help text of each field describes it. `profile` has these options, in Python as in the
    command.
    """

    origin: Origin = field(
        default="unknown",
        metadata=described(
            "Who or what wrote the text, as you declare it. It is kept with the profile.",
            choices=ORIGINS,
        ),
    )
    origin_of: tuple[str, ...] = field(
        default=(),
        metadata=described(
            "Origin of the files that match a pattern: a name such as 'gen*.jsonl', of files or of "
            "folders, or the end of a path such as 'web/**'. May be given more than once; the last "
            "that matches a file counts.",
            "'GLOB=ORIGIN'",
        ),
    )
    generator: str | None = field(
        default=None,
        metadata=described("What wrote the synthetic and mixed sources, such as a model.", "NAME"),
    )
    generation: int | None = field(
        default=None,
        metadata=described(
            "Which generation of models wrote the synthetic and mixed sources: 1 is that of a "
            "model that learned from human text.",
            "N",
            minimum=0,
        ),
    )
    license: str | None = field(
        default=None,
        metadata=described("License of the text, such as CC-BY-4.0, or its URL.", "TEXT"),
    )
    digest: Digest | None = field(
        default=None,
        metadata=described(
            "Identify files by the SHA-256 of all their bytes, or by that of their size and their "
            "ends. Default: full for files on this machine of which all is read, ends for URLs, "
            "which full would read twice.",
            choices=get_args(Digest),
        ),
    )

    def __post_init__(self) -> None:
        check_fields(self)
        _check_origin("origin", self.origin)
        if self.digest not in (None, *get_args(Digest)):
            raise ValueError(f"digest must be full or ends, got {self.digest!r}")
        if self.generation is not None and self.generation < 0:
            raise ValueError(f"generation must be 0 or more, got {self.generation}")
        for name in ("generator", "license"):
            if getattr(self, name) == "":
                raise ValueError(f"{name} must not be empty: leave it out")
        origins = {self.origin, *(origin for _, origin in self.rules)}
        for name in ("generator", "generation"):
            if getattr(self, name) is not None and not origins & {*_GENERATED}:
                raise ValueError(
                    f"{name} is said of synthetic text, and no source is declared to be synthetic "
                    "or mixed: give --origin synthetic (origin='synthetic'), or --origin-of"
                )

    @classmethod
    def of(
        cls,
        origin: Origin,
        origin_of: Mapping[str, Origin] | None,
        generator: str | None,
        generation: int | None,
        license: str | None,
        digest: Digest | None,
    ) -> "Declaration":
        """Return the declaration of a function's keywords."""
        rules = tuple(f"{pattern}={value}" for pattern, value in (origin_of or {}).items())
        return cls(
            origin=origin,
            origin_of=rules,
            generator=generator,
            generation=generation,
            license=license,
            digest=digest,
        )

    @property
    def rules(self) -> list[tuple[str, Origin]]:
        """Patterns of paths, each with the origin of the files that match."""
        return [_rule(text) for text in self.origin_of]

    def declared_of(self, paths: Iterable[str]) -> Iterator[Declared]:
        """Yield what is declared of each source, by its path."""
        rules = [*reversed(self.rules)]
        by_origin = {origin: self._of_origin(origin) for origin in ORIGINS}
        for path in paths:
            named = (origin for pattern, origin in rules if is_match(path, pattern))
            yield by_origin[next(named, self.origin)]

    def _of_origin(self, origin: Origin) -> Declared:
        generated = origin in _GENERATED
        return Declared(
            origin,
            self.generator if generated else None,
            self.generation if generated else None,
            self.license,
        )

    def warnings(self, sources: Sequence[Source]) -> list[str]:
        """Return a sentence for each pattern that matches no source."""
        paths = [source.path for source in sources]
        return [
            f"{MATCHES_NONE}'{pattern}={value}' matches none of the {len(paths):,} sources: "
            f"{listed(paths, 5)}"
            for pattern, value in self.rules
            if not any(is_match(path, pattern) for path in paths)
        ]


def is_match(path: str, pattern: str) -> bool:
    """Whether a pattern names a path, by a part of it, or by several consecutive parts.

    ``gen*`` matches the name of a file, or of a folder that it lies in. ``web/**`` matches what
    lies below a folder of this name, wherever that is.
    """
    parts = PurePath(path).parts
    wanted = PurePath(pattern).parts
    if len(wanted) == 1:
        return any(fnmatchcase(part, wanted[0]) for part in parts)
    starts = (0,) if pattern.startswith("/") else range(len(parts))
    ends = range(1, len(parts) + 1)
    return any(matches(parts[start:end], wanted) for start in starts for end in ends if start < end)


def _rule(text: str) -> tuple[str, Origin]:
    pattern, equals, origin = text.rpartition("=")
    if not equals or not pattern.strip("/"):
        raise ValueError(
            "--origin-of (origin_of) must be a pattern and an origin, such as "
            f"'gen*.jsonl=synthetic', got {text!r}"
        )
    return pattern, _check_origin(f"the origin of {pattern!r}", origin)


def _check_origin(name: str, origin: str) -> Origin:
    for known in ORIGINS:
        if origin == known:
            return known
    raise ValueError(
        f"{name} must be one of {', '.join(ORIGINS)}, got {origin!r}{did_you_mean(origin, ORIGINS)}"
    )
