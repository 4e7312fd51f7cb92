"""Counts of what was skipped or repaired, said once at the end instead of line by line."""


class Repairs:
    """Reasons with how often each occurred and the first place it did."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, str]] = {}

    def __bool__(self) -> bool:
        """Whether anything was noted."""
        return bool(self._seen)

    def add(self, reason: str, place: str, times: int = 1) -> None:
        """Note that something happened `times` times, the first of them at `place`."""
        count, first = self._seen.get(reason, (0, place))
        self._seen[reason] = (count + times, first)

    def include(self, later: "Repairs") -> None:
        """Add what was noted elsewhere, after everything that was noted here."""
        for reason, (count, place) in later._seen.items():
            self.add(reason, place, count)

    def clear(self) -> None:
        """Forget everything: a new pass begins."""
        self._seen.clear()

    def messages(self, path: str) -> list[str]:
        """One sentence per reason, in the order they first occurred."""
        return [
            f"{path}: {reason}: {count:,} (first: {place})"
            for reason, (count, place) in self._seen.items()
        ]
