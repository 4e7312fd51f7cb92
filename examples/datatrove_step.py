"""Count a corpus by datatrove: tasks count its units, others merge them, and one finishes.

    python examples/datatrove_step.py CORPUS -o DIR --work-dir WORK [options of profile]

With SlurmPipelineExecutor in the place of LocalPipelineExecutor, the tasks run on a cluster.
"""

import subprocess
import sys

from datatrove.data import DocumentsPipeline
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.base import PipelineStep


class ProfileStep(PipelineStep):
    """One share of ``collapse-stats profile --work-dir``; it passes documents on as they come."""

    name, type = "collapse-stats", "Stats"

    def __init__(self, step: str, arguments: list[str]) -> None:
        super().__init__()
        self.command = [sys.executable, "-m", "collapse_stats", "profile", *arguments, f"--{step}"]

    def run(
        self, data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1
    ) -> DocumentsPipeline:
        """Do the share of this task. What is there already is kept, so it may be run again."""
        share = [] if self.command[-1] == "--finish" else [f"{rank}/{world_size}"]
        subprocess.run([*self.command, *share], check=True)
        yield from data or ()


if __name__ == "__main__":
    before = None
    for step, tasks in ("task", 4), ("reduce", 2), ("finish", 1):
        pipeline = [ProfileStep(step, sys.argv[1:])]
        before = LocalPipelineExecutor(pipeline, tasks=tasks, workers=2, depends=before)
        before.run()
