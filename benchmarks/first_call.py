"""Count a `.bin` several times in this process, and print the seconds of each call as JSON.

python benchmarks/first_call.py tokens.bin 32767 4
"""

import json
import sys
import time

import collapse_stats as cs


def main(path: str, vocab_size: str, calls: str) -> None:
    seconds = []
    for _ in range(int(calls)):
        begin = time.perf_counter()
        profile = cs.profile(path, dtype="u16", vocab_size=int(vocab_size), table=False)
        seconds.append(time.perf_counter() - begin)
    print(json.dumps({"seconds": seconds, "distinct": profile.distinct(5)}))


main(*sys.argv[1:])
