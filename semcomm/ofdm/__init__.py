"""OFDM over tapped delay lines: what channels of frequency-selective fading share."""
