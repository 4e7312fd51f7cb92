"""The documentation site in a browser, on a telephone: `make site` builds it."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
SITE = ROOT / "build" / "site"
BROWSER = ROOT / "build" / "browser"
TELEPHONE = 400  # pixels
READABLE = 4.5  # contrast of text and ground (WCAG 2.2, level AA)


def why_not() -> str | None:
    if not (SITE / "index.html").is_file():
        return "there is no site: make site"
    if shutil.which("node") is None:
        return "node is missing"
    if not (BROWSER / "node_modules" / "@sparticuz" / "chromium").is_dir():
        return "the browser is missing: make browser"
    return None


pytestmark = pytest.mark.skipif(why_not() is not None, reason=why_not() or "there is a site")


@pytest.fixture(scope="module")
def seen() -> list[dict[str, Any]]:
    """What the browser sees of each page, by day and by night."""
    pages = sorted(page for page in SITE.rglob("*.html") if page != SITE / "index.html")
    screenshots = os.environ.get("COLLAPSE_STATS_SCREENSHOTS", "")
    width = os.environ.get("COLLAPSE_STATS_WIDTH", str(TELEPHONE))
    script = str(Path(__file__).parent / "look.mjs")
    result = subprocess.run(
        ["node", script, str(BROWSER), width, screenshots],
        input="\n".join(map(str, pages)),
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)
    assert len(found) == 2 * len(pages) >= 40
    return found


def test_no_page_scrolls_sideways(seen: Any) -> None:
    too_wide = {v["file"]: v["wide"] for v in seen if v["scrollWidth"] > v["width"] or v["wide"]}
    assert not too_wide


def test_nothing_comes_from_elsewhere_and_nothing_is_missing(seen: Any) -> None:
    for view in seen:
        assert [url for url in view["requests"] if not url.startswith(("file:", "data:"))] == []
        assert view["errors"] == []
        assert view["broken"] == []


def test_text_is_readable_by_day_and_by_night(seen: Any) -> None:
    for view in seen:
        assert (luminance(view["page"]) > 0.5) == (view["scheme"] == "light"), view["file"]
        for pair in view["colors"]:
            ink, ground = map(luminance, pair.split(" on "))
            assert contrast(ink, ground) >= READABLE, (view["file"], view["scheme"], pair)


def luminance(color: str) -> float:
    """Relative luminance of a color as browsers write it; what shines through is left out."""
    parts = [float(part) / 255 for part in re.findall(r"[\d.]+", color)[:3]]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)
