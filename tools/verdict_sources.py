"""Human text of many kinds, and text of models, as pieces that know which source they are from.

DATA is a folder of ``.jsonl.zst`` files (`verdict_data.py` names most of them; `human_novels_de`,
`human_poems_zh` and `chains` are the others). Code and manuals are those of the machine; where they
are missing, their sources are left out.
"""

import gzip
import random
import sysconfig
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from verdict_data import rows

from collapse_stats.corpus.split import GROUPS

Piece = tuple[str, str]  # what it is a piece of (a book, an episode, a file), and its text
Pieces = list[Piece]

CHARACTERS = 6000  # of a piece
MOST = 8  # pieces of one book, episode or file
MOST_FILES = 1500
SHOWS = {"podcast": "changelog", "gotime": "gotime", "jsparty": "jsparty", "practicalai": "ai"}
CHOSEN = (
    "books before 1850", "books 1850 to 1894", "books 1895 to 1909", "books from 1910",
    "podcasts changelog", "podcasts gotime", "podcasts jsparty", "podcasts ai", "podcasts other",
    "peps", "german novels", "chinese poems, tang", "chinese poems, song", "answers (hc3)",
    "mixed (raid)", "wikipedia", "python", "python tests", "c headers", "perl",
)  # fmt: skip
HELD_OUT = (
    "manuals, english", "manuals, german", "manuals, french", "manuals, japanese",
    "help of cmake", "javascript", "python packages",
)  # fmt: skip


def human(data: Path) -> dict[str, Pieces]:
    """Return the pieces of each human source that is there."""
    found: dict[str, Pieces] = defaultdict(list)
    for name, piece in [*_books(data), *_podcasts(data), *_others(data)]:
        found[name].append(piece)
    python = Path(sysconfig.get_paths()["stdlib"])
    modules = [path for path in python.rglob("*.py") if "site-packages" not in path.parts]
    code = {
        "python": [path for path in modules if "test" not in path.relative_to(python).parts],
        "python tests": [path for path in modules if "test" in path.relative_to(python).parts],
        "c headers": list(Path("/usr/include").rglob("*.h")),
        "perl": list(Path("/usr/share/perl").rglob("*.p[lm]")),
        "javascript": list(Path("/usr/lib/node_modules").rglob("*.js")),
        "python packages": list(Path(sysconfig.get_paths()["purelib"]).rglob("*.py")),
        "help of cmake": [
            path for folder in Path("/usr/share").glob("cmake-*") for path in folder.rglob("*.rst")
        ],
        "manuals, english": list(Path("/usr/share/man/man3").glob("*.gz")),
        "manuals, german": list(Path("/usr/share/man/de").rglob("*.gz")),
        "manuals, french": list(Path("/usr/share/man/fr").rglob("*.gz")),
        "manuals, japanese": list(Path("/usr/share/man/ja").rglob("*.gz")),
    }
    for name, paths in code.items():
        chosen = sorted(paths)
        random.Random(0).shuffle(chosen)
        for path in chosen[:MOST_FILES]:
            found[name] += _cut(str(path), _text_of(path))
    return {name: pieces for name, pieces in found.items() if pieces}


def models(data: Path) -> dict[str, Pieces]:
    """Return what models wrote: generations by number, recursions by chain, answers by model."""
    found: dict[str, Pieces] = defaultdict(list)
    for row in rows(data / "gens_gemma3_wikitext2_ratio50.jsonl.zst"):
        if row["kind"] != "human":
            found[f"gen{int(row['gen']):02d}"].append((str(row["pos"]), row["text"]))
    for number, row in enumerate(rows(data / "chains.jsonl.zst")):
        found[f"{row['chain']}/{row['part']}"].append((str(number), row["text"]))
    for row in rows(data / "pairs_raid_hc3_subset.jsonl.zst"):
        if row["kind"] != "human":
            found[row["set"]].append((str(row["i"]), row["text"]))
    return dict(found)


def group(source: str) -> int:
    """Return the group of all pieces of a source: a number that depends on its name alone."""
    return random.Random(source).randrange(GROUPS)


def _books(data: Path) -> Iterator[tuple[str, Piece]]:
    for row in rows(data / "human_books.jsonl.zst"):
        year = str(row["year"])
        if not year.isdigit():
            continue
        period = next(
            name
            for name, end in zip(CHOSEN, (1850, 1895, 1910, 10_000), strict=False)
            if int(year) < end
        )
        text = row["text"]
        body = text[len(text) // 10 : len(text) * 9 // 10]  # without what others wrote around it
        yield from ((period, piece) for piece in _cut(row["id"], body))


def _podcasts(data: Path) -> Iterator[tuple[str, Piece]]:
    for row in rows(data / "human_podcasts_pre2022.jsonl.zst"):
        show = SHOWS.get(row["id"].split("/")[0], "other")
        yield from ((f"podcasts {show}", piece) for piece in _cut(row["id"], row["text"]))


def _others(data: Path) -> Iterator[tuple[str, Piece]]:
    for row in rows(data / "human_peps.jsonl.zst"):
        yield from (("peps", piece) for piece in _cut(row["id"], row["text"]))
    for number, row in enumerate(rows(data / "human_novels_de.jsonl.zst")):
        yield "german novels", (str(number // 13), row["text"])  # 13 pieces of each, in order
    for number, row in enumerate(rows(data / "human_poems_zh.jsonl.zst")):
        yield f"chinese poems, {row['set']}", (str(number), row["text"])
    names = {"hc3_human": "answers (hc3)", "raid_human": "mixed (raid)"}
    for row in rows(data / "pairs_raid_hc3_subset.jsonl.zst"):
        if row["kind"] == "human":
            yield names[row["set"]], (str(row["i"]), row["text"])
    for row in rows(data / "gens_gemma3_wikitext2_ratio50.jsonl.zst"):
        if row["kind"] == "human" and int(row["gen"]) == 0:
            yield "wikipedia", (str(row["pos"]), row["text"])


def _cut(source: str, text: str) -> Iterable[Piece]:
    """Return the first pieces of a text."""
    begins = range(0, len(text), CHARACTERS)[:MOST]
    return [(source, text[begin : begin + CHARACTERS]) for begin in begins]


def _text_of(path: Path) -> str:
    content = path.read_bytes() if path.is_file() else b""
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    return content.decode("utf-8", errors="replace")
