"""What runs inside a timed process and inside asv: standard library, numpy, torch and bridge only."""
