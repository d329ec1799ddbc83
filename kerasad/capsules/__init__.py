"""The renderer of the built-in category: drawn capsules, good and bad."""
