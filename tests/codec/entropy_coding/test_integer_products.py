"""Products of small integers: those of numpy in 64 bits."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from semcomm.codec.entropy_coding.integer_products import add_products, padded, paired


@given(
    st.integers(0, 9),
    st.integers(1, 40),
    st.integers(1, 150),
    st.integers(1, 3),
    st.integers(0, 2**32),
)
@settings(deadline=None, max_examples=50)
def test_products_are_those_of_numpy(
    count: int, inputs: int, outputs: int, groups: int, seed: int
) -> None:
    """Rows behind the first ones stay what they were, whatever their number."""
    rng = np.random.default_rng(seed)
    weights = rng.integers(-128, 128, (groups, inputs, outputs)).astype(np.int8)
    values = rng.integers(-128, 256, (count + 2, inputs + inputs % 2)).astype(np.int16)
    sums = rng.integers(-(2**24), 2**24, (count + 2, padded(outputs))).astype(np.int32)
    expected = sums.astype(np.int64)
    group = int(rng.integers(groups))
    pairs = int(rng.integers((inputs + 1) // 2 + 1))
    used = min(2 * pairs, inputs)
    products = values[:count, :used].astype(np.int64) @ weights[group, :used].astype(np.int64)
    expected[:count, :outputs] += products
    add_products(count, sums, values, paired(weights), group, pairs)
    assert sums.tolist() == expected.tolist()
