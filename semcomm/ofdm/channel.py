"""OFDM over frequency-selective fading: the common part of channels of tapped delay lines."""

import math
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Gt, Le, Unit, doc
from numpy.typing import NDArray

from semcomm.channel import GainKnowledge, State, SymbolChannel, SymbolReception
from semcomm.errors import ChannelError
from semcomm.fading import complex_normals
from semcomm.frames import Symbols
from semcomm.ofdm.estimation import Statistics, least_squares, minimum_mean_squared_error
from semcomm.ofdm.grid import Grid
from semcomm.ofdm.taps import SPEED_OF_LIGHT, Taps, correlated, jakes
from semcomm.ragged import spans

LINE_OF_SIGHT_DOPPLER = 0.7
"""Of the greatest Doppler shift: TR 38.901, section 7.7.2."""

GREATEST_DOPPLER = 0.02
"""Of the subcarrier spacing. Interference between subcarriers, which is left out, is at most
(2 pi f / spacing)^2 / 24 of a symbol's energy, here 0.07 %: Li and Cimini, Bounds on the
interchannel interference of OFDM in time-varying impairments, IEEE Trans. Commun. 49(3), 2001.
"""

CELLS_AT_ONCE = 1 << 20
"""Cells of grids that are computed together. It bounds the memory; nothing depends on it."""


@dataclass(frozen=True, kw_only=True)
class Ofdm(SymbolChannel):
    """Sends each frame as a grid of its own: r = h x + n in each cell, with the gain h of the
    subcarrier and the OFDM symbol.

    A frame takes as few OFDM symbols as hold it, and what is left of the last is padding. Gains are
    constant within an OFDM symbol, which a cyclic prefix precedes that is no shorter than the
    longest delay, so that neither OFDM symbols nor subcarriers interfere. An OFDM symbol of N
    subcarriers with a prefix of C samples takes N + C channel uses, each of energy 1: the prefix
    costs channel uses and energy, and leaves Es/N0 on the subcarriers as it is.

    A channel of this kind has `taps`, the paths on which it arrives.
    """

    receiver_fields: ClassVar[frozenset[str]] = frozenset(
        {"estimation", "pilot_spacing", "pilot_period"}
    )

    esn0_db: Annotated[
        float,
        Ge(-30.0),
        Le(60.0),
        Unit("dB"),
        doc(
            "mean over the fades of E|h x|^2 / E|n|^2 on a subcarrier, which is energy per channel "
            "use over N0, in the cyclic prefix as well; n is as in awgn"
        ),
    ]
    subcarriers: Annotated[int, Ge(1), Le(8192), doc("of each OFDM symbol, all in use")] = 512
    spacing_khz: Annotated[
        float, Ge(1.0), Le(1000.0), Unit("kHz"), doc("from one subcarrier to the next")
    ] = 30.0
    cyclic_prefix: Annotated[
        Annotated[int, Ge(0), Le(8192), Unit("samples")] | None,
        doc(
            "samples before each OFDM symbol, at a rate of subcarriers times spacing_khz; at "
            "least the longest delay, by default no more than that"
        ),
    ] = None
    speed_kmh: Annotated[
        float,
        Ge(0.0),
        Le(1000.0),
        Unit("km/h"),
        doc(
            "of the receiver, which makes gains change from OFDM symbol to OFDM symbol, with "
            "Clarke's autocorrelation; 0 keeps them for a whole frame"
        ),
    ] = 0.0
    carrier_ghz: Annotated[
        float, Gt(0.0), Le(300.0), Unit("GHz"), doc("of which the Doppler shift is a share")
    ] = 3.5
    estimation: Annotated[
        Literal["known", "ls", "lmmse", "none"],
        doc(
            "the receiver is given the gains (known), or estimates them from the pilots of a "
            "frame by least squares with linear interpolation (ls) or with linear minimum mean "
            "squared error by the channel's own covariance (lmmse): Kay, Estimation Theory, "
            "theorem 12.1; or it knows no gain (none) and takes h x + n as it is, which no link "
            "takes."
        ),
    ] = "known"
    pilot_spacing: Annotated[
        Annotated[int, Ge(1), Le(8192), Unit("subcarriers")] | None,
        doc(
            "from one pilot to the next, of energy 1, beginning with the lowest subcarrier; by "
            "default there are none. Pilots are also sent where the gains are known, so that the "
            "two cases differ only in what the receiver knows."
        ),
    ] = None
    pilot_period: Annotated[
        int,
        Ge(1),
        Le(8192),
        Unit("OFDM symbols"),
        doc("from one with pilots to the next; the first of a frame has them"),
    ] = 1

    def __post_init__(self) -> None:
        if self._shortest_prefix > self.subcarriers:
            raise ValueError(
                f"the longest delay is {self.taps.delays_ns.max():.0f} ns, longer than an OFDM "
                f"symbol of {1e6 / self.spacing_khz:.0f} ns (spacing_khz {self.spacing_khz}): take "
                "narrower subcarriers"
            )
        if self.prefix < self._shortest_prefix:
            raise ValueError(
                f"cyclic_prefix is {self.prefix} samples of {self._sample_ns:.1f} ns; the longest "
                f"delay is {self.taps.delays_ns.max():.0f} ns, which takes at least "
                f"{self._shortest_prefix}"
            )
        if self.doppler_hz > GREATEST_DOPPLER * 1e3 * self.spacing_khz:
            raise ValueError(
                f"speed_kmh is {self.speed_kmh} at {self.carrier_ghz} GHz, a Doppler shift of "
                f"{self.doppler_hz:.0f} Hz; subcarriers of {self.spacing_khz} kHz stay apart up to "
                f"{GREATEST_DOPPLER * 1e3 * self.spacing_khz:.0f} Hz"
            )
        if self.estimation in ("ls", "lmmse") and self.pilot_spacing is None:
            raise ValueError(
                f"estimation is {self.estimation}, which takes pilots: set pilot_spacing"
            )
        if self.pilot_spacing == self.pilot_period == 1:
            raise ValueError(
                "pilot_spacing and pilot_period are 1, which leaves no cell for data: raise one"
            )

    @property
    @abstractmethod
    def taps(self) -> Taps:
        """The paths, whose mean energies add up to 1."""

    @property
    def gain_knowledge(self) -> GainKnowledge:
        if self.estimation == "ls" or self.estimation == "lmmse":
            return "estimated"
        return self.estimation

    @property
    def noise_variance(self) -> float:
        """E|n|^2, both dimensions together, for symbols of unit mean energy."""
        return float(10 ** (-self.esn0_db / 10))

    @property
    def doppler_hz(self) -> float:
        """The greatest Doppler shift."""
        return self.speed_kmh / 3.6 / SPEED_OF_LIGHT * 1e9 * self.carrier_ghz

    @property
    def grid(self) -> Grid:
        return Grid(self.subcarriers, self.pilot_spacing, self.pilot_period)

    @property
    def prefix(self) -> int:
        """Samples of the cyclic prefix."""
        return self._shortest_prefix if self.cyclic_prefix is None else self.cyclic_prefix

    @property
    def symbol_uses(self) -> int:
        """Channel uses of an OFDM symbol."""
        return self.subcarriers + self.prefix

    def transmit(
        self, symbols: Symbols, rng: np.random.Generator, state: State | None = None
    ) -> SymbolReception:
        """As `SymbolChannel.transmit`: what was received, divided by the gain that the receiver
        assumes, which is 1 where it knows none; then the noise variance is that of n alone.

        With an estimate g of h whose error h - g has mean squared error e, r / g = x + ((h - g) x +
        n) / g, and the noise variance is (e E|x|^2 + E|n|^2) / |g|^2. By lmmse the error is
        independent of the estimate, by ls it is not quite.
        """
        lengths = symbols.lengths
        grids = self.grid.symbols_for(lengths)
        drawn = 0 if state else grids.size  # a state has them all
        paths = self.path_gains(drawn, grids.max(initial=0), rng)
        noise = np.sqrt(self.noise_variance) * complex_normals((symbols.values.size,), rng)
        pilot_noise = self._pilot_noise(grids, rng)
        received, variances = np.empty_like(noise), np.empty(noise.size)
        for frames in _parts(grids, self.subcarriers):
            count = int(grids[frames[0]])
            if state:
                gains = state.gains[frames, None].repeat(count, axis=1)
            else:
                gains = self.over_grid(paths[frames, :count], count)
            assumed, errors = self._estimate(gains, pilot_noise[:, frames])
            is_data = self.grid.is_data(count)
            cells = np.arange(is_data.sum()) < lengths[frames, None]
            h, g = gains[:, is_data][cells], assumed[:, is_data][cells]
            e = np.broadcast_to(errors[is_data], cells.shape)[cells]
            place = spans(symbols.starts[frames], lengths[frames])
            received[place] = (h * symbols.values[place] + noise[place]) / g
            variances[place] = (e + self.noise_variance) / np.abs(g) ** 2
        return SymbolReception(
            symbols.with_values(received), variances, channel_uses=grids * self.symbol_uses
        )

    def draw(self, frames: int, rng: np.random.Generator) -> State | None:
        """As `SymbolChannel.draw`: a gain per subcarrier, at rest and without pilots."""
        if self.doppler_hz or self.pilot_spacing:
            return None
        return State(self.gains(frames, 1, rng)[:, 0], self.noise_variance)

    def symbols_in(self, channel_uses: int) -> int:
        """As `SymbolChannel.symbols_in`: whole OFDM symbols, less their pilots."""
        count = channel_uses // self.symbol_uses
        room = self.grid.room(np.array([max(count - 1, 0), count]))
        if channel_uses % self.symbol_uses or room[0] == room[1]:
            longer = self.grid.symbols_for(room[1:] + 1)[0]
            raise ChannelError(
                f"no frame takes {channel_uses} channel uses: an OFDM symbol of "
                f"{self.subcarriers} subcarriers with a cyclic prefix of {self.prefix} takes "
                f"{self.symbol_uses}; {longer * self.symbol_uses} would do"
            )
        return int(room[1])

    def path_gains(
        self, frames: int, symbols: int, rng: np.random.Generator
    ) -> NDArray[np.complex128]:
        """The scattered gain of each path in each OFDM symbol, (F, T, L); (F, 1, L) where they hold
        for a frame.

        Those of all frames in one OFDM symbol are drawn before those in the next, so that they are
        the same in all systems that send F frames, however long these are.
        """
        moments = symbols if self.doppler_hz else 1
        white = complex_normals((moments, frames, self.taps.energies.size), rng)
        unscaled = correlated(white, self._autocorrelation(moments))
        gains: NDArray[np.complex128] = unscaled * np.sqrt(self.taps.energies)
        return gains

    def gains(self, frames: int, symbols: int, rng: np.random.Generator) -> NDArray[np.complex128]:
        """The gain of each cell, (F, T, N)."""
        return self.over_grid(self.path_gains(frames, symbols, rng), symbols)

    def over_grid(self, paths: NDArray[np.complex128], symbols: int) -> NDArray[np.complex128]:
        """The gains of cells from those of `path_gains`: (F, T or 1, L) to (F, T, N)."""
        scattered = np.einsum("ftl,nl->ftn", paths, self._responses)
        gains: NDArray[np.complex128] = scattered + self._line_of_sight(symbols)
        return gains

    def _line_of_sight(self, symbols: int) -> NDArray[np.complex128]:
        """(T, N). Its phase at the head of a frame is 0: the receiver has locked on to it."""
        shift = LINE_OF_SIGHT_DOPPLER * self.doppler_hz * self._symbol_seconds
        turning = np.exp(2j * np.pi * shift * np.arange(symbols))
        responses: NDArray[np.complex128] = np.outer(turning, self._responses[:, 0])
        return responses * float(np.sqrt(self.taps.line_of_sight))

    def _autocorrelation(self, symbols: int) -> NDArray[np.float64]:
        """(T,) of a scattered gain of mean energy 1."""
        return jakes(self.doppler_hz, self._symbol_seconds * np.arange(symbols, dtype=np.float64))

    def _pilot_noise(
        self, grids: NDArray[np.int64], rng: np.random.Generator
    ) -> NDArray[np.complex128]:
        """The noise of each pilot, (pilot symbols, F, pilot subcarriers)."""
        if self.estimation not in ("ls", "lmmse"):
            return np.empty((0, grids.size, 0), np.complex128)
        moments = self.grid.pilot_symbols(grids.max(initial=0)).size
        shape = (moments, grids.size, self.grid.pilot_subcarriers.size)
        noise: NDArray[np.complex128] = complex_normals(shape, rng)
        return noise * float(np.sqrt(self.noise_variance))

    def _estimate(
        self, gains: NDArray[np.complex128], pilot_noise: NDArray[np.complex128]
    ) -> tuple[NDArray[np.complex128], NDArray[np.float64]]:
        """The gains that the receiver assumes, (F, T, N), and their mean squared error, (T, N)."""
        symbols = gains.shape[1]
        if self.estimation == "known":
            return gains, np.zeros(gains.shape[1:])
        if self.estimation == "none":
            return np.ones_like(gains), np.zeros(gains.shape[1:])
        moments = self.grid.pilot_symbols(symbols)
        measured = gains[:, moments][:, :, self.grid.pilot_subcarriers]
        measured = measured + pilot_noise[: moments.size].transpose(1, 0, 2)
        known = Statistics(
            self._line_of_sight(symbols),
            self._responses * np.sqrt(self.taps.energies),
            self._autocorrelation(symbols),
            self.noise_variance,
        )
        estimate = least_squares if self.estimation == "ls" else minimum_mean_squared_error
        return estimate(measured, self.grid, known)

    @cached_property
    def _responses(self) -> NDArray[np.complex128]:
        places = np.arange(self.subcarriers, dtype=np.float64)
        return self.taps.responses(1e3 * self.spacing_khz * places)

    @property
    def _sample_ns(self) -> float:
        return 1e6 / (self.subcarriers * self.spacing_khz)

    @property
    def _shortest_prefix(self) -> int:
        # A delay of whole samples takes no further one where rounding has lengthened it.
        return math.ceil(float(self.taps.delays_ns.max()) / self._sample_ns - 1e-9)

    @property
    def _symbol_seconds(self) -> float:
        """From one OFDM symbol to the next."""
        return 1e-9 * self._sample_ns * self.symbol_uses


def _parts(grids: NDArray[np.int64], subcarriers: int) -> Iterator[NDArray[np.int64]]:
    """The numbers of frames of equally many OFDM symbols, at most `CELLS_AT_ONCE` cells of them."""
    for count in np.unique(grids[grids > 0]).tolist():
        frames = np.flatnonzero(grids == count)
        at_once = max(1, CELLS_AT_ONCE // (count * subcarriers))
        for first in range(0, frames.size, at_once):
            yield frames[first : first + at_once]
