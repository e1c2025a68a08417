"""What the command `profile` does: one case taken apart. Nothing is loaded here, so that pages can be made without torch."""
