"""Speed and memory, measured beside a real Postfix: `python -m bench [NAME...] [--quick] [--write FILE]`."""
