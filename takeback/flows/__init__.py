"""The verbs of the product, one use case a file. Flows know ports, never adapters."""
