"""A measure of one file: how far the blue of an image is off."""

import numpy as np

from semcomm.measures.measure import Measure

blue_error = Measure(
    lambda sent, received: [
        np.abs(ours[..., 2].astype(float) - theirs[..., 2]).mean()
        for ours, theirs in zip(sent, received, strict=True)
    ],
    is_error=True,
)
