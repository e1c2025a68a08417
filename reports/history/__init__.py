"""What is known of many commits -> one page: each case over commits, from asv's results and from sessions."""

from .page import write_history

__all__ = ["write_history"]
