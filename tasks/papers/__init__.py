"""Papers: plain data in, the bytes of a PDF out. `sheet` is the common ground, the others draw one paper each."""
