"""The page: what was found, the verdicts, the charts, all tables."""

from html import escape
from importlib import resources

from ..charts.candidates import is_series
from ..charts.canvas import INSTALL, is_there
from ..charts.catalogue import CHARTS, Chart, drawable
from ..charts.ngram_chart import shown_comparison
from ..charts.palette import DARK, LIGHT
from ..report.formats import page_of
from ..report.grid import Page, printable
from ..report.json_object import Json
from ..report.views.comparison import LEGEND, OF_VERDICTS
from ..report.views.trajectory import trajectory_grids
from .headline import headline, lead
from .tables import paragraphs, table, with_roles

GROUND = {"light": "#ffffff", "dark": "#14171c"}
MOST_DETAILED = 60  # comparisons of which every table is on the page


def write(report: Json) -> str:
    """Return the report as a page of HTML, the same for the same report every time.

    Without matplotlib it has everything but the charts, and says how to get them.
    """
    page = page_of(_with_few_examples(report)).printable()
    title = headline(report)
    body = (
        f"<header>\n<h1>{escape(title)}</h1>\n{_lead(report, page)}</header>\n<main>\n",
        _verdicts(report, page),
        _section("Charts", _charts(report)),
        *_figures(report, page),
        _warnings(page),
        f"</main>\n<footer>\n{_footer(report, page)}</footer>\n",
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)} – collapse-stats</title>\n"
        f"<style>\n{_style()}</style>\n</head>\n<body>\n{''.join(body)}</body>\n</html>\n"
    )


def _section(title: str, content: str) -> str:
    return f"<section>\n<h2>{escape(title)}</h2>\n{content}</section>\n"


def _verdicts(report: Json, page: Page) -> str:
    if not report["comparisons"]:
        return ""
    return _section("Verdicts", with_roles(table(page.grids[0], "verdicts", "verdicts")))


def _figures(report: Json, page: Page) -> list[str]:
    """Return the tables of figures: the main one, and all others and all reasons folded up."""
    if not report["comparisons"]:
        return [_section("Figures", "".join(table(grid, "figures") for grid in page.grids))]
    name = "Generations" if is_series(report) else "Figures"
    shown = 1 + len(trajectory_grids(report))
    main = _section(name, "".join(table(grid, name) for grid in page.grids[1 : 1 + shown]))
    if len(report["comparisons"]) > MOST_DETAILED:
        return [main]
    verbose = page_of(_with_few_examples(report), verbose=True).printable()
    reasons, *others = verbose.grids
    others = others[shown:]
    content = paragraphs([*reasons.notes]) + "".join(table(grid, "figures") for grid in others)
    notes = paragraphs([*verbose.tail], "notes")
    return [
        main,
        f"<details>\n<summary>All reasons and tables</summary>\n{content}{notes}</details>\n",
    ]


def _with_few_examples(report: Json) -> Json:
    """Return the report with the n-grams of one candidate only, that of the chart."""
    kept = shown_comparison(report)
    comparisons = [
        each if each is kept else {k: v for k, v in each.items() if k not in ("lost", "inflated")}
        for each in report["comparisons"]
    ]
    return {**report, "comparisons": comparisons}


def _lead(report: Json, page: Page) -> str:
    said = lead(report)
    run = [line for line in page.summary if not _is_headline(line, report)]
    return paragraphs([*filter(None, [said]), *run]) + paragraphs(
        [page.head] if page.head else [], "muted"
    )


def _is_headline(line: str, report: Json) -> bool:
    """Whether the headline has said all of the sentence on the verdicts of the run."""
    if not line.startswith(OF_VERDICTS):
        return False
    reasons = report["series"]["reasons"] if report["series"] else []
    return all(printable(reason)[1:] in headline(report) for reason in reasons)


def _charts(report: Json) -> str:
    if not is_there():
        return paragraphs([f"The charts are missing, since they need matplotlib: {INSTALL}"])
    drawn = drawable(report)
    if not drawn:
        return paragraphs(["There is nothing to draw: no corpus has enough text."])
    figures = "".join(_figure(chart, report) for chart in drawn)
    hint = _hint(report)
    return f'<div class="charts">\n{figures}</div>\n' + paragraphs([hint] if hint else [], "notes")


def _figure(chart: Chart, report: Json) -> str:
    from ..charts.svg import chart_svg

    return (
        f"<figure>\n<h3>{escape(chart.title)}</h3>\n{chart_svg(chart, report)}\n"
        f"<figcaption>{escape(chart.caption(report))}</figcaption>\n</figure>\n"
    )


def _hint(report: Json) -> str | None:
    """Say how to get the chart of n-grams, where a comparison has none."""
    why = CHARTS["ngrams"].why_not(report)
    return why and f"No chart of n-grams: {why}." if report["comparisons"] else None


def _warnings(page: Page) -> str:
    if not page.warnings:
        return ""
    items = "".join(f"<li>{escape(warning)}</li>\n" for warning in page.warnings)
    return _section("Warnings", f'<ul class="warnings">\n{items}</ul>\n')


def _footer(report: Json, page: Page) -> str:
    tool = report["tool"]
    made = printable(f"Made by {tool['name']} {tool['version']}. ")
    legend = [LEGEND] if report["comparisons"] else page.tail
    return paragraphs([*legend, made + "A verdict says what a text is like, never why."])


def _style() -> str:
    """Return the style sheet, with a variable for each colour of the charts."""
    light, dark = (
        "".join(f" --{role}: {color};" for role, color in colors.items())
        for colors in (LIGHT | {"ground": GROUND["light"]}, DARK | {"ground": GROUND["dark"]})
    )
    rules = resources.files(__package__).joinpath("page.css").read_text("utf-8")
    at_night = f"@media screen and (prefers-color-scheme: dark) {{ :root {{{dark} }} }}\n"
    return f":root {{{light} }}\n{at_night}{rules}"
