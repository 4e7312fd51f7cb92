"""The commands, one file each: a module that holds a click command of its own name."""
