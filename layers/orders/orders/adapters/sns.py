"""Messages to people through SNS."""

from __future__ import annotations

from orders.adapters.aws_errors import translated
from orders.adapters.clients import sns_client
from orders.adapters.codec import recipients_text
from orders.domain.messages import Message


class SnsPublisher:
    """Publishes to one topic, at least once. Subscribers recognize a repeat by the attribute `key`."""

    def __init__(self, topic_arn: str) -> None:
        self._topic_arn = topic_arn

    def publish(self, message: Message) -> None:
        """Send the message.

        SNS's own subject allows only 100 ASCII characters, so it names the order and contains no text from people; the
        message's subject is the first line of the text.
        """
        attributes = {
            "key": message.key,
            "orderId": message.order_id,
            "kind": message.kind,
            "to": recipients_text(message.to),
        }
        with translated():
            sns_client().publish(
                TopicArn=self._topic_arn,
                Subject=f"Order {message.order_id}: {message.kind}",
                Message=f"{message.subject}\n\n{message.body}",
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
                },
            )
