"""Options are written once: keywords, signatures, help and the command's options agree."""

import inspect
from dataclasses import fields
from typing import get_type_hints

import click
import pytest

import collapse_stats as cs
from collapse_stats.backends.options import BACKENDS, CountKeywords, CountOptions
from collapse_stats.cli.group import program
from collapse_stats.corpus.keywords import options_of
from collapse_stats.corpus.provenance.declaration import Declaration
from collapse_stats.readers.options import ReadKeywords, ReadOptions
from collapse_stats.system.option import options_in

KINDS = [(ReadOptions, ReadKeywords), (CountOptions, CountKeywords)]
OPTIONS = options_in(ReadOptions) | options_in(CountOptions)


@pytest.mark.parametrize(("options", "keywords"), KINDS)
def test_keywords_are_the_fields_with_the_same_types(options, keywords):
    types = {name: field.type for name, (field, _) in options_in(options).items()}
    assert get_type_hints(keywords) == types
    internal = {field.name for field in fields(options)} - types.keys()
    assert internal <= {"longest", "row_groups", "first_row", "is_unit", "places"}


@pytest.mark.parametrize("function", [cs.profile, cs.compare])
def test_signature_and_help_show_every_option_once(function):
    parameters = inspect.signature(function).parameters
    documentation = inspect.getdoc(function).split("\n")
    assert not [p for p in parameters.values() if p.kind is p.VAR_KEYWORD]
    for name, (field, _) in OPTIONS.items():
        assert parameters[name].kind is inspect.Parameter.KEYWORD_ONLY
        assert parameters[name].default == field.default
        assert documentation.count(name) == 1
    assert max(map(len, documentation)) <= 100
    assert "**keywords" not in documentation


def test_defaults_of_the_public_functions():
    names = "tokenizer text_key ids_key part dtype eot vocab_size threads memory tmp".split()
    defaults = dict.fromkeys(names, None)
    defaults |= {"max_order": 5, "doc_per_line": False, "skip_bad": False, "backend": "auto"}
    assert defaults.items() <= {name: f.default for name, (f, _) in OPTIONS.items()}.items()


@pytest.mark.parametrize("call", [cs.profile, lambda ids, **k: cs.compare(ids, ids, **k)])
def test_an_unknown_keyword_is_named(call):
    with pytest.raises(TypeError, match="unexpected keyword argument 'text_kee'"):
        call([1, 2], text_kee="text")


def test_keywords_become_options():
    reading, counting = options_of({"dtype": "u16", "eot": 0, "max_order": 2, "memory": "1GB"})
    assert reading == ReadOptions(dtype="u16", eot=0)
    assert (counting.max_order, counting.memory_bytes) == (2, 10**9)


def test_backends_are_those_that_there_are():
    assert ("auto", *(info.name for info in cs.backends())) == BACKENDS


@pytest.mark.parametrize("name", ["profile", "show", "compare", "track", "merge"])
def test_a_command_has_every_option(name):
    parameters = {parameter.name: parameter for parameter in program.commands[name].params}
    for option, (field, text) in OPTIONS.items():
        if option == "skip_bad":  # on the command line it sets the exit code
            assert parameters["strict"].secondary_opts == ["--skip-bad"]
            continue
        assert parameters[option].opts == [f"--{option.replace('_', '-')}"]
        assert parameters[option].help.startswith(text.help)
        if field.default not in (None, False, ()):
            assert parameters[option].help.endswith(f" Default: {field.default}.")
        choices = getattr(parameters[option].type, "choices", ())
        assert tuple(choices) == text.choices


def test_commands_are_listed_in_the_order_of_their_use():
    names = program.list_commands(click.Context(program))
    order = "profile show compare track select report explain merge inspect calibrate card simulate"
    assert names == [*order.split(), "backends", "bench", "demo"]


def test_what_is_declared_has_one_name_in_python_and_in_the_command():
    parameters = inspect.signature(cs.profile).parameters
    command = {parameter.name: parameter for parameter in program.commands["profile"].params}
    for name, (field, text) in options_in(Declaration).items():
        assert command[name].help.startswith(text.help)
        assert parameters[name].default == (field.default or None)
