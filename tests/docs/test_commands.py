"""docs/commands.md has every command and option as they are now."""

from command_reference import EXAMPLES, PAGE, reference

from collapse_stats.cli.group import program


def test_the_page_is_current() -> None:
    page = PAGE.read_text("utf-8")
    assert page == reference(page), "python tools/docs_site/command_reference.py writes it"


def test_every_command_has_an_example_with_its_output() -> None:
    page = PAGE.read_text("utf-8")
    assert EXAMPLES.keys() == program.commands.keys()
    for name, examples in EXAMPLES.items():
        section = page.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        assert all(f"$ collapse-stats {example}\n" in section for example in examples)


def test_every_option_is_on_the_page() -> None:
    page = PAGE.read_text("utf-8")
    for command in program.commands.values():
        for option in command.params:
            long = [name for name in option.opts if name.startswith("--")]
            assert all(name in page for name in long)
