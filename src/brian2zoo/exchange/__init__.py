"""Trained networks for other programs, and theirs for this one: a script of Brian2, and graphs of NIR."""
