"""Every port in memory, under the same contract as the AWS adapters: for tests, and to read what a port means.

Documents are `BucketDocuments` over a `MemoryBucket`, payments `SandboxGateway` over a `MemoryLedger`: their rules are
the same everywhere. All of them may be shared by threads.
"""

from orders.adapters.memory.clock import MovableClock, no_pause
from orders.adapters.memory.executions import MemoryHistory, MemorySignaller, MemoryStarter
from orders.adapters.memory.messages import MemoryDuplicates, MemoryOutbox, MemoryPublisher
from orders.adapters.memory.orders import MemoryOrderRepository
from orders.adapters.memory.stores import MemoryBucket, MemoryLedger, MemoryQuotaCounters, MemoryWarehouse
from orders.adapters.memory.tasks import MemoryTasks

__all__ = [
    "MemoryBucket",
    "MemoryDuplicates",
    "MemoryHistory",
    "MemoryLedger",
    "MemoryOrderRepository",
    "MemoryOutbox",
    "MemoryPublisher",
    "MemoryQuotaCounters",
    "MemorySignaller",
    "MemoryStarter",
    "MemoryTasks",
    "MemoryWarehouse",
    "MovableClock",
    "no_pause",
]
