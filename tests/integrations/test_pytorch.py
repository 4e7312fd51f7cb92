"""Tensors of torch and JAX, log-probabilities, and states saved by torch."""

import io

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: make test-integrations")

import collapse_stats as cs
from collapse_stats.integrations.pytorch import tensor_state, token_logprobs


@pytest.mark.parametrize("dtype", ["int64", "int32", "int16", "uint8"])
def test_tensors_and_arrays_give_equal_figures(dtype):
    tokens = np.random.default_rng(0).integers(0, 50, (8, 16)).astype(dtype)
    mask = np.random.default_rng(1).integers(0, 2, (8, 16))
    logprobs = -np.random.default_rng(2).random((8, 16), dtype=np.float32)
    arrays, tensors = cs.CollapseMonitor(50, 3), cs.CollapseMonitor(50, 3)
    arrays.update(tokens, mask, logprobs=logprobs)
    for kind in (torch.bool, torch.int64, torch.float32):
        tensors.reset()
        tensors.update(
            torch.from_numpy(tokens),
            torch.from_numpy(mask).to(kind),
            logprobs=torch.from_numpy(logprobs).requires_grad_(),
        )
        assert tensors.compute() == arrays.compute()


def test_views_of_tensors():
    tokens = torch.arange(40).reshape(5, 8) % 7
    for view in (tokens.T, tokens[:, 1:], tokens[::2], tokens[:, :0]):
        of_view, of_copy = cs.CollapseMonitor(10, 2), cs.CollapseMonitor(10, 2)
        of_view.update(view)
        of_copy.update(view.numpy().copy())
        assert of_view.compute() == of_copy.compute()


def test_bfloat16_log_probabilities():
    monitor = cs.CollapseMonitor(10, 1)
    monitor.update(torch.tensor([1, 2]), logprobs=torch.tensor([-1.0, -2.0], dtype=torch.bfloat16))
    assert monitor.compute()["perplexity"] == pytest.approx(np.exp(1.5))


def test_masks_of_any_type():
    tokens = torch.arange(8).reshape(2, 4)
    kept = torch.tensor([[1, 1, 0, 0], [1, 1, 1, 0]])
    for kind in (torch.bfloat16, torch.float16, torch.float64, torch.uint8, torch.bool):
        monitor = cs.CollapseMonitor(10, 2)
        monitor.update(tokens, kept.to(kind).requires_grad_(kind.is_floating_point))
        assert monitor.compute()["tokens"] == 5
    added = torch.where(kept > 0, 0.0, float("-inf")).to(torch.bfloat16)
    with pytest.raises(ValueError, match="got -inf: give a mask of booleans"):
        monitor.update(tokens, added)


def test_packed_sequences():
    monitor = cs.CollapseMonitor(10, 2)
    monitor.update(
        torch.tensor([[1, 2, 3, 4, 5]]), cu_seqlens=torch.tensor([0, 2, 5], dtype=torch.int32)
    )
    monitor.update(torch.tensor([1, 2, 3, 4, 5]), lengths=torch.tensor([2, 3]))
    figures = monitor.compute()
    assert (figures["tokens"], figures["documents"]) == (10, 4)


def test_log_probabilities_equal_those_of_cross_entropy():
    torch.manual_seed(0)
    logits = torch.randn(3, 6, 11)
    tokens = torch.randint(0, 11, (3, 6))
    tokens[1, 4:] = -100
    logprobs = token_logprobs(logits, tokens)
    assert torch.isnan(logprobs[:, 0]).all()
    assert torch.isnan(logprobs[1, 4:]).all()
    for row in range(3):
        for at in range(1, 4):
            loss = torch.nn.functional.cross_entropy(
                logits[row, at - 1][None], tokens[row, at][None]
            )
            assert logprobs[row, at].item() == pytest.approx(-loss.item(), abs=1e-5)


@pytest.mark.parametrize("window", [None, 100])
def test_a_state_survives_torch_save(window):
    first = cs.CollapseMonitor(10, 2, window=window)
    first.update(torch.arange(200) % 10, logprobs=torch.full((200,), -1.0))
    file = io.BytesIO()
    torch.save({"monitor": tensor_state(first)}, file)
    file.seek(0)
    second = cs.CollapseMonitor(10, 2, window=window)
    second.load_state_dict(torch.load(file, weights_only=True)["monitor"])
    for monitor in (first, second):
        monitor.update([1, 2, 3])
    assert second.compute() == first.compute()


def test_arrays_of_jax():
    jnp = pytest.importorskip("jax.numpy", reason="JAX is not installed: make test-integrations")
    tokens = np.random.default_rng(0).integers(0, 50, (8, 16))
    of_jax, of_numpy = cs.CollapseMonitor(50, 3), cs.CollapseMonitor(50, 3)
    logprobs = jnp.full((8, 16), -0.5, dtype=jnp.bfloat16)
    of_jax.update(jnp.asarray(tokens), jnp.asarray(tokens) > 3, logprobs=logprobs)
    of_numpy.update(tokens, tokens > 3, logprobs=np.full((8, 16), -0.5))
    assert of_jax.compute() == of_numpy.compute()
