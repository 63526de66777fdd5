"""The context coder: what it codes comes back, any bits decode, and a plain reading of
docs/bitstream.md agrees.
"""

import hashlib
import itertools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from semcomm.codec.entropy_coding import ENTROPY_CODERS
from semcomm.codec.entropy_coding.arithmetic import ONE, narrowed, renormalize_encoder, write_end
from semcomm.codec.entropy_coding.context import ContextCoder
from semcomm.codec.entropy_coding.context_model import ContextModel, context_shapes
from semcomm.codec.entropy_coding.context_network import NEIGHBOURS
from semcomm.codec.entropy_coding.interface import whole_grids
from semcomm.errors import CodecError

Tensors = dict[str, NDArray[Any]]

# The first call compiles, for longer than hypothesis allows an example.
without_deadline = settings(deadline=None, max_examples=50)


def random_model(
    codewords: int, groups: int, seed: int, hidden: tuple[int, int] = (6, 5), reach: int = 40
) -> Tensors:
    """Frequencies from 1 to 2^20 occur in it: its logits' biases alone spread over 24 octaves."""
    rng = np.random.default_rng(seed)

    def whole(dtype: type, largest: int, *shape: int) -> NDArray[Any]:
        return rng.integers(-largest, largest + 1, shape).astype(dtype)

    pairs, (first, second) = groups * (groups - 1) // 2, hidden
    return {
        "context.embedding": whole(np.int8, reach, codewords + 1, 3),
        "context.neighbours": whole(np.int8, reach, len(NEIGHBOURS) * groups, 3, first),
        "context.before": whole(np.int8, reach, pairs, 3, first),
        "context.bias1": whole(np.int32, 4000, groups, first),
        "context.weight2": whole(np.int8, reach, groups, first, second),
        "context.bias2": whole(np.int32, 9000, groups, second),
        "context.weight3": whole(np.int8, reach, groups, second, codewords),
        "context.bias3": whole(np.int32, 12 << 12, groups, codewords),
    }


@st.composite
def cases(draw: st.DrawFn) -> tuple[Tensors, list[NDArray[np.uint16]]]:
    """A model, and grids of its indices."""
    codewords, groups = draw(st.integers(1, 9)), draw(st.integers(1, 3))
    tensors = random_model(codewords, groups, draw(st.integers(0, 2**32)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    shapes = draw(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6)), max_size=4))
    return tensors, [
        rng.integers(0, codewords, (*shape, groups)).astype(np.uint16) for shape in shapes
    ]


def coder_of(tensors: Tensors) -> ContextCoder:
    return ContextCoder(ContextModel.of(tensors))


def flat(grids: list[NDArray[np.uint16]]) -> tuple[NDArray[np.uint16], NDArray[np.int64]]:
    symbols = np.concatenate([np.empty(0, np.uint16), *(grid.ravel() for grid in grids)])
    return symbols, whole_grids([grid.shape for grid in grids])


def message_of(text: str) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    return np.array([int(bit) for bit in text], np.uint8), np.array([len(text)])


def text_of(bits: NDArray[np.uint8]) -> str:
    return "".join(map(str, bits))


# A decoder from docs/bitstream.md alone, in whole numbers of any size.


def plain_frequencies(
    tensors: Tensors, decoded: list[int], start: int, columns: int, groups: int
) -> list[int]:
    """Of the next index after those that were decoded."""
    part = {name.removeprefix("context."): tensor.tolist() for name, tensor in tensors.items()}
    (row, column), group = divmod(start + len(decoded) // groups, columns), len(decoded) % groups
    seen = []
    for number, (below, right) in enumerate(
        (r, c) for r in (-2, -1, 0) for c in range(-2, 3) if r < 0 or c < 0
    ):
        c, place = column + right, (row + below) * columns + column + right - start
        for j in range(groups):
            index = decoded[place * groups + j] if place >= 0 and 0 <= c < columns else -1
            seen.append((index, part["neighbours"][number * groups + j]))
    for j in range(group):
        seen.append(
            (decoded[len(decoded) - group + j], part["before"][group * (group - 1) // 2 + j])
        )
    sums = part["bias1"][group]
    for index, weights in seen:
        for entry, row_of_weights in zip(part["embedding"][index], weights, strict=True):
            sums = [a + entry * b for a, b in zip(sums, row_of_weights, strict=True)]
    for layer, shift in (2, 5), (3, 6):
        active = [min(max(a // 2**shift, 0), 255) for a in sums]
        sums = part[f"bias{layer}"][group]
        for value, row_of_weights in zip(active, part[f"weight{layer}"][group], strict=True):
            sums = [a + value * b for a, b in zip(sums, row_of_weights, strict=True)]
    logits = [a // 2**7 for a in sums]
    return [root_32(2 ** (640 - min(max(logits) - logit, 640))) for logit in logits]


def root_32(number: int) -> int:
    """The largest whole number whose 32nd power is at most this."""
    low, high = 1, 1 << 21
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle**32 <= number else (low, middle)
    return low


def plain_decode(tensors: Tensors, text: str, run: Sequence[int]) -> list[int]:
    """Raises AssertionError where the text is not exactly the message of what it decodes to."""
    start, positions, columns, groups = run
    low, width, position, decoded = 0, 2**48, 0, list[int]()
    while len(decoded) < positions * groups:
        frequencies = plain_frequencies(tensors, decoded, start, columns, groups)
        step = width // sum(frequencies)
        offset = int(text[position:].ljust(48, "0")[:48], 2) - low
        symbol, below = 0, 0
        while offset >= step * (below + frequencies[symbol]):
            below += frequencies[symbol]
            symbol += 1
        decoded.append(symbol)
        low, width = low + step * below, step * frequencies[symbol]
        while width <= 2**47:
            bit = int(text[position])
            low, width, position = 2 * low - bit * 2**48, 2 * width, position + 1
    ends = [f"{v:0{n}b}" if n else "" for n in range(3) for v in range(2**n)
            if low <= v * 2 ** (48 - n) and (v + 1) * 2 ** (48 - n) <= low + width]  # fmt: skip
    assert text[position:] == ends[0]
    return decoded


@given(cases())
@without_deadline
def test_encoded_grids_are_decoded_by_both_decoders(
    case: tuple[Tensors, list[NDArray[np.uint16]]],
) -> None:
    """By ours and by the plain decoder; each grid is independent of the others."""
    tensors, grids = case
    coder = coder_of(tensors)
    symbols, shapes = flat(grids)
    bits, lengths = coder.encode(symbols, shapes)
    assert bits.dtype == np.uint8 and lengths.dtype == np.int64 and lengths.sum() == bits.size

    decoded = coder.decode(bits, lengths, shapes)
    assert decoded.symbols.dtype == np.uint16 and decoded.symbols.tolist() == symbols.tolist()
    assert decoded.valid.tolist() == [grid.size for grid in grids] and decoded.intact.all()

    for grid, message in zip(grids, np.split(bits, np.cumsum(lengths))[:-1], strict=True):
        assert text_of(coder.encode(*flat([grid]))[0]) == text_of(message)
        assert (
            plain_decode(tensors, text_of(message), (0, *flat([grid])[1][0, 1:].tolist()))
            == grid.ravel().tolist()
        )


@given(st.data())
@without_deadline
def test_a_run_may_begin_and_end_within_rows(
    data: st.DataObject,
) -> None:
    codewords, columns, groups = (
        data.draw(st.integers(2, 6)),
        data.draw(st.integers(1, 5)),
        data.draw(st.integers(1, 2)),
    )
    tensors = random_model(codewords, groups, data.draw(st.integers(0, 2**32)))
    run = [data.draw(st.integers(0, columns - 1)), data.draw(st.integers(0, 14)), columns, groups]
    symbols = np.random.default_rng(data.draw(st.integers(0, 99))).integers(
        0, codewords, run[1] * groups
    )
    coder, runs = coder_of(tensors), np.array([run])
    bits, lengths = coder.encode(symbols.astype(np.uint16), runs)
    assert plain_decode(tensors, text_of(bits), run) == symbols.tolist()
    decoded = coder.decode(bits, lengths, runs)
    assert decoded.intact.all() and decoded.symbols.tolist() == symbols.tolist()


@given(st.data())
@without_deadline
def test_intact_means_the_bits_are_the_message_of_the_symbols(
    data: st.DataObject,
) -> None:
    """Any bits give valid symbols; they are intact where encoding the symbols gives these bits."""
    codewords, groups = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 2))
    coder = coder_of(random_model(codewords, groups, data.draw(st.integers(0, 2**32))))
    received = data.draw(
        st.lists(st.tuples(st.text("01", max_size=70), st.integers(0, 12)), min_size=1, max_size=4)
    )
    bits, _ = message_of("".join(text for text, _ in received))
    lengths = np.array([len(text) for text, _ in received])
    shapes = np.array(
        [[data.draw(st.integers(0, 4)), positions, 5, groups] for _, positions in received]
    )
    decoded = coder.decode(bits, lengths, shapes)

    ends = np.cumsum(shapes[:, 1] * groups)
    for number, symbols in enumerate(np.split(decoded.symbols, ends)[:-1]):
        good, text, shape = (
            int(decoded.valid[number]),
            received[number][0],
            shapes[number : number + 1],
        )
        assert (
            symbols.max(initial=0) < codewords
            and 0 <= good <= symbols.size
            and not symbols[good:].any()
        )
        alone = coder.decode(*message_of(text), shape)
        assert (alone.symbols.tolist(), alone.valid[0], alone.intact[0]) == (
            symbols.tolist(),
            good,
            alone.intact[0],
        )
        is_message = good == symbols.size and text_of(coder.encode(symbols, shape)[0]) == text
        assert decoded.intact[number] == is_message
        longer = coder.decode(
            *message_of(text + data.draw(st.text("01", min_size=1, max_size=60))), shape
        )
        assert longer.symbols[:good].tolist() == symbols[:good].tolist() and not (
            is_message and longer.intact[0]
        )


@given(cases(), st.integers(0, 10**6))
@without_deadline
def test_a_message_that_is_cut_off_keeps_what_its_bits_decide(
    case: tuple[Tensors, list[NDArray[np.uint16]]], place: int
) -> None:
    tensors, grids = case
    coder = coder_of(tensors)
    for grid in grids:
        bits, _ = coder.encode(*flat([grid]))
        if bits.size:
            cut = place % bits.size
            decoded = coder.decode(bits[:cut], np.array([cut]), whole_grids([grid.shape]))
            valid = int(decoded.valid[0])
            assert not decoded.intact[0]
            assert decoded.symbols[:valid].tolist() == grid.ravel()[:valid].tolist()
            flipped = bits.copy()
            flipped[cut] ^= 1  # no symbol before the cut can depend on the bit behind it
            assert coder.decode(flipped, np.array([bits.size]), whole_grids([grid.shape])).symbols[
                :valid
            ].tolist() == (grid.ravel()[:valid].tolist())


PLAIN = random_model(40, 3, seed=4, hidden=(70, 66))


def test_messages_beside_others_decode_as_they_do_alone() -> None:
    """More messages than are decoded at once, of unlike lengths and starts, half of them damaged."""
    rng = np.random.default_rng(3)
    coder, groups, columns = coder_of(PLAIN), 3, 5
    runs = np.array(
        [[rng.integers(columns), rng.integers(0, 12), columns, groups] for _ in range(80)]
    )
    symbols = rng.integers(0, 40, (runs[:, 1] * groups).sum()).astype(np.uint16)
    bits, lengths = coder.encode(symbols, runs)
    messages = np.split(bits, np.cumsum(lengths)[:-1])
    for number, message in enumerate(messages):
        if number % 4 == 1 and message.size:
            message[rng.integers(message.size)] ^= 1
        if number % 4 == 2:
            messages[number] = message[: message.size // 2]
    lengths = np.array([message.size for message in messages])
    together = coder.decode(np.concatenate(messages), lengths, runs)
    ends = np.cumsum(runs[:, 1] * groups)
    assert 20 < together.intact.sum() < 80
    for number, grid in enumerate(np.split(together.symbols, ends)[:-1]):
        run = runs[number : number + 1]
        alone = coder.decode(messages[number], lengths[number : number + 1], run)
        assert alone.symbols.tolist() == grid.tolist()
        assert alone.valid[0] == together.valid[number]
        assert alone.intact[0] == together.intact[number]
        if together.intact[number] and grid.size:
            text = text_of(messages[number])
            assert text_of(coder.encode(grid, run)[0]) == text
            assert number % 16 or plain_decode(PLAIN, text, run[0].tolist()) == grid.tolist()


def test_every_frequency_is_the_root_that_the_page_states() -> None:
    """A model whose logits are its biases: of 642 values, each an entry below the one before."""
    tensors = random_model(642, 1, seed=0, hidden=(1, 1))
    tensors["context.weight3"] *= 0
    tensors["context.bias3"][0] = -128 * np.arange(642)
    frequencies = ContextModel.of(tensors).frequencies(np.zeros(1, np.uint16), 1, 1)
    assert frequencies[0].tolist() == [root_32(2 ** max(640 - below, 0)) for below in range(642)]


def test_a_message_takes_its_symbols_information_and_a_bit() -> None:
    """At most two bits and what 2^-15 of a width is over 2^32 costs; about one on the average."""
    tensors = random_model(16, 2, seed=5, reach=12)
    model, rng = ContextModel.of(tensors), np.random.default_rng(0)
    grids = [rng.integers(0, 16, (4, 4, 2)).astype(np.uint16) for _ in range(400)]
    _, lengths = ContextCoder(model).encode(*flat(grids))
    excess = lengths - [information(model, grid) for grid in grids]
    assert excess.min() > 0 and excess.max() < 2.001
    assert (
        0.9 < excess.mean() < 1.1
    )  # 400 values within 0 to 2, evenly spread or closer: three deviations are 0.09


def information(model: ContextModel, grid: NDArray[np.uint16]) -> float:
    frequencies = model.frequencies(grid.ravel(), *grid.shape[:2])
    shares = frequencies[np.arange(grid.size), grid.ravel()] / frequencies.sum(axis=1)
    return float(-np.log2(shares).sum())


def test_a_symbol_of_the_lowest_frequency_is_decoded() -> None:
    tensors = random_model(4096, 1, seed=1, hidden=(1, 1))
    tensors["context.weight3"] *= 0
    tensors["context.bias3"][:] = 0
    tensors["context.bias3"][0, 7] = -(21 << 12)
    coder, grid = coder_of(tensors), np.full((1, 9, 1), 7, np.uint16)
    bits, lengths = coder.encode(*flat([grid]))
    assert coder.decode(bits, lengths, whole_grids([(1, 9, 1)])).intact.all()
    assert 0 <= lengths[0] - 9 * np.log2(1 + 4095 * 2**20) <= 2.001


def test_one_codeword_alone_takes_no_bits() -> None:
    coder = coder_of(random_model(1, 2, seed=0))
    bits, lengths = coder.encode(*flat([np.zeros((3, 3, 2), np.uint16)]))
    assert (bits.size, lengths.tolist()) == (0, [0])
    assert not coder.decode(*message_of("0"), whole_grids([(3, 3, 2)])).intact[0]


def test_the_message_that_the_page_makes_by_hand() -> None:
    bits, low, width, position = np.zeros(8, np.uint8), 0, ONE, 0
    for below, frequency in (0, 3), (3, 1):
        low, width = narrowed(low, width, below, frequency, total=4)
        position, low, width = renormalize_encoder(bits, position, low, width)
    assert (low, width) == (2**46, 3 * 2**46)
    end = write_end(bits, position, low, width)
    page = (Path(__file__).parents[3] / "docs" / "bitstream.md").read_text()
    assert f"payload is `{text_of(bits[:end])}`" in page.replace("\n", " ")


GOLDEN = [256, 46], "00020fadefb134dd46b719f8c5f1392994c62a7742202828794e47cd8d7f8a5000020fadefb4"


def test_the_format_stays_what_it_is() -> None:
    """A model and indices by formula, whose message was written down when the format was made."""
    tensors, grids = formula_model(5, 2), [formula_grid(4, 6, 2, 5), formula_grid(1, 3, 2, 5)]
    bits, lengths = coder_of(tensors).encode(*flat(grids))
    assert (lengths.tolist(), np.packbits(bits).tobytes().hex()) == GOLDEN
    assert plain_decode(tensors, text_of(bits[:256]), (0, 24, 6, 2)) == grids[0].ravel().tolist()


def formula_model(codewords: int, groups: int) -> Tensors:
    tensors = random_model(codewords, groups, seed=0)
    for number, (name, tensor) in enumerate(sorted(tensors.items())):
        largest = 9000 if tensor.dtype == np.int32 else 90
        places = np.arange(tensor.size) + 1000 * number
        tensors[name] = (
            (places * places % 7919 % (2 * largest + 1) - largest)
            .astype(tensor.dtype)
            .reshape(tensor.shape)
        )
    return tensors


def formula_grid(rows: int, columns: int, groups: int, codewords: int) -> NDArray[np.uint16]:
    places = np.arange(rows * columns * groups)
    return (places * places % 101 % codewords).astype(np.uint16).reshape(rows, columns, groups)


def test_frequencies_depend_on_no_thread_batch_or_order() -> None:
    rng = np.random.default_rng(0)
    tensors = random_model(16, 2, seed=2, hidden=(32, 16))
    grids = rng.integers(0, 16, (64, 4, 4, 2)).astype(np.uint16)

    def one(tensors: Tensors, grid: NDArray[np.uint16]) -> NDArray[np.int32]:
        return ContextModel.of(tensors).frequencies(grid.ravel(), 4, 4)

    expected = hashed([one(tensors, grid) for grid in grids])
    with ThreadPoolExecutor(2) as pool:
        assert hashed(pool.map(one, itertools.repeat(tensors), grids)) == expected
    assert hashed(one(permuted(tensors, rng), grid) for grid in grids) == expected
    for kind, order in itertools.product((np.float32, np.int64, np.float64), (1, -1)):
        assert hashed([by_matrix_products(tensors, grids, kind, order)]) == expected


def hashed(frequencies: Any) -> str:
    digest = hashlib.sha256()
    for part in frequencies:
        digest.update(np.ascontiguousarray(part, np.int32).tobytes())
    return digest.hexdigest()


def permuted(tensors: Tensors, rng: np.random.Generator) -> Tensors:
    """The same model with the entries of its embedding and its hidden units in another order, so
    that sums have one.
    """
    entries, first, second = (
        rng.permutation(tensors[f"context.{name}"].shape[-1])
        for name in ("embedding", "bias1", "bias2")
    )
    return {
        "context.embedding": tensors["context.embedding"][:, entries],
        "context.neighbours": tensors["context.neighbours"][:, entries][:, :, first],
        "context.before": tensors["context.before"][:, entries][:, :, first],
        "context.bias1": tensors["context.bias1"][:, first],
        "context.weight2": tensors["context.weight2"][:, first][:, :, second],
        "context.bias2": tensors["context.bias2"][:, second],
        "context.weight3": tensors["context.weight3"][:, second],
        "context.bias3": tensors["context.bias3"],
    }


def by_matrix_products(
    tensors: Tensors, grids: NDArray[np.uint16], kind: type, order: int
) -> NDArray[np.int32]:
    """All grids' frequencies at once by numpy's matrix products, as a float network would be
    computed.
    """

    part = {name.removeprefix("context."): tensor.astype(kind) for name, tensor in tensors.items()}
    count, rows, columns, groups = grids.shape
    padded = np.full((count, rows + 2, columns + 4, groups), len(part["embedding"]) - 1)
    padded[:, 2:, 2:-2] = grids
    seen = [
        part["embedding"][padded[:, 2 + r : 2 + r + rows, 2 + c : 2 + c + columns]]
        for r, c in NEIGHBOURS
    ]
    inputs = np.stack(seen, axis=3).reshape(count, rows, columns, -1)
    near = inputs[..., ::order] @ part["neighbours"].reshape(inputs.shape[-1], -1)[::order]
    logits = []
    for group in range(groups):
        sums = near + part["bias1"][group]
        for j in range(group):
            sums = (
                sums
                + part["embedding"][grids[..., j]] @ part["before"][group * (group - 1) // 2 + j]
            )
        for layer, shift in (2, 5), (3, 6):
            active = np.clip(sums.astype(np.int64) >> shift, 0, 255).astype(kind)
            sums = (
                active[..., ::order] @ part[f"weight{layer}"][group][::order]
                + part[f"bias{layer}"][group]
            )
        logits.append(sums.astype(np.int64) >> 7)
    stacked = np.stack(logits, axis=3)
    below = np.minimum(stacked.max(axis=-1, keepdims=True) - stacked, 640)
    return np.floor(np.exp2(20 - below / 32)).astype(np.int32)


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        (
            "neighbours",
            np.full((24, 60, 6), 127, np.int8),
            "sums with context.bias1 reach [0-9]*, not below 2\\^24",
        ),
        ("bias1", np.full((2, 6), 1 << 24, np.int32), "sums with context.bias1 reach 1[67]"),
        ("bias2", np.full((2, 5), 1 << 24, np.int32), "sums with context.bias2 reach 1[67]"),
        ("bias3", np.full((2, 3), -(1 << 31), np.int32), "sums with context.bias3 reach 2147"),
    ],
)
def test_a_model_whose_sums_could_be_inexact_is_refused(
    name: str, values: NDArray[Any], message: str
) -> None:
    """One thread or two, one image at a time or all at once, sums in any order."""
    tensors = random_model(3, 2, seed=0)
    tensors[f"context.{name}"] = values
    if name == "neighbours":
        tensors["context.embedding"] = np.full((4, 60), 127, np.int8)
        tensors["context.before"] = np.full((1, 60, 6), 127, np.int8)
    with pytest.raises(CodecError, match=message):
        ContextModel.of(tensors)


def test_a_model_that_would_fill_the_memory_is_refused() -> None:
    tensors = {
        "context.embedding": np.zeros((257, 16), np.int8),
        "context.bias1": np.zeros((64, 1024), np.int32),
    }
    with pytest.raises(
        CodecError,
        match="context model of 256 codewords, 64 groups and 1024 and 0 hidden units, more",
    ):
        context_shapes(tensors, 64, 256)
    with pytest.raises(CodecError, match="65536 codewords"):
        context_shapes(tensors, 1, 65536)


def test_a_codec_without_a_model_is_refused_with_the_command() -> None:
    with pytest.raises(CodecError, match=r"no context model; `semcomm context CODEC` makes one"):
        ENTROPY_CODERS["context"]({"code_lengths": np.array([1, 1], np.uint8)})


def test_grids_of_another_codec_are_refused() -> None:
    coder = coder_of(random_model(4, 2, seed=0))
    with pytest.raises(ValueError, match="runs have 3 to 3 groups; the model has 2"):
        coder.encode(np.zeros(3, np.uint16), whole_grids([(1, 1, 3)]))
    with pytest.raises(ValueError, match="the alphabet is 0 to 3"):
        coder.encode(np.array([4, 0], np.uint16), whole_grids([(1, 1, 2)]))
    with pytest.raises(ValueError, match="runs have 1 to 2 groups"):
        coder.decode(np.zeros(0, np.uint8), np.array([0, 0]), whole_grids([(1, 1, 1), (1, 1, 2)]))
