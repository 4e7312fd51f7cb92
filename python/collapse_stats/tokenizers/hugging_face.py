"""Tokenizers in a ``tokenizer.json``: `tokenizers` says what their ids are."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InputError
from ..ngrams.chunk import Int64Array
from .fast_encoder import SEPARATOR, Made
from .fast_encoder import of_json as fast_of_json
from .spelling import BYTE_OF_CHARACTER, bytes_by_token, has_step, keeps_bytes
from .texts import Texts, as_list
from .tokenizer import Ids, Tokenizer, is_failure

_CHANCES = ("dropout", "alpha", "nbest_size")  # settings that let a model choose at random


def of_json(spec: str, path: Path, data: bytes) -> Tokenizer:
    """Make the tokenizer of a ``tokenizer.json`` from its content.

    What the file says of truncation, padding, special tokens and chance is not applied: a text has
    all of its tokens, no others, and always the same.
    """
    try:
        import tokenizers
    except ImportError as error:
        raise InputError(
            f"tokenizer {spec}: reading a tokenizer.json needs the package 'tokenizers', which is "
            "not installed: pip install 'collapse-stats[tokenizers]'"
        ) from error
    settings = _settings(path, data)
    try:
        model = tokenizers.Tokenizer.from_buffer(data)
        model.encode_special_tokens = True  # names of special tokens are text
        model.no_truncation()
        model.no_padding()
        model.post_processor = None  # it adds tokens, and may repeat the text
        chances = _without_chance(model.model)
        vocabulary: dict[str, int] = model.get_vocab(with_added_tokens=True)
        added = {i: token.content for i, token in model.get_added_tokens_decoder().items()}
    except BaseException as error:
        if not is_failure(error):
            raise
        raise InputError(
            f"{path} is not a Hugging Face tokenizer.json that tokenizers "
            f"{tokenizers.__version__} can read: {error}"
        ) from error
    if not vocabulary:
        raise InputError(f"{path}: a tokenizer must have a vocabulary, this one's is empty")
    vocab_size = max(vocabulary.values()) + 1
    encoder = _Encoder(model, vocab_size)
    fast, differs = _fast(settings, encoder)
    found = (*chances, *_loss(settings), *_shared_ids(vocabulary), *differs)
    digest = hashlib.sha256(data)
    if chances:  # profiles of earlier versions were counted with them
        digest.update(b"\nwithout chance")
    return Tokenizer(
        spec,
        vocab_size,
        digest.hexdigest(),
        fast.library if fast else f"tokenizers {tokenizers.__version__}",
        encoder.ids_of,
        bytes_by_token(settings, model.id_to_token, added),
        (fast or encoder).ids_of_all,
        warnings=tuple(f"tokenizer {spec}: {line}" for line in found),
        keeps_bytes=keeps_bytes(settings),
    )


@dataclass(frozen=True, slots=True)
class _Encoder:
    """Ids of texts, by a tokenizer of the library."""

    model: Any
    vocab_size: int

    def ids_of(self, text: str) -> Ids:
        """Return the ids of a text; UnicodeEncodeError for one with half a surrogate pair."""
        return self._checked(self._listed(text))

    def ids_of_all(self, texts: Texts) -> tuple[Ids, Int64Array, Int64Array]:
        """Return the ids of texts, and where those of each start and stop."""
        ids: list[int] = []
        ends = [0]
        for text in as_list(texts):
            ids += self._listed(text)
            ends.append(len(ids))
        bounds = np.asarray(ends, dtype=np.int64)
        return self._checked(ids), bounds[:-1], bounds[1:]

    def _listed(self, text: str) -> list[int]:
        text.encode()  # the library would fail on a lone surrogate in another way
        ids: list[int] = self.model.encode(text, add_special_tokens=False).ids
        return ids

    def _checked(self, ids: list[int]) -> Ids:
        array = np.asarray(ids, dtype=np.uint32)
        if array.max(initial=0) >= self.vocab_size:
            raise ValueError(f"it gives the id {array.max():,}, which is not in its vocabulary")
        return array


def _fast(settings: dict[str, Any], slow: _Encoder) -> Made:
    """A fast encoder of a byte-level vocabulary, whose file is changed as `of_json` changes it."""
    model = settings["model"]
    if "merges" not in model or not has_step(settings.get("pre_tokenizer"), "ByteLevel"):
        return None, ()
    between = {
        "id": slow.vocab_size,
        "content": SEPARATOR,
        "special": True,
        **dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False),
    }
    added = [token for token in settings.get("added_tokens") or () if not token.get("special")]
    changed = {
        **settings,
        "added_tokens": [*added, between],
        "model": {**model, "dropout": None},
        **dict.fromkeys(("truncation", "padding", "post_processor")),
    }
    return fast_of_json(json.dumps(changed), slow.vocab_size, slow.ids_of)


def _settings(path: Path, data: bytes) -> dict[str, Any]:
    try:
        settings = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not a Hugging Face tokenizer.json: {error}") from error
    if not isinstance(settings, dict) or not isinstance(settings.get("model"), dict):
        raise InputError(
            f"{path} is not a Hugging Face tokenizer.json: it has no object under 'model'; "
            "tokenizer_config.json, vocab.json and config.json lie beside the file that is meant"
        )
    return settings


def _without_chance(model: Any) -> list[str]:
    """Turn off what makes a model tokenize one text differently each time, and say so."""
    found = {name: getattr(model, name, None) for name in _CHANCES}
    found = {name: value for name, value in found.items() if value}
    for name in found:
        setattr(model, name, None)
    return [
        f"its {name} of {value:.3g}, which tokenizes a text differently each time, is not applied"
        for name, value in found.items()
    ]


def _shared_ids(vocabulary: Mapping[str, int]) -> list[str]:
    """Say so if several tokens have one id."""
    shared = len(vocabulary) - len({*vocabulary.values()})
    return [f"{shared:,} of its tokens have the id of another, and are counted as it"][:shared]


def _loss(settings: Mapping[str, Any]) -> list[str]:
    """Say so if characters may be lost: if unknown ones give no token, and not all are known."""
    model = settings["model"]
    if "merges" not in model or model.get("unk_token") or model.get("byte_fallback"):
        return []
    before = (settings.get("normalizer"), settings.get("pre_tokenizer"))
    is_byte_level = any(has_step(part, "ByteLevel") for part in before)
    if is_byte_level and BYTE_OF_CHARACTER.keys() <= model["vocab"].keys():
        return []
    return ["characters that its vocabulary lacks give no token, and are not counted"]
