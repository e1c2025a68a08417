"""Session records -> findings -> figures -> pages. Never imports torch, nor anything that does."""
