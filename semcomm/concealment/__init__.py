"""What the receiver makes of damaged slices."""
