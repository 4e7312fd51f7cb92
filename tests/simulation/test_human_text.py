"""The human text that comes with Python."""

from collapse_stats.simulation.human_text import human_documents


def test_human_documents_are_real_text_without_repeats():
    documents = human_documents()
    assert len(documents) > 500
    assert sum(map(len, documents)) > 1_500_000
    assert len(set(documents)) == len(documents)
    text = "\n".join(documents)
    for piece in (
        "Heap queue algorithm",  # the docstring of a module
        "Transform bottom-up.",  # a comment
        "Assert statements are a convenient way",  # a topic
    ):
        assert piece in text
