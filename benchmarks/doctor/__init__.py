"""Can this machine measure? One check a fact that decides it, and a comparison of identical code."""
