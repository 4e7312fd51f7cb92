"""A policy narrows under reinforcement learning: which figure of a monitor shows it first.

python examples/narrowing_policy.py [--steps 120] [--seed 0]

The policy is a table of bigram logits over 400 words, estimated from the documentation that comes
with Python. In each step it answers 32 prompts, 8 times each, with 24 words. The reward is the mean
score of an answer's words, and the scores are fixed and random, as those of a reward model that is
wrong. The policy is updated as by GRPO: an answer's advantage is its reward less the mean of its
group, in standard deviations. A second run, which learns nothing, shows how far each figure moves
by chance. The script needs NumPy alone and takes about a minute of CPU time.
"""

import argparse
from collections import Counter

import numpy as np

import collapse_stats as cs
from collapse_stats.simulation.human_text import human_documents

WORDS, PROMPTS, ANSWERS, LENGTH, UNKNOWN = 400, 32, 8, 24, 0
FIGURES = [
    "group_effective",
    "group_overlap",
    "group_copies",
    "group_distinct_ratio/3",
    "distinct_ratio/3",
    "entropy_bits/2",
    "size_matched_distinct_ratio/3",
    "js_bits/2",
    "novelty/2",
    "retention/1/seen-once",
    "repetition",
    "copies",
]
SETTLED = 10  # steps after which the windows of both runs are full


def human_ids() -> list[np.ndarray]:
    """Each document as word ids; words that are not among the most frequent are left out."""
    texts = [document.lower().split() for document in human_documents()]
    common = Counter(word for text in texts for word in text).most_common(WORDS - 1)
    number = {word: at + 1 for at, (word, _) in enumerate(common)}
    documents = [[number[word] for word in text if word in number] for text in texts]
    return [np.array(document) for document in documents if len(document) > LENGTH]


def estimated(documents: list[np.ndarray]) -> np.ndarray:
    """Logits of the next word after each word, (WORDS, WORDS)."""
    counts = np.full((WORDS, WORDS), 0.05)
    for document in documents:
        np.add.at(counts, (document[:-1], document[1:]), 1)
    counts[:, UNKNOWN] = 1e-9
    return np.log(counts / counts.sum(axis=1, keepdims=True))


def answered(logits: np.ndarray, prompts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Sample an answer (LENGTH,) after each prompt, one word after the other."""
    words = [prompts]
    for _ in range(LENGTH):
        chances = np.exp(logits[words[-1]] - logits[words[-1]].max(axis=1, keepdims=True))
        cumulative = np.cumsum(chances, axis=1)
        drawn = rng.random((len(prompts), 1)) * cumulative[:, -1:]
        words.append(np.minimum((cumulative < drawn).sum(axis=1), WORDS - 1))
    return np.stack(words, axis=1)


def learn(logits: np.ndarray, words: np.ndarray, advantage: np.ndarray, rate: float) -> None:
    """Add the policy gradient of the answers' log-probabilities, weighted by their advantages."""
    before, after = words[:, :-1].ravel(), words[:, 1:].ravel()
    weight = np.repeat(advantage, LENGTH) * rate / len(words)
    chances = np.exp(logits - logits.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    total = np.bincount(before, weights=weight, minlength=WORDS)
    np.add.at(logits, (before, after), weight)
    logits -= total[:, None] * chances


def run(
    documents: list[np.ndarray], human: cs.Profile, steps: int, rate: float, seed: int
) -> list[dict[str, float]]:
    """Train a policy, and return the figures after each step."""
    logits, scores = estimated(documents), np.random.default_rng(1).normal(size=WORDS)
    rng = np.random.default_rng(seed)
    of_step = PROMPTS * ANSWERS * LENGTH
    monitor = cs.CollapseMonitor(
        WORDS, 3, baseline=human, window=4 * of_step, figures=["tokens", *FIGURES]
    )
    series = []
    for _ in range(steps):
        prompts = rng.choice([document[0] for document in documents], PROMPTS)
        words = answered(logits, np.repeat(prompts, ANSWERS), rng)
        reward = scores[words[:, 1:]].mean(axis=1)
        groups = reward.reshape(PROMPTS, ANSWERS)
        mean, deviation = (f(groups, axis=1, keepdims=True) for f in (np.mean, np.std))
        advantage = ((groups - mean) / (deviation + 1e-4)).ravel()
        monitor.update(words[:, 1:], groups=np.repeat(np.arange(PROMPTS), ANSWERS))
        series.append({"reward": float(reward.mean()), **monitor.compute()})
        learn(logits, words, advantage, rate)
    return series


def leaves_chance(
    name: str, still: list[dict[str, float]], trained: list[dict[str, float]]
) -> tuple[int, str]:
    """Return the step from which on a figure is beyond all values of the other run, and the way."""
    by_chance = [figures[name] for figures in still[SETTLED:] if name in figures]
    for way, beyond in (("down", min(by_chance)), ("up", max(by_chance))):
        sign = 1 if way == "up" else -1
        inside = [
            step
            for step, figures in enumerate(trained)
            if name not in figures or sign * (figures[name] - beyond) <= 0
        ]
        if max(inside, default=-1) < len(trained) - 1:
            return max([*inside, SETTLED]) + 1, way
    return len(trained), ""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--steps", type=int, default=120)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rate", type=float, default=1.0)
    options = parser.parse_args()
    documents = human_ids()
    human = cs.profile(documents, vocab_size=WORDS, max_order=3)
    still = run(documents, human, options.steps, 0.0, options.seed)
    trained = run(documents, human, options.steps, options.rate, options.seed + 1)
    shown = np.unique(np.linspace(0, options.steps - 1, 7).astype(int)).tolist()
    leaves = {name: leaves_chance(name, still, trained) for name in FIGURES}
    print("| figure | " + " | ".join(f"step {step}" for step in shown) + " | leaves chance |")
    print("|---|" + "---:|" * len(shown) + "---|")
    for name in ["reward", *sorted(FIGURES, key=lambda name: leaves[name])]:
        values = " | ".join(f"{trained[step].get(name, np.nan):.3f}" for step in shown)
        at, way = leaves.get(name, (0, ""))
        print(f"| `{name}` | {values} | {f'step {at}, {way}' if way else ''} |")


if __name__ == "__main__":
    main()
