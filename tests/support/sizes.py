"""Sizes of images, for tests by many examples."""

from hypothesis import strategies as st

from semcomm.frame_format import FREE_PIXELS
from semcomm.framing import MAX_PIXELS


@st.composite
def sizes_up_to(draw: st.DrawFn, pixels: int) -> tuple[int, int]:
    """A height and a width of at most so many pixels together."""
    height = draw(st.integers(1, min(65535, pixels)))
    return height, draw(st.integers(1, min(65535, pixels // height)))


image_sizes = st.one_of(st.just((32, 32)), sizes_up_to(MAX_PIXELS))
"""Any that are allowed, and often 32 x 32."""

small_sizes = st.one_of(st.just((32, 32)), sizes_up_to(FREE_PIXELS))
"""Those that are believed of any frame, also without a CRC."""
