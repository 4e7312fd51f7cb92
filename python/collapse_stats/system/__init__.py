"""The machine: memory, temporary files, directories and GPUs."""
