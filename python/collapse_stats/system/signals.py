"""How signals end the command."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from .startup import INTERRUPTED, leave


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let signals end the block by exceptions, so that it cleans up, and quietly after it.

    Ctrl-C is KeyboardInterrupt; SIGTERM and SIGHUP are SystemExit with 128 and their number. A
    signal that the process ignores, as after nohup, stays ignored.
    """
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _exit)
    try:
        if signal.getsignal(signal.SIGINT) is leave:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        yield
    except KeyboardInterrupt:  # while the block reported that it ends
        raise SystemExit(INTERRUPTED) from None
    finally:
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, leave)


def _exit(number: int, frame: object) -> NoReturn:
    signal.signal(number, signal.SIG_IGN)  # once: cleaning up must not be broken off
    raise SystemExit(128 + number)
