"""A gateway elsewhere, asked over its HTTP interface: the same promises as the store's, kept by its answers."""
