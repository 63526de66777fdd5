"""Training of an analogue codec through a channel, for the least mean squared error."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from semcomm.choices import DType
from semcomm.codec.analogue.codec import AnalogueCodec
from semcomm.codec.analogue.codec_file import AnalogueAbout, analogue_from, save_analogue
from semcomm.codec.analogue.networks import AnalogueAutoencoder, Network
from semcomm.codec.training.channel_trainer import ChannelTrainer
from semcomm.codec.training.channels import TrainingChannel, linear_estimates, normalized
from semcomm.codec.training.epochs import patches_of
from semcomm.codec.training.export import copied
from semcomm.codec.training.held_out import HeldOut, mean_psnr_db
from semcomm.codec.training.images import TrainingImages, key_of
from semcomm.codec.training.schedule import Schedule
from semcomm.modalities.patches import size_of
from semcomm.modalities.rgb8 import Image, from_network


class AnalogueTrainer(ChannelTrainer):
    """Trains both networks."""

    model: AnalogueAutoencoder

    def __init__(
        self,
        network: Network,
        channel: TrainingChannel,
        schedule: Schedule,
        images: TrainingImages,
        seed: int,
        held_out: Sequence[Image] = (),
    ) -> None:
        make = partial(AnalogueAutoencoder, network, channel.points)
        super().__init__(make, schedule, images, seed, held_out)
        self.channel, self.schedule = channel, schedule

    def settings(self) -> dict[str, Any]:
        parts = {"network": self.model.network, "channel": self.channel, "training": self.schedule}
        return {name: asdict(part) for name, part in parts.items()}

    def save(self, path: Path, images: Sequence[Image], origin: Mapping[str, Any]) -> None:
        settings = {name: self.settings()[name] for name in ("channel", "training")}
        save_analogue(exported(path.stem, self.model, self.channel, {**origin, **settings}), path)

    def _step(self, batch: Tensor, step: int, of_steps: int) -> tuple[float]:
        """Returns the squared error per image, pixels being from 0 to 1."""
        received = received_patches(self.model, self.channel, batch, self._noise, self.dtype)
        loss = (received - batch).square().sum(dim=(1, 2, 3)).mean()
        self.optimizers.step(loss, self.schedule.learning_rate_at(step, step / of_steps))
        return (loss.item(),)

    @torch.no_grad()
    def _held_out_quality(self) -> HeldOut:
        """Over the channel, with the same noise after each epoch."""
        noise = torch.Generator().manual_seed(key_of(self.seed, "held out"))
        received = []
        for picture in self.held_out:
            patches = patches_of(picture[None], self.device)
            arrived = received_patches(self.model, self.channel, patches, noise, self.dtype)
            height, width = size_of(picture)
            received.append(from_network(arrived)[0, :height, :width])
        return HeldOut(mean_psnr_db(self.held_out, received))


def received_patches(
    model: AnalogueAutoencoder,
    channel: TrainingChannel,
    patches: Tensor,
    generator: torch.Generator,
    dtype: DType = "float32",
) -> Tensor:
    """(B, 48, h, w) patches through the encoder, the channel and the decoder.

    The receiver is given the noise variance, which tells it the Es/N0 after equalization.
    """
    esn0_db = channel.draw_esn0_db(len(patches), generator).to(patches.device)
    latents = model.latents(patches, esn0_db, dtype)
    received, variances = channel.transmit(normalized(latents), esn0_db, generator)
    if channel.knows_noise:
        received = linear_estimates(received, variances)
    arrived = torch.view_as_real(received).reshape(latents.shape)
    return model.patches(arrived, -10 * torch.log10(variances), dtype)


def exported(
    name: str, model: AnalogueAutoencoder, channel: TrainingChannel, origin: Mapping[str, Any]
) -> AnalogueCodec:
    """The codec of a trained model, whose weights are rounded to float16."""
    about = AnalogueAbout(model.network, channel.points, channel.knows_noise, dict(origin))
    tensors = {name: copied(tensor.half()) for name, tensor in model.state_dict().items()}
    return analogue_from(name, about, tensors)
