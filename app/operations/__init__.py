"""What operators see and what runs by itself: health, metrics, the command, background jobs, warm-up."""
