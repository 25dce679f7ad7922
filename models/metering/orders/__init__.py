"""Orders for a meter: installation, replacement, verification; from the wish to the visit."""
