"""The ``index.json`` that MDS and LitData write into a directory of shards."""

import json
from collections.abc import Container, Iterator
from typing import Any

from ..remote.location import Location


def missing_shards_of(index: Location, names: Container[str]) -> list[str]:
    """Return the shards of its own folder that an index lists and that are not among `names`.

    Shards of other folders, which an index that joins several lists too, are not looked for.
    """
    try:
        with index.open("rb") as file:
            content = json.loads(file.read())
    except (OSError, ValueError, RecursionError):
        return []
    return [
        alternatives[0]
        for alternatives in _listed(content)
        if not any("/" in name or name in names for name in alternatives)
    ]


def _listed(content: Any) -> Iterator[list[str]]:
    """The names of each shard: of MDS, where it may lie packed or not; of LitData, only one."""
    if not isinstance(content, dict):
        return
    for key, parts in (("shards", ("raw_data", "zip_data")), ("chunks", ())):
        shards = content.get(key)
        for shard in shards if isinstance(shards, list) else []:
            if isinstance(shard, dict):
                files = [shard.get(part) for part in parts] if parts else [shard]
                name = "basename" if parts else "filename"
                found = [file.get(name) for file in files if isinstance(file, dict)]
                alternatives = [each for each in found if isinstance(each, str) and each]
                if alternatives:
                    yield alternatives
