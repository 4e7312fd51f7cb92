"""What a monitor's floors are taken from, besides the halves of its baseline."""

from ..ngrams.layout import Layout
from .background import Background
from .baseline import Baseline
from .batch import PackedBatch, join
from .contents import Contents
from .figures import floors_of
from .update_args import UpdateArguments


class Floored:
    """The floors of a monitor: those of the baseline's halves, and those that a user gives."""

    names: tuple[str, ...]
    layout: Layout
    _background: Background
    _baseline: Baseline | None
    _human_answers: PackedBatch | None

    @property
    def floor_names(self) -> tuple[str, ...]:
        """Every key that `floors` can return."""
        return floors_of(self.names, self.layout.max_order, baseline=self._baseline is not None)

    def set_group_floor(
        self,
        tokens: object,
        mask: object = None,
        *,
        lengths: object = None,
        cu_seqlens: object = None,
        begins: object = None,
        pad: int | None = None,
        groups: object,
    ) -> None:
        """Take the floor of the figures of groups from human answers, instead of the first groups.

        Of each prompt, as many answers are used as the groups of the run have; prompts with fewer
        are left out. The arguments are those of `update`, in CPU memory.

        Raises
        ------
        TypeError, ValueError
            as `update` does.
        """
        arguments = UpdateArguments(tokens, mask, lengths, cu_seqlens, begins, None, pad, groups)
        answers = arguments.to_host().pack(self.layout.vocab_size)
        copied = join([answers], self.layout.vocab_size, answers.grouping)

        def take(contents: Contents) -> None:
            self._human_answers = copied
            contents.figures = None

        self._background.when_counted(take)

    def set_baseline_logprobs(self, logprobs: object) -> None:
        """Take the floor of the perplexities from the baseline, as the same model scored it.

        Call it again when the model has changed: a perplexity is that of one model.

        Parameters
        ----------
        logprobs
            ``(T,)``: the natural logarithm of the probability that the model gave to each token of
            ``baseline.sample.tokens``, NaN where it gave none. Fewer are those of the first tokens;
            since the documents of a sample are in random order, some hundreds of them do.

        Raises
        ------
        TypeError, ValueError
            without a baseline, and for logarithms of another number, shape or range.
        """
        baseline = self._baseline
        if baseline is None:
            raise ValueError(
                "logprobs of the baseline need a baseline, and this monitor has none: give it one"
            )
        sums = baseline.scored(logprobs)

        def take(contents: Contents) -> None:
            baseline.surprisals = sums
            contents.figures = None

        self._background.when_counted(take)
