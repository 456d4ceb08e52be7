"""The jmap connector: RFC 8620 and RFC 8621, with conditional writes by `ifInState`."""
