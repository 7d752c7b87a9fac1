"""The call store: every answer that was paid for, by request and number of the draw."""
