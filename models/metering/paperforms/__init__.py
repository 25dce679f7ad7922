"""Paper reading forms (бумажные бланки): batches, rows typed from the paper and judged at once, a second pair of eyes, closing."""
