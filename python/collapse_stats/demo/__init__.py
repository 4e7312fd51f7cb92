"""What the commands `demo` and `bench` run: a collapse on embedded text, and time measurements."""
