import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What frameworks warn of among themselves is no failure of ours."""
    for item in items:
        if "integrations" in item.path.parts:
            item.add_marker(pytest.mark.filterwarnings("default"))
