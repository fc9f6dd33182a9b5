"""Running a recorded history against today's workflow code: whether an execution of then still finds its way.

Nothing has an effect here. Finished operations are answered from the history, no step's body runs, and nothing is
written: what the code would begin beyond the history is only noted.

    history     events, as GetDurableExecutionHistory returns them, become operations
    running     the handler runs on them, and the verdict
    __main__    the same in a process that sees one function's code and environment, as a worker does
"""

from local.replay.history import Recorded, UnreadableHistoryError, recorded
from local.replay.running import Verdict, replay

__all__ = ["Recorded", "UnreadableHistoryError", "Verdict", "recorded", "replay"]
