"""Learning curves of the rules that follow from real-time recurrent learning, as those of the first paper are drawn.

Zenke & Neftci's own results were not available; diamonds are an independent simulation.
"""

from brian2zoo.figures.erbp_curves import draw

__all__ = ["draw"]
