"""What anyone may read about the company: published versions, what staff are changing, what is found in it."""
