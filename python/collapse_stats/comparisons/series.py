"""Several comparisons with one baseline, such as those of generations of a model."""

from collections import Counter

from ..profiles.data import described
from ..system.arguments import checked_methods
from ..system.presented import Presented
from ..system.wording import counted
from .comparison import Comparison


@checked_methods
class ComparisonSeries(list[Comparison], Presented):
    """A list of comparisons that is shown as one table."""

    def __repr__(self) -> str:
        """Return the baseline, the number of candidates, and the verdicts that are known."""
        if not self:
            return "<ComparisonSeries without comparisons>"
        number = counted(len(self), "comparison")
        known = Counter(each.verdict for each in self if "judgement" in vars(each))
        verdicts = ", ".join(f"{times} {verdict}" for verdict, times in known.items())
        judged = f": {verdicts}" if verdicts else ""
        return f"<{number} with {described(self[0].baseline)}{judged}>"
