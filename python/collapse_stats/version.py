"""The package's version: read by the build, written into every profile and report."""

__version__ = "0.1.0"
