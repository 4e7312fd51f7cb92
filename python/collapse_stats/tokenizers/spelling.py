"""The text of the tokens of a ``tokenizer.json``, each by itself.

The decoders of the library make whole texts: they leave out the space before the first word, and
so would print the n-grams of ``the cat`` and of `` the cat`` alike. Here a token has the same text
wherever it stands.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from .tokenizer import UNKNOWN

Settings = Mapping[str, Any]


def _byte_of_character() -> dict[str, int]:
    """The character that byte-level vocabularies write for each byte, as GPT-2 chose them."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {
        chr(256 + number): byte for number, byte in enumerate(others)
    }


BYTE_OF_CHARACTER = _byte_of_character()


def bytes_by_token(
    settings: Settings, token_of: Callable[[int], str | None], added: Mapping[int, str]
) -> Callable[[Sequence[int]], bytes]:
    """Return a function from ids to the bytes of their text.

    Parameters
    ----------
    settings
        The content of the ``tokenizer.json``.
    token_of
        The vocabulary's token of an id, None if it has none.
    added
        Tokens outside of the model, which are written as they are.
    """
    steps = list(_steps(settings.get("decoder"))) or list(_guessed(settings))
    prefix = next((step["prefix"] for step in steps if step["type"] == "WordPiece"), None)
    between = "" if steps else " "  # without any rule, tokens are words

    def bytes_of(ids: Sequence[int]) -> bytes:
        pieces = []
        for number, i in enumerate(map(int, ids)):
            token = added.get(i) or (token_of(i) if 0 <= i < 1 << 32 else None)
            space = between
            if prefix is not None and token is not None:
                space = "" if token.startswith(prefix) else " "
                token = token.removeprefix(prefix) if number else token
            pieces.append(space.encode() if number else b"")
            if token is None:
                pieces.append(UNKNOWN)
            else:
                pieces.append(token.encode() if i in added else _bytes_of(token, steps))
        return b"".join(pieces)

    return bytes_of


def has_step(part: Any, kind: str) -> bool:
    """Return whether a normalizer, pre-tokenizer or decoder has a step of this type."""
    return any(step["type"] == kind for step in _steps(part))


def keeps_bytes(settings: Settings) -> bool:
    """Return whether the tokens of a text have all of its bytes, and no others.

    True only of byte-level vocabularies whose settings change no text; other tokenizers may keep
    every byte as well, but their settings do not say so.
    """
    model, before = settings["model"], [*_steps(settings.get("pre_tokenizer"))]
    spaces = ("lstrip", "rstrip")  # of added tokens that take the spaces around them as well
    return (
        "merges" in model
        and not any(model.get(n) for n in ("continuing_subword_prefix", "end_of_word_suffix"))
        and BYTE_OF_CHARACTER.keys() <= model["vocab"].keys()
        and not [*_steps(settings.get("normalizer"))]
        and any(step["type"] == "ByteLevel" for step in before)
        and all(_keeps_text(step) for step in before)
        and [step["type"] for step in _steps(settings.get("decoder"))] == ["ByteLevel"]
        and not any(token.get(n) for token in settings.get("added_tokens") or () for n in spaces)
    )


def _keeps_text(step: Settings) -> bool:
    """Whether a step before the model leaves the text as it is."""
    kind = step["type"]
    if kind == "Split":
        return step.get("behavior") != "Removed"
    return kind == "Digits" or (kind == "ByteLevel" and not step.get("add_prefix_space", True))


def _steps(part: Any) -> Iterator[Settings]:
    """Yield the steps of a normalizer, a pre-tokenizer or a decoder, which may be nested."""
    if not isinstance(part, dict):
        return
    parts = [part[key] for key in ("normalizers", "pretokenizers", "decoders") if key in part]
    for inner in parts[0] if parts else ():
        yield from _steps(inner)
    if not parts and isinstance(part.get("type"), str):
        yield {"prefix": "##", "suffix": "</w>", "replacement": "▁", **part}


def _guessed(settings: Settings) -> Iterator[Settings]:
    """Yield the steps that a tokenizer without a decoder needs, by how it changes the text."""
    model = settings["model"]
    before = [*_steps(settings.get("normalizer")), *_steps(settings.get("pre_tokenizer"))]
    for step in before:
        if step["type"] in ("ByteLevel", "Metaspace"):
            yield step
        elif step["type"] == "Replace" and step.get("pattern") == {"String": " "}:
            yield {**step, "pattern": {"String": step["content"]}, "content": " "}
    if model.get("byte_fallback"):
        yield {"type": "ByteFallback"}
    if model.get("continuing_subword_prefix"):
        yield {"type": "WordPiece", "prefix": model["continuing_subword_prefix"]}
    if model.get("end_of_word_suffix"):
        yield {"type": "BPEDecoder", "suffix": model["end_of_word_suffix"]}


def _bytes_of(token: str, steps: Sequence[Settings]) -> bytes:
    for step in steps:
        kind = step["type"]
        if kind == "ByteFallback" and len(token) == 6 and token[:3] == "<0x" and token[5] == ">":
            return bytes.fromhex(token[3:5])
        if kind == "ByteLevel" and BYTE_OF_CHARACTER.keys() >= {*token}:
            return bytes(map(BYTE_OF_CHARACTER.__getitem__, token))
        if kind == "Replace" and "String" in step["pattern"]:
            token = token.replace(step["pattern"]["String"], step["content"])
        elif kind == "Metaspace":
            token = token.replace(step["replacement"], " ")
        elif kind == "BPEDecoder":
            token = token.replace(step["suffix"], " ")
        elif kind == "CTC":
            token = token.replace(step.get("word_delimiter_token", "|"), " ")
    return token.encode()
