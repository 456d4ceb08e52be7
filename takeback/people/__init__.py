"""Where is written who is behind an address: alias files, lists in the configuration, commands."""
