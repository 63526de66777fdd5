"""Damaged slices, put right where a bit or two flipped, and cut out where not."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semcomm.codec.entropy_coding.interface import Decoded, EntropyCoder, flat_runs, places_in
from semcomm.codec.entropy_coding.prefix_code import PrefixCode
from semcomm.compiled import compiled
from semcomm.concealment.crc_error_patterns import explanations
from semcomm.concealment.neighbourhood import ABSENT, Surroundings
from semcomm.frames import Frames

GARBAGE = 0.01
DOUBT = 1.0
"""In nats: how much likelier it has to be that symbols are wrong before they are given up."""

Slices = NDArray[np.int64]
Runs = NDArray[np.int64]


@dataclass(frozen=True)
class Repair:
    """A block of F slices on the way to being put right; what is found is written into the
    surroundings.

    frames: as they arrived; remainders: (F,) their CRCs of `width` bits; payloads: what they hold.
    runs: (F, 4) of which positions their symbols are, as coders take them.
    sound: (F,) bool, slices that need no repair.
    """

    coder: EntropyCoder
    width: int
    frames: Frames
    remainders: NDArray[np.int64]
    payloads: Frames
    runs: NDArray[np.int64]
    surroundings: Surroundings
    sound: NDArray[np.bool_]

    def correct(self, flips: int) -> None:
        """Take the bits for flipped, so many in a slice, with which its CRC fits and its payload
        decodes to its end.

        Of several such sets the one counts whose symbols are likeliest beside their neighbours; and
        it counts only where they are not far likelier to have nothing to do with them.
        """
        damaged = np.flatnonzero(~self.sound & (self.remainders != 0))
        which, places = explanations(
            self.remainders[damaged], self.frames.lengths[damaged], self.width, flips
        )
        slices = damaged[which]
        decoded = _decoded(self.coder, self._flipped(slices, places), self.runs[slices])
        runs = decoded.symbols[np.repeat(decoded.intact, self._counts(slices))].astype(np.int64)
        slices = slices[decoded.intact]
        fits = _sums(self.surroundings.likeness(runs, slices), self._counts(slices))
        best = _best(slices, fits)
        sets = np.power(self.frames.lengths[slices[best]].astype(np.float64), flips) / flips
        best = best[fits[best] > np.log(GARBAGE * np.minimum(1.0, sets / 2.0**self.width))]
        counts = self._counts(slices)
        self._put(slices[best], _runs(runs, (np.cumsum(counts) - counts)[best], counts[best]))
        self.sound[slices[best]] = True

    def cut_out(self) -> None:
        """Of slices that are not sound, leave out the run of symbols that fits its surroundings
        worst.

        A prefix decoder loses step at a flipped bit and soon falls into step again, often with a
        symbol too few or too many. So what stands before the run is counted from the slice's start,
        and what stands behind it from its end, where the payload's last codeword ends with its last
        bit.
        """
        if not isinstance(self.coder, PrefixCode):
            return  # no other falls into step again
        slices = np.flatnonzero(~self.sound)
        counts = self._counts(slices)
        payloads = _some(self.payloads, slices)
        decoded = _decoded(self.coder, payloads, flat_runs(2 * counts + 1))
        ends = _decoded(self.coder, payloads, flat_runs(decoded.valid)).intact & (
            decoded.valid <= 2 * counts
        )
        place, found = places_in(counts), decoded.symbols.astype(np.int64)
        start = np.repeat(np.cumsum(2 * counts + 1) - (2 * counts + 1), counts)
        good, behind = np.repeat(decoded.valid, counts), np.repeat(decoded.valid - counts, counts)
        heads = np.where(place < good, found[start + place], ABSENT)
        aligned = np.repeat(ends, counts) & (place + behind >= 0)
        tails = np.where(aligned, found[start + np.where(aligned, place + behind, 0)], ABSENT)
        fits, fits_behind = (self.surroundings.likeness(runs, slices) for runs in (heads, tails))
        stop, resume = (
            np.repeat(edge, counts) for edge in _edges(fits, fits_behind, counts, DOUBT)
        )
        self._put(slices, np.where(place < stop, heads, np.where(place < resume, ABSENT, tails)))

    def _counts(self, slices: Slices) -> NDArray[np.int64]:
        return self.surroundings.places.counts[slices]

    def _flipped(self, slices: Slices, places: NDArray[np.int64]) -> Frames:
        """The payloads of these slices, each with its own bits flipped, those in header and CRC
        left out.
        """
        payloads = _some(self.payloads, slices)
        header = self.frames.lengths[slices] - self.width - payloads.lengths
        for column in places.T:
            within = column - header
            hit = (within >= 0) & (within < payloads.lengths)
            payloads.bits[(payloads.starts + within)[hit]] ^= 1
        return payloads

    def _put(self, slices: Slices, runs: Runs) -> None:
        """Write the symbols of slices; those that are absent remain unknown."""
        counts = self._counts(slices)
        target = np.repeat(self.surroundings.places.firsts[slices], counts) + places_in(counts)
        self.surroundings.symbols[target] = runs
        self.surroundings.trusted[target] = runs != ABSENT


def _decoded(coder: EntropyCoder, payloads: Frames, runs: NDArray[np.int64]) -> Decoded:
    return coder.decode(payloads.bits, payloads.lengths, runs)


def _some(frames: Frames, numbers: NDArray[np.int64]) -> Frames:
    """A copy of some frames, any as often as it is named."""
    lengths = frames.lengths[numbers]
    return Frames(_runs(frames.bits, frames.starts[numbers], lengths), lengths)


def _sums(values: NDArray[np.float64], counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """The sum of each run of so many values."""
    return np.bincount(np.repeat(np.arange(counts.size), counts), values, counts.size).astype(
        np.float64
    )


def _best(slices: Slices, fits: NDArray[np.float64]) -> NDArray[np.int64]:
    """The number of the candidate that fits best, the first of equals, for each of the slices that
    have one.
    """
    order = np.lexsort((np.arange(slices.size), -fits, slices))
    return order[np.flatnonzero(np.diff(slices[order], prepend=-1))]


@compiled
def _runs(
    values: NDArray[Any], starts: NDArray[np.int64], lengths: NDArray[np.int64]
) -> NDArray[Any]:
    """Copies of the runs of values with these starts and lengths, one after the other."""
    copies = np.empty(lengths.sum(), values.dtype)
    place = 0
    for run in range(starts.size):
        for k in range(lengths[run]):
            copies[place + k] = values[starts[run] + k]
        place += lengths[run]
    return copies


@compiled
def _edges(
    heads: NDArray[np.float64], tails: NDArray[np.float64], counts: NDArray[np.int64], doubt: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where each slice's head stops and its tail begins again, so that the likeness of both is
    highest together.

    A head that is not much less likely by itself goes on to the slice's end.
    """
    stops, resumes = counts.copy(), counts.copy()
    start = 0
    for slice_, count in enumerate(counts):
        head, tail = 0.0, tails[start : start + count].sum()
        whole = heads[start : start + count].sum()
        highest, best, stop = whole + doubt, head, 0
        for t in range(count + 1):
            if head > best:
                best, stop = head, t
            if best + tail > highest:
                highest, stops[slice_], resumes[slice_] = best + tail, stop, t
            if t < count:
                head += heads[start + t]
                tail -= tails[start + t]
        start += count
    return stops, resumes
