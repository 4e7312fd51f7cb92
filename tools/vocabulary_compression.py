"""Print how many bytes a token of text in several languages has, as a table in Markdown.

    python tools/vocabulary_compression.py DATA [--tokenizer builtin] [--catalogs FOLDER]

DATA is described in `vocabulary_sources`. No text of the table is among what `builtin` is trained
on. FOLDER has translations as gettext lays them out (``LANGUAGE/LC_MESSAGES/*.mo``), such as
``django/conf/locale`` of the package Django.
"""

import gettext
from collections.abc import Iterator
from pathlib import Path

import click
from vocabulary_sources import divided, english, sources

from collapse_stats.tokenizers import load

NAMES = {
    "podcasts": "English, podcasts",
    "answers": "English, human and machine answers",
    "wikipedia": "English, Wikipedia",
    "books": "English, old books",
    "peps": "English, Python Enhancement Proposals",
    "python": "Python code",
    "de": "German novels",
    "fr": "French novels",
    "es": "Spanish novels",
    "it": "Italian novels",
    "pt": "Portuguese novels",
    "pl": "Polish novels",
    "ru": "Russian novels",
    "zh": "Chinese poems",
    "ja": "Japanese prose",
}


@click.command()
@click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--tokenizer", "spec", default="builtin", show_default=True)
@click.option("--catalogs", type=click.Path(exists=True, file_okay=False, path_type=Path))
def main(data: Path, spec: str, catalogs: Path | None) -> None:
    """Measure a tokenizer on text that `builtin` is not trained on."""
    texts = english(data) | divided(sources(data))[1]
    rows = [(name, texts[key]) for key, name in NAMES.items()]
    if catalogs is not None:
        rows += [(f"interface, {language}", found) for language, found in translations(catalogs)]
    tokenizer = load(spec)
    click.echo(f"| text | bytes | tokens of {spec} | bytes per token | tokens per | |")
    click.echo("|---|---:|---:|---:|---:|---|")
    for name, found in rows:
        tokens = sum(len(tokenizer.encode(text)) for text in found)
        size = sum(len(text.encode()) for text in found)
        count, unit = parts(found)
        click.echo(
            f"| {name} | {size:,} | {tokens:,} | {size / tokens:.2f} | {tokens / count:.2f} | "
            f"{unit} |"
        )


def parts(texts: list[str]) -> tuple[int, str]:
    """Return how many words there are, or, in scripts without spaces, how many characters."""
    words = sum(len(text.split()) for text in texts)
    letters = sum(len(text) for text in texts)
    return (words, "word") if letters < 15 * words else (letters, "character")


def translations(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield languages and the translated texts of their catalogs."""
    for language in sorted(path.parent for path in folder.glob("*/LC_MESSAGES")):
        found = []
        for path in sorted(language.glob("LC_MESSAGES/*.mo")):
            with path.open("rb") as file:
                catalog = vars(gettext.GNUTranslations(file))["_catalog"]
            found += [text for source, text in catalog.items() if source and text]
        if found:
            yield language.name, found


if __name__ == "__main__":
    main()
