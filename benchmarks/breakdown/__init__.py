"""What the command `profile` does: one case taken apart. Loads nothing, so that pages can be made without torch."""
