"""Resumable uploads: one file in pieces, over any number of requests, workers and restarts."""
