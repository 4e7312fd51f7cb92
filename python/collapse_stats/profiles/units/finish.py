"""One profile of all units."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ...backends.base import Backend
from ...corpus.corpus import Source
from ...corpus.provenance.sources import doubts, without_doubts
from ...corpus.sample import Sample, merge_samples
from ...corpus.split import MIN_DOCUMENTS_FOR_HALVES
from ...counting.part_writer import writer_bytes
from ...counting.table import read_aligned
from ...ngrams.spectrum import HALVES, NO_HALVES, JointSpectra
from ..manifest import Manifest
from ..profile import Profile
from ..sampled import SampleSum, with_sample
from ..storage import read, write, write_counted
from ..vocabulary import widened
from .plan import files_of_corpus
from .reduce import all_reduced, layout_of, merged_tables
from .work_directory import WorkDirectory


def finish(
    work: WorkDirectory, name: str, table: bool, backend: Backend, memory: int, save_to: Path
) -> Profile:
    """Write the profile of the whole corpus, from its units or from what they were reduced to.

    Counts, halves, sample and spectra are those of the corpus counted by one process.

    Raises
    ------
    InputError
        Units or reduced parts are missing, or do not belong together.
    """
    manifests = work.manifests()
    layout = layout_of(manifests)
    if work.plan.options.get("sample_ngrams") is not None:
        return _finish_sampled(work, manifests, name, backend, memory, save_to)
    whole = all_reduced(work, manifests, layout)
    bare = _bare(work, manifests, name, backend)
    if whole is None:
        tables = merged_tables(work, manifests, layout, (0, layout.key_ranges), backend, memory)
    else:
        tables = (rows for (rows,) in read_aligned([whole], memory, writer_bytes(memory)))
    masks = HALVES if layout.labels == 2 else NO_HALVES
    if table:
        return write_counted(bare, tables, backend, masks, memory, save_to)
    spectra = backend.joint_spectra(([rows] for rows in tables), masks)
    profile = replace(bare, joint_spectra=spectra)
    write(profile, save_to)
    return read(save_to, Profile)


def _finish_sampled(
    work: WorkDirectory,
    manifests: Sequence[Manifest],
    name: str,
    backend: Backend,
    memory: int,
    save_to: Path,
) -> Profile:
    """Add up the samples of n-grams of all units, whose sums are in memory one at a time."""
    samples, vocab_size = SampleSum(), layout_of(manifests).vocab_size
    for unit in range(len(manifests)):
        samples.add(widened(read(work.folder(unit), Profile), vocab_size))
    bare = _bare(work, manifests, name, backend)
    tables = samples.tables(backend, memory)
    return with_sample(bare, samples.one_of, samples.sums, tables, memory, save_to)


def _bare(
    work: WorkDirectory, manifests: Sequence[Manifest], name: str, backend: Backend
) -> Profile:
    """The profile of all units but for what is counted, with one sample in memory at a time."""
    first, budget = manifests[0], work.plan.options["sample_tokens"]
    sample = Sample.empty()
    for unit in range(len(manifests)):
        sample = merge_samples([sample, read(work.folder(unit), Profile).sample], budget)
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
        joint_spectra=JointSpectra({}, {}),
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
