"""A monitor in the frameworks people train with; each file imports its own, and no other does.

`distributed`, `pytorch`, `torchmetrics`, `huggingface`, `lightning` and `trl` need torch; `vllm`
and `sinks` take whatever has the right attributes.
"""
