"""Generations kept on disk: JSON lines in a directory that appears whole or not at all."""

import json
from collections.abc import Sequence
from pathlib import Path

from ..corpus.corpus import TokenizerIdentity
from ..errors import CollapseStatsError, InputError
from ..system.atomic_directory import new_directory
from ..system.unfinished import is_taken
from ..tokenizers import Tokenizer, load
from .result import Simulation
from .text import Text


def check_is_new(path: Path) -> None:
    """Raise InputError if something has this name already."""
    if is_taken(path):
        raise InputError(f"{path} exists: remove it, or choose another name")


def save(simulations: Sequence[Simulation], path: Path) -> None:
    """Write the texts of simulations of one corpus into a new directory.

    ``human.jsonl`` is the baseline, ``gen-0.jsonl`` what the first model learned, and
    ``fresh-SHARE/run-R/gen-N.jsonl`` what the models wrote with their human text. Each line is a
    document with its ``input_ids``, and its ``text`` where the tokenizer is known.

    Raises
    ------
    InputError
        The directory exists or cannot be written, or the disk is full.
    """
    material = simulations[0].material
    tokenizer = _tokenizer(material.tokenizer)
    with new_directory(path) as folder:
        _write(folder / "human.jsonl", material.baseline, tokenizer)
        _write(folder / "gen-0.jsonl", material.learned, tokenizer)
        for simulation in simulations:
            for run, texts in enumerate(simulation.texts, 1):
                of_run = folder / folder_of(simulation, run)
                of_run.mkdir(parents=True)
                for number, text in enumerate(texts, 1):
                    _write(of_run / f"gen-{number}.jsonl", text, tokenizer)


def folder_of(simulation: Simulation, run: int) -> Path:
    """Return where in the directory the generations of a run, counted from 1, are."""
    return Path(f"fresh-{simulation.rules.fresh:g}") / f"run-{run}"


def _tokenizer(identity: TokenizerIdentity) -> Tokenizer | None:
    """The tokenizer, if it is known and still the same."""
    if identity.sha256 is None:
        return None
    try:
        tokenizer = load(identity.spec)
    except (CollapseStatsError, ValueError):
        return None
    return tokenizer if tokenizer.sha256 == identity.sha256 else None


def _write(path: Path, text: Text, tokenizer: Tokenizer | None) -> None:
    with path.open("w", encoding="utf-8") as file:
        for document in text.documents():
            ids = document.tolist()
            of_text = {} if tokenizer is None else {"text": tokenizer.decode(ids)}
            file.write(json.dumps({**of_text, "input_ids": ids}, ensure_ascii=False) + "\n")
