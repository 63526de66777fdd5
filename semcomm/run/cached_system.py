"""A system that does nothing twice: a wrapper around its transmitter and receiver.

Images are encoded once for all cells that send them alike. Where a description arrives as it was
sent, its reconstruction and its measures are those of the first time.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load, save

from semcomm.channel import State
from semcomm.choices import ModalityName
from semcomm.errors import CodecError, MeasureError
from semcomm.files import write_atomically
from semcomm.measures.measure import Measure
from semcomm.modalities.modality import MODALITIES
from semcomm.modalities.patches import size_of
from semcomm.ragged import split_runs
from semcomm.run.scratch import cache_dir
from semcomm.stages import Arrived, Encoded, Received, Samples, Sent
from semcomm.systems.checked import checked_values
from semcomm.systems.system import SystemReceiver, SystemTransmitter

MAX_STEPS = 1 << 24
"""Steps from 0 to a value of a measure that has percentiles, which are counted one by one."""

Values = Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Ends:
    """Both ends of a system.

    repeats: what was encoded may arrive unchanged, as bits do and symbols with noise do not.
    modality: what the samples are.
    """

    transmitter: SystemTransmitter
    receiver: SystemReceiver
    repeats: bool
    modality: ModalityName = "rgb8"


@dataclass(frozen=True)
class Reference:
    """What B samples become where nothing happens on the way: encoded, reconstructed, measured.

    samples, values: empty where no encoding arrives unchanged.
    """

    encoded: Encoded
    samples: Samples
    values: Values


class CachedSystem:
    """One block's way through a system. `encode` comes first, then the others in their order.

    path: where the block's reference is kept for other cells; None keeps nothing.
    """

    def __init__(
        self,
        ends: Ends,
        measures: Mapping[str, Measure],
        labels: NDArray[np.int64] | None,
        path: Path | None,
    ) -> None:
        self._ends, self._measures, self._labels, self._path = ends, measures, labels, path
        self._reference = Reference({}, [], {})
        self._changed: list[int] = []

    def encode(self, samples: Samples) -> Encoded:
        """As the transmitter does, or as it did for another cell."""
        self._reference = cached(self._path, lambda: self._make_reference(samples))
        return self._reference.encoded

    def packetize(self, encoded: Encoded, state: State | None = None) -> Sent[Any]:
        """As the transmitter does, which is given the state where there is one."""
        packetize: Callable[..., Sent[Any]] = self._ends.transmitter.packetize
        return packetize(encoded, *([state] if state else []))

    def depacketize(self, reception: Any) -> Arrived:
        """As the receiver does."""
        return self._ends.receiver.depacketize(reception)

    def reconstruct(self, arrived: Arrived) -> Received:
        """As the receiver does; where an encoding did not change, the sample is the reference's."""
        reference, count = self._reference, arrived.damaged.size
        if not self._ends.repeats:
            self._changed = list(range(count))
            return self._ends.receiver.reconstruct(arrived)
        self._changed = _changed(reference.encoded, arrived.encoded, count)
        fresh = self._ends.receiver.reconstruct(arrived.only(self._changed))
        samples, damaged = list(reference.samples), arrived.damaged.copy()
        encoded = {name: list(reference.encoded[name]) for name in arrived.encoded}
        damaged[self._changed] = fresh.damaged
        for number, sample in zip(self._changed, fresh.samples, strict=True):
            samples[number] = sample
            for name, arrays in encoded.items():
                arrays[number] = arrived.encoded[name][number]
        return Received(samples, damaged, None if fresh.encoded is None else encoded)

    def measure(self, samples: Samples, received: Received) -> Values:
        """Each measure's values, (B,), computed for samples that changed on the way alone."""
        if not self._ends.repeats:
            return self._measure(samples, received.samples, self._labels)
        changed, reference = self._changed, self._reference.values
        values = {name: reference[name].copy() for name in self._measures}
        if not changed:
            return values
        labels = None if self._labels is None else self._labels[changed]
        again = self._measure(
            [samples[number] for number in changed],
            [received.samples[number] for number in changed],
            labels,
        )
        for name, column in again.items():
            values[name][changed] = column
        return values

    def _make_reference(self, samples: Samples) -> Reference:
        encoded = self._ends.transmitter.encode(samples)
        if not self._ends.repeats:
            return Reference(encoded, [], {})
        whole = Arrived(encoded, np.zeros(len(samples), np.bool_))
        received = self._ends.receiver.reconstruct(whole).samples
        values = self._measure(samples, received, self._labels)
        return Reference(encoded, received, values)

    def _measure(
        self, sent: Samples, received: Samples, labels: NDArray[np.int64] | None
    ) -> Values:
        return measure(self._measures, sent, received, labels, self._ends.modality)


def measure(
    measures: Mapping[str, Measure],
    sent: Samples,
    received: Samples,
    labels: NDArray[np.int64] | None,
    modality: ModalityName = "rgb8",
) -> dict[str, NDArray[np.float64]]:
    """The values of each measure, (B,). A sample of another size counts as one that is lost."""
    blank = MODALITIES[modality].blank
    arrived = [
        theirs if theirs.shape == ours.shape else blank(*size_of(ours))
        for ours, theirs in zip(sent, received, strict=True)
    ]
    values = {}
    for name, item in measures.items():
        arguments = (sent, arrived, labels) if item.labelled else (sent, arrived)
        values[name] = checked_values(name, item.of, *arguments, samples=len(sent))
        largest = np.nanmax(np.abs(values[name]), initial=0)
        if item.percentiles and largest > MAX_STEPS * item.step:
            raise MeasureError(
                f"measure {name} returned a value of {largest:g} in steps of {item.step:g}; with "
                f"percentiles it takes at most {MAX_STEPS} steps"
            )
    return values


def _changed(sent: Encoded, arrived: Encoded, count: int) -> list[int]:
    """The numbers of the samples of which some array arrived otherwise than it was sent.

    What only the transmitter knows does not arrive. Raises CodecError for what was not encoded.
    """
    same = np.ones(count, np.bool_)
    for name, theirs in arrived.items():
        if name not in sent:
            raise CodecError(
                f"depacketize returned {name}, which encode did not: what arrives of bits has the "
                "names of what was encoded, or the system's `repeats` is False"
            )
        same &= [*map(_equal, sent[name], theirs)]
    return np.flatnonzero(~same).tolist()


def _equal(ours: NDArray[Any], theirs: NDArray[Any]) -> bool:
    return ours.shape == theirs.shape and ours.tobytes() == theirs.tobytes()


def cached(path: Path | None, make: Callable[[], Reference]) -> Reference:
    """What `make` gives, from the file where it was kept before; without a path nothing is."""
    if path is None:
        return make()
    if not path.exists():
        _save(make(), path)
    return _load(path)


def cache_path(run: str, key: object) -> Path:
    """The file of what this key stands for, in this machine's folder of this run."""
    return cache_dir(run) / f"{hashlib.sha256(repr(key).encode()).hexdigest()}.safetensors"


def _save(reference: Reference, path: Path) -> None:
    arrays = {f"value {name}": column for name, column in reference.values.items()}
    for name, parts in {**reference.encoded, "samples": reference.samples}.items():
        if len(parts):
            arrays |= _joined(name, parts)
    write_atomically(path, save(arrays), durable=False)


def _load(path: Path) -> Reference:
    file = load(path.read_bytes())
    names = [name.removesuffix(" shapes") for name in file if name.endswith(" shapes")]
    parts = {name: _split(file[name], file[f"{name} shapes"]) for name in names}
    values = {
        name.removeprefix("value "): column
        for name, column in file.items()
        if name.startswith("value ")
    }
    samples = parts.pop("samples", [])
    return Reference(parts, samples, values)


def _joined(name: str, parts: Sequence[NDArray[Any]] | NDArray[Any]) -> dict[str, NDArray[Any]]:
    flat = np.concatenate([part.ravel() for part in parts])
    shapes = np.array([part.shape for part in parts], np.int64).reshape(len(parts), -1)
    return {name: flat, f"{name} shapes": shapes}


def _split(flat: NDArray[Any], shapes: NDArray[np.int64]) -> list[NDArray[Any]]:
    parts = split_runs(flat, shapes.prod(axis=1))
    return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]
