"""What operators see and what runs by itself: health, metrics, background jobs, warm-up."""
