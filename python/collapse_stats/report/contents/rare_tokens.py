"""The perplexity of rare tokens as a part of a report, and its schema."""

from collections.abc import Sequence

from ...comparisons.comparison import Comparison
from ...corpus.load import Progress
from ...errors import CollapseStatsError
from ...ngram_model.rare_tokens.bands import BANDS, HEADLINES
from ...ngram_model.rare_tokens.rare_perplexity import BaselineModels, RarePerplexity
from ..json_object import Json
from ..schema_parts import array_of, described, number_or_null, object_of, ref

KEY = "rare_perplexity"
COLUMNS = {
    name: f"rare_bits_{name.replace('-', '_').replace('+', '_up')}"  # rare_bits_9_64
    for name in BANDS
}
"""What the excess of each band is called where names are flat: in CSV and in limits."""


def add_rare_perplexity(
    report: Json,
    comparisons: Sequence[Comparison],
    order: int = 3,
    progress: Progress | None = None,
    memory: int | str | None = None,
) -> None:
    """Add the perplexity of rare tokens to each comparison with the first baseline of a report.

    The models of the baseline are made once for all candidates. Where a candidate has none, its
    warnings say why.

    Parameters
    ----------
    comparisons
        Those that the report was made of, in the same order; it may have others behind them.
    order
        Length of the longest n-grams of the models.
    memory
        Bytes that may be used; by default half of what is free.

    Raises
    ------
    ValueError
        when n-grams of that order were not counted.
    """
    baseline = comparisons[0].baseline
    models = BaselineModels(baseline, order, memory)
    chosen = [
        (comparison, figures)
        for comparison, figures in zip(comparisons, report["comparisons"], strict=False)
        if comparison.baseline.sample is baseline.sample  # which copies of a profile share
    ]
    for number, (comparison, figures) in enumerate(chosen, start=1):
        try:
            found = models.rare_perplexity(comparison.candidate)
        except CollapseStatsError as error:  # such as documents that are too short for the order
            found = RarePerplexity(order, (0, 0), (), (), (), (str(error),))
        figures[KEY] = found.to_dict()
        if progress:
            progress("perplexity of rare tokens", number, len(chosen))


def rare_perplexity_schema() -> Json:
    """Return the schema of this part."""
    perplexity = number_or_null(minimum=1)
    bits = number_or_null(minimum=0)
    estimate = object_of({"value": {"type": "number"}, "error": {"type": "number", "minimum": 0}})
    band = object_of(
        {
            "band": described(
                "How often a third of the baseline has the tokens; all tokens; or the end of a "
                "document.",
                {"enum": [*BANDS]},
            ),
            "tokens": described("Places in the text of the baseline.", ref("count")),
            "types": described("Different tokens, added over three parts.", ref("count")),
            "perplexity": described("Under models of the candidate.", perplexity),
            "floor": described("Under models of other text of the baseline.", perplexity),
            "type_perplexity": described("With one weight for each different token.", perplexity),
            "type_floor": perplexity,
            "excess_bits": described(
                "Bits above the floor for each token, with one standard error.",
                {**estimate, "type": ["object", "null"]},
            ),
            "bytes": described(
                "Of the places; null when the tokenizer does not say it.", ref("number")
            ),
            "bits_per_byte": described("Under models of the candidate.", bits),
            "floor_bits_per_byte": bits,
            "unknown": described(
                "Share of the places whose token the models have never seen.", ref("share")
            ),
            "floor_unknown": ref("share"),
            "reason": described("Why figures are null.", {"type": ["string", "null"]}),
        }
    )
    orders = array_of({"type": "integer", "minimum": 1})
    return described(
        "With --perplexity: how well n-gram models of the candidate know the tokens of the "
        "baseline, by how rare these are. A single excess may be one of topic; its rise along "
        "generations is a loss. It is no part of the verdict.",
        object_of(
            {
                "order": {"type": "integer", "minimum": 1},
                "smoothing": {"const": "modified-kneser-ney"},
                "model_tokens": described("Tokens that a model has seen.", ref("sides")),
                "floor_fallback_orders": orders,
                "fallback_orders": described(
                    "Orders whose counts give no discounts, so that fixed ones are taken.", orders
                ),
                "bands": described("Empty when no figure can be given.", array_of(band)),
                "headline_bands": described(
                    "The bands to look at.", array_of({"enum": [*HEADLINES]})
                ),
                "warnings": ref("warnings"),
            }
        ),
    )
