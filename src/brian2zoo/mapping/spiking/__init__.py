"""A network on the cores of a spiking chip: where it fits, what it costs.

`demand` says what a circuit needs, `chip` what a chip has, `place` puts one on the other or says which limit forbids
it, `mesh` where the cores lie and how far spikes travel, `cost` what a sample takes. A time step of the simulation is
a time step of the chip.
"""
