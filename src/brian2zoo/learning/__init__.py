"""How a projection learns: one rule, composed from the choices of an experiment."""
