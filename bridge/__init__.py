"""Convert between NumPy and PyTorch."""
