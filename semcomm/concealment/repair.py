"""Repair of damaged slices: one or two bit errors are corrected, and symbols that look wrong are
discarded.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from semcomm.codec.entropy_coding.interface import EntropyCoder, flat_runs
from semcomm.codec.entropy_coding.prefix_code import PrefixCode
from semcomm.compiled import compiled
from semcomm.concealment.crc_error_patterns import crc_error_patterns
from semcomm.concealment.neighbourhood import MISSING, Neighbourhood
from semcomm.frame_format import FrameFormat
from semcomm.frames import Frames
from semcomm.ragged import gather_runs, offsets, ragged_arange, spans, sum_runs

NOISE_PRIOR = 1e-4
"""A correction is used unless the likelihood ratio of its symbols is below this, times the number
of patterns expected by chance, at most 1; docs/decisions/0007-damage.md.
"""

CUT_PENALTY = 1.0
"""In nats: how much likelier a slice has to become before any of its symbols are discarded."""

Slices = NDArray[np.int64]
Runs = NDArray[np.int64]


@dataclass(frozen=True)
class Repair:
    """The repair of a block of F slices; its results are written to the neighbourhood.

    layout: of the frames.
    frames: as they arrived.
    header_bits: (F,) where the payload of each begins.
    remainders: (F,) their CRCs.
    runs: (F, 4) the positions of their symbols, as entropy coders take them.
    sound: (F,) bool, slices that need no repair.
    """

    coder: EntropyCoder
    layout: FrameFormat
    frames: Frames
    header_bits: NDArray[np.int64]
    remainders: NDArray[np.int64]
    runs: NDArray[np.int64]
    neighbourhood: Neighbourhood
    sound: NDArray[np.bool_]

    def correct(self, flips: int) -> None:
        """Flip the bits, 1 or 2 per slice, after which its CRC is right and its payload decodes
        exactly to its end.

        Of several such patterns, the one is taken whose symbols are likeliest beside their
        neighbours. It is used only where its symbols are not far likelier to be unrelated to them.
        """
        damaged = np.flatnonzero(~self.sound & (self.remainders != 0))
        frames, positions = crc_error_patterns(
            self.remainders[damaged], self.frames.lengths[damaged], self.layout.framing.crc, flips
        )
        slices = damaged[frames]
        payloads = self._flipped_payloads(slices, positions)
        decoded = self.coder.decode(payloads.bits, payloads.lengths, self.runs[slices])
        all_counts = self.neighbourhood.layout.counts
        used = np.repeat(decoded.intact, all_counts[slices])
        runs, slices = decoded.symbols[used].astype(np.int64), slices[decoded.intact]
        counts = all_counts[slices]
        ratios = sum_runs(self.neighbourhood.log_likelihood_ratio(runs, slices), counts)
        best = _best_candidates(slices, ratios)
        patterns = np.power(self.frames.lengths[slices[best]].astype(np.float64), flips) / flips
        chance = patterns / 2.0**self.layout.framing.crc
        threshold = np.log(NOISE_PRIOR * np.minimum(1.0, chance))
        best = best[ratios[best] > threshold]
        self._write(slices[best], gather_runs(runs, offsets(counts)[best], counts[best]))
        self.sound[slices[best]] = True

    def discard_outliers(self) -> None:
        """In slices that are not sound, discard the run of symbols that is least likely beside its
        neighbours.

        After a bit error, a prefix decoder loses synchronization and soon regains it, often with a
        symbol too few or too many. So the symbols before the run (the head) are counted from the
        slice's start, and those after it (the tail) from its end, where the payload's last codeword
        ends with its last bit. Other coders do not regain synchronization.
        """
        if not isinstance(self.coder, PrefixCode):
            return
        slices = np.flatnonzero(~self.sound)
        counts = self.neighbourhood.layout.counts[slices]
        heads, tails = self._heads_and_tails(slices, counts)
        head_ratios, tail_ratios = (
            self.neighbourhood.log_likelihood_ratio(runs, slices) for runs in (heads, tails)
        )
        stops, resumes = _best_cut(head_ratios, tail_ratios, counts, CUT_PENALTY)
        position, stop, resume = ragged_arange(counts), stops.repeat(counts), resumes.repeat(counts)
        self._write(
            slices,
            np.where(position < stop, heads, np.where(position < resume, MISSING, tails)),
        )

    def _heads_and_tails(self, slices: Slices, counts: NDArray[np.int64]) -> tuple[Runs, Runs]:
        """All symbols that the payloads decode to, aligned with the slices' start and with their
        end.
        """
        payloads = self.layout.payloads(self.frames.take(slices), self.header_bits[slices])
        room = 2 * counts + 1
        decoded = self.coder.decode(payloads.bits, payloads.lengths, flat_runs(room))
        whole = self.coder.decode(payloads.bits, payloads.lengths, flat_runs(decoded.valid)).intact
        ends = whole & (decoded.valid <= 2 * counts)
        symbols = decoded.symbols.astype(np.int64)
        position, start = ragged_arange(counts), np.repeat(offsets(room), counts)
        heads = np.where(
            position < np.repeat(decoded.valid, counts), symbols[start + position], MISSING
        )
        from_end = position + np.repeat(decoded.valid - counts, counts)
        aligned = np.repeat(ends, counts) & (from_end >= 0)
        tails = np.where(aligned, symbols[start + np.where(aligned, from_end, 0)], MISSING)
        return heads, tails

    def _flipped_payloads(self, slices: Slices, positions: NDArray[np.int64]) -> Frames:
        """The payloads of these slices, each frame with its own bits flipped, which may move the
        end of a filled one's payload.
        """
        frames = self.frames.take(slices)
        for column in positions.T:
            frames.bits[frames.starts + column] ^= 1
        return self.layout.payloads(frames, self.header_bits[slices])

    def _write(self, slices: Slices, runs: Runs) -> None:
        """Write the symbols of slices; missing ones remain untrusted."""
        layout = self.neighbourhood.layout
        target = spans(layout.firsts[slices], layout.counts[slices])
        self.neighbourhood.symbols[target] = runs
        self.neighbourhood.trusted[target] = runs != MISSING


def _best_candidates(slices: Slices, ratios: NDArray[np.float64]) -> NDArray[np.int64]:
    """The likeliest candidate, the first of equals, of each slice that has one: their numbers.

    slices: the slice of each candidate.
    """
    order = np.lexsort((np.arange(slices.size), -ratios, slices))
    return order[np.flatnonzero(np.diff(slices[order], prepend=-1))]


@compiled
def _best_cut(
    heads: NDArray[np.float64],
    tails: NDArray[np.float64],
    counts: NDArray[np.int64],
    penalty: float,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the head of each slice stops and its tail resumes, so that the sum of both
    log-likelihood ratios is highest.

    The whole head is taken unless the best cut gains more than the penalty.
    """
    stops, resumes = counts.copy(), counts.copy()
    start = 0
    for slice_, count in enumerate(counts):
        head, tail = 0.0, tails[start : start + count].sum()
        whole = heads[start : start + count].sum()
        highest, best, stop = whole + penalty, head, 0
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
