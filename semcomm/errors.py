"""Errors that a person can act on: each message names the place, the value and what would do."""


class SemcommError(Exception):
    """Root of every error that semcomm raises on purpose; the command line prints it without a
    traceback.
    """


class CodecError(SemcommError):
    """A codec file is missing, damaged, of another version, or not a codec."""


class CheckpointError(SemcommError):
    """A checkpoint cannot be gone on from."""


class DataError(SemcommError):
    """A data set or an image is missing, damaged or of a kind that cannot be sent."""


class ChannelError(SemcommError):
    """A channel is unknown, ambiguous, or its file does not hold one."""


class MeasureError(SemcommError):
    """A measure is unknown, or its file does not hold one."""


class CodeTableError(SemcommError):
    """Code lengths do not form a complete prefix code, or none of the allowed length exists."""


class TransmissionError(SemcommError):
    """Bytes that should be a transmission are not one."""


class SettingError(SemcommError, ValueError):
    """Fields of a section, or arguments of a constructor, that are not taken; one a line."""


class FramingError(SemcommError, ValueError):
    """A framing that cannot be, or images that do not fit the one that was agreed."""


class ReportError(SemcommError):
    """Results that cannot be read back, selected from, compared or drawn as was asked."""


class ScenarioError(SemcommError):
    """One line a mistake, each with its file, line and column, or the option that made it."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__(mistakes)
        self.mistakes = mistakes

    def __str__(self) -> str:
        return "\n".join(self.mistakes)


class LinkError(SemcommError, ValueError):
    """A link that does not go with its channel or its frames."""


class RunError(SemcommError):
    """A run that cannot go on where it was to, or of which a part failed."""
