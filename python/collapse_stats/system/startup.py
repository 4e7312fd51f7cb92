"""Makes Ctrl-C end the command in one line while its modules are imported.

This module is imported before all others, and itself imports only what Python has loaded already.
Nothing has been written by then. In other programs it does nothing.
"""

import _signal as signal  # type: ignore[import-not-found]  # the module without `enum`, whose import takes 10 ms
import os
import sys

INTERRUPTED = 130  # exit code


def is_command() -> bool:
    """Return whether this process is ``collapse-stats`` or ``python -m collapse_stats``."""
    started = sys.orig_argv[1:]
    if sys.argv[:1] == ["-m"] and "-m" in started:
        return started[started.index("-m") + 1 :][:1] == ["collapse_stats"]
    return os.path.basename(sys.argv[0] if sys.argv else "") == "collapse-stats"  # noqa: PTH119


def leave(number: int, frame: object) -> None:
    """End the process in one line, without cleaning up: a handler of a signal."""
    try:
        os.write(2, b"collapse-stats: interrupted\n")
    finally:
        os._exit(INTERRUPTED)


if is_command() and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, leave)
