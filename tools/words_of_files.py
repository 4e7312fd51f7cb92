"""Write the text of directories as words, for the example of limits in docs/verdict.md.

    python tools/words_of_files.py OUT DIRECTORY...

Each directory becomes OUT/NAME.jsonl, a row for each stretch of 750 words of a file, which the key
`file` names. The same word has the same id in all of them; letters are made small.
"""

import argparse
import json
from pathlib import Path

from verdict_data import encoder

MOST_FILES = 600
STRETCH, STRETCHES = 750, 4  # words of a row, and most rows of a file
SUFFIXES = (".h", ".hpp", "")  # of C and C++ headers


def main() -> None:
    """Write the directories."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("directories", type=Path, nargs="+")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    encode = encoder("words", {})
    for directory in options.directories:
        files = sorted(
            path for path in directory.rglob("*") if path.is_file() and path.suffix in SUFFIXES
        )[:MOST_FILES]
        texts = [path.read_text("utf-8", errors="replace") for path in files]
        rows = [
            {"input_ids": ids[begin : begin + STRETCH].tolist(), "file": str(path)}
            for path, ids in zip(files, encode(texts), strict=True)
            for begin in range(0, len(ids), STRETCH)[:STRETCHES]
        ]
        lines = (json.dumps(row) + "\n" for row in rows)
        (options.out / f"{directory.name}.jsonl").write_text("".join(lines))


if __name__ == "__main__":
    main()
