"""The card of a profile: what was counted, what is declared of it, and what was measured."""
