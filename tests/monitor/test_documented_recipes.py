"""The Python code of README.md and docs/monitoring.md runs as it is printed."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
VOCABULARY = {"[pad]": 0, "[unk]": 1} | {f"w{i}": i + 2 for i in range(50)}
RECIPES = [
    (name, number, code)
    for name in ("README.md", "docs/monitoring.md")
    for number, code in enumerate(
        re.findall(r"```python\n(.*?)```", (ROOT / name).read_text(), re.DOTALL)
    )
]


class Run:
    """What W&B calls a run: it takes dicts of floats."""

    def __init__(self) -> None:
        self.logged: list[tuple[int, dict[str, float]]] = []

    def log(self, figures: dict[str, float], step: int) -> None:
        self.logged.append((step, figures))


def texts(seed: int) -> list[str]:
    rng = np.random.default_rng(seed)
    return [" ".join(f"w{i}" for i in rng.integers(0, 50, 30)) for _ in range(200)]


def batches(number: int) -> list[dict[str, Any]]:
    """Batches of a model's own ids, of which the padding is masked."""
    rng = np.random.default_rng(5)
    found = []
    for _ in range(number):
        ids = rng.integers(2, 52, (4, 20))
        mask = np.arange(20) < rng.integers(5, 21, (4, 1))
        found.append({"input_ids": np.where(mask, ids, 0), "attention_mask": mask.astype(int)})
    return found


def scores_of(document: np.ndarray) -> np.ndarray:
    """What a model might make of each token, the first aside."""
    return np.where(np.arange(len(document)), -1.0, np.nan)


def test_there_are_recipes() -> None:
    assert {name for name, _, _ in RECIPES} == {"README.md", "docs/monitoring.md"}
    assert any("CollapseMonitor" in code for name, _, code in RECIPES if name == "README.md")


@pytest.mark.parametrize(("name", "number", "code"), RECIPES)
def test_a_recipe_runs_as_it_is_printed(
    name: str, number: int, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("tokenizers")
    monkeypatch.chdir(tmp_path)
    model = {"type": "WordLevel", "vocab": VOCABULARY, "unk_token": "[unk]"}
    content = {"version": "1.0", "added_tokens": [], "pre_tokenizer": {"type": "WhitespaceSplit"}}
    Path("tokenizer.json").write_text(json.dumps(content | {"model": model}))
    for seed, corpus in enumerate(("human", "generation5")):
        folder = Path("corpus", corpus)
        folder.mkdir(parents=True)
        lines = [json.dumps({"text": text}) for text in texts(seed)]
        (folder / "part-0.jsonl").write_text("\n".join(lines))
    run, loader = Run(), batches(201)
    given = {"run": run, "loader": loader, "score": scores_of}
    exec(compile(code, f"{name}, block {number}", "exec"), given)
    if "run.log" in code:
        assert [step for step, _ in run.logged] == [0, 100, 200]
        figures = run.logged[-1][1]
        assert figures["tokens"] == sum(int(batch["attention_mask"].sum()) for batch in loader)
        assert {"entropy_bits/2", "js_bits/2", "copies"} <= figures.keys()
