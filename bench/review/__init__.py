"""How well review finds mistakes: measured on mail that is not part of this project (docs/review.md)."""
