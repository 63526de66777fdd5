"""What a channel is. The channels themselves are the plug-in files of the folder `channels/`."""

from abc import ABC, abstractmethod

import numpy as np

from semcomm.frames import Frames, Reception


class BitChannel(ABC):
    """Carries frames of bits: a frozen dataclass whose fields are its parameters, their bounds in the type."""

    @abstractmethod
    def transmit(self, frames: Frames, rng: np.random.Generator) -> Reception:
        """Carry a block of frames, drawing all randomness from `rng`.

        The reception holds as many frames as were sent, in the same order; their lengths may differ.
        """
