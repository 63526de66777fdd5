"""Products of small integers, several rows at once, summed exactly.

numba has no vectors, and its loops multiply 16 numbers at a time here. The kernel is therefore
written in LLVM's own language, without instructions of one machine: pairs of 16-bit products are
added to sums of 32 bits, which LLVM compiles to one instruction on x86 (vpdpwssd, else pmaddwd) and
to a few elsewhere. Wherever a pattern is not recognized, the sums are the same, only slower.
"""

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
from llvmlite import ir  # it ships no type hints
from llvmlite.binding import get_host_cpu_features
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from semcomm.compiled import compiled

ROWS = 4
# As many sums as a machine's registers hold; results are the same with any.
VECTORS, LANES = (4, 16) if get_host_cpu_features().get("avx512bw") else (2, 8)
OUTPUTS = VECTORS * LANES
"""The outputs of a kernel; `paired` fills up with zeros to a multiple of it."""

_SUMS = ir.VectorType(ir.IntType(32), LANES)
_PAIR = ir.VectorType(ir.IntType(16), 2)
_PAIRS = ir.VectorType(ir.IntType(16), 2 * LANES)


def paired(weights: NDArray[Any]) -> NDArray[np.int16]:
    """(G, inputs, outputs) to (G, T, P, OUTPUTS, 2) int16, pairs of inputs side by side.

    P is half of the inputs, and T OUTPUTS the outputs, rounded up and filled up with zeros.
    """
    groups, inputs, outputs = weights.shape
    fill = (0, 0), (0, inputs % 2), (0, padded(outputs) - outputs)
    filled = np.pad(weights.astype(np.int16), fill)
    tiles = filled.reshape(groups, filled.shape[1] // 2, 2, -1, OUTPUTS)
    return np.ascontiguousarray(tiles.transpose(0, 3, 1, 4, 2))


def padded(outputs: int) -> int:
    return -(-outputs // OUTPUTS) * OUTPUTS


def _kernel(rows: int) -> Callable[..., None]:
    """Adds the products of some rows with a tile of weights to their sums."""

    @intrinsic
    def kernel(
        typing: Any,
        sums: Any,
        inputs: Any,
        weights: Any,
        group: Any,
        pairs: Any,
        row: Any,
        tile: Any,
    ) -> tuple[Any, Any]:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            arrays = [
                context.make_array(kind)(context, builder, argument)
                for kind, argument in zip(signature.args[:3], arguments[:3], strict=True)
            ]
            _add_tile(builder, rows, *arrays, *arguments[3:])
            return context.get_dummy_value()

        return types.void(sums, inputs, weights, group, pairs, row, tile), generate

    return kernel


def _add_tile(
    builder: Any,
    rows: int,
    sums: Any,
    inputs: Any,
    weights: Any,
    group: Any,
    pairs: Any,
    row: Any,
    tile: Any,
) -> None:
    """Write the loop over pairs of inputs, with all sums of the tile in registers."""
    word = tile.type
    parts = list(product(range(rows), range(VECTORS)))

    def repeated(place: int, number: Any) -> Any:
        """A row's pair, as often as there are lanes."""
        at = builder.add(row, word(place)), builder.shl(number, word(1))
        pair = builder.load(_address(builder, inputs, _PAIR, *at), align=2)
        return builder.shuffle_vector(pair, _PAIR(ir.Undefined), _mask([0, 1] * LANES))

    first = [repeated(place, word(0)) for place in range(rows)]
    before, loop = builder.block, builder.append_basic_block("pairs")
    after = builder.append_basic_block("sums")
    builder.branch(loop)

    builder.position_at_end(loop)
    number = _carried(builder, word(0), before)
    pairs_here = [_carried(builder, pair, before) for pair in first]
    totals = [_carried(builder, _SUMS([0] * LANES), before) for _ in parts]
    following = builder.add(number, word(1))
    another = builder.icmp_signed("<", following, pairs)
    number.add_incoming(following, loop)
    for place, pair in enumerate(pairs_here):
        # One round ahead: LLVM would else see that all pairs of a vector are equal, and then misses
        # that the two products are of one instruction.
        pair.add_incoming(repeated(place, builder.select(another, following, number)), loop)
    vectors = []
    for vector in range(VECTORS):
        at = group, tile, number, word(vector * LANES), word(0)
        vectors.append(builder.load(_address(builder, weights, _PAIRS, *at), align=2))
    results = []
    for total, (place, vector) in zip(totals, parts, strict=True):
        (even, odd), (low, high) = (
            _halves(builder, v) for v in (pairs_here[place], vectors[vector])
        )
        both = builder.add(builder.mul(even, low), builder.mul(odd, high))
        results.append(builder.add(total, _frozen(builder, both)))
        total.add_incoming(results[-1], loop)
    builder.cbranch(another, loop, after)

    builder.position_at_end(after)
    for result, (place, vector) in zip(results, parts, strict=True):
        output = builder.add(builder.mul(tile, word(OUTPUTS)), word(vector * LANES))
        pointer = _address(builder, sums, _SUMS, builder.add(row, word(place)), output)
        builder.store(builder.add(builder.load(pointer, align=4), result), pointer, align=4)


def _address(builder: Any, array: Any, kind: Any, *index: Any) -> Any:
    """Of a vector that begins at an element of a contiguous array."""
    place, *rest = index
    for axis, number in enumerate(rest, start=1):
        size = builder.extract_value(array.shape, axis)
        place = builder.add(builder.mul(place, size), number)
    return builder.bitcast(builder.gep(array.data, [place]), kind.as_pointer())


def _carried(builder: Any, value: Any, block: Any) -> Any:
    """A value that a loop carries from one round to the next."""
    phi = builder.phi(value.type)
    phi.add_incoming(value, block)
    return phi


def _mask(places: list[int]) -> Any:
    return ir.Constant(ir.VectorType(ir.IntType(32), len(places)), places)


def _halves(builder: Any, pairs: Any) -> list[Any]:
    """The first and the second numbers of pairs, as 32 bits."""
    places = [[2 * lane + part for lane in range(LANES)] for part in range(2)]
    return [
        builder.sext(builder.shuffle_vector(pairs, _PAIRS(ir.Undefined), _mask(part)), _SUMS)
        for part in places
    ]


def _frozen(builder: Any, value: Any) -> Any:
    """The same value; LLVM keeps together what it is made of."""
    instruction = ir.instructions.Instruction(builder.block, value.type, "freeze", [value])
    builder._insert(instruction)
    return instruction


_add_rows, _add_row = _kernel(ROWS), _kernel(1)


@compiled
def add_products(
    count: int,
    sums: NDArray[np.int32],
    inputs: NDArray[np.int16],
    weights: NDArray[np.int16],
    group: int,
    pairs: int,
) -> None:
    """Add the products of the first rows of inputs with a group's weights to their sums.

    count: of rows.
    sums: (R, T OUTPUTS).
    inputs: (R, 2 P or more).
    weights: (G, T, P, OUTPUTS, 2), as `paired` makes them.
    pairs: of the first inputs, 0 to P; the others count as zeros.
    All arrays are contiguous.
    """
    whole = count // ROWS * ROWS
    for tile in range(weights.shape[1] if pairs else 0):
        for row in range(0, whole, ROWS):
            _add_rows(sums, inputs, weights, group, pairs, row, tile)
        for row in range(whole, count):
            _add_row(sums, inputs, weights, group, pairs, row, tile)
