"""Areas of rows of standard cells, in um2. Lengths in um."""

import numpy as np

CELL_HEIGHT = 28  # feature sizes
INVERTER_WIDTH = 7.6
GATE_PITCH = 3.8  # of one more input of a gate

# inverters in a register; NAND gates in a full adder
REGISTER = 12 * INVERTER_WIDTH
ADDER = 9 * 3 * GATE_PITCH


def in_rows(number: np.ndarray, width: np.ndarray, height: np.ndarray, length: np.ndarray) -> np.ndarray:
    """Depth of the rows in which `number` cells stand side by side along a given length.

    A row that is begun takes its whole depth.
    """
    in_a_row = np.clip(np.floor(length / width), 1, number)
    return height * np.ceil(number / in_a_row)
