"""What the name alone of a file says: that it documents a corpus, or describes a model."""

import re
from collections.abc import Container, Iterable

_TEMPORARY = (
    *("~", ".tmp", ".temp", ".part", ".partial", ".crdownload", ".swp"),
    *(".lock", ".incomplete"),
)
# Folders that hold no data of their own, or data that is also elsewhere.
_TEMPORARY_FOLDERS = ("__pycache__", "__MACOSX", "_temporary", "_delta_log")

# Also in another language or of a certain licence: README_zh-CN.md, LICENSE-MIT.txt.
_DOCUMENTATION = re.compile(
    r"(readme|licen[sc]es?|copying|notice|citation|change-?log|contributing|code[_-]of[_-]conduct"
    r"|data_?set[_-]?card|data_?card|model_?card|datasheet"
    r"|merges|vocab|requirements|cmakelists|checksums?|(md5|sha\d+)(sums?)?)"
    r"([._-][a-z0-9]{1,6}([_-][a-z0-9]{2,4})?)?\.(md|txt|text)(\.\w+)?",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"(.*?)(\d{1,9})-of-(\d{1,9})(.*)")

_METADATA = re.compile(
    r"(config|.*[_-]config|.*\.index|tokenizer|special_tokens_map|added_tokens|vocab"
    r"|trainer_state|.*_results|dataset_infos?|dataset_dict|stats|metadata|meta|package(-lock)?"
    r"|training_args|modules|hyperparameters|hparams|args|quantize_.*|.*_map)\.json(\.\w+)?",
    re.IGNORECASE,
)

# What PyTorch, transformers and accelerate save beside the samples of a checkpoint.
_STATE = re.compile(
    r"(training_args|optimizer|scheduler|scaler|rng_state|random_states|adapter_model"
    r"|(diffusion_)?pytorch_model)([._-].*)?\.bin",
    re.IGNORECASE,
)

# Files of every saved profile, which may lie among shards and is not part of the corpus.
MANIFEST, SPECTRA, SAMPLE = "manifest.json", "spectra.parquet", "sample.parquet"


def is_folder_of_profile(names: Container[str]) -> bool:
    """Return whether a folder with files of these names is a saved profile, even a damaged one.

    A manifest or a sample alone, or the two, may belong to a corpus.
    """
    return SPECTRA in names and (MANIFEST in names or SAMPLE in names)


def missing_shards(paths: Iterable[tuple[str, ...]]) -> list[str]:
    """Return a sentence about each set of shards, numbered like ``00000-of-00010``, with gaps."""
    sets: dict[tuple[str, ...], set[int]] = {}
    for *folder, name in paths:
        if "-of-" in name and (match := _NUMBERED.fullmatch(name)):
            before, number, total, behind = match.groups()
            sets.setdefault((*folder, before, total, behind), set()).add(int(number))
    return [
        f"{'/'.join([*folder, f'{before}*-of-{total}{behind}'])}: {len(numbers):,} of "
        f"{int(total):,} shards are there"
        for (*folder, before, total, behind), numbers in sets.items()
        if len(numbers) < int(total)
    ]


def is_temporary(lowered: str) -> bool:
    """Whether a file with this name in lower case is not finished, or locks another."""
    return lowered.endswith(_TEMPORARY) or lowered.startswith("~$")


def is_temporary_folder(name: str) -> bool:
    """Whether a folder with this name is being written, or is a by-product."""
    return name in _TEMPORARY_FOLDERS or name.lower().endswith((".incomplete", ".tmp"))


def is_documentation(name: str) -> bool:
    """Whether a text file with this name tells of a corpus, a model or a program."""
    return _DOCUMENTATION.fullmatch(name) is not None


def is_metadata(name: str) -> bool:
    """Whether a .json file with this name describes a model, a run or other files."""
    return _METADATA.fullmatch(name) is not None


def is_state(name: str) -> bool:
    """Whether a .bin file with this name holds a model, or the state of its training."""
    return _STATE.fullmatch(name) is not None
