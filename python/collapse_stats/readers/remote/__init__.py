"""Remote corpora: ``s3://``, ``gs://``, ``hf://`` and ``https://``.

An object is read by ranges, a few of which are fetched ahead. A request that fails with a passing
error is repeated after a pause. No object is ever held in memory as a whole.

* ``s3://`` and ``gs://`` use `pyarrow.fs`, which every installation has;
* ``https://`` and ``http://`` use `requests`, which tiktoken needs anyway; fsspec's HTTP files do
  not resume after a broken connection;
* ``hf://`` uses `huggingface_hub` to list and find files, which are then read by ``https://``.
"""
