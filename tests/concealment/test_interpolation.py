"""Interpolation solves its equations, and is better than the most probable codeword."""

import numpy as np

from semcomm.codec.codec import Codec
from semcomm.concealment.interpolation import MEAN_WEIGHT, interpolate
from semcomm.concealment.neighbourhood import MISSING, Neighbourhood, SliceLayout, unit_vectors
from semcomm.data.sample import Sample
from semcomm.frames import Reception
from semcomm.framing import Framing
from semcomm.measures.psnr import finite_psnr_db, mean_squared_error
from semcomm.receiver import Receiver
from semcomm.scenario.plugins import load_channel
from semcomm.stages import Arrived
from semcomm.transmitter import Transmitter


def test_missing_symbol_is_nearest_to_its_neighbours_mean(
    tiny_codec: Codec,
) -> None:
    rng = np.random.default_rng(0)
    grid = rng.integers(0, 32, (3, 3, 2))
    layout = SliceLayout.of(np.array([18]), [(3, 3, 2)])
    for row, column, group in [(0, 0, 0), (1, 1, 1), (2, 1, 0)]:
        symbols, trusted = grid.ravel().copy(), np.ones(18, np.bool_)
        here = (row * 3 + column) * 2 + group
        symbols[here], trusted[here] = MISSING, False
        sides = [(row, column - 1), (row - 1, column), (row, column + 1), (row + 1, column)]
        near = [
            tiny_codec.codebook[grid[r, c, group]] for r, c in sides if 0 <= r < 3 and 0 <= c < 3
        ]
        mean = tiny_codec.probabilities @ tiny_codec.codebook
        wanted = (np.sum(near, axis=0) + MEAN_WEIGHT * mean) / (len(near) + MEAN_WEIGHT)
        interpolate(
            tiny_codec, Neighbourhood(unit_vectors(tiny_codec), 2, layout, symbols, trusted)
        )
        assert symbols[here] == np.square(tiny_codec.codebook - wanted).sum(axis=1).argmin()
        assert np.array_equal(np.delete(symbols, here), np.delete(grid.ravel(), here))


def test_all_missing_symbols_become_the_fill_index(tiny_codec: Codec) -> None:
    symbols = np.full(128, MISSING)
    layout = SliceLayout.of(np.array([64, 64]), [(8, 8, 2)])
    interpolate(
        tiny_codec,
        Neighbourhood(unit_vectors(tiny_codec), 2, layout, symbols, np.zeros(128, np.bool_)),
    )
    assert (symbols == tiny_codec.fill_index).all()


def test_interpolation_beats_the_most_probable_codeword(shipped_codec: Codec) -> None:
    """By far, with a tenth of the slices lost."""
    codec, framing, images = shipped_codec, Framing(slices=8), Sample().load(0, 256)
    sent = Transmitter(codec, framing=framing).transmit(images)
    lost = (
        load_channel("packet_erasure", loss=0.1)
        .transmit(sent.signal, np.random.default_rng(0))
        .frames.lengths
        == 0
    )
    reception = load_channel("packet_erasure", loss=0.1).transmit(
        sent.signal, np.random.default_rng(0)
    )
    concealed = Receiver(codec, framing=framing).receive(reception)
    assert np.array_equal(concealed.damaged, lost.reshape(256, 8).any(axis=1))

    filled = np.stack(sent.encoded["indices"]).copy()
    filled[lost.reshape(256, 8)] = codec.probabilities.argmax()
    receiver = Receiver(codec, framing=framing)
    probable = receiver.reconstruct(
        Arrived({"indices": list(filled), "size": np.full((256, 2), 32)}, concealed.damaged)
    )
    errors = [mean_squared_error(images, end.samples) for end in (concealed, probable)]
    ours, theirs = (
        finite_psnr_db(error[concealed.damaged], 3 * 32 * 32).mean() for error in errors
    )
    print(f"concealed {ours:.2f} dB, most probable codeword {theirs:.2f} dB")
    assert ours > theirs + 0.8
    assert isinstance(reception, Reception)
