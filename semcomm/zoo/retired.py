"""Names of codecs and scenarios that shipped once, and where their files are now."""

RATE_PSNR_CODECS = (
    "classical-n128-nu16-e32",
    "classical-n128-nu24-e32",
    "classical-n128-nu8-e32",
    "classical-n256-nu16-e32",
    "classical-n256-nu24-e32",
    "classical-n256-nu8-e32",
    "classical-n64-nu16-e32",
    "classical-n64-nu24-e32",
    "classical-n64-nu8-e32",
    "ecvq-n128-nu16-e32",
    "ecvq-n128-nu16-e32-s1",
    "ecvq-n128-nu16-e32-s2",
    "ecvq-n128-nu24-e32",
    "ecvq-n128-nu8-e32",
    "ecvq-n256-nu16-e32",
    "ecvq-n256-nu24-e32",
    "ecvq-n256-nu8-e32",
    "ecvq-n64-nu16-e32",
    "ecvq-n64-nu24-e32",
    "ecvq-n64-nu8-e32",
    "vq-n128-e32",
    "vq-n128-k16-e32",
    "vq-n128-k16-e32-s1",
    "vq-n128-k16-e32-s2",
    "vq-n128-k64-e32",
    "vq-n192-e32",
    "vq-n256-e32",
    "vq-n256-k16-e32",
    "vq-n256-k64-e32",
    "vq-n64-e32",
    "vq-n64-e32-s1",
    "vq-n64-e32-s2",
    "vq-n64-k16-e32",
    "vq-n64-k64-e32",
)
"""The codecs of the rate-PSNR figure (docs/results.md)."""

RETIRED = {name: f"experiments/rate-psnr/{name}.safetensors" for name in RATE_PSNR_CODECS}
RETIRED["rate-psnr"] = "experiments/rate-psnr/rate-psnr.yaml"
"""From a name to its file in a checkout."""
