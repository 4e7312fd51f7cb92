"""The options of reading; each is written here and nowhere else."""

import os
from dataclasses import dataclass, field
from typing import Literal, TypedDict, get_args

import numpy as np

from ..system.arguments import check_fields
from ..system.option import described

Kind = Literal["text", "ids"]


Dtype = Literal["u8", "u16", "u32", "u64"]


ChatTurns = Literal["assistant", "user", "all"]


InputFormat = Literal["jsonl", "json", "txt", "csv", "tsv", "tar"]


MAX_DOCUMENT = 1 << 30  # bytes of a line, or of a text that is one document


TEXT_KEYS = ("text", "content")


IDS_KEYS = ("input_ids", "tokens")


TURNS_KEYS = ("messages", "conversations")


CHAT_KEYS = (*((key,) for key in TURNS_KEYS), ("prompt", "completion"))


OUTPUT_KEYS = ("completion", "generated_text", "response", "output", "completions")


MASK_KEY = "attention_mask"


_KEYS = (
    *((key,) for key in TEXT_KEYS + IDS_KEYS),
    *CHAT_KEYS,
    *((key,) for key in OUTPUT_KEYS),
)


ITEMS: dict[Dtype, np.dtype[np.integer]] = {
    "u8": np.dtype("<u1"),
    "u16": np.dtype("<u2"),
    "u32": np.dtype("<u4"),
    "u64": np.dtype("<u8"),
}


class ReadKeywords(TypedDict, total=False):
    """The options in `ReadOptions`, as keywords of a function."""

    tokenizer: str | None
    text_key: str | None
    ids_key: str | None
    mask_key: str | None
    group_key: str | None
    root: str | os.PathLike[str] | None
    part: ChatTurns | None
    dtype: Dtype | None
    eot: int | None
    input_format: InputFormat | None
    doc_per_line: bool
    vocab_size: int | None
    skip_bad: bool
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    limit_documents: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """How a corpus is read. The help text of each field describes it.

    To add an option, add it here and to `ReadKeywords`, and use it in a reader: the keywords of
    `cs.profile` and `cs.compare` and the options of the command are made from these fields.

    Attributes
    ----------
    longest
        Most bytes that a line, or a text that is one document, may have; it is held in memory.
    places, first_row
        The first and last + 1 of the places to read of the only file (see `FileReader.places`), and
        how many of its rows lie before them; None is all of the file.
    is_unit
        Whether these files are one of the units of a corpus, which may be empty: all of its files
        may be bad, or without documents.
    """

    tokenizer: str | None = field(
        default=None,
        metadata=described(
            "How text becomes tokens: bytes, builtin, tiktoken:NAME or file:PATH. For token ids: "
            "the tokenizer that made them, or none. Default: builtin for text, none for ids.",
            "SPEC",
        ),
    )
    text_key: str | None = field(
        default=None,
        metadata=described(
            "Column or JSON key of the text or chat; dots lead into nested values, as in "
            "'choices.0.message.content'. Default: a common one, such as text, content or "
            "messages.",
            "KEY",
        ),
    )
    ids_key: str | None = field(
        default=None,
        metadata=described(
            "Column or JSON key of the token ids. Default: input_ids or tokens.", "KEY"
        ),
    )
    mask_key: str | None = field(
        default=None,
        metadata=described(
            "Column or JSON key of a mask of the token ids; ids where it is 0 are not counted. "
            "Default: attention_mask, if there is one.",
            "KEY",
        ),
    )
    group_key: str | None = field(
        default=None,
        metadata=described(
            "Column or JSON key of the source of a document, such as a prompt, a site or an "
            "episode. Documents of one value share a half and a group, in every corpus. Default: "
            "each document counts by itself.",
            "KEY",
        ),
    )
    root: str | os.PathLike[str] | None = field(
        default=None,
        metadata=described(
            "Directory (or URL) of the whole corpus, of which the files given are only a part. The "
            "merged profiles of all parts are then the profile of the whole.",
            "DIR",
        ),
    )
    part: ChatTurns | None = field(
        default=None,
        metadata=described(
            "Which turns of a chat to read; if given, text must be chats. Default: all turns.",
            choices=get_args(ChatTurns),
        ),
    )
    dtype: Dtype | None = field(
        default=None,
        metadata=described(
            "Integer type of the ids in a file without a header.", choices=get_args(Dtype)
        ),
    )
    eot: int | None = field(
        default=None,
        metadata=described(
            "Token id that separates documents; it is not counted. Default: the one that the file "
            "format defines, if any.",
            "ID",
        ),
    )
    input_format: InputFormat | None = field(
        default=None,
        metadata=described(
            "What standard input (the path -), or a file without a known extension, holds. It may "
            "be compressed.",
            choices=get_args(InputFormat),
        ),
    )
    doc_per_line: bool = field(
        default=False,
        metadata=described("Each line of a text file is a document, not the whole file."),
    )
    vocab_size: int | None = field(
        default=None,
        metadata=described(
            "Size of the vocabulary; all ids are smaller. Default: that of the tokenizer, or "
            "large enough for the ids.",
            "V",
            minimum=1,
        ),
    )
    skip_bad: bool = field(
        default=False,
        metadata=described("Continue when one of several files is bad; a warning names it."),
    )
    include: tuple[str, ...] = field(
        default=(),
        metadata=described(
            "Read only the files of a directory that match: '*.parquet', or a path below it such "
            "as 'train/**'. A folder that matches stands for all in it. May be given more than "
            "once.",
            "PATTERN",
        ),
    )
    exclude: tuple[str, ...] = field(
        default=(),
        metadata=described(
            "Leave out the files of a directory that match, likewise.",
            "PATTERN",
        ),
    )
    limit_documents: int | None = field(
        default=None,
        metadata=described(
            "Read only the first N documents of a corpus, for a first look. A warning says so.",
            "N",
            minimum=1,
        ),
    )
    longest: int = MAX_DOCUMENT
    places: tuple[int, int] | None = None
    first_row: int = 0
    is_unit: bool = False

    def __post_init__(self) -> None:
        check_fields(self)
        if self.text_key is not None and self.ids_key is not None:
            raise ValueError(
                f"text_key or ids_key may be given, got both ({self.text_key!r}, {self.ids_key!r})"
            )
        if self.part not in (None, "assistant", "user", "all"):
            raise ValueError(f"part must be 'assistant', 'user' or 'all', got {self.part!r}")
        if self.part is not None and self.ids_key is not None:
            raise ValueError(
                "part selects turns of a chat, which is text, but ids_key is given too"
            )
        if self.mask_key is not None and self.text_key is not None:
            raise ValueError("mask_key belongs to token ids, but text_key is given too")
        if self.mask_key is not None and self.part is not None:
            raise ValueError("mask_key belongs to token ids, but part chooses turns of text")
        if self.root is not None:
            object.__setattr__(self, "root", os.fspath(self.root))
        for name in ("group_key", "root"):
            if getattr(self, name) == "":
                raise ValueError(f"{name} must not be empty: leave it out")
        if self.dtype is not None and self.dtype not in ITEMS:
            raise ValueError(f"dtype must be one of {', '.join(ITEMS)}, got {self.dtype!r}")
        if self.input_format is not None and self.input_format not in get_args(InputFormat):
            raise ValueError(
                f"input_format must be one of {', '.join(get_args(InputFormat))}, got "
                f"{self.input_format!r}"
            )
        if self.eot is not None and self.eot < 0:
            raise ValueError(f"eot must be a token id, 0 or more, got {self.eot}")
        if self.limit_documents is not None and self.limit_documents < 1:
            raise ValueError(f"limit_documents must be 1 or more, got {self.limit_documents}")
        for name in ("include", "exclude"):
            object.__setattr__(self, name, _several(name, getattr(self, name)))

    @property
    def keys(self) -> tuple[tuple[str, ...], ...]:
        """Keys to look for, in order of preference; two together hold a chat in two parts."""
        if self.text_key is not None:
            return ((self.text_key,),)
        if self.ids_key is not None:
            return ((self.ids_key,),)
        if self.mask_key is not None:
            return tuple((key,) for key in IDS_KEYS)
        return CHAT_KEYS if self.part else _KEYS

    @property
    def wanted(self) -> str:
        """What to look for, as words for a message."""
        if self.named is not None:
            return f"the key {self.named!r}"
        what = "a chat" if self.part else "a document"
        usual = ", ".join(" with ".join(keys) for keys in self.keys)
        return f"{what} under one of the usual keys ({usual})"

    @property
    def named(self) -> str | None:
        """The key that the user named, None to look for common ones."""
        return self.text_key if self.text_key is not None else self.ids_key

    def kind_of(self, key: str) -> Kind:
        """Whether the values under one of `keys` are texts (or chats) or token ids."""
        return (
            "ids" if key == self.ids_key or (self.text_key is None and key in IDS_KEYS) else "text"
        )


def _several(name: str, patterns: object) -> tuple[str, ...]:
    """Patterns as a tuple; one may be given by itself."""
    several = (patterns,) if isinstance(patterns, str) else patterns
    if not isinstance(several, list | tuple) or not all(isinstance(each, str) for each in several):
        raise ValueError(f"{name} must be a pattern or a list of patterns, got {patterns!r}")
    return tuple(several)
