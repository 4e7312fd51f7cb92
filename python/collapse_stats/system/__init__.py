"""Memory, temporary files, directories and GPUs of the machine."""
