"""The orders table behind the ports of the services."""

from orders.adapters.dynamodb.duplicates import DynamoDuplicates
from orders.adapters.dynamodb.orders import DynamoOrderRepository
from orders.adapters.dynamodb.outbox import DynamoOutbox
from orders.adapters.dynamodb.quotas import DynamoQuotaCounters
from orders.adapters.dynamodb.table import OrdersTable

__all__ = ["DynamoDuplicates", "DynamoOrderRepository", "DynamoOutbox", "DynamoQuotaCounters", "OrdersTable"]
