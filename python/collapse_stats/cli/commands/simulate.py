"""``simulate``: an n-gram model that learns from its own text, on the text of the user."""

import shlex
from collections.abc import Sequence
from pathlib import Path

import click

from ...corpus.corpus import Corpus
from ...errors import InputError
from ...metrics.one_corpus.recursion import KEEPS
from ...profiles.profile import Profile
from ...profiles.storage import is_profile
from ...readers.remote.location import Location
from ...report.contents.simulation import rows_of, simulation_report
from ...report.grid import printable
from ...report.rows import write_rows
from ...report.views.simulation import simulation_page
from ...simulation.material import Material
from ...simulation.need import Need, needed
from ...simulation.result import Simulation
from ...simulation.rules import HUMANS, Rules
from ...simulation.saved import check_is_new, folder_of, save
from ...simulation.simulate import MOST_GENERATIONS, MOST_RUNS, simulated
from ..corpora import load_saved, name_of, read, refuse_options_of_reading
from ..need import parse_need
from ..options import Request, request_options
from ..output import FORMATS, write_result
from ..paths import paths_argument
from ..progress import Reporter
from ..shares import parse_shares
from ..whole_number import TokenNumber, WholeNumber

_NEED_SHARE = 0.5  # of fresh text that is held in reserve for the search, unless --tokens is given


@click.command()
@paths_argument("corpus", "CORPUS")
@click.option(
    "--fresh",
    default="0,0.05,0.1",
    callback=parse_shares,
    metavar="SHARES",
    help="Shares of each generation that are human text; each is simulated. Default: 0,0.05,0.1.",
)
@click.option(
    "--generations",
    "number",
    type=WholeNumber(1, MOST_GENERATIONS),
    default=10,
    metavar="N",
    help="Number of generations. Default: 10.",
)
@click.option(
    "--human",
    type=click.Choice(HUMANS),
    default="fresh",
    help="What the human text is: documents that no generation had, the same ones of the first "
    "corpus every time, or a new choice of those each time. Default: fresh.",
)
@click.option(
    "--keep",
    type=click.Choice(KEEPS),
    default="replace",
    help="What a model learns from: the generation before, all of them, or all and the first "
    "corpus. Default: replace.",
)
@click.option(
    "--noise",
    type=float,
    default=0.0,
    metavar="SHARE",
    help="Share of what a model wrote that is replaced by random tokens. Default: 0.",
)
@click.option(
    "--temperature", type=float, default=1.0, metavar="T", help="Of sampling. Default: 1."
)
@click.option(
    "--top-p",
    type=float,
    default=1.0,
    metavar="P",
    help="Sample only the most probable tokens that have this share together. Default: 1.",
)
@click.option(
    "--order",
    type=WholeNumber(1, 16),
    default=4,
    metavar="N",
    help="Length of the model's n-grams. Default: 4.",
)
@click.option(
    "--tokens",
    type=TokenNumber(),
    metavar="N",
    help="Tokens of each generation, such as 200k. Default: as many as leave enough fresh text in "
    "reserve, at most 200k.",
)
@click.option(
    "--runs",
    type=WholeNumber(1, MOST_RUNS),
    default=1,
    metavar="N",
    help="Simulate so often, to see the spread. Default: 1.",
)
@click.option(
    "--seed",
    type=WholeNumber(0),
    default=0,
    metavar="S",
    help="Seed of the random numbers. Default: 0.",
)
@click.option(
    "--need",
    callback=parse_need,
    metavar="EXPR",
    help="Find how much human text meets this, such as 'distinct_3 >= 0.9 at 10': distinct 3-grams "
    "over those of the baseline, at generation 10.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Keep all generations in this new directory, as JSON lines.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="table",
    help="Format of the result. Default: table.",
)
@request_options
def simulate(
    corpus: tuple[Location, ...],
    fresh: tuple[float, ...],
    number: int,
    human: str,
    keep: str,
    noise: float,
    temperature: float,
    top_p: float,
    order: int,
    tokens: int | None,
    runs: int,
    seed: int,
    need: Need | None,
    output: Path | None,
    as_json: bool,
    form: str,
    request: Request,
) -> None:
    """Simulate a collapse, and find how much human text prevents it.

    An n-gram model learns from half of the documents, the next one from what it wrote, and so on.
    Each generation is compared with the other half. Several paths are read as one corpus.
    """
    made_of = {"noise": noise, "temperature": temperature, "top_p": top_p, "order": order}
    rules = [Rules(fresh=share, human=human, keep=keep, **made_of) for share in fresh]  # type: ignore[arg-type]
    if need is not None and not 1 <= need.order <= request.counting.max_order:
        raise InputError(
            f"--need {need.text!r}: the order must be between 1 and {request.counting.max_order}, "
            f"the longest n-gram counted, got {need.order}"
        )
    if output is not None:
        check_is_new(output)
    with Reporter() as reporter:
        source = _source(corpus, request, reporter)
        longest = max(number, need.generation if need else 0)
        most = max(*fresh, _NEED_SHARE if need else 0.0) if human == "fresh" else 0.0
        material = Material.of(source, tokens, longest, most)
        simulations = _simulations(material, rules, number, seed, runs, request, reporter)
        answer = None
        if need is not None:
            with reporter.task(f"searching for {need.text}") as task:
                answer = needed(
                    material, rules[0], need, seed=seed, counting=request.counting, progress=task
                )
        with reporter.task("judging"):
            report = simulation_report(simulations, backend=request.backend.name, needed=answer)
        for warning in source.warnings:
            reporter.warn(warning)
        if output is not None:
            with reporter.task(f"writing {output}"):
                save(simulations, output)
    write_result(
        report,
        simulation_page(report),
        "json" if as_json else form,
        None,
        lambda content: write_rows(rows_of(content)),
    )
    if output is not None:
        _say_next(output, simulations)


def _source(paths: tuple[Location, ...], request: Request, reporter: Reporter) -> Corpus | Profile:
    saved = next(filter(is_profile, paths), None)
    if saved is None:
        return read(paths, request, reporter, name_of(paths))
    if len(paths) > 1:
        raise InputError(f"{saved} is a saved profile: simulate it alone, or merge them first")
    refuse_options_of_reading(saved, request)
    return load_saved(saved, request)


def _simulations(
    material: Material,
    rules: Sequence[Rules],
    number: int,
    seed: int,
    runs: int,
    request: Request,
    reporter: Reporter,
) -> list[Simulation]:
    simulations = []
    for each in rules:
        with reporter.task(f"generations with {100 * each.fresh:g} % human text") as task:
            simulations.append(
                simulated(
                    material,
                    each,
                    number,
                    seed=seed,
                    runs=runs,
                    counting=request.counting,
                    progress=task,
                )
            )
    return simulations


def _say_next(folder: Path, simulations: Sequence[Simulation]) -> None:
    """Print a command that reads the generations that were kept, which no table may break."""
    human, run = folder / "human.jsonl", folder / folder_of(simulations[0], 1)
    command = shlex.join(["collapse-stats", "compare", str(human), str(run), "--each"])
    click.echo(
        f"All generations are in {printable(str(folder))}. To compare the first run:", err=True
    )
    click.echo(f"  {printable(command)}", err=True)
