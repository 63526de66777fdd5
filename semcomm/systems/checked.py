"""Systems and measures whose answers are checked before anything is computed from them."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semcomm.channel import State, SymbolReception
from semcomm.errors import CodecError, MeasureError
from semcomm.frames import Frames, Symbols, lossless
from semcomm.framing import Framing
from semcomm.measures.totals import Columns
from semcomm.modalities.modality import MODALITIES, Modality
from semcomm.plugin_code import plugin_code
from semcomm.stages import Arrived, Encoded, Received, Samples, Sent
from semcomm.systems.system import System, SystemReceiver, SystemTransmitter

MAX_TALLY = 1 << 24
"""Values that a system may count by."""


@dataclass(frozen=True)
class CheckedTransmitter:
    """A system's transmitter. Raises CodecError where it returns what `Sent` does not allow."""

    system: System
    transmitter: SystemTransmitter
    framing: Framing

    def encode(self, samples: Samples) -> Encoded:
        with running(self.system, self.transmitter):
            encoded = self.transmitter.encode(samples)
        _check_encoded(self.system, encoded, len(samples))
        return encoded

    def packetize(self, encoded: Encoded, state: State | None = None) -> Sent[Any]:
        packetize: Callable[..., Any] = self.transmitter.packetize
        with running(self.system, self.transmitter):
            sent = packetize(encoded, *([state] if state else []))
        if not isinstance(sent, Sent):
            raise _wrong(self.system, f"a {type(sent).__name__}", "packetize returns a Sent")
        samples = len(next(iter(encoded.values()), ()))
        signal, payload_bits = sent.signal, sent.payload_bits
        _check_signal(self.system, signal, samples, self.framing)
        if isinstance(signal, Frames):
            payload_bits = _vector(self.system, "payload_bits", payload_bits, np.int64, samples)
            if payload_bits.min(initial=0) < 0:
                raise _wrong(self.system, "negative payload_bits", "they are 0 or more")
        _check_encoded(self.system, sent.encoded, samples)
        return Sent(signal, payload_bits, sent.encoded)


@dataclass(frozen=True)
class CheckedReceiver:
    """A system's receiver. Raises CodecError where it returns what `Received` does not allow."""

    system: System
    receiver: SystemReceiver
    framing: Framing

    def depacketize(self, reception: Any) -> Arrived:
        with running(self.system, self.receiver):
            arrived = self.receiver.depacketize(reception)
        if not isinstance(arrived, Arrived):
            raise _wrong(self.system, f"a {type(arrived).__name__}", "depacketize returns Arrived")
        if isinstance(reception, SymbolReception):
            samples = len(reception.symbols)
        else:
            samples = len(reception.frames) // self.framing.slices
        _check_encoded(self.system, arrived.encoded, samples)
        return Arrived(arrived.encoded, self._damaged(arrived.damaged, samples))

    def reconstruct(self, arrived: Arrived) -> Received:
        with running(self.system, self.receiver):
            received = self.receiver.reconstruct(arrived)
        if not isinstance(received, Received):
            raise _wrong(
                self.system, f"a {type(received).__name__}", "reconstruct returns Received"
            )
        samples = arrived.damaged.size
        if not isinstance(received.samples, Sequence | np.ndarray):
            raise _wrong(
                self.system, f"samples as {type(received.samples).__name__}", "they are a list"
            )
        if len(received.samples) != samples:
            raise _wrong(self.system, f"{len(received.samples)} samples", f"{samples} were sent")
        modality = MODALITIES[self.system.modality]
        for sample in received.samples:
            _check_sample(self.system, modality, sample)
        if received.encoded is not None:
            _check_encoded(self.system, received.encoded, samples)
        damaged = self._damaged(received.damaged, samples)
        return Received(received.samples, damaged, received.encoded)

    def _damaged(self, damaged: Any, samples: int) -> NDArray[np.bool_]:
        return _vector(self.system, "damaged", damaged, np.bool_, samples)


def checked_columns(system: System, sent: Sent[Any], received: Received) -> Columns:
    """A system's columns, each of one real number per sample. Raises CodecError for others."""
    with running(system, system):
        given = system.columns(sent, received)
        columns = {name: np.asarray(values) for name, values in given.items()}
    samples = len(received.samples)
    for name, array in columns.items():
        if array.shape != (samples,) or array.dtype.kind not in "biuf" or np.isinf(array).any():
            raise _wrong(
                system,
                f"the column {name} as {array.shape} {array.dtype}",
                f"a column is ({samples},) finite numbers or NaN",
            )
    return columns


def checked_tallies(system: System, sent: Sent[Any]) -> Mapping[str, NDArray[np.int64]]:
    """A system's tallies. Raises CodecError where they are not counts."""
    with running(system, system):
        tallies = {name: np.asarray(counts) for name, counts in system.tallies(sent).items()}
    for name, counts in tallies.items():
        if (
            counts.ndim != 1
            or counts.dtype != np.int64
            or counts.size > MAX_TALLY
            or np.any(counts < 0)
        ):
            raise _wrong(
                system,
                f"the tally {name} as {counts.shape} {counts.dtype}",
                f"a tally is (n,) int64 counts, n at most {MAX_TALLY}",
            )
    return tallies


def checked_values(
    name: str, of: Callable[..., Any], *arguments: Any, samples: int
) -> NDArray[np.float64]:
    """What a function of a measure gives, (B,) float64, each finite or NaN.

    Raises MeasureError for anything else.
    """
    with plugin_code(f"measure {name}", of, MeasureError):
        values = np.asarray(of(*arguments))
    if values.dtype.kind not in "biuf" or values.shape != (samples,):
        raise MeasureError(
            f"measure {name} returned {values.shape} {values.dtype}; it takes ({samples},) real "
            "numbers, one per sample"
        )
    if np.isinf(values).any():
        raise MeasureError(
            f"measure {name} returned an infinite value; a value is finite, or NaN where it is "
            "undefined"
        )
    return values.astype(np.float64, copy=False)


def running(system: System, part: Any) -> AbstractContextManager[None]:
    """Runs a system's code; whatever it raises is a CodecError that names the system."""
    return plugin_code(f"system {type(system).__name__}", type(part), CodecError)


def _check_encoded(system: System, encoded: Any, samples: int) -> None:
    if not isinstance(encoded, Mapping):
        raise _wrong(system, f"encoded as {type(encoded).__name__}", "it is a mapping of arrays")
    for name, arrays in encoded.items():
        if not _are_arrays(arrays):
            raise _wrong(
                system, f"{name} as {type(arrays).__name__}", "it is arrays, one for each sample"
            )
        if len(arrays) != samples:
            raise _wrong(
                system,
                f"{len(arrays)} arrays as {name}",
                f"it is one for each of {samples} samples",
            )


def _are_arrays(values: Any) -> bool:
    if isinstance(values, np.ndarray):
        return values.ndim > 0
    return isinstance(values, Sequence) and all(
        isinstance(each, np.ndarray | np.generic) for each in values
    )


def _check_signal(system: System, signal: Any, samples: int, framing: Framing) -> None:
    if not isinstance(signal, system.signal):
        raise _wrong(
            system,
            f"a signal of {type(signal).__name__}",
            f"its signal is {system.signal.__name__}",
        )
    frames = samples if isinstance(signal, Symbols) else samples * framing.slices
    if len(signal) != frames:
        raise _wrong(system, f"{len(signal)} frames", f"{samples} samples have {frames}")
    if isinstance(signal, Symbols) and not np.isfinite(signal.values).all():
        raise _wrong(system, "symbols that are NaN or infinite", "a symbol is finite")


def _check_sample(system: System, modality: Modality, sample: Any) -> None:
    array, noun, channels = np.asarray(sample), modality.noun, modality.channels
    if array.dtype != modality.dtype or array.ndim != 3 or array.shape[2] != channels:
        raise _wrong(
            system,
            f"{noun} as {array.shape} {array.dtype}",
            f"{noun} is (height, width, {channels}) {modality.dtype}",
        )
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise _wrong(system, f"{noun} with values that are not finite", "they are finite")


def _vector(system: System, name: str, values: Any, dtype: Any, samples: int) -> NDArray[Any]:
    try:
        array = lossless(name, values, dtype)
    except (ValueError, TypeError) as error:
        raise _wrong(system, f"wrong {name}", str(error)) from error
    if array.shape != (samples,):
        raise _wrong(system, f"{name} of the shape {array.shape}", f"it is ({samples},)")
    return array


def _wrong(system: System, given: str, asked: str) -> CodecError:
    return CodecError(f"system {type(system).__name__} returned {given}; {asked}")
