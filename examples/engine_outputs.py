"""Monitor the outputs of vLLM, or of an engine with the same output objects."""

from types import SimpleNamespace

import collapse_stats as cs
from collapse_stats.integrations.vllm import update_from_outputs

monitor = cs.CollapseMonitor(vocab_size=50, max_order=2)
for step in range(1, 11):  # outputs = llm.generate(prompts, SamplingParams(n=2, logprobs=1))
    outputs = [
        SimpleNamespace(
            prompt_token_ids=[1, 2],
            outputs=[SimpleNamespace(token_ids=[(step * request * n) % 50 for n in range(1, 30)])],
        )
        for request in range(1, 9)
    ]
    update_from_outputs(monitor, outputs)
print({name: round(value, 3) for name, value in monitor.compute().items()})
