"""The content of a card as one JSON object, the same for the same text on every machine.

It has no time, no name and no path of the profile, and its lists are sorted. Figures are rounded to
six digits, which do not depend on the machine.
"""

import json
from collections import Counter
from collections.abc import Iterable

from ...comparisons.comparison import Comparison
from ...corpus.corpus import Source
from ...corpus.provenance.declaration import ORIGINS
from ...corpus.provenance.sources import counted_twice, without_counted_twice
from ...profiles.profile import Profile
from ...readers.base import listed
from ...version import __version__
from ..figures import comparison_figures
from ..json_object import Json

SCHEMA = "collapse-stats.card/1"
STATEMENT = (
    "The shares are declared by the maker. The measurements neither confirm nor exclude synthetic "
    "text: 10 to 20 % of it passes as within floor."
)
LOSSES = ("loss of tail", "collapse")
_COMPARED = ("js_bits", "unseen_mass", "novelty")


def card_content(profile: Profile, comparison: Comparison | None) -> Json:
    """Return the content of the card of a profile, which may be compared with human text."""
    compared = None if comparison is None else _compared(comparison)
    declared, sources = _declared(profile), sources_content(profile.sources)
    return {
        "schema": SCHEMA,
        "tool": {"name": "collapse-stats", "version": __version__},
        "tokenizer": {"spec": profile.tokenizer.spec, "sha256": profile.tokenizer.sha256},
        "counted": {
            "tokens": profile.tokens,
            "documents": profile.documents,
            "empty_documents": profile.empty_documents,
            "vocab_size": profile.vocab_size,
            "max_order": profile.max_order,
            "group_key": profile.group_key,
        },
        "sources": sources,
        "declared": declared,
        "measured": {str(n): _order(profile, n) for n in range(1, profile.max_order + 1)},
        "compared": compared,
        "statement": STATEMENT,
        "warnings": sorted(
            {*_warnings(profile, declared), *_cautions(sources, declared, compared)}
        ),
    }


def sources_content(sources: Iterable[Source]) -> list[Json]:
    """Return what is known of each source, in an order that does not depend on how they came."""
    rows = [
        {
            "path": source.path,
            "format": source.format,
            "bytes": source.bytes,
            "sha256": source.sha256,
            "sha256_of_ends": source.digest or None,
            "tokens": source.tokens,
            "documents": source.documents,
            "origin": source.origin,
            "generator": source.generator,
            "generation": source.generation,
            "license": source.license,
            "error": source.error,
        }
        for source in sources
    ]
    return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))


def _declared(profile: Profile) -> Json:
    """The tokens of each declared origin; those of no source, or of an old profile, are unknown."""
    tokens: Counter[str] = Counter()
    for source in profile.sources:
        tokens[source.origin] += source.tokens or 0
    of_no_source = profile.tokens - sum(tokens.values())
    tokens["unknown"] += of_no_source
    return {
        "shares": {
            origin: {
                "tokens": tokens[origin],
                "share": _rounded(tokens[origin] / profile.tokens) if profile.tokens else None,
            }
            for origin in ORIGINS
        },
        "tokens_of_no_source": of_no_source,
    }


def _order(profile: Profile, order: int) -> Json:
    entropy = profile.interval("entropy", order)
    spectrum = profile.spectrum(order)
    return {
        "ngrams": spectrum.occurrences,
        "distinct": spectrum.distinct,
        "entropy_bits": _rounded(profile.entropy(order)),
        "entropy_standard_error": None if entropy is None else _rounded(entropy.error),
    }


def _compared(comparison: Comparison) -> Json:
    """The verdict, and figures with their floors."""
    figures = comparison_figures(comparison)
    human = comparison.baseline
    return {
        "with": {
            "tokens": human.tokens,
            "documents": human.documents,
            "sources": sources_content(human.sources),
        },
        "verdict": figures["verdict"],
        "reasons": figures["reasons"],
        "limits": figures["limits"],
        "orders": {order: _floored(of_order) for order, of_order in figures["orders"].items()},
    }


def _floored(of_order: Json) -> Json:
    shown: Json = {}
    for name in _COMPARED:
        estimate = of_order["intervals"].get(name) or {}
        shown[name] = {
            "value": _rounded(of_order[name]),
            "floor": _rounded(of_order["floor"][name]),
            "over_floor": _rounded(estimate.get("excess")),
            "standard_error": _rounded(estimate.get("excess_error")),
        }
    return shown


def _warnings(profile: Profile, declared: Json) -> list[str]:
    """What is doubtful of the sources, and what was noticed while they were counted."""
    found = [*without_counted_twice(profile.warnings), *counted_twice(profile.sources)]
    of_no_source = declared["tokens_of_no_source"]
    if of_no_source:
        found.append(
            f"{of_no_source:,} of {profile.tokens:,} tokens belong to no source whose tokens are "
            "known, so that they are in the share of unknown: profile the corpus again with this "
            "version"
        )
    bare = sum(source.sha256 is None for source in profile.sources)
    if bare:
        found.append(
            f"sources without a SHA-256 of all their bytes: {bare:,} of {len(profile.sources):,}"
        )
    return found


def _cautions(sources: list[Json], declared: Json, compared: Json | None) -> list[str]:
    """What must be known of the comparison with human text."""
    if compared is None:
        return []
    found = []
    known = {source["sha256"] for source in compared["with"]["sources"]} - {None}
    shared = [source["path"] for source in sources if source["sha256"] in known]
    if shared:
        found.append(
            "the human text that this is compared with is a part of it, so that the verdict is "
            f"more favourable than with other human text: {listed(shared, 5)}"
        )
    verdict = compared["verdict"]
    is_human = declared["shares"]["human"]["share"] == 1
    if verdict in LOSSES and is_human:
        found.append(
            f"all text is declared to be human, and the verdict is {verdict}: look at the text; "
            "this does not show that the declaration is wrong"
        )
    return found


def _rounded(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.6g}")
