"""What start-dev.sh, stop-dev.sh and test.sh do."""
