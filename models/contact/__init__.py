"""Writing to customers: what may go, what came back, who wants what."""
