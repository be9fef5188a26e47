"""The command `brian2zoo`, and what the pipeline's scripts share."""
