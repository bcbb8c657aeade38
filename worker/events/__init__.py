"""What becomes of the messages of the queues: caches told, the archive written, webhooks called."""
