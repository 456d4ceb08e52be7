"""Doctor: looks at everything that a gateway depends on, changes nothing, and says what to do."""
