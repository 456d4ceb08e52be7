"""Two equal languages: catalogues, direction, plural forms, numbers and dates."""
