"""Counts of what was skipped or repaired, reported once per file and not line by line."""


class Repairs:
    """How often each reason to skip or repair something occurred, and where it did first."""

    def __init__(self) -> None:
        self._reasons: dict[str, tuple[int, str]] = {}
        self.left_out = 0  # lines or rows that have no document

    def __bool__(self) -> bool:
        """Whether anything was skipped or repaired."""
        return bool(self._reasons)

    def add(self, reason: str, place: str, times: int = 1) -> None:
        """Count `times` occurrences of a reason, the first of them at `place`."""
        count, first = self._reasons.get(reason, (0, place))
        self._reasons[reason] = (count + times, first)

    def leave_out(self, reason: str, place: str, times: int = 1) -> None:
        """Count `times` lines or rows without a document, as `add` does."""
        self.add(reason, place, times)
        self.left_out += times

    def include(self, later: "Repairs") -> None:
        """Add counts from a later part of the source."""
        for reason, (count, place) in later._reasons.items():
            self.add(reason, place, count)
        self.left_out += later.left_out

    def clear(self) -> None:
        """Reset all counts before another pass."""
        self._reasons.clear()
        self.left_out = 0

    def messages(self, path: str) -> list[str]:
        """Return one sentence per reason, in the order of their first occurrences."""
        return [
            f"{path}: {reason}: {count:,} (first: {place})"
            for reason, (count, place) in self._reasons.items()
        ]
