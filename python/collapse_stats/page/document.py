"""The page: what was found, the verdicts, the charts, all tables."""

from html import escape
from importlib import resources

from ..charts.canvas import INSTALL, is_there
from ..charts.catalogue import CHARTS, Chart, drawable
from ..charts.palette import DARK, LIGHT
from ..report.formats import page_of
from ..report.grid import Page, printable
from ..report.json_object import Json
from .headline import headline, lead
from .tables import paragraphs, table

GROUND = {"light": "#ffffff", "dark": "#14171c"}
MOST_DETAILED = 24  # candidates of which every table is on the page


def write(report: Json) -> str:
    """Return the report as a page of HTML, the same for the same report every time.

    Without matplotlib it has everything but the charts, and says how to get them.
    """
    detailed = len(report["comparisons"]) <= 2 * MOST_DETAILED
    page = page_of(report, verbose=detailed).printable()
    title = headline(report)
    first, *others = page.grids
    verdicts = table(first, "verdicts", "verdicts") if report["comparisons"] else ""
    rest = others if report["comparisons"] else page.grids
    name = "Generations" if report["comparisons"] else "Figures"
    body = (
        f"<header>\n<h1>{escape(title)}</h1>\n{_lead(report, page)}</header>\n<main>\n",
        f"<section>\n<h2>Verdicts</h2>\n{verdicts}</section>\n" if verdicts else "",
        f"<section>\n<h2>Charts</h2>\n{_charts(report)}</section>\n",
        f"<section>\n<h2>{name}</h2>\n{''.join(table(grid, name) for grid in rest)}</section>\n",
        _warnings(page),
        f"</main>\n<footer>\n{paragraphs([*page.tail])}{_made_by(report)}</footer>\n",
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)} – collapse-stats</title>\n"
        f"<style>\n{_style()}</style>\n</head>\n<body>\n{''.join(body)}</body>\n</html>\n"
    )


def _lead(report: Json, page: Page) -> str:
    said = lead(report)
    run = [line for line in page.summary if not _is_headline(line, report)]
    return paragraphs([*filter(None, [said]), *run]) + paragraphs(
        [page.head] if page.head else [], "muted"
    )


def _is_headline(line: str, report: Json) -> bool:
    """Whether the headline has said all of a sentence on the run."""
    reasons = report["series"]["reasons"] if report["series"] else []
    return all(printable(reason)[1:] in headline(report) for reason in reasons)


def _charts(report: Json) -> str:
    if not is_there():
        return paragraphs([f"The charts are missing, since they need matplotlib: {INSTALL}"])
    drawn = drawable(report)
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
    return f'<section>\n<h2>Warnings</h2>\n<ul class="warnings">\n{items}</ul>\n</section>\n'


def _made_by(report: Json) -> str:
    tool = report["tool"]
    return paragraphs(
        [
            printable(f"Made by {tool['name']} {tool['version']}. ")
            + "A verdict says what a text is like, never why."
        ]
    )


def _style() -> str:
    """Return the style sheet, with a variable for each colour of the charts."""
    light, dark = (
        "".join(f" --{role}: {color};" for role, color in colors.items())
        for colors in (LIGHT | {"ground": GROUND["light"]}, DARK | {"ground": GROUND["dark"]})
    )
    rules = resources.files(__package__).joinpath("page.css").read_text("utf-8")
    at_night = f"@media screen and (prefers-color-scheme: dark) {{ :root {{{dark} }} }}\n"
    return f":root {{{light} }}\n{at_night}{rules}"
