"""Review: reading a message over before it leaves. Pure."""
