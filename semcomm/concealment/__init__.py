"""Repairing damaged slices: bit errors corrected, outliers discarded, gaps interpolated."""
