"""One profile of all units."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from ...backends.base import Backend
from ...corpus.corpus import Source
from ...corpus.provenance.sources import doubts, without_doubts
from ...corpus.sample import Sample, merge_samples
from ...corpus.split import MIN_DOCUMENTS_FOR_HALVES
from ...counting.saved_file import Folder
from ...ngrams.spectrum import JointSpectra
from ...readers.bad_files import WITHOUT_DOCUMENT, BadFiles
from ...readers.directory.names import MANIFEST
from ..folders import on_disk
from ..profile import Profile
from ..sampled import SampleSum, with_sample
from ..storage import read, read_sample, write_joined
from ..vocabulary import widened
from .plan import files_of_corpus
from .range_spectra import spectra_of_whole
from .reduce import Manifests, all_reduced, filled, layout_of, reduce_range
from .reduced_range import ReducedRange
from .work_directory import WorkDirectory


def finish(
    work: WorkDirectory, name: str, table: bool, backend: Backend, memory: int, save_to: Folder
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
    if work.plan.options.get("sample_ngrams") is not None:
        return _finish_sampled(work, manifests, name, backend, memory, save_to)
    ranges = all_reduced(work, manifests, layout_of(manifests), table)
    ranges = ranges or [reduce_range(work, 0, 1, backend, memory, table)]
    tables = [each.table for each in ranges if each.table is not None]
    bare = _bare(work, manifests, (each.read_sample() for each in ranges), name, backend)
    profile = replace(bare, joint_spectra=_spectra(ranges, backend))
    write_joined(profile, tables if table else None, save_to)
    return read(save_to, Profile)


def _finish_sampled(
    work: WorkDirectory,
    manifests: Manifests,
    name: str,
    backend: Backend,
    memory: int,
    save_to: Folder,
) -> Profile:
    """Add up the samples of n-grams of all units, whose sums are in memory one at a time."""
    samples, vocab_size = SampleSum(), layout_of(manifests).vocab_size
    units = {unit: manifest for unit, manifest in manifests.items() if manifest.windows[1]}
    for unit in units:
        samples.add(widened(read(work.folder(unit), Profile), vocab_size))
    documents = (read_sample(work.folder(unit), manifest) for unit, manifest in units.items())
    bare = _bare(work, manifests, documents, name, backend)
    tables = samples.tables(backend, memory)
    with on_disk(save_to, MANIFEST) as local:
        with_sample(bare, samples.one_of, samples.sums, tables, memory, local)
    return read(save_to, Profile)


def _bare(
    work: WorkDirectory,
    manifests: Manifests,
    samples: Iterable[Sample],
    name: str,
    backend: Backend,
) -> Profile:
    """The profile of all units but for what is counted, with one sample in memory at a time."""
    first, budget = filled(manifests)[0], work.plan.options["sample_tokens"]
    sample = Sample.empty()
    for each in samples:
        sample = merge_samples([sample, each], budget)
    empty = [manifest.empty_documents for manifest in manifests.values()]
    documents = sum(manifest.documents for manifest in manifests.values())
    sources = _sources(work, manifests)
    warnings = [*_warnings(work, manifests, sources), *doubts(work.declared, sources)]
    if work.units > 1 and documents < MIN_DOCUMENTS_FOR_HALVES:
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


def _spectra(ranges: Sequence[ReducedRange], backend: Backend) -> JointSpectra:
    """The spectra of all parts of the key space together."""
    whole = next((each for each in ranges if each.first_tokens is None), None)
    if whole is not None:  # the others are empty
        return whole.read_spectra()
    spectra = [each.read_spectra() for each in ranges]
    return spectra_of_whole(spectra, [each.read_first_tokens() for each in ranges], backend)


def _warnings(
    work: WorkDirectory, manifests: Manifests, sources: Sequence[Source]
) -> Iterator[str]:
    """What the units say, and what none of them can, since it is given some files of the corpus."""
    own = [each for manifest in manifests.values() for each in without_doubts(manifest.warnings)]
    if work.units == 1:
        yield from own
        return
    yield from files_of_corpus(work.given, work.reading).warnings()
    yield from (each for each in own if not each.startswith(WITHOUT_DOCUMENT))
    empty = [each.path for each in sources if each.error is None and not each.documents]
    yield from BadFiles(empty=empty).messages()


def _sources(work: WorkDirectory, manifests: Manifests) -> tuple[Source, ...]:
    """The sources of all units, those that could not be opened last.

    A file that is divided among several has the tokens of all, and the error of the last.
    """
    sources: list[Source] = []
    for number, manifest in manifests.items():
        if not work.plan.units[number].continues:
            sources += manifest.sources
            continue
        (part,), whole = manifest.sources, sources.pop()
        sources.append(
            replace(
                whole,
                tokens=(whole.tokens or 0) + (part.tokens or 0),
                documents=(whole.documents or 0) + (part.documents or 0),
                error=part.error,
            )
        )
    return tuple(sorted(sources, key=lambda source: source.error is not None and not source.format))
