"""One profile of all units."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ...backends.base import Backend
from ...corpus.corpus import Source
from ...corpus.provenance.sources import doubts, without_doubts
from ...corpus.sample import Sample, merge_samples
from ...corpus.split import MIN_DOCUMENTS_FOR_HALVES
from ..manifest import Manifest
from ..profile import Profile
from ..storage import read, write_joined
from .plan import files_of_corpus
from .range_spectra import spectra_of_whole
from .reduce import all_reduced, layout_of, reduce_range
from .reduced_range import ReducedRange
from .work_directory import WorkDirectory


def finish(
    work: WorkDirectory, name: str, table: bool, backend: Backend, memory: int, save_to: Path
) -> Profile:
    """Write the profile of the whole corpus, from what its units were reduced to, or will be now.

    Counts, halves, sample and spectra are those of the corpus counted by one process. What adds
    up was added by whoever reduced; the rows of the table are not read here.

    Raises
    ------
    InputError
        Units or reduced parts are missing, or do not belong together.
    """
    manifests = work.manifests()
    ranges = all_reduced(work, manifests, layout_of(manifests), table)
    ranges = ranges or [reduce_range(work, 0, 1, backend, memory, table)]
    tables = [each.table for each in ranges if each.table is not None]
    write_joined(_whole(work, manifests, ranges, name, backend), tables if table else None, save_to)
    return read(save_to, Profile)


def _whole(
    work: WorkDirectory,
    manifests: Sequence[Manifest],
    ranges: Sequence[ReducedRange],
    name: str,
    backend: Backend,
) -> Profile:
    """The profile of all units but for its table, with one sample in memory at a time."""
    first, budget = manifests[0], work.plan.options["sample_tokens"]
    sample = Sample.empty()
    for each in ranges:
        sample = merge_samples([sample, each.read_sample()], budget)
    empty = [manifest.empty_documents for manifest in manifests]
    documents = sum(manifest.documents for manifest in manifests)
    sources = _sources(work, manifests)
    left_out = files_of_corpus(work.given, work.reading).warnings() if work.units > 1 else []
    warnings = [
        *left_out,  # which no unit knows, since it is given files and not their directory
        *(each for manifest in manifests for each in without_doubts(manifest.warnings)),
        *doubts(work.declared, sources),
    ]
    if len(manifests) > 1 and documents < MIN_DOCUMENTS_FOR_HALVES:
        warnings.append(
            f"{documents} documents are few, and were not cut into blocks, because they were "
            "counted in units"
        )
    return Profile(
        name=name,
        layout=layout_of(manifests),
        joint_spectra=spectra_of_whole(
            [each.read_spectra() for each in ranges],
            [each.read_first_tokens() for each in ranges],
            backend,
        ),
        documents=documents,
        empty_documents=None if None in empty else sum(number or 0 for number in empty),
        sample=sample,
        tokenizer=first.tokenizer,
        sources=sources,
        boundaries=first.boundaries,
        halved_by=first.halved_by,
        halves_rule=first.halves_rule,
        group_key=first.group_key,
        sample_tokens=budget,
        warnings=tuple(dict.fromkeys(warnings)),
        backend=backend,
    )


def _sources(work: WorkDirectory, manifests: Sequence[Manifest]) -> tuple[Source, ...]:
    """The sources of all units; a file that is divided among several has the tokens of all."""
    sources: list[Source] = []
    for manifest, unit in zip(manifests, work.plan.units, strict=True):
        if unit.row_groups is None or unit.row_groups[0] == 0:
            sources += manifest.sources
            continue
        (part,), whole = manifest.sources, sources.pop()
        sources.append(
            replace(
                whole,
                tokens=(whole.tokens or 0) + (part.tokens or 0),
                documents=(whole.documents or 0) + (part.documents or 0),
            )
        )
    return tuple(sources)
