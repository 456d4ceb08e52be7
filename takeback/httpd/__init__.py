"""What the interface for programs and the pages share."""
