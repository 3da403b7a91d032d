"""Follows Waybill's alerts on NATS, with nats-py and nothing else: what was said while this did not run is said when it does.

pip install nats-py
python alert_subscriber.py nats://subscriber:...@127.0.0.1:4222      the line `NATS` of `waybill up`
"""

import asyncio
import json
import sys

import nats

SUBJECT = "waybill.alerts.>"  # or waybill.alerts.critical.> or waybill.alerts.*.provider-failing


async def main(url: str) -> None:
    client = await nats.connect(url, max_reconnect_attempts=-1)
    # Durable: the server remembers under this name how far it has come, until nobody has used it for 30 days.
    subscription = await client.jetstream().pull_subscribe(SUBJECT, durable="my-alerts")
    while True:
        try:
            messages = await subscription.fetch(1, timeout=5)
        except nats.errors.TimeoutError:
            continue
        for message in messages:
            alert = json.loads(message.data)
            # kind: raised, repeated, resolved or test. The id is the same if it ever comes twice.
            print(alert["id"], alert["severity"], alert["rule"], alert["kind"], alert["subject"], flush=True)
            await message.ack()


asyncio.run(main(sys.argv[1]))
