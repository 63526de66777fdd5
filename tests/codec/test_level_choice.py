"""Levels image by image: what is chosen, what arrives, and images that nothing fits."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command import cli, cli_ok
from images import save_images

from semcomm.codec.codec import Codec
from semcomm.codec.level_choice import choose_levels, finest_that_fits
from semcomm.codec.levels import check_choice
from semcomm.data.sample import Sample
from semcomm.errors import CodecError, FramingError, ScenarioError, SettingError
from semcomm.frames import Frames, Reception
from semcomm.framing import Framing
from semcomm.modalities.rgb8 import Image
from semcomm.receiver import Receiver
from semcomm.run.simulation import simulate
from semcomm.scenario.scenario import read_scenarios
from semcomm.systems.image_files import ImageFile, ImageReceiver, ImageTransmitter
from semcomm.terms import Terms
from semcomm.transmitter import Transmitter
from semcomm.zoo.find import load_codec, load_codecs

BUDGET = 480
GREY = 128


@pytest.fixture(scope="module")
def codecs() -> tuple[Codec, ...]:
    return load_codecs("ecvq-levels")


@pytest.fixture(scope="module")
def images() -> list[Image]:
    return list(Sample().load(0, 12))


def test_all_levels_of_a_file_are_loaded_in_their_order(codecs: tuple[Codec, ...]) -> None:
    assert [codec.name for codec in codecs] == [f"ecvq-levels@{level}" for level in range(8)]
    (one,) = load_codecs("ecvq-levels@3")
    assert one.digest == codecs[3].digest
    assert [codec.name for codec in load_codecs("vq-n64")] == ["vq-n64"]


def test_the_choice_is_the_better_of_two_levels_by_brute_force(
    codecs: tuple[Codec, ...], images: list[Image]
) -> None:
    """Each image alone: all levels without a weight, then both candidates by one-level budgets,
    less the tag.
    """
    sent = Transmitter(codecs, budget_bits=BUDGET).transmit(images)
    for number, image in enumerate(images):
        bits = [Transmitter(codec).transmit([image]).signal.bits.size + 4 for codec in codecs]
        first = max(np.flatnonzero(np.array(bits) <= BUDGET), default=0)
        errors, frames = {}, {}
        for level in {first, min(first + 1, 7)}:
            alone = Transmitter(codecs[level], budget_bits=BUDGET - 4)
            try:
                frames[level] = alone.transmit([image])
            except FramingError:
                continue
            (picture,) = Receiver(codecs[level]).receive(Reception(frames[level].signal)).samples
            errors[level] = np.square(picture.astype(float) - image).sum()
        best = min(errors, key=lambda level: (errors[level], level))
        assert sent.encoded["level"][number] == best
        expected = frames[best].encoded["indices"][0]
        assert np.array_equal(sent.encoded["indices"][number], expected)


@pytest.mark.parametrize("coder", ["huffman", "context"])
@pytest.mark.parametrize("slices", [1, 3])
def test_levels_arrive_with_their_indices(
    codecs: tuple[Codec, ...], images: list[Image], coder: Any, slices: int
) -> None:
    framing = Framing(slices=slices)
    sent = Transmitter(codecs, coder, framing, BUDGET // slices).transmit(images)
    assert sent.signal.lengths.max() <= BUDGET // slices
    assert len(set(sent.encoded["level"].tolist())) > 1
    received = Receiver(codecs, coder, framing).receive(Reception(sent.signal))
    assert not received.damaged.any() and received.encoded is not None
    assert received.encoded["level"].tolist() == sent.encoded["level"].tolist()
    for level, ours, theirs, picture in zip(
        sent.encoded["level"],
        sent.encoded["indices"],
        received.encoded["indices"],
        received.samples,
        strict=True,
    ):
        assert np.array_equal(ours, theirs)
        (expected,) = codecs[level].decode(codecs[level].dequantize([ours]), [(32, 32)])
        assert np.array_equal(picture, expected)


def test_a_choice_does_not_depend_on_other_images(
    codecs: tuple[Codec, ...], images: list[Image]
) -> None:
    transmitter = Transmitter(codecs, terms=Terms(430))
    together, turned = transmitter.encode(images), transmitter.encode(images[::-1])
    for number, image in enumerate(images):
        alone = transmitter.encode([image])
        for encoded, place in ((alone, 0), (turned, len(images) - 1 - number)):
            assert encoded["level"][place] == together["level"][number]
            assert np.array_equal(encoded["indices"][place], together["indices"][number])


def test_refined_images_stay_within_the_budget_and_gain(
    codecs: tuple[Codec, ...], images: list[Image]
) -> None:
    errors = []
    for steps in (0, 3):
        sent = Transmitter(codecs, "huffman", None, BUDGET, steps).transmit(images)
        assert sent.signal.lengths.max() <= BUDGET
        pictures = Receiver(codecs).receive(Reception(sent.signal)).samples
        errors.append(np.square(np.array(pictures, float) - np.array(images)).mean())
    assert errors[1] < errors[0]


def test_bits_that_are_not_monotone_end_at_a_level_that_fits(
    codecs: tuple[Codec, ...], images: list[Image]
) -> None:
    """Bisection looks at levels 3, 5 and 6 and finds 5."""
    fits = np.array([True, True, True, True, False, True, False, False])

    def longest(level: int, numbers: Any, indices: Any) -> Any:
        return np.full(len(numbers), 100 if fits[level] else 101)

    assert finest_that_fits(100, codecs, images[:2], longest).tolist() == [5, 5]
    nothing = choose_levels(99, codecs, images[:2], 0, longest)
    assert nothing.levels.tolist() == [0, 0] and nothing.frame_bits.tolist() == [100, 100]


@pytest.mark.parametrize("policy", ["keep", "conceal", "drop"])
def test_damaged_tags_and_lost_slices_never_raise(
    codecs: tuple[Codec, ...], images: list[Image], policy: Any
) -> None:
    rng = np.random.default_rng(0)
    for crc, terms in ((0, Terms()), (16, Terms()), (16, Terms(180)), (0, Terms(180))):
        framing = Framing(slices=3, crc=crc)
        budget = None if terms.frame_bits else 170
        sent = Transmitter(codecs, "huffman", framing, budget, terms=terms).transmit(images)
        receiver = Receiver(codecs, "huffman", framing, policy, terms)
        for _ in range(5):
            frames = [bits.copy() for bits in sent.signal.split()]
            for bits in frames:
                bits[:4] ^= rng.integers(0, 2, 4, np.uint8)
                bits ^= (rng.random(bits.size) < 0.01).astype(np.uint8)
            lost = rng.random(len(frames)) < 0.3
            arrived = Frames.join(
                [b[: b.size * ~gone] for b, gone in zip(frames, lost, strict=True)]
            )
            received = receiver.receive(Reception(arrived))
            assert len(received.samples) == len(images)
            assert all(picture.dtype == np.uint8 for picture in received.samples)


def test_a_lost_slice_is_concealed_at_its_images_level(
    codecs: tuple[Codec, ...], images: list[Image]
) -> None:
    framing, terms = Framing(slices=4), Terms(150)
    sent = Transmitter(codecs, "huffman", framing, terms=terms).transmit(images)
    frames = sent.signal.split()
    frames[4] = frames[4][:0]
    received = Receiver(codecs, "huffman", framing, "conceal", terms).receive(
        Reception(Frames.join(frames))
    )
    assert received.encoded is not None
    assert received.damaged.tolist() == [number == 1 for number in range(12)]
    assert received.encoded["level"].tolist() == sent.encoded["level"].tolist()
    assert np.array_equal(received.encoded["indices"][1][2:], sent.encoded["indices"][1][2:])


@pytest.mark.parametrize("slices", [1, 2])
@pytest.mark.parametrize("coder", ["huffman", "context"])
def test_an_image_that_nothing_fits_is_grey_and_undamaged(
    codecs: tuple[Codec, ...], images: list[Image], coder: Any, slices: int
) -> None:
    framing, terms = Framing(slices=slices), Terms(24)
    sent = Transmitter(codecs, coder, framing, terms=terms).transmit(images)
    assert sent.signal.lengths.tolist() == [24] * 12 * slices
    assert sent.encoded["unfit"].all() and not sent.payload_bits.any()
    received = Receiver(codecs, coder, framing, "conceal", terms).receive(Reception(sent.signal))
    assert not received.damaged.any()
    assert all(np.all(picture == GREY) for picture in received.samples)


def test_one_undamaged_slice_tells_that_an_image_is_grey(
    codecs: tuple[Codec, ...], images: list[Image]
) -> None:
    framing, terms = Framing(slices=3), Terms(24)
    frames = (
        Transmitter(codecs, "huffman", framing, terms=terms).transmit(images[:1]).signal.split()
    )
    frames[0][7] ^= 1
    received = Receiver(codecs, "huffman", framing, "conceal", terms).receive(
        Reception(Frames.join([frames[0], frames[1][:0], frames[2]]))
    )
    assert received.damaged.all() and np.all(received.samples[0] == GREY)


def test_the_most_probable_indices_stand_in_where_they_fit(
    shipped_codec: Codec, images: list[Image]
) -> None:
    """Context coding takes 56 bits for them, and over 200 for codewords that are all short."""
    most_probable = shipped_codec.probabilities.argmax()
    for frame_bits, indices in ((1 + 56 + 1 + 16, 128), (1 + 56 + 16, 0)):
        terms = Terms(frame_bits)
        sent = Transmitter(shipped_codec, "context", terms=terms).transmit(images)
        assert sent.encoded["unfit"].all()
        for grid in sent.encoded["indices"]:
            assert grid.size == indices and np.all(grid == most_probable)
        received = Receiver(shipped_codec, "context", terms=terms).receive(Reception(sent.signal))
        assert not received.damaged.any()
        is_grey = [np.all(picture == GREY) for picture in received.samples]
        assert all(is_grey) == (indices == 0)


def test_an_image_file_that_does_not_fit_is_grey(images: list[Image]) -> None:
    codec, framing = ImageFile("webp", quality=30, container=False), Framing()
    whole = ImageTransmitter(codec, framing).transmit(images)
    terms = Terms(int(np.median(whole.signal.lengths)) + 1)
    sent = ImageTransmitter(codec, framing, terms).transmit(images)
    unfit = whole.signal.lengths > terms.budget_bits
    assert sent.encoded["unfit"].tolist() == unfit.tolist() and 0 < unfit.sum() < 12
    assert set(sent.signal.lengths.tolist()) == {terms.frame_bits}
    plain = ImageReceiver(codec, framing).receive(Reception(whole.signal)).samples
    received = ImageReceiver(codec, framing, "conceal", terms).receive(Reception(sent.signal))
    assert not received.damaged.any()
    for over, picture, expected in zip(unfit, received.samples, plain, strict=True):
        assert np.array_equal(picture, np.full_like(picture, GREY) if over else expected)


SCENARIO = """
data: {name: sample}
codec: {model: ecvq-levels}
link: {modulation: qpsk, code: {model: ldpc, rate: 1/2}, channel_uses: 300}
channel: {model: awgn, esn0_db: 20}
images: 12
"""


def simulated(folder: Path, *changes: str) -> list[Any]:
    (folder / "s.yaml").write_text(SCENARIO)
    cells = read_scenarios(folder / "s.yaml", changes)
    return [simulate(cell.scenario) for cell in cells]


def test_a_run_counts_uses_and_images_that_do_not_fit(tmp_path: Path) -> None:
    fine, coarse = simulated(tmp_path, "sweep={link.channel_uses: [300, 64]}")
    assert set(fine.per_image.channel_uses) == {300} and fine.summary["unfit"] == 0
    assert fine.summary["index_error_rate"] == 0 and fine.summary["psnr_db"] > 20
    assert set(fine.per_image.bits) == {300}
    assert coarse.summary["unfit"] == 12 == coarse.per_image.unfit.sum()
    assert coarse.summary["damaged_images"] == 0 and coarse.summary["entropy_bits_per_image"] == 0


@pytest.mark.parametrize("model", ["arq", "chase", "incremental"])
def test_a_run_with_retransmission_takes_whole_transport_blocks(tmp_path: Path, model: str) -> None:
    (results,) = simulated(
        tmp_path, f"link.retransmission={{model: {model}}}", "channel.esn0_db=0.5"
    )
    table = results.per_image
    assert (table.channel_uses == 300 * table.transmissions).all()
    assert table.transmissions.max() > 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["link.channel_uses=null"], r"3:16: ecvq-levels holds 8 codecs.*or limit frames by"),
        (["codec.budget_bits=300"], r"codec.budget_bits.*is 300.* frames of 300 bits.*at most 299"),
        (
            [
                "framing.crc=32",
                "link.code.rate=1/5",
                "link.modulation=bpsk",
                "link.channel_uses=64",
            ],
            r"a frame has 12 bits; header, filling and CRC alone take 38",
        ),
    ],
)
def test_what_does_not_agree_is_a_mistake_with_its_line(
    tmp_path: Path, changes: list[str], message: str
) -> None:
    with pytest.raises(ScenarioError, match=message):
        simulated(tmp_path, *changes)


def test_a_smaller_budget_than_the_transport_block_is_obeyed(tmp_path: Path) -> None:
    (results,) = simulated(tmp_path, "codec.budget_bits=299", "codec.model=ecvq-levels@0")
    (lower,) = simulated(tmp_path, "codec.budget_bits=280", "codec.model=ecvq-levels@0")
    most = [each.per_image.payload_bits.max() for each in (results, lower)]
    assert most[0] > 280 - 17 >= most[1]
    assert set(lower.per_image.bits) == {300}


def test_constructors_refuse_what_scenarios_refuse(codecs: tuple[Codec, ...]) -> None:
    with pytest.raises(SettingError, match=r"budget_bits is 512; .* it takes at most 511"):
        Transmitter(codecs, budget_bits=512, terms=Terms(512))
    with pytest.raises(CodecError, match=r"name one of ecvq-levels@0 to ecvq-levels@7, or limit"):
        Transmitter(codecs)
    names = [f"many@{level}" for level in range(17)]
    with pytest.raises(CodecError, match=r"many holds 17 codecs.*more than 16 none can be chosen"):
        check_choice(names, has_budget=True)
    check_choice(names[:16], has_budget=True)


def test_a_transmission_of_levels_is_received(tmp_path: Path, images: list[Image]) -> None:
    photos = save_images(tmp_path / "photos", images)
    sent = cli_ok("transmit", photos, "--codec", "ecvq-levels", "--budget-bits", BUDGET)
    cli_ok("receive", "-o", tmp_path / "out", source=sent.stdout_bytes)
    assert len(list((tmp_path / "out").iterdir())) == 12
    other = cli(
        "receive", "--codec", "ecvq-levels@1", "-o", tmp_path / "x", source=sent.stdout_bytes
    )
    assert other.exit_code == 2 and "ecvq-levels" in other.stderr
    refused = cli("transmit", photos, "--codec", "ecvq-levels")
    assert refused.exit_code == 2 and "ecvq-levels@0 to" in refused.stderr.replace("\n", " ")


def test_one_level_by_its_name_has_no_tag(images: list[Image]) -> None:
    codec = load_codec("ecvq-levels@3")
    sent = Transmitter(codec, budget_bits=BUDGET + 100).transmit(images)
    assert "level" not in sent.encoded
    assert sent.signal.lengths.tolist() == (sent.payload_bits + 17).tolist()
