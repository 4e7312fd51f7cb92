"""Adapters of the monitor to training frameworks; each file imports only its own framework.

`distributed`, `pytorch`, `callbacks`, `torchmetrics`, `huggingface`, `lightning` and `trl` need
torch; `vllm` and `sinks` work with any object that has the right attributes.
"""
