"""Shards of llm.c and modded-nanogpt: 256 header words, then ids of 16 or 32 bits."""

import struct

import numpy as np

from ...errors import InputError
from ..file_reader import Candidate
from ..mmap import items
from ..options import ReadOptions
from ..remote.location import Location
from .mapped_ids import StreamReader

HEADER_BYTES = 1024
# magic -> version, type of an id, and the id between documents: <|endoftext|> of GPT-2,
# <|begin_of_text|> of Llama 3
SHARDS: dict[int, tuple[int, np.dtype[np.integer], int]] = {
    20240520: (1, np.dtype("<u2"), 50256),
    20240801: (7, np.dtype("<u4"), 128000),
}
OTHERS = {
    20240522: "an llm.c evaluation file, not a corpus",
    20240326: "an llm.c model, not a corpus",
    20240327: "an llm.c optimizer state, not a corpus",
    20240328: "an llm.c tokenizer, not a corpus",
    20240527: "an llm.c model state, not a corpus",
    20240803: "an llm.c model, not a corpus",
}


def _word(value: int) -> bytes:
    """The bytes of a header word."""
    return value.to_bytes(4, "little")


class LlmcReader(StreamReader):
    """Documents of a shard: a stream cut at the boundary id of its vocabulary."""

    format = "llm.c"
    order = 70
    shared_extensions = (".bin",)
    label = "of llm.c"
    magics = tuple(_word(magic) for magic in SHARDS)
    foreign = tuple((_word(magic), what) for magic, what in OTHERS.items())

    def __init__(self, path: Location, options: ReadOptions, evidence: str) -> None:
        super().__init__(path, options, evidence)
        with path.open("rb") as file:
            head = file.read(12)
        if self.size < HEADER_BYTES:
            raise InputError(
                f"{path}: expected an llm.c header of {HEADER_BYTES:,} bytes, got {self.size:,}: "
                "the file is cut short"
            )
        magic, version, tokens = struct.unpack("<3i", head)
        expected, item, eot = SHARDS[magic]
        if version != expected:
            raise InputError(
                f"{path}: expected version {expected} in word 1 of the llm.c header with magic "
                f"{magic}, got {version}: write it with a current llm.c"
            )
        if HEADER_BYTES + tokens * item.itemsize != self.size:
            raise InputError(
                f"{path}: the llm.c header announces {tokens:,} {item.name} ids, which is "
                f"{HEADER_BYTES + tokens * item.itemsize:,} bytes, got {self.size:,}: the file is "
                "cut short or damaged; fetch or write it again"
            )
        if options.eot is None:
            self.eot = eot
        self.dtype = item.name
        self._tokens = items(path, item, HEADER_BYTES, (tokens,))

    @classmethod
    def recognize_content(cls, file: Candidate) -> str | None:
        """A .bin file, or one of an unknown extension, with the magic number of a shard."""
        if file.owner is not None and file.extension not in cls.shared_extensions:
            return None
        magic, version = (int.from_bytes(file.head[at : at + 4], "little") for at in (0, 4))
        return f"begins with magic {magic}, version {version}"

    @property
    def warnings(self) -> list[str]:
        """Only that the file is empty: the header says everything else."""
        return [] if len(self._tokens) else [f"{self.path}: the file holds no ids"]
