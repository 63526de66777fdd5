"""Codecs: images of any size in and out, and results that depend on nothing but the image."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from semcomm.codec.codec import Codec
from semcomm.codec.devices import fast_dtype
from semcomm.codec.networks import semantic_decoder, semantic_encoder
from semcomm.errors import SemcommError
from semcomm.modalities.patches import from_patches, size_of, to_patches
from semcomm.modalities.rgb8 import Image

SIDES = st.integers(1, 40)


def noise(height: int, width: int, seed: int = 0) -> Image:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def stages(
    codec: Codec, images: list[Image]
) -> list[tuple[NDArray[np.float32], NDArray[np.uint16], Image]]:
    """Latents, indices and received picture of each image."""
    latents = codec.encode(images)
    indices = codec.quantize(latents)
    pictures = codec.decode(codec.dequantize(indices), [image.shape[:2] for image in images])
    return list(zip(latents, indices, pictures, strict=True))


def all_equal(*results: list[tuple[NDArray[np.float32], NDArray[np.uint16], Image]]) -> bool:
    return all(
        np.array_equal(array, other)
        for stage in zip(*results, strict=True)
        for array, *others in zip(*stage, strict=True)
        for other in others
    )


def with_tensors(codec: Codec, **tensors: NDArray[np.float32]) -> Codec:
    """The codec with other tensors, `encoder_0_weight` for `encoder.0.weight`."""
    return replace(
        codec,
        tensors={**codec.tensors, **{name.replace("_", "."): t for name, t in tensors.items()}},
    )


@settings(deadline=None, max_examples=25)
@given(SIDES, SIDES)
def test_images_of_any_height_and_width_are_taken(
    tiny_codec: Codec, height: int, width: int
) -> None:
    [(latents, indices, picture)] = stages(tiny_codec, [noise(height, width)])
    grid = -(-height // 4), -(-width // 4), 2
    assert latents.shape == (*grid, 4) and latents.dtype == np.float32
    assert (
        indices.shape == grid == tiny_codec.index_shape((height, width))
        and indices.dtype == np.uint16
    )
    assert indices.max() < 32
    assert picture.shape == (height, width, 3) and picture.dtype == np.uint8


def test_a_photograph_is_coded_whole_without_seams(tiny_codec: Codec) -> None:
    photo = noise(512, 768)
    part, apart = (
        photo[128:384, 256:512],
        slice(8, -8),
    )  # networks look at most six patches far, eight are left out
    latents, of_part = tiny_codec.encode([photo, part])
    # Sums are in another order for images of another size.
    assert latents[32:96, 64:128][apart, apart] == pytest.approx(of_part[apart, apart], abs=1e-4)
    picture, of_part = tiny_codec.decode(
        [latents, latents[32:96, 64:128]], [(512, 768), (256, 256)]
    )
    difference = picture[128:384, 256:512].astype(int) - of_part
    assert np.abs(difference[32:-32, 32:-32]).max() <= 1


@pytest.mark.parametrize("size", [(1, 700), (700, 1), (260, 270)])
def test_images_above_the_batchs_positions_are_taken(
    tiny_codec: Codec, size: tuple[int, int]
) -> None:
    assert stages(tiny_codec, [noise(*size)])[0][2].shape == (*size, 3)


def test_stacked_and_separate_arrays_give_the_same(tiny_codec: Codec) -> None:
    """Each step on what the one before returned, and on a list of its arrays."""
    images = [noise(*size, seed) for seed, size in enumerate([(32, 32), (9, 30), (11, 29)] * 40)]
    sizes = [size_of(image) for image in images]
    together = stages(tiny_codec, images)
    latents = [array.copy() for array in tiny_codec.encode(images)]
    indices = [array.copy() for array in tiny_codec.quantize(latents)]
    pictures = tiny_codec.decode([z.copy() for z in tiny_codec.dequantize(indices)], sizes)
    assert all_equal(together, list(zip(latents, indices, pictures, strict=True)))


def test_every_step_returns_a_sequence_of_arrays(tiny_codec: Codec) -> None:
    images = [noise(*size, seed) for seed, size in enumerate([(8, 8), (4, 9), (8, 8)])]
    latents = tiny_codec.encode(images)
    assert len(latents) == len(list(latents)) == 3
    assert [z.shape for z in latents[1:]] == [(1, 3, 2, 4), (2, 2, 2, 4)]
    assert np.array_equal(latents[-1], latents[2])
    assert not np.array_equal(latents[0], latents[2])
    with pytest.raises(IndexError):
        latents[3]


@settings(deadline=None, max_examples=20)
@given(
    st.lists(st.tuples(st.sampled_from([1, 4, 7, 32]), st.sampled_from([3, 8, 32])), max_size=80),
    st.randoms(),
)
def test_an_images_result_does_not_depend_on_the_others(
    tiny_codec: Codec, sizes: list[tuple[int, int]], random: Random
) -> None:
    images = [noise(*size, seed) for seed, size in enumerate(sizes)]
    together = stages(tiny_codec, images)
    order = random.sample(range(len(images)), len(images))
    shuffled = dict(
        zip(order, stages(tiny_codec, [images[number] for number in order]), strict=True)
    )
    assert all_equal(together, [shuffled[number] for number in range(len(images))])
    alone = order[:2]
    assert all_equal(
        [together[number] for number in alone], [stages(tiny_codec, [images[n]])[0] for n in alone]
    )


def test_an_images_result_does_not_depend_on_threads(tiny_codec: Codec) -> None:
    images = [noise(*size) for size in [(32, 32), (64, 64), (128, 136), (5, 300)]]
    threads = torch.get_num_threads()
    results = []
    for count in (1, 2, 5):
        torch.set_num_threads(count)
        results.append(stages(tiny_codec, images))
    torch.set_num_threads(threads)
    assert all_equal(*results)


def test_no_images_give_no_images(tiny_codec: Codec) -> None:
    assert stages(tiny_codec, []) == []


def test_images_and_latents_are_not_changed(tiny_codec: Codec) -> None:
    images = [noise(9, 9)]
    latents = tiny_codec.encode(images)
    before = latents[0].copy()
    tiny_codec.decode(latents, [(9, 9)])
    tiny_codec.quantize(latents)
    assert np.array_equal(images[0], noise(9, 9)) and np.array_equal(latents[0], before)


def test_read_only_images_are_taken(tiny_codec: Codec) -> None:
    image = noise(8, 8)
    image.flags.writeable = False
    assert all_equal(stages(tiny_codec, [image]), stages(tiny_codec, [noise(8, 8)]))


def test_latents_are_ordered_by_position_group_and_entry(tiny_codec: Codec) -> None:
    bias = np.arange(8, dtype=np.float32)
    weight = np.zeros_like(tiny_codec.tensors["encoder.3.weight"])
    codec = with_tensors(tiny_codec, encoder_3_weight=weight, encoder_3_bias=bias)
    [latents] = codec.encode([noise(5, 9)])
    assert latents.tolist() == [[[[0, 1, 2, 3], [4, 5, 6, 7]]] * 3] * 2


def test_pixels_are_rounded_and_clipped_to_8_bits(tiny_codec: Codec) -> None:
    bias = np.zeros(48, np.float32)
    bias[:8] = [-1, 0, 0.4 / 255, 0.6 / 255, 0.5, 254.4 / 255, 1, 1e30]
    weight = np.zeros_like(tiny_codec.tensors["decoder.3.weight"])
    codec = with_tensors(tiny_codec, decoder_3_weight=weight, decoder_3_bias=bias)
    [picture] = codec.decode([np.zeros((1, 1, 2, 4), np.float32)], [(4, 4)])
    # 127.5 is rounded to the even neighbour.
    assert picture.ravel()[:8].tolist() == [0, 0, 0, 1, 128, 254, 255, 255]


def test_encode_and_decode_are_the_networks_in_float64(tiny_codec: Codec) -> None:
    """Against the same networks in float64, on one image and in PyTorch's own layout."""
    networks = semantic_encoder(tiny_codec.geometry), semantic_decoder(tiny_codec.geometry)
    for prefix, network in zip(("encoder.", "decoder."), networks, strict=True):
        weights = {
            name: torch.from_numpy(tiny_codec.tensors[prefix + name])
            for name in network.state_dict()
        }
        network.load_state_dict(weights)
        network.double()
    image = noise(12, 20)
    [(latents, indices, picture)] = stages(tiny_codec, [image])
    patches = torch.from_numpy(to_patches(image[None]) / 255).permute(0, 3, 1, 2).contiguous()
    with torch.no_grad():
        encoded = networks[0](patches)[0].numpy()
        codewords = tiny_codec.codebook[indices].reshape(3, 5, 8).transpose(2, 0, 1)
        decoded = (
            networks[1](torch.from_numpy(codewords[None]).double()).permute(0, 2, 3, 1).numpy()
        )
    # float32 has 7 digits, of which sums of 432 products leave more than 5; a picture may round the
    # other way.
    assert latents.reshape(3, 5, 8).transpose(2, 0, 1) == pytest.approx(encoded, abs=1e-5)
    values = from_patches(decoded)[0].clip(0, 1) * 255
    assert np.abs(picture - values).max() < 0.5 + 1e-3


def test_codewords_are_quantized_to_themselves(tiny_codec: Codec) -> None:
    indices = np.arange(32, dtype=np.uint16).reshape(4, 4, 2)
    [latents] = tiny_codec.dequantize([indices])
    assert np.array_equal(latents.reshape(32, 4), tiny_codec.codebook)
    assert np.array_equal(tiny_codec.quantize([latents])[0], indices)


def test_the_fill_index_is_the_codeword_nearest_to_the_mean(tiny_codec: Codec) -> None:
    mean = sum(
        p * codeword
        for p, codeword in zip(tiny_codec.probabilities, tiny_codec.codebook, strict=True)
    )
    distances = [np.linalg.norm(codeword - mean) for codeword in tiny_codec.codebook]
    assert tiny_codec.fill_index == np.argmin(distances)


def test_bfloat16_computes_coarser_and_gives_the_same_types(tiny_codec: Codec) -> None:
    images = [noise(32, 32, seed) for seed in range(3)]
    coarse, fine = (
        stages(tiny_codec.on("cpu", dtype), images) for dtype in ("bfloat16", "float32")
    )
    for (latents, indices, picture), (exact, _, _) in zip(coarse, fine, strict=True):
        assert [latents.dtype, indices.dtype, picture.dtype] == ["float32", "uint16", "uint8"]
        assert not np.array_equal(latents, exact)
        # bfloat16 keeps 8 bits of a number, and four layers round one after the other.
        assert latents == pytest.approx(exact, abs=4 * 2**-8 * float(np.abs(exact).max()))


def test_an_unavailable_device_is_an_error(
    tiny_codec: Codec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    for name in ("cuda", "mps", "tpu"):
        with pytest.raises(
            SemcommError, match=f"device {name} is not available here; this machine has cpu, or say"
        ):
            tiny_codec.on(name)
    assert tiny_codec.on("auto").device == tiny_codec.on("cpu").device == torch.device("cpu")


def test_auto_takes_cuda_before_mps_before_the_cpu(
    tiny_codec: Codec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert tiny_codec.on("auto").device.type == "mps"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert tiny_codec.on("auto").device.type == "cuda"


@pytest.mark.parametrize(
    ("abilities", "dtype"),
    [
        ({}, "float32"),
        ({"avx2": True, "avx512_f": True, "avx512_bf16": False}, "float32"),
        ({"avx512_bf16": True}, "bfloat16"),
        ({"amx_bf16": True}, "bfloat16"),
        ({"neon": True, "bf16": True}, "bfloat16"),
    ],
)
def test_a_cpu_with_bfloat16_instructions_is_fast_in_it(
    abilities: dict[str, bool], dtype: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: abilities)
    assert fast_dtype(torch.device("cpu")) == dtype
    monkeypatch.delattr(torch.cpu, "get_capabilities")
    assert fast_dtype(torch.device("cpu")) == "float32"


def test_cuda_is_fast_in_bfloat16_where_it_does_not_emulate_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        torch.cuda, "is_bf16_supported", lambda including_emulation=True: including_emulation
    )
    assert fast_dtype(torch.device("cuda")) == "float32"
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: True)
    assert fast_dtype(torch.device("cuda")) == "bfloat16"


def test_where_a_codec_runs_is_no_part_of_what_it_is(tiny_codec: Codec) -> None:
    moved = tiny_codec.on("cpu", "bfloat16")
    assert moved.digest == tiny_codec.digest and moved.tensors is tiny_codec.tensors
