"""What one does to a rule, a neuron or a synapse to see what it does: protocols of an experiment at the bench.

Each protocol takes a part of an experiment out of its network, gives it spikes, currents or held values, and runs the
strings that train, on Brian2's numpy target. Units of one run are independent of each other: each has another time
between its spikes, another current, another weight. What stimulates is in text files here, a small zoo of its own.
"""
