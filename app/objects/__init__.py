"""The ledger of stored objects, and how it is kept in step with the storage."""
