"""``hf://``: files of the Hugging Face hub, found by `huggingface_hub` and read by HTTPS."""

import os
from collections.abc import Mapping
from typing import Any

from ...errors import InputError
from .shown import library_error, shown
from .store import Found, Source, TransientError
from .web import WebStore


class HubStore:
    """Files of repositories: ``hf://datasets/OWNER/NAME[@REVISION]/PATH``."""

    def __init__(self) -> None:
        try:
            import huggingface_hub
        except ImportError as error:
            raise InputError(
                "hf:// needs the package 'huggingface_hub', which is not installed: pip install "
                "'collapse-stats[remote]'"
            ) from error
        self._hub: Any = huggingface_hub
        self._system: Any = huggingface_hub.HfFileSystem(
            endpoint=os.environ.get("HF_ENDPOINT"), skip_instance_cache=True
        )
        self._web = WebStore()

    def find(self, url: str) -> Found | None:
        """Return the file of this name, None if there is none."""
        try:
            info = self._ask(url, self._system.info)
        except FileNotFoundError:
            return None
        return Found(info["size"]) if info["type"] == "file" else None

    def list(self, url: str) -> Mapping[str, int] | None:
        """Return the sizes of the files below a prefix, by the rest of their names."""
        try:
            files = self._ask(url.rstrip("/"), lambda path: self._system.find(path, detail=True))
            base = self._ask(url.rstrip("/"), self._system.resolve_path).unresolve()
        except FileNotFoundError:
            return {}
        return {
            name.removeprefix(base).lstrip("/"): info["size"]
            for name, info in files.items()
            if info["type"] == "file"
        }

    def open(self, url: str) -> Source:
        """Open a file."""
        headers = self._hub.utils.build_hf_headers()
        return self._web.open(self._ask(url, self._system.url), headers, self._tried())

    def _ask(self, url: str, question: Any) -> Any:
        from huggingface_hub.errors import HfHubHTTPError

        try:
            return question(url.partition("://")[2])
        except FileNotFoundError:  # also for repositories that the token does not allow
            raise FileNotFoundError(2, f"not found; tried {self._tried()}", shown(url)) from None
        except HfHubHTTPError as error:
            status = error.response.status_code if error.response is not None else 0
            if status in (401, 403):
                raise InputError(
                    f"{shown(url)}: access denied ({status}); tried {self._tried()}: run hf "
                    "auth login, or set HF_TOKEN, with a token that may read it"
                ) from None
            if status == 429 or status >= 500:
                raise TransientError(f"the hub says {status}") from None
            raise InputError(f"{shown(url)}: the hub says {library_error(error)}") from None
        except (OSError, ValueError, NotImplementedError) as error:
            if isinstance(error, OSError):
                what = f"{type(error).__name__}: {library_error(error)}"
                raise TransientError(what) from None
            raise InputError(
                f"{shown(url)}: {library_error(error)}: expected hf://datasets/OWNER/NAME/PATH"
            ) from None

    def _tried(self) -> str:
        if self._hub.get_token() is None:
            return "no token, for there is none (HF_TOKEN)"
        return "the token of HF_TOKEN or hf auth login"
