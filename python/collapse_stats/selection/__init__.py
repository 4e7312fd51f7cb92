"""Chooses documents that bring what earlier generations of a model do not have.

`weights` says what an n-gram is worth, `order_gate` keeps noise out, `copies` finds near-copies,
`greedy` and `one_pass` choose, `effect` measures what that changed, and `build` is `cs.select`.
`written` writes what was chosen.
"""
