"""The perplexity of rare tokens: columns of the table of generations, and a table of all bands."""

from collections.abc import Sequence

from ...ngram_model.rare_tokens.bands import BANDS, HEADLINES
from ..contents.rare_tokens import KEY
from ..grid import DASH, Cell, Column, Grid, printable
from ..json_object import Json
from ..numbers import count, fixed, percent, with_error
from .labels import Labels
from .warnings import joined

UNIT = "bits above"
CAUTION = (
    "rare 5-8x, 9-64x: how many bits more than the floor an n-gram model of the candidate needs "
    "for tokens of the baseline that a third of it has so often. One excess says nothing about "
    "collapse, since another topic has one too (human books against Wikipedia: 4.7); its rise "
    "along generations does. It is no part of the verdict."
)
_SMALL = 0.1  # bits: errors below this are shown with two decimals
_OPTIONAL = {"2": 3, "65+": 2}
_OF_TABLE = tuple(name for name in BANDS if name not in ("never", "end"))


def is_there(against: Sequence[Json]) -> bool:
    """Whether any comparison has the figure."""
    return any(KEY in comparison for comparison in against)


def headline_columns(against: Sequence[Json]) -> list[Column]:
    """Return the columns of the headline bands; none without the figure."""
    if not is_there(against):
        return []
    return [Column((f"rare {name}x", UNIT)) for name in HEADLINES]


def headline_cells(against: Sequence[Json], comparison: Json | None) -> list[Cell]:
    """Return the cells of a candidate; those of the baseline if the comparison is None."""
    if not is_there(against):
        return []
    if comparison is None:
        return [Cell("(0)", "dim") for _ in HEADLINES]
    digits = _digits(against, HEADLINES)
    return [Cell(_excess(band_of(comparison, name), digits)) for name in HEADLINES]


def cautions(against: Sequence[Json]) -> list[str]:
    """Return what must be known of the columns, and why figures are missing."""
    if not is_there(against):
        return []
    reasons: dict[str, list[tuple[str, str]]] = {}
    for comparison in (each for each in against if KEY in each):
        missing = {name: band_of(comparison, name) for name in HEADLINES}
        why = [
            f"no figure of rare {name}x: {band['reason']}"
            for name, band in missing.items()
            if band is not None and band["excess_bits"] is None
        ]
        if not comparison[KEY]["bands"]:
            why = comparison[KEY]["warnings"]
        for reason in why:
            reasons.setdefault(reason, []).append((comparison["candidate"], reason))
    return [CAUTION, *(f"{joined(group)}." for group in reasons.values())]


def bands_grid(comparison: Json) -> Grid:
    """Return all bands of one comparison, one row for each."""
    found = comparison[KEY]
    columns = [
        Column(("band", "times"), number=False),
        Column(("tokens", "of text")),
        Column(("perplexity", "")),
        Column(("floor", "")),
        Column(("over floor", "bits/token ± 2 SE")),
        Column(("bits/byte", "")),
        Column(("floor", ""), optional=1),
        Column(("unknown", "%"), optional=2),
    ]
    rows = []
    for band in found["bands"]:
        row = [
            band["band"],
            count(band["tokens"]),
            count(band["perplexity"]),
            count(band["floor"]),
            _excess(band, 2),
            fixed(band["bits_per_byte"], 2),
            fixed(band["floor_bits_per_byte"], 2),
            percent(band["unknown"]),
        ]
        rows.append([Cell(text) for text in row])
    tokens = found["model_tokens"]["candidate"]
    title = (
        f"{printable(comparison['candidate'])}: rare tokens under models of order "
        f"{found['order']}, of {count(tokens)} tokens each"
    )
    return Grid(columns, rows, title, _why_not(found))


def by_band_grid(against: Sequence[Json]) -> Grid:
    """Return the excess of every band, one row for each candidate."""
    labels = Labels.of([comparison["candidate"] for comparison in against])
    digits = _digits(against, _OF_TABLE)
    columns = [
        Column((labels.heading,), number=False, one_line=True),
        *(Column((name, ""), optional=_OPTIONAL.get(name, 0)) for name in _OF_TABLE),
        Column(("all,", "bits/byte"), optional=1),
    ]
    rows = []
    for comparison in against:
        if KEY not in comparison:
            continue
        whole = band_of(comparison, "all")
        cells = [Cell(_excess(band_of(comparison, name), digits)) for name in _OF_TABLE]
        per_byte = fixed(None if whole is None else whole["bits_per_byte"], 2)
        name = printable(labels.label(comparison["candidate"]))
        rows.append([Cell(name), *cells, Cell(per_byte)])
    notes = [
        "By how often a third of the baseline has the tokens. The band of those that it never has "
        "runs the wrong way, since a better model leaves less for them; JSON has it."
    ]
    return Grid(columns, rows, "rare tokens, bits per token above the floor ± 2 SE", notes)


def band_of(comparison: Json, name: str) -> Json | None:
    """Return a band by its name, None if there is none."""
    bands: list[Json] = comparison.get(KEY, {"bands": []})["bands"]
    return next((band for band in bands if band["band"] == name), None)


def _excess(band: Json | None, digits: int) -> str:
    estimate = band and band["excess_bits"]
    return with_error(estimate["value"], estimate["error"], digits) if estimate else DASH


def _digits(against: Sequence[Json], names: Sequence[str]) -> int:
    """Return the decimals that suit the smallest error."""
    bands = (band_of(comparison, name) for comparison in against for name in names)
    errors = [band["excess_bits"]["error"] for band in bands if band and band["excess_bits"]]
    return 2 if min(errors, default=1) * 2 < _SMALL else 1


def _why_not(found: Json) -> list[str]:
    """Return why figures are missing, each reason once for all of its bands."""
    bands: dict[str, list[str]] = {}
    for band in found["bands"]:
        if band["reason"] and band["tokens"]:
            bands.setdefault(band["reason"], []).append(band["band"])
    of_bands = {f"no excess perplexity of the band {band}:" for band in BANDS}
    others = [w for w in found["warnings"] if not any(map(w.startswith, of_bands))]
    return [
        *(f"{', '.join(names)}: no excess, since {reason}." for reason, names in bands.items()),
        *(f"{text[:1].upper()}{text[1:]}." for text in others),
    ]
