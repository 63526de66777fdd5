"""The image formats and their encoders: what each can be set to, in Pillow's words."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import PIL.Image

from semcomm.choices import ImageFormat, Tune
from semcomm.errors import CodecError
from semcomm.modalities.image_file import register_heif, register_jxl

Options = Mapping[str, Any]


@dataclass(frozen=True)
class Format:
    """A format as Pillow writes it.

    name: Pillow's.
    options: what is set always.
    effort: what the encoder calls its effort, and its settings from the quickest to the most
        thorough; None where it has but one.
    tunes: what sets the encoder to optimize a measure; empty where it has no such choice.
    chroma: whether chroma subsampling can be chosen.
    """

    name: str
    options: Options = field(default_factory=dict)
    effort: tuple[str, Sequence[Any]] | None = None
    tunes: Mapping[Tune, Options] = field(default_factory=dict)
    chroma: bool = False


X265_PRESETS = (
    "ultrafast",
    "superfast",
    "veryfast",
    "faster",
    "fast",
    "medium",
    "slow",
    "slower",
    "veryslow",
    "placebo",
)
NOT_PSYCHOVISUAL = {"x265:psy-rd": "0", "x265:psy-rdoq": "0"}

FORMATS: Mapping[ImageFormat, Format] = {
    "jpeg": Format("JPEG", chroma=True),
    "webp": Format("WEBP", effort=("method", range(7))),
    "avif": Format(
        "AVIF",
        {"max_threads": 1},
        ("speed", range(10, -1, -1)),
        {"psnr": {"advanced": {"tune": "psnr"}}, "ssim": {"advanced": {"tune": "ssim"}}},
        chroma=True,
    ),
    "jpeg_xl": Format("JXL", {"num_threads": 1}, ("effort", range(1, 10))),
    "hevc": Format(
        "HEIF",
        {"x265:pools": "none", "x265:frame-threads": "1", "x265:ctu": "64"},
        ("preset", X265_PRESETS),
        {
            "psnr": {"tune": "psnr", "x265:aq-mode": "0", **NOT_PSYCHOVISUAL},
            "ssim": {"tune": "ssim", "x265:aq-mode": "2", **NOT_PSYCHOVISUAL},
        },
        chroma=True,
    ),
}
"""libheif sets x265's adaptive quantization and psychovisual weights after its tuning and undoes
it, and chooses coding tree units of 16 samples for small pictures, which x265 rejects at its most
thorough preset.
"""

PLUG_INS: Mapping[ImageFormat, tuple[str, Callable[[], None]]] = {
    "jpeg_xl": ("jxl", register_jxl),
    "hevc": ("heif", register_heif),
}
"""The extras of semcomm that install what Pillow lacks, and what registers it."""


def pillow_name(model: ImageFormat) -> str:
    """Pillow's name of a format that it can write, after what it needs is imported.

    Raises CodecError where that is not installed.
    """
    PIL.Image.init()
    if model in PLUG_INS:
        extra, register = PLUG_INS[model]
        try:
            register()
        except ImportError as error:
            raise CodecError(
                f"codec {model} needs a plug-in: pip install 'semcomm[{extra}]' ({error})"
            ) from error
    name = FORMATS[model].name
    if name not in PIL.Image.SAVE:
        raise CodecError(
            f"codec {model} needs a Pillow built with it, as its wheels are: pip install "
            "'pillow>=11.3'"
        )
    return name
