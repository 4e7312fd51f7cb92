"""Use a torchmetrics metric in a collection; `compute` combines all ranks."""

import torch
from torchmetrics import MetricCollection

from collapse_stats.integrations.torchmetrics import CollapseMetric

torch.manual_seed(0)
metrics = MetricCollection({"collapse": CollapseMetric(vocab_size=50, max_order=2)})
for _ in range(10):
    metrics.update(torch.randint(0, 50, (8, 64)))
figures = metrics.compute()
print({name: round(value.item(), 3) for name, value in figures.items() if "entropy" in name})
