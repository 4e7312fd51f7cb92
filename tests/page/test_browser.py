"""The page in a browser: what it asks for, and how it looks at three widths, by day and night."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.image import imread
from reports import given_ngrams, narrowing, of_one

from collapse_stats import page
from collapse_stats.charts.palette import DARK, LIGHT
from collapse_stats.page.document import GROUND

ROOT = Path(__file__).parents[2]
BROWSER = ROOT / "build" / "browser"
STORED = Path(__file__).parent / "layout.json"
VIEWS = [f"{width}:{scheme}" for width in (400, 800, 1600) for scheme in ("light", "dark")]
LONG = "a name that is long enough to be wider than a telephone, with/parts and_all/"


def why_not() -> str | None:
    if shutil.which("node") is None:
        return "node is missing"
    if not (BROWSER / "node_modules" / "@sparticuz" / "chromium").is_dir():
        return "the browser is missing: make browser"
    return None


pytestmark = pytest.mark.skipif(why_not() is not None, reason=why_not() or "there is a browser")


@pytest.fixture(scope="module")
def seen(tmp_path_factory: Any) -> dict[tuple[str, int, str], dict[str, Any]]:
    """What the browser sees of three pages."""
    folder = tmp_path_factory.mktemp("pages")
    strange = narrowing([f"{LONG}{'<b>宋 $x$' * i}" for i in range(3)])
    for figures in strange["comparisons"]:
        figures |= given_ngrams(["</svg><script>alert(1)</script>", "W" * 80, "宋" * 40, "\\xe0"])
    reports = {
        "series": narrowing([f"gen{i:02}" for i in range(16)]),
        "strange": strange,
        "one": of_one(),
    }
    files = []
    for name, report in reports.items():
        files.append(folder / f"{name}.html")
        files[-1].write_text(page.write(report), encoding="utf-8")
    command = ["node", str(Path(__file__).parent / "look.mjs"), str(BROWSER), str(folder), *VIEWS]
    result = subprocess.run(
        command, input="\n".join(map(str, files)), capture_output=True, text=True, timeout=300
    )
    assert result.returncode == 0, result.stderr
    return {
        (each["file"], each["width"], each["scheme"]): each for each in json.loads(result.stdout)
    }


def views_of(seen: Any) -> list[dict[str, Any]]:
    assert len(seen) == 3 * len(VIEWS)
    return list(seen.values())


def test_nothing_is_said_and_nothing_asked_for(seen: Any) -> None:
    for view in views_of(seen):
        assert view["messages"] == []
        assert [url for url in view["requests"] if not url.startswith("file:")] == []
        assert len(view["requests"]) == 1


def test_no_page_is_wider_than_the_window(seen: Any) -> None:
    for view in views_of(seen):
        assert view["scrollWidth"] <= view["width"], (view["file"], view["width"])
        assert view["outside"] == []  # every text of a chart is inside of it


def test_pages_look_as_they_did(seen: Any) -> None:
    """By the stored layout, which COLLAPSE_STATS_STORE_LAYOUT=1 writes anew: look at it then."""
    layout = {f"{v['file']}-{v['width']}": layout_of(v) for v in views_of(seen)}
    if os.environ.get("COLLAPSE_STATS_STORE_LAYOUT"):
        STORED.write_text(json.dumps(layout, indent=1) + "\n")
    stored = json.loads(STORED.read_text())
    assert {*layout} == {*stored}
    for view in views_of(seen):
        now, then = layout_of(view), stored[f"{view['file']}-{view['width']}"]
        assert now["charts_by_row"] == then["charts_by_row"]
        assert now["chart_width"] == pytest.approx(then["chart_width"], rel=0.03)
        assert now["chart_shape"] == pytest.approx(then["chart_shape"], rel=0.02)
        assert now["verdicts"] == then["verdicts"]
        assert now["page_height"] == pytest.approx(then["page_height"], rel=0.15)
        assert view["smallest"] >= 8  # pixels of the lowest text in a chart


def layout_of(view: Any) -> dict[str, Any]:
    boxes = view["figures"]
    tops = [round(box["y"]) for box in boxes]
    return {
        "charts_by_row": [tops.count(top) for top in sorted({*tops})],
        "chart_width": round(boxes[0]["width"]),
        "chart_shape": round(boxes[0]["width"] / boxes[0]["height"], 3),
        "verdicts": len(view["verdicts"]),
        "page_height": view["height"],
    }


def test_pictures_have_the_colours_of_day_and_night(seen: Any) -> None:
    for view in views_of(seen):
        picture = (imread(view["picture"])[:, :, :3] * 255).round().astype(int)
        assert picture.shape[1] == view["width"]
        assert picture.shape[0] == view["height"]
        ground = GROUND[view["scheme"]]
        colors = LIGHT if view["scheme"] == "light" else DARK
        assert has(picture, ground) > 0.5
        for box in view["figures"]:
            x, y, width, height = (round(box[key]) for key in ("x", "y", "width", "height"))
            part = picture[y : y + height, x : x + width]
            assert has(part, ground) > 0.4  # a chart has no ground of its own
            assert has(part, ground) < 0.99  # and is drawn
        other = "dark" if view["scheme"] == "light" else "light"
        assert has(picture, GROUND[other]) < 0.02
        if view["file"] != "one":
            assert has(picture, colors["baseline"]) > 0


def has(picture: np.ndarray, color: str) -> float:
    """The share of the pixels that have a colour."""
    wanted = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
    return float(np.mean(np.all(picture == wanted, axis=2)))


def test_a_screen_reader_finds_tables_and_pictures(seen: Any) -> None:
    for view in views_of(seen):
        assert view["roles"]["image" if "image" in view["roles"] else "img"] == len(view["figures"])
        assert view["roles"]["heading"] >= 4


def test_main_tables_need_no_scrolling_on_a_wide_screen(seen: Any) -> None:
    for view in views_of(seen):
        if view["file"] == "series":
            assert "verdicts" not in view["scrolling"]
            if view["width"] == 1600:
                assert view["scrolling"] == []
