"""The command line: the three processes against a run, what is shown, and what is told of mistakes
and damage.
"""

import io
import json
import re
import subprocess
import sys
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import PIL.Image
import pytest
from command import COMMAND, cli, cli_ok
from images import pieces, save_images

from semcomm import __version__
from semcomm.codec.codec import Codec
from semcomm.codec.codec_file import load_codec, save_codec
from semcomm.data.sample import Sample
from semcomm.folders import scenario_names
from semcomm.frames import Frames
from semcomm.framing import Framing
from semcomm.modalities.image_file import read_image
from semcomm.scenario import listing
from semcomm.scenario.plugins import channel_names
from semcomm.transmission import Preamble, write_transmission
from semcomm.zoo import names as zoo_names
from semcomm.zoo.names import codec_names

SIZES = [(32, 32), (9, 40), (1, 1), (33, 17), (32, 32)]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of images of several sizes."""
    return save_images(tmp_path_factory.mktemp("photos"), pieces(SIZES))


@pytest.fixture(scope="module")
def transmission(photos: Path, tiny_codec_file: Path) -> bytes:
    return cli_ok(
        "transmit", photos, "--codec", tiny_codec_file, "--slices", 2, "--crc", 8
    ).stdout_bytes


def pictures(folder: Path) -> list[np.ndarray]:
    return [read_image(path) for path in sorted(folder.glob("*.png"))]


def test_three_commands_give_what_a_run_gives(
    tmp_path: Path, photos: Path, tiny_codec_file: Path
) -> None:
    """Transmitter, channel and receiver by themselves, against the run of the same scenario."""
    (tmp_path / "mine.yaml").write_text(
        f"codec: {{model: {tiny_codec_file}}}\nframing: {{slices: 2, crc: 8}}\ndata: "
        f"{{images: {photos}}}\n"
        "channel: {model: binary_symmetric, crossover: 0.004}\nseed: 3\n"
    )
    cli_ok("run", tmp_path / "mine.yaml", "--out", tmp_path / "results")
    rows = pd.read_csv(tmp_path / "results" / "per_image.csv")

    sent, arrived, images = tmp_path / "sent", tmp_path / "arrived", tmp_path / "images"
    cli_ok("transmit", photos, "--codec", tiny_codec_file, "--slices", 2, "--crc", 8, "-o", sent)
    cli_ok(
        "channel", "binary_symmetric", sent, "--set", "crossover=0.004", "--seed", 3, "-o", arrived
    )
    reported = cli_ok("receive", arrived, "--codec", tiny_codec_file, "-o", images).stderr

    assert rows.damaged.any()
    assert (
        reported
        == f"{len(SIZES)} images received, {rows.damaged.sum()} of them damaged: {images}\n"
    )
    mse = [
        np.mean((image.astype(float) - picture) ** 2)
        for image, picture in zip(pictures(photos), pictures(images), strict=True)
    ]
    assert rows.mse.tolist() == pytest.approx(mse, rel=1e-13)  # sums in another order
    assert rows.image.tolist() == [f"{number:04d}.png" for number in range(len(SIZES))]
    row = pd.read_csv(tmp_path / "results" / "results.csv").iloc[0]
    assert row.bits_per_image == rows.bits.mean()
    assert row.preamble_bits == 8 * (27 + len("tiny"))


@pytest.mark.slow
def test_the_three_processes_work_over_pipes(
    tmp_path: Path, photos: Path, tiny_codec_file: Path
) -> None:
    piped = (
        f"{COMMAND} transmit {photos} --codec {tiny_codec_file} | {COMMAND} channel error_free |"
    )
    reported = subprocess.run(
        f"{piped} {COMMAND} receive --codec {tiny_codec_file} -o {tmp_path / 'images'}",
        shell=True,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (
        reported.stderr
        == f"{len(SIZES)} images received, 0 of them damaged: {tmp_path / 'images'}\n"
    )
    assert [picture.shape[:2] for picture in pictures(tmp_path / "images")] == SIZES


def test_transmission_is_the_same_to_file_and_stdout(
    tmp_path: Path, photos: Path, tiny_codec_file: Path, transmission: bytes
) -> None:
    options = ["--codec", tiny_codec_file, "--slices", 2, "--crc", 8, "-o", tmp_path / "sent"]
    cli_ok("transmit", *sorted(photos.iterdir()), *options)
    assert (tmp_path / "sent").read_bytes() == transmission
    assert cli_ok("channel", "error_free", source=transmission).stdout_bytes == transmission


def test_help_waits_for_no_large_library() -> None:
    script = """
import sys
from semcomm.cli import main
COMMANDS = "run", "train", "design", "context", "transmit", "channel", "receive", "list", "codec", "codec show"
for command in ("", *COMMANDS):
    main([*command.split(), "--help"], standalone_mode=False)
print("loaded:", *({"torch", "numba", "numpy", "pandas"} & set(sys.modules)))
"""
    reported = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout
    assert reported.endswith("loaded:\n")
    assert "Simulate semantic communication" in reported


def test_list_does_not_wait_for_pytorch() -> None:
    program = "import sys; from semcomm.cli import main; main(['list'], standalone_mode=False); print('torch' in sys.modules)"
    reported = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert reported.stdout.endswith("False\n")


def test_list_shows_codecs_channels_and_scenarios() -> None:
    reported = cli_ok("list").output
    for name in ("binary_symmetric", "error_free", "error-free", "binary-symmetric", "vq-n64"):
        assert f"  {name}\n" in reported
    for name in codec_names():
        assert re.search(rf"^  {name} +\d+\.\d\d  ", reported, re.MULTILINE)
    assert "nan" not in reported


def test_list_of_channels_has_what_each_is_and_takes() -> None:
    lines = cli_ok("list", "channels").output.splitlines()
    assert "  error_free (default): Delivers every bit as it was sent." in lines
    place = next(n for n, line in enumerate(lines) if line.startswith("  binary_symmetric: "))
    assert lines[place + 1] == "    crossover: a number from 0 to 0.5; needed"
    assert "    esn0_db: a number from -30 to 60, dB; needed" in lines
    assert [line.partition(":")[0].split()[0] for line in lines if re.match("  [^ ]", line)] == (
        channel_names()
    )


def test_list_of_scenarios_and_systems_says_what_each_is() -> None:
    scenarios, systems = cli_ok("list", "scenarios").output, cli_ok("list", "systems").output
    for name in (*scenario_names(), *scenario_names("training")):
        assert re.search(rf"^  {re.escape(name)}: [A-Z].{{20,}}\.$", scenarios, re.MULTILINE), name
    assert "  a trained codec: A learned encoder and decoder" in systems
    assert '    entropy_coder: `huffman`, `fixed_length` or `context`; default "huffman"' in systems
    assert "\n  jpeg, webp, avif, jpeg_xl, hevc: " in systems


def test_list_of_codecs_says_what_each_file_is() -> None:
    shown = cli_ok("list", "codecs").output
    for name in {name.partition("@")[0] for name in codec_names()}:
        assert re.search(rf"^  {re.escape(name)}: [A-Z0-9].{{20,}}\.$", shown, re.MULTILINE), name


def test_codecs_of_channel_matrices_are_listed_apart_with_what_was_set(
    tmp_path: Path, tiny_codec: Codec, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = "semcomm train csi-vq --set name=ours --set geometry.codewords=16"
    ours = replace(tiny_codec, name="ours", modality="csi", origin={"command": command})
    save_codec(ours, tmp_path / "ours.safetensors")
    tiny = replace(tiny_codec, origin={"command": "semcomm train vq-n64 --set name=tiny"})
    save_codec(tiny, tmp_path / "tiny.safetensors")
    figures = tmp_path / "csi-figures.csv"
    figures.write_text("codec,umi_bits_per_image,umi_nmse_db,command\nours,256.0,-5.25,made\n")
    for module in (zoo_names, listing):
        monkeypatch.setattr(module, "ZOO", tmp_path)
    monkeypatch.setitem(zoo_names.FIGURES, "csi", figures)
    assert codec_names() == ["ours", "tiny"] and codec_names(modality="csi") == ["ours"]
    title, row = cli_ok("list").output.partition("codecs of channel matrices:")[2].splitlines()[:2]
    assert " NMSE " in title and " PSNR " not in title
    assert row.split() == ["ours", "256.00", "-5.250", "made"]
    abouts = {entry.name: entry.about for entry in listing.codec_entries()}
    assert re.fullmatch(r"VQ of channel matrices.*, with geometry\.codewords=16\.", abouts["ours"])
    assert abouts["tiny"].startswith("VQ") and "with" not in abouts["tiny"]


def test_a_shown_code_table_is_the_codecs_complete_prefix_code(
    tmp_path: Path, tiny_codec: Codec, tiny_codec_file: Path
) -> None:
    reported = cli_ok("codec", "show", tiny_codec_file, "--table", tmp_path / "table.csv").output
    assert tiny_codec.digest.hex() in reported
    table = pd.read_csv(tmp_path / "table.csv", dtype={"codeword": str})
    assert table.columns.tolist() == ["symbol", "probability", "length", "codeword"]
    assert table.symbol.tolist() == list(range(32))
    assert table.probability.tolist() == tiny_codec.probabilities.tolist()
    assert (
        table.length.tolist()
        == tiny_codec.code_lengths.tolist()
        == [len(word) for word in table.codeword]
    )
    words = sorted(table.codeword)
    assert not any(b.startswith(a) for a, b in pairwise(words))
    assert sum(2.0**-length for length in table.length) == 1


def test_codec_description_is_shown_and_steers_no_terminal(
    tmp_path: Path, tiny_codec: Codec
) -> None:
    path = tmp_path / "strange.safetensors"
    origin = {"note": "[/bold] [red]", "other": "\x1b[2J"}
    made = replace(tiny_codec, origin=origin)
    save_codec(replace(made, digest=digest_of(made)), path)
    reported = cli_ok("codec", "show", path).output
    assert "[/bold] [red]" in reported
    assert "\x1b" not in reported


def digest_of(codec: Codec) -> bytes:
    from semcomm.codec.codec_file import About, codec_from

    about = About(codec.geometry, codec.quantizer, dict(codec.origin))
    return codec_from(codec.name, about, codec.tensors).digest


MISTAKES = [
    (["run", "eror-free"], "eror-free: there is no such file; did you mean `error-free`?"),
    (["run", "error-free", "--set", "seed"], "--set seed: it takes key.path=value, such as seed=1"),
    (["run", "error-free", "--images", "0"], "Invalid value for '--images'"),
    (
        ["run", "error-free", "--images", "257"],
        "--images 257: images is 257; the data set holds 256",
    ),
    (
        ["run", "error-free", "--set", "data={images: ~nobody-here}"],
        "is neither a folder nor a file",
    ),
    (["train", "nothing"], "nothing: there is no such file; scenarios with a name are"),
    (
        ["design", "TINY", "--name", "mine", "--rate-weight", "nan"],
        "rate weight is nan; it takes a number from 0 to",
    ),
    (
        ["design", "TINY", "--name", "mine", "--rate-weight", "1", "--data", "empty"],
        "error: empty holds no images",
    ),
    (
        [
            "design",
            "TINY",
            "--name",
            "mine",
            "--rate-weight",
            "1",
            "--data",
            "PHOTOS",
            "--images",
            "6",
        ],
        "holds 5",
    ),
    (
        ["design", "nothing", "--name", "mine", "--rate-weight", "1"],
        "error: codec 'nothing' is unknown; there are",
    ),
    (
        ["transmit", "nowhere.png", "--codec", "TINY"],
        "error: nowhere.png is neither a folder nor a file",
    ),
    (["transmit", "~nobody-here/a.png", "--codec", "TINY"], "error: ~nobody-here/a.png is neither"),
    (["transmit", "text.png", "--codec", "TINY"], "error: text.png cannot be read as an image"),
    (["transmit", "empty", "--codec", "TINY"], "error: empty holds no images"),
    (["transmit", "PHOTOS"], "Missing option '--codec'"),
    (
        ["transmit", "PHOTOS", "--codec", "nothing"],
        "error: codec 'nothing' is unknown; there are",
    ),
    (
        ["transmit", "PHOTOS", "--codec", "no.safetensors"],
        "error: there is no file no.safetensors",
    ),
    (
        ["transmit", "PHOTOS", "--codec", "TINY", "--no-header"],
        "error: an image is 9 x 40, but without a header",
    ),
    (
        ["transmit", "PHOTOS", "--codec", "TINY", "--no-header", "--slices", "2"],
        "error: slices is 2, which needs",
    ),
    (
        ["transmit", "PHOTOS", "--codec", "TINY", "--size", "0", "5"],
        "error: size is [0, 5]; it takes a list of 2 whole numbers from 1 to 65535",
    ),
    (["transmit", "PHOTOS", "--codec", "TINY", "--crc", "7"], "Invalid value for '--crc'"),
    (["channel", "nothing", "SENT"], "channel nothing is unknown; there are awgn, "),
    (["channel", "😀", "SENT"], "channel 😀 is unknown"),
    (["channel", "nothing.py:A", "SENT"], "there is no channel file nothing.py"),
    (
        ["channel", "binary_symmetric", "SENT"],
        "channel.crossover is missing; it takes a number from 0 to 0.5",
    ),
    (
        ["channel", "binary_symmetric", "SENT", "--set", "crossover=2"],
        "--set channel.crossover=2: channel.crossover is",
    ),
    (
        ["channel", "binary_symmetric", "SENT", "--set", "cross=0"],
        "channel.cross is not known; did you mean `cross",
    ),
    (
        ["channel", "error_free", "text.png"],
        "error: this is not a transmission: it begins with b'no im'",
    ),
    (["channel", "error_free", "nowhere"], "'nowhere': No such file or directory"),
    (["receive", "SENT", "-o", "out"], "error: codec 'tiny' is unknown; there are"),
    (
        ["receive", "SENT", "-o", "out", "--codec", "OTHER"],
        "error: the transmission was made with another codec",
    ),
    (["receive", "SENT", "-o", "text.png", "--codec", "TINY"], "text.png: File exists"),
    (
        ["receive", "SENT", "-o", "full", "--codec", "TINY"],
        "full/00000.png is there already: name another folder",
    ),
    (["receive", "text.png", "-o", "out"], "error: this is not a transmission"),
    (["codec", "show", "nothing"], "error: codec 'nothing' is unknown"),
    (["codec", "show", "empty.safetensors"], "error: empty.safetensors is "),
    (
        ["codec", "show", "text.safetensors"],
        "error: text.safetensors is damaged or of another program",
    ),
    (["nothing"], "No such command 'nothing'"),
]


@pytest.mark.parametrize(("arguments", "message"), MISTAKES)
def test_mistake_gives_no_traceback_and_writes_nothing(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    photos: Path,
    tiny_codec: Codec,
    tiny_codec_file: Path,
    transmission: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("SENT").write_bytes(transmission)
    Path("text.png").write_text("no image")
    Path("text.safetensors").write_text("no codec")
    Path("empty").mkdir()
    Path("empty.safetensors").mkdir()
    Path("full").mkdir()
    Path("full/00000.png").write_bytes(b"mine")
    other = replace(tiny_codec, origin={"made": "otherwise"})
    save_codec(replace(other, digest=digest_of(other)), Path("other.safetensors"))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    files = {"TINY": str(tiny_codec_file), "PHOTOS": str(photos), "OTHER": "other.safetensors"}
    result = cli(*(files.get(argument, argument) for argument in arguments))

    assert result.exit_code == 2
    assert message in result.stderr
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_the_same_images_are_received_again_without_overwrite(
    tmp_path: Path, tiny_codec_file: Path, transmission: bytes
) -> None:
    """Also those before a cut."""
    options = ["--codec", tiny_codec_file, "-o", tmp_path]
    for content in (transmission[:-4], transmission[:-4], transmission, transmission):
        result = cli("receive", *options, source=content)
        assert "5 images received, 0 of them damaged" in result.stderr
    assert result.exit_code == 0
    (tmp_path / "00003.png").write_bytes(b"mine")
    result = cli("receive", *options, source=transmission)
    assert result.exit_code == 2
    assert "00003.png is there already" in result.stderr
    assert (tmp_path / "00003.png").read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("size", "blocks"),
    [((4096, 4096), [1]), ((1024, 1024), [2]), ((128, 128), [64, 64]), ((65535, 1), [20])],
)
def test_what_bytes_claim_is_bounded_by_their_number(
    tmp_path: Path, tiny_codec: Codec, tiny_codec_file: Path, size: Any, blocks: list[int]
) -> None:
    """A frame of no bits is 4 bytes."""
    stream, framing = io.BytesIO(), Framing(header=False, crc=0, size=size)
    empty = [Frames.join([np.empty(0, np.uint8)] * count) for count in blocks]
    write_transmission(stream, Preamble.of(tiny_codec, "huffman", framing), empty)
    result = cli(
        "receive", "--codec", tiny_codec_file, "-o", tmp_path / "out", source=stream.getvalue()
    )
    assert result.exit_code == 2
    assert "it claims more pixels than its bytes can be of, 1024 each" in result.stderr


def test_lost_images_of_the_agreed_size_are_received(
    tmp_path: Path, tiny_codec: Codec, tiny_codec_file: Path
) -> None:
    """However many; and a few large ones."""
    for framing, count in ((Framing(), 2500), (Framing(size=(512, 768)), 2)):
        stream, lost = io.BytesIO(), Frames.join([np.empty(0, np.uint8)] * count)
        write_transmission(stream, Preamble.of(tiny_codec, "huffman", framing), [lost])
        result = cli_ok(
            "receive",
            "--codec",
            tiny_codec_file,
            "-o",
            tmp_path / str(count),
            source=stream.getvalue(),
        )
        assert f"{count} images received, {count} of them damaged" in result.stderr


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    (tmp_path / "wrong.py").write_text(
        "from dataclasses import dataclass\nfrom semcomm import BitChannel\n\n"
        "@dataclass(frozen=True)\nclass Wrong(BitChannel):\n"
        "    def transmit(self, frames, rng):\n        return frames.nothing\n"
    )
    (tmp_path / "wrong.yaml").write_text(
        "codec: {model: vq-n64}\nchannel: {model: wrong.py:Wrong}\n"
    )
    arguments = "run", tmp_path / "wrong.yaml", "--out", tmp_path / "out", "--images", 2
    plain = cli(*arguments)
    assert plain.exit_code == 2
    assert "Traceback" not in plain.stderr
    assert (
        f"AttributeError: 'Frames' object has no attribute 'nothing' ({tmp_path}/wrong.py:7)"
        in (plain.stderr)
    )
    shown = cli("--debug", *arguments)
    assert shown.exit_code == 2
    assert "Traceback" in shown.stderr
    assert "return frames.nothing" in shown.stderr


HOSTILE_ORIGINS: dict[str, dict[str, Any]] = {
    "long text": {"note": "1 [a" * 100_000},
    "long names": {"\x1b[2J" * 900 + str(number): 1 for number in range(50)},
    "many names": {str(number): number for number in range(40_000)},
    "deep": {"a": json.loads("[" * 150 + "]" * 150)},
    "other figures": {"sha256": "0" * 64, "codec": "other", "groups": 7},
}


@pytest.mark.parametrize("name", HOSTILE_ORIGINS)
def test_what_a_codec_says_of_itself_is_shown_in_bounded_time(
    name: str, tmp_path: Path, tiny_codec: Codec
) -> None:
    path = tmp_path / "hostile.safetensors"
    made = replace(tiny_codec, origin=HOSTILE_ORIGINS[name])
    save_codec(replace(made, digest=digest_of(made)), path)
    started = time.process_time()
    result = cli("codec", "show", path)
    assert time.process_time() - started < 5  # it was minutes
    assert len(result.output) < 1 << 16
    assert "\x1b" not in result.output
    assert "sha256" not in result.output or load_codec(path).digest.hex() in result.output


def test_images_that_are_there_are_replaced_where_that_is_said(
    tmp_path: Path, tiny_codec_file: Path, transmission: bytes
) -> None:
    (tmp_path / "00000.png").write_bytes(b"old")
    options = ["--codec", tiny_codec_file, "-o", tmp_path, "--overwrite"]
    assert (
        "5 images received, 0 of them damaged"
        in cli_ok("receive", *options, source=transmission).stderr
    )
    assert len(pictures(tmp_path)) == len(SIZES)


def damaged(content: bytes, seed: int) -> bytes:
    """A transmission cut off, with flipped bits, or with other bytes in it."""
    rng = np.random.default_rng(seed)
    bytes_ = bytearray(content)
    start, stop = np.sort(rng.integers(0, len(content) + 1, 2))
    if seed % 3 == 0:
        return content[:stop]
    if seed % 3 == 1:
        for place in rng.integers(
            8 * 30, 8 * len(content), 1 + seed % 7
        ):  # the preamble of 30 bytes has a CRC-32
            bytes_[place >> 3] ^= 1 << (place & 7)
        return bytes(bytes_)
    return content[: max(30, start)] + rng.bytes(int(rng.integers(0, 40))) + content[stop:]


@pytest.mark.parametrize(
    "options", [["--slices", 2, "--crc", 8], ["--crc", 0], ["--entropy-coder", "fixed_length"]]
)
def test_whatever_bytes_arrive_there_are_images_or_a_message(
    tmp_path: Path, photos: Path, tiny_codec_file: Path, options: list[object]
) -> None:
    sent = cli_ok("transmit", photos, "--codec", tiny_codec_file, *options).stdout_bytes
    outcomes = []
    for seed in range(45):
        folder = tmp_path / str(seed)
        result = cli(
            "receive", "--codec", tiny_codec_file, "-o", folder, source=damaged(sent, seed)
        )
        outcomes.append(result.exit_code)
        if result.exit_code == 0:
            count = len(list(folder.glob("*.png")))
            assert result.stderr.startswith(f"{count} images received, ")
            assert len(pictures(folder)) == count > 0  # each can be read
        else:
            assert result.exit_code == 2
            assert result.stderr.startswith("error: th")
    assert set(outcomes) == {0, 2}


# It says 4096 x 4096, and of a slice that it has the bits that its indices need at least.
HUGE = f"1{4096:016b}{4096:016b}" + "1" * 8 + f"{32896:032b}" + "0" * 32896


@pytest.mark.parametrize(
    ("framing", "frames", "pixels"),
    [
        (Framing(header=False, crc=0, size=(4096, 4096)), [""] * 6, 6 << 24),
        (Framing(size=(36, 36)), [""] * 65536, 65536 * 36 * 36),
        (Framing(slices=255, crc=0), [HUGE, *[""] * 254] * 6, 6 << 24),
    ],
)
def test_few_bytes_claiming_large_images_are_refused_early(
    tmp_path: Path,
    tiny_codec: Codec,
    tiny_codec_file: Path,
    framing: Framing,
    frames: list[str],
    pixels: int,
) -> None:
    stream = io.BytesIO()
    block = Frames.join([np.array([int(bit) for bit in bits], np.uint8) for bits in frames])
    write_transmission(stream, Preamble.of(tiny_codec, "huffman", framing), [block])
    result = cli(
        "receive", "--codec", tiny_codec_file, "-o", tmp_path / "out", source=stream.getvalue()
    )
    assert result.exit_code == 2
    assert (
        result.stderr
        == f"error: the transmission is damaged: a block claims images of {pixels} pixels\n"
    )


def test_a_block_of_no_whole_image_is_refused(
    tmp_path: Path, tiny_codec: Codec, tiny_codec_file: Path
) -> None:
    stream = io.BytesIO()
    preamble = Preamble.of(tiny_codec, "huffman", Framing(slices=2))
    write_transmission(stream, preamble, [Frames.join([np.ones(9, np.uint8)] * 3)])
    result = cli(
        "receive", "--codec", tiny_codec_file, "-o", tmp_path / "out", source=stream.getvalue()
    )
    assert result.stderr == "error: the transmission is damaged: a block has 3 frames, 2 an image\n"


def test_random_bytes_are_no_transmission(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for size in (0, 1, 5, 30, 1000):
        for start in (b"", b"SEMC\x02"):
            result = cli("receive", "-o", tmp_path / "images", source=start + rng.bytes(size))
            assert result.exit_code == 2
            assert result.stderr.startswith("error: th")
    assert not (tmp_path / "images").exists()


def test_blocks_before_a_cut_are_received(
    tmp_path: Path, tiny_codec_file: Path, transmission: bytes
) -> None:
    result = cli("receive", "--codec", tiny_codec_file, "-o", tmp_path, source=transmission[:-4])
    assert result.exit_code == 2
    assert result.stderr == (
        "error: the transmission is cut off: it ends before it says that it does. The images "
        "before that are whole, 00000.png to 00004.png: 5 images received, 0 of them damaged: "
        f"{tmp_path}\n"
    )
    assert len(pictures(tmp_path)) == len(SIZES)


def test_a_damaged_codec_file_is_told_so(
    tmp_path: Path, tiny_codec: Codec, tiny_codec_file: Path
) -> None:
    content = tiny_codec_file.read_bytes()
    header = 8 + int.from_bytes(content[:8], "little")
    rng = np.random.default_rng(0)
    path = tmp_path / "damaged.safetensors"
    for seed in range(60):
        bytes_ = bytearray(content)
        place = int(rng.integers(0, 8 * (header if seed % 2 else len(content))))
        bytes_[place >> 3] ^= 1 << (place & 7)
        path.write_bytes(bytes_ if seed % 5 else content[: place >> 3])
        result = cli("codec", "show", path)
        if result.exit_code == 0:  # the bit meant nothing
            assert tiny_codec.digest.hex() in result.output
        else:
            assert result.exit_code == 2
            assert result.stderr.startswith(f"error: {path} ")
            assert "train or copy it again" in result.stderr


def test_an_image_sent_is_one_received_as_png(
    tmp_path: Path, tiny_codec: Codec, tiny_codec_file: Path
) -> None:
    image = Sample().load(7, 8)[0]
    stream = io.BytesIO()
    PIL.Image.fromarray(image).save(stream, format="PNG")
    (tmp_path / "one.png").write_bytes(stream.getvalue())
    sent = cli_ok(
        "transmit", tmp_path / "one.png", "--codec", tiny_codec_file, "--no-header", "--crc", 0
    ).stdout_bytes
    cli_ok("receive", "--codec", tiny_codec_file, "-o", tmp_path / "images", source=sent)
    latents = tiny_codec.dequantize(tiny_codec.quantize(tiny_codec.encode([image])))
    (expected,) = tiny_codec.decode(latents, [(32, 32)])
    (matches,) = pictures(tmp_path / "images")
    assert np.array_equal(matches, expected)
    assert json.dumps(matches.shape) == "[32, 32, 3]"


def test_a_design_for_a_crossover_has_its_origin(
    tmp_path: Path, photos: Path, tiny_codec: Codec, tiny_codec_file: Path
) -> None:
    options = ["--crossover", 0.01, "--name", "mine", "--data", photos, "--images", 4]
    result = cli_ok("design", tiny_codec_file, *options, "--out", tmp_path)
    assert result.stdout == f"written: {tmp_path / 'mine.safetensors'}\n"
    made = load_codec(tmp_path / "mine.safetensors")
    assert made.quantizer == "covq"
    assert made.origin == {
        "base": "tiny",
        "base_sha256": tiny_codec.digest.hex(),
        "command": "semcomm design tiny --crossover 0.01 --name mine --images 4",
        "crossover": 0.01,
        "data": "a folder",
        "images": 4,
        "rounds": len(result.stderr.splitlines()),
        "semcomm": __version__,
    }


@pytest.mark.parametrize("kind", ["designed", "joined"])
def test_no_file_that_another_command_made_is_replaced(
    kind: str, tmp_path: Path, photos: Path, tiny_codec_file: Path
) -> None:
    """Such as the one that a design begins with."""
    path = tmp_path / "mine.safetensors"
    path.write_bytes(tiny_codec_file.read_bytes())
    options = ["--name", "mine", "--out", tmp_path]
    if kind == "joined":
        result = cli("join", "ecvq-levels@0-3", "ecvq-levels@4-7", *options)
    else:
        result = cli("design", path, "--crossover", 0.01, "--data", photos, *options)
    assert result.exit_code == 2 and result.stderr.startswith(
        f"error: {path} is there already: take another --name or --out"
    )
    assert path.read_bytes() == tiny_codec_file.read_bytes()


def test_a_training_looks_for_its_folder_before_it_begins(tmp_path: Path) -> None:
    scenario = tmp_path / "a.yaml"
    scenario.write_text("data: {name: sample}\ntraining: {quantizer: vq, epochs: 1}\n")
    result = cli("train", scenario, "--images", 2, "--out", scenario)
    assert result.exit_code == 2 and result.stderr == f"error: {scenario}: File exists\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "a design takes --rate-weight or --crossover, one of them"),
        (["--rate-weight", 1, "--crossover", 0.1], "--rate-weight or --crossover, one of them"),
        (["--crossover", 0.6], "crossover is 0.6; it takes a number from 0 to 0.5"),
        (["--rate-weight", -1], "rate weight is -1.0; it takes a number from 0 to 1000000"),
    ],
)
def test_a_design_takes_one_number_within_its_bounds(
    photos: Path, tiny_codec_file: Path, options: list[Any], message: str
) -> None:
    result = cli("design", tiny_codec_file, *options, "--name", "mine", "--data", photos)
    assert result.exit_code == 2
    assert message in result.stderr


def test_designed_codec_has_its_origin_and_takes_fewer_bits(
    tmp_path: Path, photos: Path, tiny_codec: Codec, tiny_codec_file: Path, transmission: bytes
) -> None:
    options = [
        "--rate-weight",
        0.02,
        "--name",
        "mine",
        "--data",
        photos,
        "--images",
        4,
        "--out",
        tmp_path,
    ]
    result = cli_ok("design", tiny_codec_file, *options)
    cli_ok("design", tiny_codec_file, *options)
    path = tmp_path / "mine.safetensors"
    assert result.stdout == f"written: {path}\n"
    made = load_codec(path)
    assert made.origin == {
        "base": "tiny",
        "base_sha256": tiny_codec.digest.hex(),
        "command": "semcomm design tiny --rate-weight 0.02 --name mine --images 4",
        "data": "a folder",
        "images": 4,
        "iterations": len(result.stderr.splitlines()),
        "rate_weight": 0.02,
        "semcomm": __version__,
    }
    sent = cli_ok("transmit", photos, "--codec", path, "--slices", 2, "--crc", 8).stdout_bytes
    assert len(sent) < len(transmission)
    cli_ok("receive", "--codec", path, "-o", tmp_path / "images", source=sent)
    assert [picture.shape[:2] for picture in pictures(tmp_path / "images")] == SIZES
