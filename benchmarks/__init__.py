"""Cases, measuring, sessions and comparisons of NumPy <-> PyTorch conversions."""
