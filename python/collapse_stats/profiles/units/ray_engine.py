"""Units counted as tasks of Ray, on this machine or on a cluster."""

from dataclasses import replace
from typing import Any

from ...backends.options import CountOptions
from ...corpus.load import Progress
from ...errors import CollapseStatsError
from .work_directory import WorkDirectory, count_unit

_RETRIES = 3  # of a task whose worker died
_AHEAD = 2  # tasks that wait for each that can run, so that no worker is idle


def count_on_ray(
    work: WorkDirectory, units: list[int], counting: CountOptions, progress: Progress | None
) -> None:
    """Count units as tasks, each with the threads of `counting`, or one.

    A task whose worker dies is run again. All machines must see the corpus and the work directory
    under the same paths. A Ray that is running is used, else one is started on this machine.

    Raises
    ------
    CollapseStatsError
        Ray is not installed.
    """
    if not units:
        return
    ray = _ray()
    if not ray.is_initialized():
        ray.init(include_dashboard=False, log_to_driver=False)
    threads = counting.threads or 1
    at_once = max(1, int(ray.cluster_resources().get("CPU", 1)) // threads)
    on_one = max(int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"])
    share = int(counting.memory_bytes) // max(1, min(at_once, on_one // threads))
    options = replace(counting, threads=threads, memory=share)
    task = ray.remote(_count).options(num_cpus=threads, max_retries=_RETRIES)
    shared, left = ray.put((work, options)), list(units)
    waiting: list[Any] = []
    while waiting or left:
        while left and len(waiting) < _AHEAD * at_once:
            waiting.append(task.remote(shared, left.pop(0)))
        ready, waiting = ray.wait(waiting)
        try:
            ray.get(ready)
        except ray.exceptions.RayTaskError as error:
            for other in waiting:
                ray.cancel(other)
            raise error.cause from error
        if progress:
            progress("counting", len(units) - len(left) - len(waiting), len(units))


def _count(job: tuple[WorkDirectory, CountOptions], unit: int) -> None:
    work, counting = job
    count_unit(work, unit, counting)


def _ray() -> Any:
    try:
        import ray
    except ImportError:
        raise CollapseStatsError(
            "engine='ray' needs Ray, which is not installed: pip install 'collapse-stats[ray]'"
        ) from None
    return ray
