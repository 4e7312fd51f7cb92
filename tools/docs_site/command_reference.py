"""Write docs/commands.md: every command and option, from what click knows of them.

    python tools/docs_site/command_reference.py
    python tools/docs_site/run_blocks.py --update docs/commands.md

The second line runs the examples and writes what they print; the first keeps what is there.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from run_blocks import blocks_of, commands_of

from collapse_stats.backends.options import CountOptions
from collapse_stats.cli.group import program
from collapse_stats.corpus.provenance.declaration import Declaration
from collapse_stats.readers.options import ReadOptions
from collapse_stats.system.option import options_in

PAGE = Path(__file__).parents[2] / "docs" / "commands.md"

INTRODUCTION = """\
# Every command and option

<!-- tools/docs_site/command_reference.py writes this from the commands' own help -->

`collapse-stats COMMAND --help` prints the same in the terminal. A CORPUS is a file, a directory, a
URL, a quoted `'pattern'` of paths, or a saved profile ([formats.md](formats.md)). Results go to
stdout, progress and warnings to stderr.

| exit code | meaning |
|---|---|
| 0 | success |
| 1 | a `--fail-on` limit was crossed, or a source of a card is not as it was |
| 2 | wrong usage, or input that cannot be read |
| 130, 143 | interrupted by Ctrl-C, terminated |

The examples are run whenever the project is tested. They are about [these small
corpora](start.md#the-corpora-of-these-pages).
"""

GROUPS = {
    "reading": (ReadOptions, "How files become documents and tokens ([formats.md](formats.md))."),
    "counting": (CountOptions, "How n-grams are counted, and with how much of the machine."),
    "declaring": (Declaration, "What the maker says of a corpus ([provenance.md](provenance.md))."),
}

EXAMPLES = {
    "profile": ["profile corpus/human -o human.profile"],
    "show": ["show corpus/human --max-order 3"],
    "compare": [
        "compare corpus/human corpus/gen1 corpus/gen3 corpus/gen5",
        "compare corpus/human corpus/gen5 --fail-on 'verdict >= loss-of-tail' \\\n"
        '    --format csv -o gen5.csv || echo "exit code $?"',
    ],
    "track": ["track runs/grpo/completions --group-key prompt"],
    "select": ["select corpus/gen1 corpus/gen2 --budget 50k --baseline human.profile -o kept"],
    "report": [
        "compare corpus/human corpus/gen3 --json -o report.json",
        "report report.json --format markdown",
    ],
    "explain": ["explain 'rare tokens'"],
    "merge": [
        "profile corpus/human/part-0.jsonl --root corpus/human -o part-0.profile",
        "profile corpus/human/part-1.jsonl --root corpus/human -o part-1.profile",
        "merge part-0.profile part-1.profile -o whole.profile",
    ],
    "inspect": ["inspect corpus/human"],
    "calibrate": ["calibrate corpus/human corpus/human2 -o limits.json"],
    "card": ["card human.profile"],
    "simulate": ["simulate corpus/human --fresh 0,0.1 --generations 5"],
    "backends": ["backends"],
    "bench": ["bench --tokens 1000000"],
    "demo": ["demo"],
}


def reference(page: str) -> str:
    """The page as it should be, with the outputs of the examples that `page` has."""
    outputs = outputs_of(page)
    context = click.Context(program, info_name="collapse-stats")
    parts = [INTRODUCTION]
    for name in program.list_commands(context):
        command = program.get_command(context, name)
        assert command is not None
        own = click.Context(command, parent=context, info_name=name)
        parts += ["\n".join(section_of(name, command, own, outputs))]
    for name, (kind, about) in GROUPS.items():
        command = program.get_command(context, "profile")
        assert command is not None
        own = click.Context(command, parent=context, info_name="profile")
        of_group = [p for p in command.params if p.name in names_of(kind)]
        rows = table_of(of_group, own)
        parts += [f"## Options of {name}\n\n{about}\n\n" + "\n".join(rows)]
    return "\n".join(f"{part.strip()}\n" for part in parts)


def section_of(
    name: str, command: click.Command, context: click.Context, outputs: dict[str, str]
) -> Iterator[str]:
    """The lines about a command: what it does, an example, its options."""
    yield f"## {name}\n"
    yield f"{prose(command.help or '')}\n"
    yield f"```text\ncollapse-stats {name} {' '.join(command.collect_usage_pieces(context))}\n```\n"
    for example in EXAMPLES[name]:
        line = f"$ collapse-stats {example}"
        yield f"```console\n{line}\n{outputs.get(line, '')}".rstrip("\n")
        yield "```\n"
    given = {p.name for p in command.params}
    groups = {group: names_of(kind) for group, (kind, _) in GROUPS.items()}
    whole = {group: names for group, names in groups.items() if names <= given}
    shared = set().union(*whole.values())
    own = [p for p in command.params if isinstance(p, click.Option) and p.name not in shared]
    yield from table_of(own, context)
    if whole:
        links = [f"[of {group}](#options-of-{group})" for group in whole]
        yield f"\nIt also takes the options {', '.join(links)}."


def table_of(options: Sequence[click.Parameter], context: click.Context) -> Iterator[str]:
    """A table of options with their help."""
    records = [record for p in options if (record := p.get_help_record(context))]
    if records:
        yield "| option | meaning |\n|---|---|"
    for name, text in records:
        typed = name.replace("|", "\\|")
        yield f"| `{typed}` | {prose(text)} |"


def prose(text: str) -> str:
    """The help of a command or option in Markdown: what is typed stands as code."""
    paragraphs = [" ".join(part.split()) for part in text.replace("\b", "").split("\n\n")]
    joined = "\n\n".join(paragraphs)
    joined = re.sub(r"(?<![\w'])('[^']+'(?!\w)|--[a-z][a-z-]+)", r"`\1`", joined)
    return re.sub(r"docs/(\w+\.md)", r"[\1](\1)", joined)


def names_of(kind: type) -> set[str]:
    """The options of a group."""
    names = {*options_in(kind)}
    return names - {"skip_bad"} | {"strict"} if kind is ReadOptions else names


def outputs_of(page: str) -> dict[str, str]:
    """Command -> what a page shows below it."""
    consoles = [block.content for block in blocks_of(page) if block.kind == "console"]
    return {"\n".join(c): said for text in consoles for c, said in commands_of(text)}


if __name__ == "__main__":
    PAGE.write_text(reference(PAGE.read_text("utf-8") if PAGE.exists() else ""), "utf-8")
