"""Names that have most letters in common are told by the rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collapse_stats.report.views.labels import Labels


@pytest.mark.parametrize(
    ("names", "labels", "heading"),
    [
        (["gen0", "gen1"], ["gen0", "gen1"], ""),
        (["generation_00", "generation_01"], ["00", "01"], "generation"),
        (["generation1", "generation12"], ["1", "12"], "generation"),
        (["checkpoint-100", "checkpoint-200"], ["100", "200"], "checkpoint"),
        (["run/step-5/samples", "run/step-10/samples"], ["5", "10"], "run/step-…/samples"),
        (["llama-8b-t0.7", "llama-8b-t0.9"], ["0.7", "0.9"], "llama-8b-t"),
        (["temperature-0.7", "temperature-0.75"], ["0.7", "0.75"], "temperature"),
        (["podcasts-a", "wikipedia"], ["podcasts-a", "wikipedia"], ""),
        (["checkpoint-1"], ["checkpoint-1"], ""),
        (["same name", "same name"], ["same name", "same name"], ""),
        (["checkpoint-", "checkpoint-1"], ["checkpoint-", "checkpoint-1"], ""),
        (["生成文本第一代-甲", "生成文本第一代-乙"], ["甲", "乙"], "生成文本第一代"),
    ],
)
def test_labels(names: list[str], labels: list[str], heading: str) -> None:
    found = Labels.of(names)
    assert [found.label(name) for name in names] == labels
    assert found.heading == heading


def test_another_name_is_its_own_label() -> None:
    found = Labels.of(["checkpoint-100", "checkpoint-200"])
    assert found.label("human") == "human"
    assert found.label("checkpoint-") == "checkpoint-"


names = st.text(st.sampled_from("abg-_/.019 "), max_size=14)


@given(st.lists(names, min_size=1, max_size=6))
def test_labels_differ_as_names_do(names: list[str]) -> None:
    found = Labels.of(names)
    labels = [found.label(name) for name in names]
    assert len({*labels}) == len({*names})
    assert all(labels) or not all(names)
    for name, label in zip(names, labels, strict=True):
        assert label == name or found.before + label + found.after == name
