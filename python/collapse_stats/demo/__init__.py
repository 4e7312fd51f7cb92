"""The demonstration: a real recursion on embedded text, and this machine's counting speed."""
