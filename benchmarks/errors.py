"""Everything that can go wrong for a reason a user can mend.

BenchmarkError
 ├─ SessionFileError       a session file cannot be trusted or read
 │   ├─ DamagedSessionError    a line is missing, cut off or not as it was written
 │   └─ NewerFormatError       a later version of this project wrote it
 ├─ RecordError            a record does not say what its kind has to say
 ├─ MachineBusyError       another run holds this machine
 ├─ NotComparableError     something that decides what a number means is different
 ├─ ForeignBridgeError     Python loads another `bridge` than the checkout's
 ├─ UsageError             what was typed cannot be done
 ├─ NoCasesError           what was asked for leaves no case
 ├─ NoSideError            one side of a comparison does not exist
 ├─ NothingToResumeError   there is no unfinished session
 ├─ NotCountedError        instructions could not be counted
 ├─ NoRangeError           what should name commits names none
 ├─ AsvError               asv is not installed, or stopped before it was done
 ├─ AsvResultError         a result file of asv's cannot be read
 ├─ CaseFailedError        the one case that was asked for could not be measured
 └─ WorkerError            a worker stopped with no case to blame: the suite is broken, not a case
     └─ PartnerDiedError       a process of a duet ended or fell silent

Messages say what was wrong, with the value, and what to do next.
"""


class BenchmarkError(Exception):
    """The base of all errors of this package."""


class SessionFileError(BenchmarkError):
    """A session file cannot be trusted or read."""


class DamagedSessionError(SessionFileError):
    """A line is missing, cut off or not as it was written."""


class NewerFormatError(SessionFileError):
    """The file was written by a later version of this project."""


class RecordError(BenchmarkError, ValueError):
    """A record does not say what its kind has to say."""


class MachineBusyError(BenchmarkError):
    """Another run holds this machine."""


class NotComparableError(BenchmarkError):
    """Something that decides what a number means is different; the message has the key and both values."""


class ForeignBridgeError(BenchmarkError):
    """The `bridge` that Python loads is not the one of this checkout."""


class UsageError(BenchmarkError, ValueError):
    """What was typed cannot be done."""


class NoCasesError(BenchmarkError, ValueError):
    """What was asked for leaves no case."""


class NoSideError(BenchmarkError, ValueError):
    """One side of a comparison does not exist."""


class NothingToResumeError(BenchmarkError):
    """There is no unfinished session."""


class NotCountedError(BenchmarkError):
    """Instructions could not be counted; the text says why, and that is all that is lost."""


class NoRangeError(BenchmarkError, ValueError):
    """What should name commits names none."""


class AsvError(BenchmarkError):
    """asv is not installed, or stopped before it was done."""


class AsvResultError(BenchmarkError):
    """A result file of asv's cannot be read."""


class CaseFailedError(BenchmarkError):
    """The one case that was asked for could not be measured."""


class WorkerError(BenchmarkError):
    """A worker stopped although no case was running: the suite is broken, not a case."""


class PartnerDiedError(WorkerError):
    """A process of a duet ended or fell silent; the text says how."""
