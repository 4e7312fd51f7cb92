"""The type of a report and of the objects in it."""

from typing import Any

Json = dict[str, Any]
