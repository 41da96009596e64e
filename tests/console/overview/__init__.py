"""The overview and the service's page: what they tell."""
