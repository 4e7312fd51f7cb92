"""Corpora that lie elsewhere: ``s3://``, ``gs://``, ``hf://`` and ``https://``.

An object is read by ranges, a few of which are fetched ahead, each again and again with pauses when
that fails in passing; no object is ever whole in memory.

* ``s3://`` and ``gs://`` through `pyarrow.fs`, which every installation has;
* ``https://`` and ``http://`` through `requests`, which tiktoken needs anyway: fsspec's HTTP files
  take nothing up again where a connection broke;
* ``hf://`` through `huggingface_hub`, which lists and finds files; they are read by ``https://``.
"""
