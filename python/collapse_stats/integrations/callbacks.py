"""What the adapters for Hugging Face, Lightning and TRL have in common."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import LayoutMismatchError
from ..monitor import CollapseMonitor
from ..monitor.whole import whole
from .pytorch import figures_of_all_ranks, tensor_state
from .sinks import named

_NEWS = 0.1  # a floor is logged again when it has changed by this share of itself


def checked_every(every: int, unit: str) -> int:
    """Return `every`, a number of `unit` (``"steps"``); raise unless it is whole and at least 1."""
    return whole("every", every, f"a number of {unit}")


class Log:
    """What is logged of a monitor: the chosen figures each time, and floors when they are new.

    Parameters
    ----------
    every
        Number of steps between two logs.

    Attributes
    ----------
    calls
        Counted by an adapter that does not see the steps.
    """

    def __init__(self, monitor: CollapseMonitor, every: int) -> None:
        self.monitor = monitor
        self._every, self._window = every, monitor.window
        self.calls = 0
        self._logged_at = 0
        self._floors: dict[str, float] = {}  # as they were logged last

    def is_due(self, step: int) -> bool:
        """Return whether a multiple of `every` lies between the last log and this step."""
        return step // self._every > self._logged_at // self._every

    def figures(self, step: int) -> dict[str, float]:
        """Return what to log at a step, under names that begin with ``collapse/``.

        Every rank of the default group must call it. A floor is among them when it is known for
        the first time, or has changed by a tenth: it changes as long as more text is compared.
        """
        self._logged_at = step
        figures, floors = figures_of_all_ranks(self.monitor)
        new = {name: floor for name, floor in floors.items() if self._is_new(name, floor)}
        self._floors |= new
        without_floors = {name: value for name, value in figures.items() if name not in floors}
        return named(without_floors | new)

    def restart(self) -> None:
        """Begin a new run with an empty monitor."""
        self.monitor.window = self._window
        self.monitor.reset()
        self.calls, self._logged_at, self._floors = 0, 0, {}

    def state(self) -> dict[str, Any]:
        """Return the state of the log and of the monitor, for ``torch.save``."""
        return {
            "calls": self.calls,
            "logged_at": self._logged_at,
            "floors": dict(self._floors),
            "window": self._window,
            "monitor": tensor_state(self.monitor),
        }

    def load(self, saved: Sequence[Mapping[str, Any]], rank: int, ranks: int) -> None:
        """Load the states that all ranks of a run had saved.

        On fewer ranks, each takes the states of several, and its window is the sum of theirs.

        Parameters
        ----------
        saved
            What `state` returned on each rank, in the order of ranks.
        rank, ranks
            The number of this rank, and of all ranks.

        Raises
        ------
        LayoutMismatchError
            when the states cannot be shared out equally, or are of another monitor.
        """
        if len(saved) % ranks:
            raise LayoutMismatchError(
                f"the monitors of {len(saved)} ranks can be resumed on as many ranks, or on a "
                f"number that divides {len(saved)}, got {ranks}: otherwise the newest text would "
                "be another than without a break. Resume on such a number, or begin with an empty "
                "monitor, without the monitors' states in the checkpoint"
            )
        share = len(saved) // ranks
        own = saved[rank * share : (rank + 1) * share]
        first, *others = (each["monitor"] for each in own)
        if own[0]["window"] == self._window:
            self.monitor.window = first["window"]  # wider if ranks were resumed on fewer before
        self.monitor.load_state_dict(first)
        for state in others:
            self.monitor.merge(state)
        self.calls, self._logged_at = own[0]["calls"], own[0]["logged_at"]
        self._floors = dict(own[0]["floors"])

    def _is_new(self, name: str, floor: float) -> bool:
        logged = self._floors.get(name)
        return logged is None or abs(floor - logged) > _NEWS * abs(logged)
