"""Names of columns that no measure may have, as what is no measure has them in tables."""

OF_SAMPLES_AND_CARRIER = frozenset(
    {
        "height",
        "width",
        "damaged",
        "coded_bits",
        "channel_uses",
        "bit_errors",
        "post_fec_bit_errors",
        "frames",
        "initial_frame_errors",
        "residual_frame_errors",
        "false_accepts",
        "transmissions",
        "feedback_bits",
        "gain_db",
    }
)
"""In per_image.csv, numbers that are not averaged."""

OF_SYSTEMS = frozenset(
    {"bits", "payload_bits", "unfit", "indices", "index_errors", "level", "energy"}
)
"""In per_image.csv, of the systems that ship."""

OF_ROWS = frozenset(
    {
        "scenario",
        "seed",
        "repeat",
        "images",
        "quantizer",
        "bits_per_image",
        "bits_per_image_ci95",
        "payload_bits_per_image",
        "entropy_bits_per_image",
        "bpp",
        "index_error_rate",
        "preamble_bits",
        "side_information_bits",
        "energy_per_channel_use",
        "damaged_images",
        "coded_bits_per_image",
        "overhead_bits_per_image",
        "channel_uses_per_image",
        "bandwidth_ratio",
        "transmissions_per_frame",
        "bit_error_rate",
        "post_fec_bit_error_rate",
        "initial_frame_error_rate",
        "residual_frame_error_rate",
        "residual_frame_error_rate_low",
        "residual_frame_error_rate_high",
        "energy_per_payload_bit_db",
        "adapted_modulation",
        "adapted_code_rate",
    }
)
"""In results.csv, beside those that have the name of a column of per_image.csv."""

TAKEN = OF_SAMPLES_AND_CARRIER | OF_SYSTEMS | OF_ROWS | {"image", "cell"}
