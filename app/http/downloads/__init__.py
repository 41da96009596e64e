"""Downloads: conditional requests, ranges, and who sends the bytes."""
