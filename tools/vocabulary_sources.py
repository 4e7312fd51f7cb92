"""The text that the `builtin` vocabulary is trained on, and the text that it is measured on.

DATA is a folder of ``.jsonl.zst`` files: `human_books`, `human_peps`, `human_novels_de`,
`human_poems_zh` and `tokenizer_text` (novels in other languages, by `lang`) for training;
`human_podcasts_pre2022`, `pairs_raid_hc3_subset` and `gens_gemma3_wikitext2_ratio50` for measuring
only. The last tenth of the documents of every source is not trained on.
"""

import random
import re
import sysconfig
import unicodedata
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

from verdict_data import rows

Texts = dict[str, list[str]]

SEED = 20261122
STRETCH = 100_000  # characters taken of one document at most, so that no author dominates

# Megabytes of training text. A source that has more is cut, one that has less is repeated. English
# has the most, because most corpora are English; the others have what they need, measured on
# documents that were not trained on.
MEGABYTES = {
    "books": 30.0,
    "peps": 11.0,
    "python": 3.0,
    "de": 2.3,
    "fr": 1.9,
    "es": 1.7,
    "it": 2.0,
    "pt": 1.95,
    "pl": 3.2,
    "ru": 6.0,
    "zh": 0.7,
    "ja": 0.6,
}

# First and last character of blocks, and how often each character is trained on. Characters that
# occur often become tokens, so that languages which are not among the sources cost one token a
# letter. Of large blocks only the first bytes become tokens, so that a character costs at most two.
TOKENS, PREFIXES = 1000, 20
BLOCKS = (
    ("¡", "ſ", TOKENS),  # Latin-1 and Latin Extended-A
    ("Ș", "ț", TOKENS),  # Romanian
    ("Ạ", "ỹ", TOKENS),  # Vietnamese
    ("΄", "ώ", TOKENS),  # Greek
    ("Ѐ", "џ", TOKENS),  # Cyrillic
    ("Ґ", "ґ", TOKENS),  # Ukrainian
    ("א", "ת", TOKENS),  # Hebrew
    ("ء", "ي", TOKENS),  # Arabic
    ("ऄ", "\u094d", TOKENS),  # Devanagari
    ("ก", "\u0e4e", TOKENS),  # Thai
    ("‐", "…", TOKENS),  # dashes and quotation marks
    ("、", "】", TOKENS),  # East Asian punctuation
    ("ぁ", "ん", TOKENS),
    ("ァ", "ー", TOKENS),
    ("ঀ", "\u0fff", PREFIXES),  # other scripts of South Asia
    ("Ⴀ", "ჿ", PREFIXES),  # Georgian
    ("一", "\u9fff", PREFIXES),  # Chinese characters
    ("가", "힣", PREFIXES),  # Hangul
    ("🌀", "\U0001faff", PREFIXES),  # pictures
)
BETWEEN = "1"  # stands between characters that must not be merged with their neighbours

COUNTS_PER_WORD = 320  # a word is trained on once for so many of its occurrences

_NOT_CODE = {"site-packages", "dist-packages", "test", "tests", "idle_test", "encodings"}
_NOT_CODE |= {"pydoc_data", "__pycache__"}  # tables, and text that is not code
_GENERATED = ("_sysconfigdata", "config-")  # differ from machine to machine


def sources(data: Path) -> Texts:
    """Return the documents of every source by its name; of long ones a stretch."""
    rng = random.Random(SEED)
    documents: Texts = {
        "books": [_stretch(text, rng) for text in _texts(data, "human_books")],
        "peps": [_stretch(text, rng) for text in _texts(data, "human_peps")],
        "python": standard_library(),
        "de": _texts(data, "human_novels_de"),
        "zh": _texts(data, "human_poems_zh"),
    }
    for row in rows(data / "tokenizer_text.jsonl.zst"):
        documents.setdefault(row["lang"], []).append(row["text"])
    return documents


def divided(documents: Texts) -> tuple[Texts, Texts]:
    """Return what is trained on, in random order, and the last tenth of each source, which is not.

    The documents of a source lie in the order of their authors, so that most authors of the one
    part do not occur in the other.
    """
    trained = {name: texts[: -(len(texts) // 10)] for name, texts in documents.items()}
    for texts in trained.values():
        random.Random(SEED).shuffle(texts)
    trained["books"] = [
        with_typographic_quotes(text) if i % 2 else text for i, text in enumerate(trained["books"])
    ]
    return trained, {name: texts[-(len(texts) // 10) :] for name, texts in documents.items()}


def english(data: Path) -> Texts:
    """Return English text of which nothing is trained on."""
    generations = rows(data / "gens_gemma3_wikitext2_ratio50.jsonl.zst")
    return {
        "podcasts": _texts(data, "human_podcasts_pre2022"),
        "answers": _texts(data, "pairs_raid_hc3_subset"),
        "wikipedia": [
            row["text"] for row in generations if row["kind"] == "human" and int(row["gen"]) == 0
        ],
    }


def mixture(trained: Mapping[str, list[str]]) -> Iterator[tuple[str, str]]:
    """Yield the training text with the name of its source."""
    for name, megabytes in MEGABYTES.items():
        for text in repeated(trained[name], int(megabytes * 1e6)):
            yield name, text
    yield from (("characters", text) for text in characters())
    yield from (("words", text) for text in chinese_words())


def repeated(texts: list[str], size: int) -> Iterator[str]:
    """Yield texts, from the beginning again after the last, until they have `size` bytes."""
    while True:
        for text in texts:
            if size <= 0:
                return
            yield text
            size -= len(text.encode())


def characters() -> Iterator[str]:
    """Yield a text for each character of the blocks that has letters, marks or signs."""
    for first, last, times in BLOCKS:
        for code in range(ord(first), ord(last) + 1):
            if unicodedata.category(chr(code))[0] in "LMPS":
                yield (chr(code) + BETWEEN) * times


def chinese_words() -> Iterator[str]:
    """Yield modern Chinese words, in simplified characters and half as often in traditional ones.

    Poems lack many characters that modern text is full of. The package `jieba` has a list of words
    with how often each was seen.
    """
    from opencc import OpenCC

    package = find_spec("jieba")
    if package is None or package.origin is None:
        raise SystemExit("the package jieba, whose list of words is trained on, is not installed")
    traditional = OpenCC("s2t").convert
    for line in Path(package.origin).with_name("dict.txt").read_text("utf-8").splitlines():
        word, count, _ = line.split()
        if times := round(int(count) / COUNTS_PER_WORD):
            yield (word + BETWEEN) * times
            yield (traditional(word) + BETWEEN) * (times // 2)


def standard_library() -> list[str]:
    """Return the modules of this Python's standard library, without tests and tables."""
    folder = Path(sysconfig.get_path("stdlib"))
    paths = sorted(path.relative_to(folder) for path in folder.rglob("*.py"))
    return [
        (folder / path).read_text("utf-8")
        for path in paths
        if not _NOT_CODE & {*path.parts} and not path.parts[0].startswith(_GENERATED)
    ]


def with_typographic_quotes(text: str) -> str:
    """Replace straight quotes, the only ones in old books, by those of most modern text."""
    text = re.sub(r"(?<=\w)'|'(?=\d\ds?\b)", "\u2019", text)
    return re.sub(r'(?<![\w.,;:!?\u2014-])"(?=\w)', "\u201c", text).replace('"', "\u201d")


def _texts(data: Path, name: str) -> list[str]:
    return [row["text"] for row in rows(data / f"{name}.jsonl.zst")]


def _stretch(text: str, rng: random.Random) -> str:
    first = rng.randrange(max(1, len(text) - STRETCH))
    return text[first : first + STRETCH].replace("\ufeff", "")
